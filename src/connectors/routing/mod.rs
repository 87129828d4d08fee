//! `routing`: hands spans to pipelines by conditions. To be replaced: so far it has its keys only.

mod config;

pub use config::*;

//! `transform`: changes spans by statements. To be replaced: so far it has its keys only.

mod config;

pub use config::*;

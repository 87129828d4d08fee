//! The Collector's YAML: load, expand, merge, diagnose. Pure: reads files and the environment, starts nothing.

pub mod settings;
pub mod types;

//! The Collector's YAML: load, expand, merge, diagnose. Pure: reads files and the environment, starts nothing.

pub mod authentication;
mod check;
mod collector;
pub mod diagnostic;
pub mod document;
pub mod expand;
pub mod factory;
pub mod id;
pub mod literal;
pub mod load;
pub mod manual;
mod naming;
pub mod node;
pub mod parse;
pub mod pattern;
pub mod read;
mod read_error;
pub mod reference;
mod routes;
mod scalar;
pub mod schema;
mod sections;
pub mod service;
pub mod settings;
pub mod source;
pub mod statements;
pub mod storage;
pub mod types;
mod unknown;
pub mod wiring;
mod within;

#[cfg(test)]
pub(crate) mod tests;

use diagnostic::Diagnostics;
use document::Config;
use factory::Catalog;
use load::Inputs;

/// Loads a configuration and checks all of it; `None` when it cannot run, and the diagnostics say why.
pub fn prepare(
    inputs: &Inputs<'_>,
    traces_only: bool,
    catalog: &Catalog,
    diagnostics: &mut Diagnostics,
) -> Option<Config> {
    let root = load::load(inputs, diagnostics)?;
    let config = Config::read(root, traces_only, diagnostics);
    wiring::check(&config, catalog, diagnostics);
    (!diagnostics.has_errors()).then_some(config)
}

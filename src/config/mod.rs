//! The Collector's YAML: load, expand, merge, diagnose. Pure: reads files and the environment, starts nothing.

mod check;
pub mod diagnostic;
pub mod document;
pub mod expand;
pub mod factory;
pub mod id;
pub mod load;
pub mod node;
pub mod parse;
pub mod read;
pub mod reference;
pub mod schema;
pub mod service;
pub mod settings;
pub mod source;
pub mod types;
pub mod wiring;

#[cfg(test)]
mod tests;

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
    // What is wrong with the document may make all the rest look wrong.
    let config = config?;
    wiring::check(&config, catalog, diagnostics).then_some(config)
}

//! `spanway validate`: says what is wrong with a configuration, or worth knowing about it, and starts nothing.

use crate::config::diagnostic::{Diagnostics, Severity};
use crate::config::factory::{Catalog, Kind};
use crate::config::load::Inputs;
use crate::config::prepare;

/// Checks a configuration. `Ok` is what to print when it can run, notes included; `Err` when it cannot.
pub fn validate(inputs: &Inputs<'_>, traces_only: bool, catalog: &Catalog) -> Result<String, String> {
    let mut diagnostics = Diagnostics::default();
    let config = prepare(inputs, traces_only, catalog, &mut diagnostics);
    let found = diagnostics.render();
    let Some(config) = config else {
        let errors = diagnostics.count(Severity::Error);
        return Err(format!(
            "{found}\nthe configuration cannot run: {}\n",
            count(errors, "error")
        ));
    };
    let mut parts = vec![count(config.service.pipelines.len(), "pipeline")];
    let families = Kind::ALL
        .into_iter()
        .map(|kind| (config.used(kind).len(), kind.one()));
    parts.extend(
        families
            .filter(|(used, _)| *used > 0)
            .map(|(used, one)| count(used, one)),
    );
    let gap = if found.is_empty() { "" } else { "\n" };
    Ok(format!(
        "{found}{gap}the configuration is sound: {}\n",
        parts.join(", ")
    ))
}

pub(super) fn count(number: usize, one: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {one}{plural}")
}

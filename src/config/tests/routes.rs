//! Which pipelines a connector names, and which it forgets.

use super::super::diagnostic::{Diagnostics, Severity};
use super::super::document::Config;
use super::super::wiring;
use super::{catalog, load_all};

/// What is noted of pipelines where a connector before two of them names these.
fn noted(keys: &str) -> Vec<String> {
    let base = "
receivers: {fake: }
exporters: {fake: }
service: {pipelines: {traces: {receivers: [fake], exporters: [fake/join]},
  traces/a: {receivers: [fake/join], exporters: [fake/out]}, traces/b: {receivers: [fake/join], exporters: [fake/out]}}}
";
    let base = base.replace("exporters: {fake: }", "exporters: {fake/out: }");
    let connector = format!("connectors: {{fake/join: {{keys: {keys}}}}}");
    let mut diagnostics = Diagnostics::default();
    let root = load_all(&[&base, &connector], &[], &mut diagnostics).unwrap();
    let config = Config::read(root, false, &mut diagnostics);
    wiring::check(&config, &catalog(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.render());
    let notes = diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Note && found.message.contains("the pipeline"));
    notes.map(|found| found.message.clone()).collect()
}

/// Guarantees: a pipeline behind a connector that names others is noted, unless the connector names none at all.
#[test]
fn forgotten_pipelines_are_noted() {
    let forgotten = "the pipeline `traces/b` gets nothing from `fake/join`, which does not name it";
    assert_eq!(noted("[traces/a]"), [forgotten]);
    assert!(noted("[traces/a, traces/b]").is_empty());
    assert!(noted("[]").is_empty());
}

//! Which components are journaled, and what follows from it for their warnings, notes and defaults.

use super::super::diagnostic::{Diagnostics, Severity};
use super::super::document::Config;
use super::super::factory::Kind;
use super::super::storage::Storages;
use super::super::wiring;
use super::{catalog, load_all};

/// Two exporters in one pipeline, with what is laid over that.
fn read(over: &str, diagnostics: &mut Diagnostics) -> Config {
    let base = "
receivers: {fake: }
exporters: {fake/a: , fake/b: }
extensions: {disk: }
service: {extensions: [disk], pipelines: {traces: {receivers: [fake], exporters: [fake/a, fake/b]}}}
";
    let root = load_all(&[base, over], &[], diagnostics).unwrap();
    Config::read(root, false, diagnostics)
}

/// What is said about exporters and pipelines.
fn said(over: &str, severity: Severity) -> Vec<String> {
    let mut diagnostics = Diagnostics::default();
    let config = read(over, &mut diagnostics);
    wiring::check(&config, &catalog(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.render());
    let found = diagnostics
        .iter()
        .filter(|found| found.severity == severity && !found.scope.starts_with("receivers"))
        .filter(|found| !found.scope.starts_with("extensions"));
    found
        .map(|found| format!("{} {}", found.scope, found.message))
        .collect()
}

const STORAGE: &str = "exporters: {fake/a: {queue: {storage: disk}}}";

#[test]
fn one_storage_makes_all_exporters_of_its_pipeline_journaled() {
    // Warnings, notes and defaults follow the pipeline, not the exporter that names the storage.
    let settings =
        "exporters: {fake/a: {queue: {storage: disk}}, fake/b: {timeout: 1s, queue: {wait: false}}}";
    assert_eq!(
        said(settings, Severity::Warning),
        ["exporters.fake/b `timeout` is 1s: what was acknowledged may expire"]
    );
    assert_eq!(
        said(
            &settings.replace("storage: disk", "wait: true"),
            Severity::Warning
        ),
        [
            "exporters.fake/b `queue.wait` is false: what was acknowledged may be lost",
            " the storage `disk` runs, and nothing is kept in it",
        ]
    );
    let differs = "`queue.size` differs from the Collector: as large as the disk, not 1000";
    assert_eq!(
        said(STORAGE, Severity::Note),
        [
            format!("exporters.fake/a {differs}"),
            format!("exporters.fake/b {differs}")
        ]
    );
}

#[test]
fn an_exporter_of_two_pipelines_is_seen_from_both() {
    // It can lose what was acknowledged in either way; the default that depends on it is left open.
    let over = "
exporters: {fake/a: {queue: {storage: disk}}, fake/b: {timeout: 1s, queue: {wait: false}}}
service: {pipelines: {traces/2: {receivers: [fake], exporters: [fake/b]}}}
";
    assert_eq!(said(over, Severity::Warning).len(), 2);
    let config = read(over, &mut Diagnostics::default());
    let storages = Storages::find(&config, &catalog());
    let id = "fake/b".parse().unwrap();
    let journaled = storages.journaled(Kind::Exporter, &id);
    assert_eq!(journaled, [false, true]);
    assert_eq!(storages.journaled(Kind::Receiver, &id), [false]);
}

#[test]
fn defaults_are_shown_as_they_apply() {
    // The same settings with a journal, without, and where that is not known.
    let config = read(STORAGE, &mut Diagnostics::default());
    let component = catalog();
    let component = component.find(Kind::Exporter, "fake").unwrap();
    let node = config.exporters.values().next().unwrap();
    let size = |journaled| component.effective(node, journaled).unwrap()["queue"]["size"].clone();
    assert_eq!(size(Some(true)), 9);
    assert_eq!(size(Some(false)), 1);
    assert!(size(None).is_null());
}

#[test]
fn a_journal_is_recommended_where_destinations_depend_on_each_other() {
    // For two exporters without a storage; not for one, nor with a storage.
    let recommended = |over: &str| {
        let notes = said(over, Severity::Note);
        notes
            .iter()
            .filter(|note| note.contains("feeds 2 exporters and keeps no journal"))
            .count()
    };
    assert_eq!(recommended(""), 1);
    assert_eq!(recommended(STORAGE), 0);
    assert_eq!(
        recommended("service: {pipelines: {traces: {exporters: [fake/a]}}}"),
        0
    );
    let connectors = "
connectors: {fake/c: , fake/d: }
service:
  pipelines:
    traces: {exporters: [fake/c, fake/a]}
    traces/2: {receivers: [fake/c, fake/d], exporters: [fake/b]}
    traces/3: {receivers: [fake], exporters: [fake/c, fake/d]}
";
    assert_eq!(recommended(connectors), 1, "only an exporter can name a storage");
}

#[test]
fn a_storage_that_a_receiver_names_is_used() {
    // It must run like any other, and makes no pipeline journaled.
    let over = "receivers: {fake: {queue: {storage: disk}}}";
    assert_eq!(said(over, Severity::Warning), Vec::<String>::new());
    let config = read(over, &mut Diagnostics::default());
    let catalog = catalog();
    let storages = Storages::find(&config, &catalog);
    for pipeline in config.service.pipelines.values() {
        assert_eq!(storages.of_pipeline(pipeline), None);
    }
    let mut diagnostics = Diagnostics::default();
    let config = read(&over.replace("disk", "disk/2"), &mut diagnostics);
    wiring::check(&config, &catalog, &mut diagnostics);
    let errors = diagnostics
        .iter()
        .filter(|found| found.severity == Severity::Error);
    let errors: Vec<_> = errors
        .map(|found| format!("{}: {}", found.scope, found.message))
        .collect();
    assert_eq!(
        errors,
        ["receivers.fake: `queue.storage` names the extension `disk/2`, which is not defined"]
    );
}

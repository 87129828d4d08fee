//! The store as one exporter among others: beside a destination with and without a journal, and behind a connector.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::path::Path;

use serde_json::json;

use support::load::{Load, Report};
use support::scrape::Watch;
use support::sink::Sink;
use support::spanway::{Plan, RECEIVER, STORED, Spanway};

const CLIENTS: &str = "--spans-per-request 100 --in-flight 8 --retry-for 2m";

/// The store's keys, small enough that segments come and are merged while the test runs.
fn small(directory: &Path) -> String {
    let directory = directory.display();
    format!("{{directory: '{directory}', segment: {{max_spans: 1000, max_age: 1s}}}}")
}

/// Everything that was acknowledged is in the store, once, and every ledger balances.
fn assert_kept(gateway: &Spanway, report: &Report) {
    assert_eq!(report.requests_given_up, 0, "{report:?}");
    let scrape = gateway.settled();
    let stored = scrape.sum("spanway_store_spans", "") + scrape.sum("spanway_store_head_spans", "");
    assert_eq!(stored, report.spans_acknowledged);
    assert_eq!(scrape.sum("spanway_store_unreadable_spans", ""), 0);
}

/// Guarantees: beside a destination without a journal both have everything that was acknowledged, the store once, also when
/// the destination was away for a moment and clients sent again.
#[test]
fn beside_a_destination() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Sink::start(&[]);
    let gateway = Plan::default()
        .exporter("store", &small(directory.path()))
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""))
        .start();
    let watch = Watch::begin(gateway.metrics);
    let load = Load::start(gateway.grpc, &format!("{CLIENTS} --spans 20000 --rate 8000"));
    sink.behave(&json!({"down": true}));
    sink.behave(&json!({}));
    let report = load.report();
    watch.end();
    assert_kept(&gateway, &report);
    assert_eq!(sink.missing(&report).missing, 0);
}

/// Guarantees: beside a journaled destination that is dead the store has everything, and the journal keeps the other's.
#[test]
fn beside_a_journal() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Sink::start(&[]);
    sink.behave(&json!({"down": true}));
    let gateway = Plan::default()
        .journal(&directory.path().join("journals"), "")
        .exporter("store", &small(&directory.path().join("spans")))
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", STORED))
        .start();
    let watch = Watch::begin(gateway.metrics);
    let report = Load::run(gateway.grpc, &format!("{CLIENTS} --spans 20000"));
    let delivered = gateway.scrape().exporter("store", "delivered");
    assert_eq!(delivered, report.spans_acknowledged);
    sink.behave(&json!({}));
    assert_kept(&gateway, &report);
    watch.end();
    assert_eq!(sink.missing(&report).missing, 0);
}

/// Guarantees: two pipelines behind a connector that keep spans in one directory have them there once.
#[test]
fn behind_a_connector() {
    let directory = tempfile::tempdir().unwrap();
    let store = small(directory.path());
    let yaml = format!(
        "{RECEIVER}connectors: {{forward: }}\nexporters:\n  store/one: {store}\n  store/two: {store}\n\
         service:\n  pipelines:\n    traces/in: {{receivers: [otlp], exporters: [forward]}}\n    \
         traces/one: {{receivers: [forward], exporters: [store/one]}}\n    \
         traces/two: {{receivers: [forward], exporters: [store/two]}}\n"
    );
    let gateway = Spanway::start(&yaml);
    let watch = Watch::begin(gateway.metrics);
    let report = Load::run(gateway.grpc, &format!("{CLIENTS} --spans 10000"));
    watch.end();
    assert_kept(&gateway, &report);
    let scrape = gateway.scrape();
    for exporter in ["store/one", "store/two"] {
        assert_eq!(scrape.exporter(exporter, "delivered"), report.spans_acknowledged);
    }
}

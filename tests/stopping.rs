//! How a gateway ends: what was acknowledged leaves first, within its time, and what does not is named.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::time::{Duration, Instant};

use support::child::{PATIENCE, wait_until};
use support::load::Load;
use support::sink::Sink;
use support::spanway::{Plan, Spanway};

const EARLY_ANSWERS: &str = "sending_queue: {wait_for_result: false, queue_size: 100000}";

fn in_flight(gateway: &Spanway) -> u64 {
    gateway
        .scrape()
        .sum("spanway_exporter_spans", "state=\"in_flight\"")
}

/// Guarantees: spans whose clients were answered early leave before the process does, which then ends well.
#[test]
fn early_answers_are_kept() {
    let sink = Sink::start(&["--throttle", "20000", "--fail-rate", "0.2"]);
    let plan = Plan::default()
        .processor("batch", "{send_batch_size: 1000, timeout: 10s}")
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", EARLY_ANSWERS));
    let mut gateway = plan.start();
    let report = Load::run(
        gateway.grpc,
        "--spans 60000 --spans-per-request 50 --in-flight 16",
    );
    assert_eq!(report.spans_acknowledged, 60_000, "{report:?}");
    assert!(in_flight(&gateway) > 0, "nothing is left to drain");
    let status = gateway.stop_within(PATIENCE);
    assert_eq!(status.code(), Some(0));
    let missing = sink.missing(&report);
    assert_eq!(missing.missing, 0, "{missing:?}");
}

/// Guarantees: with a destination that is gone the process ends within `drain_timeout` all the same, says so by its
/// exit code, and names how many spans it leaves where.
#[test]
fn a_dead_destination_does_not_hold_it_up() {
    let sink = Sink::start(&[]);
    let plan = Plan::default()
        .exporter("otlp_grpc/dead", &sink.exporter("otlp_grpc", EARLY_ANSWERS))
        .service("drain_timeout: 2s");
    let mut gateway = plan.start();
    sink.behave(&serde_json::json!({"delay": "1h"}));
    let report = Load::run(
        gateway.grpc,
        "--spans 20000 --spans-per-request 50 --in-flight 4 --retry-for 0s",
    );
    let left = in_flight(&gateway);
    assert_eq!(left, report.spans_acknowledged);
    assert!(left > 0, "{report:?}");
    let begun = Instant::now();
    let status = gateway.stop_within(Duration::from_secs(10));
    assert_eq!(status.code(), Some(1));
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    let said = gateway.child.stderr.to_end();
    assert!(
        said.contains(&format!("{left} spans in `otlp_grpc/dead`")),
        "{said}"
    );
}

/// Guarantees: stopped in the middle of work, over gRPC and HTTP, the process loses nothing acknowledged, tells
/// clients to come back, and ends well.
#[test]
fn stopped_under_load() {
    for protocol in ["grpc", "http"] {
        let sink = Sink::start(&["--delay", "100ms"]);
        let plan = Plan::default()
            .processor("batch", "{send_batch_size: 400, timeout: 50ms}")
            .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""));
        let mut gateway = plan.start();
        let endpoint = if protocol == "grpc" {
            gateway.grpc
        } else {
            gateway.http
        };
        let flags = "--duration 2s --spans-per-request 50 --in-flight 32 --retry-for 0s --rate 20000";
        let load = Load::start(endpoint, &format!("--protocol {protocol} {flags}"));
        wait_until("spans are on their way", || {
            gateway.scrape().exporter("otlp_grpc", "delivered") > 2_000 && in_flight(&gateway) > 0
        });
        let status = gateway.stop_within(PATIENCE);
        assert_eq!(status.code(), Some(0));
        let report = load.report();
        let missing = sink.missing(&report);
        assert_eq!(missing.missing, 0, "{missing:?}");
        assert!(missing.expected > 2_000, "{missing:?}");
        let told = if protocol == "grpc" { "UNAVAILABLE" } else { "503" };
        for code in report.attempts_refused.keys() {
            assert_eq!(code, told, "{report:?}");
        }
        // Whoever was being served had an answer: the others found nobody who listens, or were cut off before.
        assert!(report.requests_given_up > 0, "{report:?}");
    }
}

//! Acknowledged means delivered: whatever a destination does, every span of an acknowledged request arrives there,
//! and the ledgers balance all the while.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use support::child::wait_until;
use support::load::{Load, Report};
use support::scrape::{Scrape, Watch};
use support::sink::Sink;
use support::spanway::{Plan, RECEIVER, Spanway};

/// How long clients send, in milliseconds.
fn sending() -> u32 {
    if support::long() { 30_000 } else { 2_500 }
}

/// Clients in the middle of things: 20,000 spans a second, for as long as a test takes.
fn clients() -> String {
    format!(
        "--rate 20000 --spans-per-request 50 --in-flight 64 --retry-for 1m --duration {}ms",
        sending()
    )
}

const SMALL_BATCHES: &str = "{send_batch_size: 400, send_batch_max_size: 512, timeout: 50ms}";

/// One exporter to one sink.
fn plan(kind: &str, sink: &Sink, batch: Option<&str>) -> Plan {
    let plan = Plan::default().exporter(kind, &sink.exporter(kind, ""));
    match batch {
        Some(batch) => plan.processor("batch", batch),
        None => plan,
    }
}

/// Load through a gateway whose ledgers are watched; returns when nothing is under way.
fn through(gateway: &Spanway, load: &str) -> (Report, Scrape) {
    let watch = Watch::begin(gateway.metrics);
    let report = Load::run(gateway.grpc, load);
    let scrape = gateway.settled();
    watch.end();
    (report, scrape)
}

/// Every acknowledged span is there, and enough were acknowledged for that to mean something.
fn assert_delivered(report: &Report, sink: &Sink) {
    let missing = sink.missing(report);
    assert_eq!(
        missing.missing, 0,
        "{missing:?} of what was acknowledged: {report:?}"
    );
    assert!(missing.expected > 2_000, "{missing:?}, {report:?}");
}

/// The columns are what load and sink counted, for a destination whose every answer came through.
fn assert_columns(scrape: &Scrape, exporter: &str, report: &Report, sink: &Sink) {
    let stats = sink.stats();
    let column = |name| scrape.exporter(exporter, name);
    assert_eq!(column("delivered"), stats.spans, "{stats:?}");
    assert_eq!(stats.duplicates, 0, "{stats:?}");
    let never_told = column("withdrawn") + column("expired");
    if never_told == 0 {
        assert_eq!(
            column("delivered") + column("refused_downstream"),
            report.spans_acknowledged + report.spans_rejected
        );
    }
}

/// Scenario: a destination that refuses or delays as `flags` say, for each protocol, with and without batches.
fn survives(flags: &[&str], kinds: &[&str]) {
    for kind in kinds {
        for batch in [None, Some(SMALL_BATCHES)] {
            let sink = Sink::start(flags);
            let gateway = plan(kind, &sink, batch).start();
            let (report, scrape) = through(&gateway, &clients());
            assert_delivered(&report, &sink);
            assert_columns(&scrape, kind, &report, &sink);
            assert_eq!(report.requests_given_up, 0, "{report:?}");
            assert_eq!(report.spans_rejected, 0, "{report:?}");
        }
    }
}

/// Guarantees: refusals for now, with no word about when, cost nothing acknowledged.
#[test]
fn refusals_for_now() {
    survives(&["--fail-rate", "0.3"], &["otlp_grpc", "otlp_http"]);
}

/// Guarantees: the same with a delay named, which is kept.
#[test]
fn refusals_with_a_delay() {
    survives(&["--fail-rate", "0.1", "--retry-after", "100ms"], &["otlp_grpc"]);
    // HTTP knows whole seconds.
    survives(&["--fail-rate", "0.02", "--retry-after", "1s"], &["otlp_http"]);
}

/// Guarantees: late answers and a bound on the rate cost nothing acknowledged.
#[test]
fn delays_and_throttling() {
    survives(&["--delay", "100ms", "--throttle", "12000"], &["otlp_grpc"]);
    survives(
        &[
            "--bytes-per-second",
            "6000000",
            "--pause-every",
            "900ms",
            "--pause-for",
            "300ms",
        ],
        &["otlp_http"],
    );
}

/// Guarantees: what a destination refuses for good is told to the client, span by span; all the rest arrives. An
/// INTERNAL is held against the data, so the batch is cut until what is refused stands alone.
#[test]
fn refusals_for_good_are_counted() {
    for kind in ["otlp_grpc", "otlp_http"] {
        let sink = Sink::start(&["--fail-rate", "0.3", "--fail-code", "INVALID_ARGUMENT"]);
        let gateway = plan(kind, &sink, Some(SMALL_BATCHES)).start();
        let (report, scrape) = through(&gateway, &clients());
        let missing = sink.missing(&report);
        assert!(report.spans_rejected > 0, "{report:?}");
        assert_eq!(missing.missing, report.spans_rejected, "{missing:?}");
        assert_eq!(scrape.exporter(kind, "refused_downstream"), report.spans_rejected);
        assert_columns(&scrape, kind, &report, &sink);
    }
}

/// Guarantees: connections that are cut and a destination that goes away, also in the middle of an answer, cost
/// nothing acknowledged; what is sent twice is counted as a duplicate.
#[test]
fn cuts_and_absences() {
    for (kind, batch) in [("otlp_grpc", None), ("otlp_http", Some(SMALL_BATCHES))] {
        let sink = Sink::start(&["--die-every", "600ms", "--down-for", "250ms", "--delay", "20ms"]);
        let gateway = plan(kind, &sink, batch).start();
        let (report, scrape) = through(&gateway, &clients());
        assert_delivered(&report, &sink);
        // It is there for more than half of the time.
        assert_eq!(report.requests_given_up, 0, "{report:?}");
        assert!(
            report.elapsed_seconds < f64::from(sending()) / 1000.0 + 17.5,
            "{report:?}"
        );
        let stats = sink.stats();
        assert!(scrape.exporter(kind, "delivered") <= stats.spans, "{stats:?}");
        assert!(
            scrape.sum("spanway_exporter_duplicate_spans", kind) > 0,
            "nothing was cut"
        );
    }
}

/// Guarantees: of two destinations one may fail, refuse, stall and go away; both have every acknowledged span.
#[test]
fn fan_out_with_one_that_misbehaves() {
    let moods: [&[&str]; 3] = [
        &["--fail-rate", "0.3"],
        &["--die-every", "700ms", "--down-for", "300ms"],
        &["--pause-every", "900ms", "--pause-for", "400ms"],
    ];
    for (mood, batch) in moods.iter().zip([None, Some(SMALL_BATCHES), None]) {
        let (good, bad) = (Sink::start(&[]), Sink::start(mood));
        let mut plan = Plan::default()
            .exporter("otlp_grpc", &good.exporter("otlp_grpc", ""))
            .exporter("otlp_http", &bad.exporter("otlp_http", "timeout: 300ms"));
        if let Some(batch) = batch {
            plan = plan.processor("batch", batch);
        }
        let gateway = plan.start();
        let (report, scrape) = through(&gateway, &clients());
        assert_delivered(&report, &good);
        assert_delivered(&report, &bad);
        assert_eq!(scrape.exporter("otlp_grpc", "delivered"), good.stats().spans);
    }
}

/// Guarantees: whatever two destinations do, in whatever order chance has it, both have every acknowledged span.
#[test]
fn random_misbehaviour() {
    let seeds = if support::long() { 1..=20 } else { 1..=4 };
    let mut refused = 0;
    for seed in seeds {
        println!("seed {seed}");
        let mut chance = StdRng::seed_from_u64(seed);
        let kinds = ["otlp_grpc", "otlp_http"];
        let sinks = [Sink::start(&[]), Sink::start(&[])];
        let mut plan = Plan::default();
        for sink in &sinks {
            let kind = kinds[chance.random_range(0..2)];
            let id = format!("{kind}/{}", sink.address.port());
            plan = plan.exporter(&id, &sink.exporter(kind, "timeout: 500ms"));
        }
        if chance.random() {
            plan = plan.processor("batch", SMALL_BATCHES);
        }
        let gateway = plan.start();
        let watch = Watch::begin(gateway.metrics);
        let load = Load::start(gateway.grpc, &clients());
        for _ in 0..if support::long() { 100 } else { 10 } {
            sinks[chance.random_range(0..2)].behave(&mood(&mut chance));
            std::thread::sleep(Duration::from_millis(chance.random_range(50..400)));
        }
        for sink in &sinks {
            sink.behave(&json!({}));
        }
        let report = load.report();
        gateway.settled();
        watch.end();
        // A mood may pass between two requests, so one seed alone need not be noticed.
        refused += report.attempts_refused.len();
        assert_eq!(report.requests_given_up, 0, "{report:?}");
        for sink in &sinks {
            assert_delivered(&report, sink);
        }
    }
    assert!(refused > 0, "nothing went wrong");
}

fn mood(chance: &mut StdRng) -> Value {
    match chance.random_range(0..8) {
        0 => json!({"down": true}),
        1 => json!({"fail_rate": 0.5}),
        2 => json!({"fail_rate": 1.0}),
        3 => json!({"fail_rate": 0.2, "retry_after": "300ms"}),
        4 => json!({"delay": "200ms"}),
        5 => json!({"delay": "700ms"}),
        6 => json!({"throttle": 10_000}),
        _ => json!({}),
    }
}

/// Guarantees: one span that a destination refuses costs nobody else anything: its client is told of one rejected
/// span, its neighbours in the request and in the batch arrive.
#[test]
fn poison_costs_nobody_else_anything() {
    for (kind, batch) in [("otlp_grpc", None), ("otlp_http", Some(SMALL_BATCHES))] {
        let (picky, easy) = (Sink::start(&["--refuse-name", "poison"]), Sink::start(&[]));
        let plan = plan(kind, &picky, batch).exporter("otlp_grpc/easy", &easy.exporter("otlp_grpc", ""));
        let gateway = plan.start();
        let (report, scrape) = through(&gateway, &format!("{} --poison-every 20", clients()));
        let poisoned = report.requests_sent / 20;
        assert_eq!(report.spans_rejected, poisoned, "{report:?}");
        assert_eq!(scrape.exporter(kind, "refused_downstream"), poisoned);
        assert_eq!(report.requests_given_up, 0, "{report:?}");
        assert_delivered(&report, &picky);
        assert_delivered(&report, &easy);
        assert_eq!(picky.missing(&report).poisoned_arrived, 0);
        assert_eq!(easy.missing(&report).poisoned_arrived, poisoned);
    }
}

/// Guarantees: what a destination refuses by `partial_success` is counted on both sides alike, and told to the
/// client whose request it was, where that is known.
#[test]
fn partial_success_is_counted() {
    for (kind, batch) in [
        ("otlp_grpc", None),
        ("otlp_http", None),
        ("otlp_grpc", Some(SMALL_BATCHES)),
    ] {
        let sink = Sink::start(&["--partial-refuse-name", "poison"]);
        let gateway = plan(kind, &sink, batch).start();
        let (report, scrape) = through(&gateway, &format!("{} --poison-every 10", clients()));
        let poisoned = report.requests_sent / 10;
        assert_eq!(sink.stats().rejected_spans, poisoned);
        assert_eq!(scrape.exporter(kind, "refused_downstream"), poisoned);
        assert_eq!(scrape.exporter(kind, "delivered"), sink.stats().spans);
        assert_delivered(&report, &sink);
        if batch.is_none() {
            assert_eq!(report.spans_rejected, poisoned, "{report:?}");
        }
    }
}

/// Guarantees: requests of 20,000 spans beside requests of 8, in batches much smaller than the large ones, lose
/// none of either.
#[test]
fn large_requests_beside_small_ones() {
    let sink = Sink::start(&["--fail-rate", "0.1"]);
    let batch = "{send_batch_size: 1000, send_batch_max_size: 1000, timeout: 100ms}";
    let gateway = plan("otlp_grpc", &sink, Some(batch)).start();
    let small = Load::start(
        gateway.grpc,
        "--rate 4000 --spans-per-request 8 --in-flight 64 --duration 3s",
    );
    let large = "--spans 200000 --spans-per-request 20000 --in-flight 2 --timeout 30s";
    let (large, _) = through(&gateway, large);
    let small = small.report();
    let scrape = gateway.settled();
    for report in [&large, &small] {
        assert_delivered(report, &sink);
        assert_eq!(report.requests_given_up + report.spans_rejected, 0, "{report:?}");
    }
    assert_eq!(
        scrape.exporter("otlp_grpc", "delivered"),
        large.spans_sent + small.spans_sent
    );
}

/// Guarantees: a destination that comes after the gateway is no error; clients are told to come back, and what is
/// acknowledged is there.
#[test]
fn a_destination_that_comes_later() {
    let sink = Sink::start(&["--down"]);
    let gateway = plan("otlp_grpc", &sink, None).start();
    let load = Load::start(gateway.grpc, &clients());
    wait_until("the destination counts as failing", || {
        gateway.scrape().sum("spanway_exporter_failing", "otlp_grpc") == 1
    });
    assert_eq!(gateway.scrape().exporter("otlp_grpc", "delivered"), 0);
    // Whoever comes now is sent away at once, and told so.
    let told = Load::run(gateway.grpc, "--spans 50 --spans-per-request 50 --retry-for 0s");
    assert_eq!(told.attempts_refused["UNAVAILABLE"], 1, "{told:?}");
    sink.behave(&json!({}));
    let report = load.report();
    gateway.settled();
    assert_delivered(&report, &sink);
    assert_eq!(report.requests_given_up, 0, "{report:?}");
}

/// Guarantees: pipelines behind a connector, and pipelines that share receiver and exporter, each have every
/// acknowledged span; the shared exporter has it once for each.
#[test]
fn pipelines_that_share() {
    let (direct, behind) = (
        Sink::start(&["--fail-rate", "0.1"]),
        Sink::start(&["--fail-rate", "0.1"]),
    );
    let yaml = format!(
        "{RECEIVER}connectors:\n  forward:\nprocessors:\n  batch: {SMALL_BATCHES}\nexporters:\n  \
         otlp_grpc/direct: {}\n  otlp_grpc/behind: {}\nservice:\n  pipelines:\n    \
         traces/first: {{receivers: [otlp], exporters: [otlp_grpc/direct, forward]}}\n    \
         traces/second: {{receivers: [otlp], processors: [batch], exporters: [otlp_grpc/direct]}}\n    \
         traces/behind: {{receivers: [forward], exporters: [otlp_grpc/behind]}}\n",
        direct.exporter("otlp_grpc", ""),
        behind.exporter("otlp_grpc", ""),
    );
    let gateway = Spanway::start(&yaml);
    let (report, scrape) = through(&gateway, &clients());
    assert_delivered(&report, &direct);
    assert_delivered(&report, &behind);
    assert_eq!(report.requests_given_up, 0, "{report:?}");
    let pipelines = scrape.ledgers("pipeline");
    assert_eq!(pipelines.len(), 3);
    for (id, columns) in pipelines {
        assert!(
            columns["handed_over"] >= report.spans_acknowledged,
            "{id}: {columns:?}"
        );
    }
    assert!(direct.stats().duplicates >= report.spans_acknowledged);
}

//! What one destination does not take is the disk's to keep: not the memory's, and not the other destination's loss.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::json;

use support::child::{PATIENCE, spanway, wait_until};
use support::disk::{Gauge, used};
use support::load::{Load, Report};
use support::scrape::{Scrape, Watch};
use support::sink::Sink;
use support::spanway::{Plan, STORED, Spanway};

const MIB: u64 = 1 << 20;

/// The budget in memory, and that on disk.
const MEMORY: u64 = 48 * MIB;
const DISK: u64 = 1024 * MIB;

/// Spans of one window: two thirds of the budget in memory.
const WINDOW: u64 = 64_000;
const CLIENTS: &str =
    "--span-bytes 500 --spans-per-request 200 --in-flight 16 --connections 2 --retry-for 5m";

/// The least share of its rate that a destination keeps beside one that is dead.
const KEPT: f64 = 0.95;

/// These tests measure, so they take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends one window and waits until the sink has it; the spans a second that arrived.
fn window(gateway: &Spanway, sink: &Sink, reports: &mut Vec<Report>) -> f64 {
    let before = sink.stats().distinct;
    let begun = Instant::now();
    let report = Load::run(gateway.grpc, &format!("{CLIENTS} --spans {WINDOW}"));
    wait_until("the window has arrived", || {
        sink.stats().distinct >= before + report.spans_acknowledged
    });
    let rate = report.spans_acknowledged as f64 / begun.elapsed().as_secs_f64();
    assert_eq!(report.requests_given_up, 0, "{report:?}");
    reports.push(report);
    rate
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn assert_delivered(reports: &[Report], sink: &Sink) {
    for report in reports {
        let missing = sink.missing(report);
        assert_eq!(missing.missing, 0, "{missing:?} of {report:?}");
    }
}

/// Guarantees: while one destination is dead and ten times the budget in memory has queued for it, memory is flat,
/// the disk is within its budget, and the other destination keeps its rate; the dead one has everything when it is
/// back, and the disk is free again.
///
/// The rate is compared with that of a second gateway, of whose two destinations none is dead. Both are there all the
/// time and get their windows of spans in turn, so that whatever else the machine does concerns both; the medians are
/// compared.
#[test]
fn a_dead_destination_costs_disk_alone() {
    let _turn = alone();
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let limited = |at: usize| {
        Plan::default()
            .journal(directories[at].path(), &format!("limit_mib: {}", DISK / MIB))
            .processor(
                "memory_limiter",
                &format!("{{check_interval: 1s, limit_mib: {}}}", MEMORY / MIB),
            )
    };
    let sinks = [
        Sink::start(&[]),
        Sink::start(&[]),
        Sink::start(&[]),
        Sink::start(&["--down"]),
    ];
    let [first, second, alive, dead] = &sinks;
    let reference = limited(0)
        .exporter("otlp_grpc/first", &first.exporter("otlp_grpc", STORED))
        .exporter("otlp_grpc/second", &second.exporter("otlp_grpc", STORED))
        .start();
    let gateway = limited(1)
        .exporter("otlp_grpc/alive", &alive.exporter("otlp_grpc", STORED))
        .exporter("otlp_grpc/dead", &dead.exporter("otlp_grpc", STORED))
        .start();
    let gauge = Gauge::begin(directories[1].path());
    let watches = [&reference, &gateway].map(|one| Watch::begin(one.metrics));
    let (mut reports, mut other) = (Vec::new(), Vec::new());
    let (mut rates, mut expected, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let unsettled = || {
        gateway
            .scrape()
            .sum("spanway_journal_unsettled_bytes", "otlp_grpc/dead")
    };
    while unsettled() < 10 * MEMORY {
        expected.push(window(&reference, first, &mut other));
        rates.push(window(&gateway, alive, &mut reports));
        memory.push((unsettled(), gateway.child.resident_memory()));
    }
    let memory_with = |times: u64| {
        let first = memory.iter().find(|(queued, _)| *queued >= times * MEMORY);
        first.map(|(_, resident)| *resident).unwrap()
    };
    let (with_two, with_ten) = (memory_with(2), memory_with(10));
    let peak = gateway.child.peak_memory();
    println!(
        "resident with 2x queued {} MiB, with 10x {} MiB, peak {} MiB",
        with_two / MIB,
        with_ten / MIB,
        peak / MIB
    );
    let (rate, expected) = (median(rates), median(expected));
    println!("{rate:.0} spans/s beside the dead one, {expected:.0} without");
    // Eight times the budget came between the two.
    assert!(with_ten < with_two + MEMORY / 4, "{memory:?}");
    assert!(rate >= KEPT * expected, "{rate:.0} of {expected:.0} spans/s");
    assert_delivered(&reports, alive);
    dead.behave(&json!({}));
    gateway.settled();
    watches.into_iter().for_each(Watch::end);
    assert_delivered(&reports, dead);
    wait_until("the disk is free", || used(directories[1].path()) < DISK / 4);
    let most = gauge.end();
    println!("used at most {} MiB of disk", most / MIB);
    assert!((10 * MEMORY..=DISK).contains(&most), "{most} bytes");
}

/// A gateway one of whose requests its destination refuses again and again, while the good ones flow.
struct Poisoned {
    sink: Sink,
    plan: Plan,
    gateway: Spanway,
    report: Report,
    directory: tempfile::TempDir,
}

/// Spans in a request.
const REQUEST: u64 = 50;

// === impl Poisoned ===

impl Poisoned {
    /// Sends 20 requests; the first span of the last is refused with `code`.
    fn start(code: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let sink = Sink::start(&[]);
        sink.behave(&json!({"refuse_name": "poison", "refuse_code": code}));
        let plan = Plan::default()
            .journal(directory.path(), "")
            .exporter("otlp_grpc", &sink.exporter("otlp_grpc", STORED));
        let gateway = plan.start();
        let mut poisoned = Self {
            sink,
            plan,
            report: Load::run(
                gateway.grpc,
                &format!("--spans 1000 --spans-per-request {REQUEST} --poison-every 20 --retry-for 5s"),
            ),
            gateway,
            directory,
        };
        assert_eq!(poisoned.report.spans_acknowledged, 1_000, "told in advance");
        poisoned.flows();
        poisoned
    }

    /// Sends good spans, which arrive.
    fn flows(&mut self) {
        let report = Load::run(
            self.gateway.grpc,
            &format!("--spans 9000 --spans-per-request {REQUEST} --retry-for 5s"),
        );
        assert_eq!(report.spans_acknowledged, 9_000, "{report:?}");
        wait_until("the good ones are there", || {
            self.sink.missing(&report).missing == 0
        });
    }

    /// Good spans flow past the bad record until it is parked.
    fn flows_until_parked(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.parked() < REQUEST {
            assert!(Instant::now() < deadline, "{} spans are parked", self.parked());
            self.flows();
        }
    }

    /// Ends it without a word and starts it anew. What was put aside would be there twice if it ended in the moment
    /// between; so that is waited for.
    fn killed(&mut self) {
        wait_until("what was settled is written down", || {
            self.written_as_unsettled() == 0
        });
        self.gateway.child.kill();
        self.gateway = self.plan.start();
        self.gateway.scrape().check();
    }

    /// Spans that are not settled in the journal, by what lies on disk.
    fn written_as_unsettled(&self) -> u64 {
        let mut command = spanway(["journal", "ls", "--json", "--directory"]);
        let said = command.arg(self.directory.path()).output().unwrap();
        let listing: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
        let row = &listing["pipelines"][0]["exporters"][0];
        row["journal"]["spans"].as_u64().unwrap()
    }

    fn parked(&self) -> u64 {
        parked(&self.gateway.scrape())
    }
}

fn parked(scrape: &Scrape) -> u64 {
    scrape.sum("spanway_journal_parked_spans", "otlp_grpc")
}

/// Guarantees: a record that is refused for now for ever is parked; the good ones flow past it, also after a restart;
/// and it arrives when the destination has changed its mind.
#[test]
fn a_record_that_is_refused_for_ever() {
    let _turn = alone();
    let mut poisoned = Poisoned::start("UNAVAILABLE");
    // A refusal for now does not say which span it means, so its request stays together.
    poisoned.flows_until_parked();
    assert_alone(&poisoned);
    poisoned.killed();
    poisoned.flows();
    poisoned.flows_until_parked();
    assert_alone(&poisoned);
    println!("refused {} times", poisoned.sink.stats().refused["UNAVAILABLE"]);
    poisoned.sink.behave(&json!({}));
    let scrape = poisoned.gateway.settled();
    let missing = poisoned.sink.missing(&poisoned.report);
    assert_eq!((missing.missing, missing.poisoned_arrived), (0, 1), "{missing:?}");
    assert_eq!(parked(&scrape), 0);
    assert_eq!(scrape.exporter("otlp_grpc", "dead_lettered"), 0);
}

/// Nothing else is under way, and nothing else is missing.
fn assert_alone(poisoned: &Poisoned) {
    wait_until("only the bad record is in flight", || {
        let scrape = poisoned.gateway.scrape();
        scrape.exporter("otlp_grpc", "in_flight") == REQUEST
    });
    let missing = poisoned.sink.missing(&poisoned.report);
    let others = (missing.missing, missing.poisoned_arrived);
    assert_eq!(others, (REQUEST - 1, 0), "{missing:?}");
}

/// Guarantees: a span that is refused for good becomes a dead letter, alone: its neighbours in the request arrive. It
/// is counted once, also after restarts, and kept there whatever the destination does later.
#[test]
fn a_span_that_is_refused_for_good() {
    let _turn = alone();
    let mut poisoned = Poisoned::start("INVALID_ARGUMENT");
    assert_is_a_dead_letter(&poisoned);
    poisoned.killed();
    poisoned.flows();
    assert_is_a_dead_letter(&poisoned);
    poisoned.sink.behave(&json!({}));
    poisoned.killed();
    poisoned.flows();
    assert_is_a_dead_letter(&poisoned);
}

fn assert_is_a_dead_letter(poisoned: &Poisoned) {
    let scrape = poisoned.gateway.settled();
    assert_eq!(scrape.exporter("otlp_grpc", "dead_lettered"), 1);
    assert_eq!(scrape.exporter("otlp_grpc", "refused_downstream"), 0);
    assert!(scrape.sum("spanway_journal_dead_letter_bytes", "otlp_grpc") > 0);
    assert_eq!(parked(&scrape), 0);
    let missing = poisoned.sink.missing(&poisoned.report);
    assert_eq!((missing.missing, missing.poisoned_arrived), (0, 0), "{missing:?}");
}

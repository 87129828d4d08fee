//! A gateway with a journal is ended by `kill -9` and SIGTERM, again and again, at random moments, while two
//! destinations fail and return at random. Every acknowledged span arrives at both, and the books are right.
//!
//! What is proved, and by what:
//!
//! - *Nothing is lost.* `load` knows which spans were acknowledged, each by its number; at the end both sinks are
//!   asked for all of them. Some clients send again what was not acknowledged, as SDKs do; each of their requests is
//!   acknowledged in the end.
//! - *The ledgers balance*, in the first scrape of each life and in all that follow, up to the kill.
//! - *Copies are counted.* Clients that never send anything twice leave the gateway as the only source of copies: what
//!   a sink has seen more than once came from it. The sink's count is read first and the gateway's after it, so the
//!   second must not be less. What is copied between that scrape and the kill, nobody can have seen counted.
//! - *Copies are no more than what was unsettled.* Each life begins with both destinations absent and no client, so
//!   that `in_flight` is what the life before has left. Destinations refuse, throttle and delay here, but leave no
//!   doubt whether they took something; so nothing but that can be sent twice, and it arrives no more than once more.
//!   This covers the time up to the kill and beyond it: the sink is asked again when the next life has begun.
//!
//! A run is as random as its seed, which is printed; SPANWAY_SEED=N chooses it. The gateway's threads and the kernel
//! are not part of it: the same seed kills at the same times, not at the same instructions.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use support::child::{PATIENCE, wait_until};
use support::load::{Load, Report};
use support::scrape::{Scrape, Watch};
use support::sink::Sink;
use support::spanway::{Plan, STORED, Spanway};

const EXPORTERS: [&str; 2] = ["otlp_grpc", "otlp_http"];

/// Two destinations, one for each protocol, and a gateway that sends to both.
struct World {
    sinks: [Sink; 2],
    plan: Plan,
    chance: StdRng,
}

/// Small and large requests over gRPC and HTTP.
const CLIENTS: [&str; 4] = [
    "--protocol grpc --spans-per-request 5 --rate 1500 --in-flight 16",
    "--protocol grpc --spans-per-request 2000 --rate 8000 --in-flight 3",
    "--protocol http --spans-per-request 5 --rate 1500 --in-flight 16",
    "--protocol http --spans-per-request 2000 --rate 8000 --in-flight 3 --compression gzip",
];

/// They last until they are stopped.
const ENDLESS: &str = "--duration 1h";

fn lives() -> usize {
    if support::long() { 50 } else { 10 }
}

/// These tests keep the machine busy, so they take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

// === impl World ===

impl World {
    fn new(directory: &Path) -> Self {
        let chosen = std::env::var("SPANWAY_SEED").map(|seed| seed.parse().unwrap());
        let seed = chosen.unwrap_or_else(|_| rand::random_range(0..1_000_000));
        println!("SPANWAY_SEED={seed}");
        let sinks = EXPORTERS.map(|_| Sink::start(&[]));
        let mut plan = Plan::default()
            .same_ports()
            .journal(directory, "")
            .service("drain_timeout: 5s");
        for (kind, sink) in EXPORTERS.iter().zip(&sinks) {
            plan = plan.exporter(kind, &sink.exporter(kind, STORED));
        }
        Self {
            sinks,
            plan,
            chance: StdRng::seed_from_u64(seed),
        }
    }

    fn behave(&self, behaviour: &Value) {
        for sink in &self.sinks {
            sink.behave(behaviour);
        }
    }

    /// Lets some time pass; what matters is that nobody knows how much.
    fn pass(&mut self, most_millis: u64) {
        std::thread::sleep(Duration::from_millis(self.chance.random_range(0..=most_millis)));
    }

    /// One of the two changes its mood, a few times.
    fn moods(&mut self, certain: bool) {
        for _ in 0..self.chance.random_range(1..=4) {
            let mood = mood(&mut self.chance, certain);
            self.sinks[self.chance.random_range(0..2)].behave(&mood);
            self.pass(300);
        }
    }

    /// How many spans each sink has seen more than once, every time counted.
    fn copies(&self) -> [u64; 2] {
        [0, 1].map(|at: usize| self.sinks[at].stats().duplicates)
    }

    /// Everything acknowledged is at both sinks.
    fn assert_all_there(&self, reports: &[Report], least: u64) {
        let mut expected = 0;
        for report in reports {
            for (sink, exporter) in self.sinks.iter().zip(EXPORTERS) {
                let missing = sink.missing(report);
                assert_eq!(missing.missing, 0, "{exporter}: {missing:?} of {report:?}");
                expected += missing.expected;
            }
        }
        assert!(expected > least, "only {expected} spans were acknowledged");
    }
}

/// What a destination may do. With `certain` it leaves no doubt whether it took a request.
fn mood(chance: &mut StdRng, certain: bool) -> Value {
    match chance.random_range(0..if certain { 6 } else { 8 }) {
        0 => json!({"fail_rate": 1.0}),
        1 => json!({"fail_rate": 0.3}),
        2 => json!({"fail_rate": 0.2, "retry_after": "300ms"}),
        3 => json!({"throttle": 10_000}),
        4 => json!({"delay": "50ms"}),
        5 => json!({}),
        6 => json!({"down": true}),
        _ => json!({"die_every": "150ms", "down_for": "50ms", "delay": "10ms"}),
    }
}

/// The gateway takes requests again.
fn wait_until_it_takes(gateway: &Spanway) {
    wait_until("spans are accepted", || {
        gateway.scrape().sum("otelcol_receiver_accepted_spans", "") > 0
    });
}

fn in_flight(scrape: &Scrape) -> [u64; 2] {
    EXPORTERS.map(|id| scrape.exporter(id, "in_flight"))
}

fn duplicates(scrape: &Scrape) -> [u64; 2] {
    EXPORTERS.map(|id| scrape.sum("spanway_exporter_duplicate_spans", &format!("exporter=\"{id}\"")))
}

/// Guarantees: killed under load, also while it starts, the gateway loses nothing acknowledged, whatever the
/// destinations do; clients that send again get everything through; the ledgers balance in every life.
#[test]
fn killed_while_clients_send_again() {
    let _turn = alone();
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::new(directory.path());
    let mut gateway = world.plan.start();
    let loads: Vec<Load> = CLIENTS
        .iter()
        .map(|client| {
            let grpc = client.contains("grpc");
            let endpoint = if grpc { gateway.grpc } else { gateway.http };
            Load::start(endpoint, &format!("{client} {ENDLESS} --retry-for 30m"))
        })
        .collect();
    for _ in 0..lives() {
        if world.chance.random_bool(0.8) {
            let watch = Watch::begin(gateway.metrics);
            wait_until_it_takes(&gateway);
            world.moods(false);
            watch.end();
        }
        world.pass(20);
        gateway.child.kill();
        while world.chance.random_bool(0.3) {
            let (mut child, _file) = Spanway::launch(&world.plan.yaml());
            world.pass(250);
            child.kill();
        }
        gateway = world.plan.start();
        gateway.scrape().check();
    }
    world.behave(&json!({}));
    wait_until_it_takes(&gateway);
    let reports: Vec<Report> = loads.into_iter().map(Load::stop).collect();
    gateway.settled();
    for report in &reports {
        assert_eq!(report.requests_given_up + report.spans_rejected, 0, "{report:?}");
    }
    let noticed = reports.iter().any(|report| !report.attempts_failed.is_empty());
    assert!(noticed, "no client was ever cut off");
    world.assert_all_there(&reports, 1_000 * lives() as u64);
}

/// Guarantees: after a kill the gateway counts each span that it may be sending once more, and sends no more of them
/// than were unsettled, also where a SIGTERM comes between; and nothing acknowledged is lost.
#[test]
fn copies_are_counted_and_bounded() {
    let _turn = alone();
    let directory = tempfile::tempdir().unwrap();
    let mut world = World::new(directory.path());
    let mut reports = Vec::new();
    let (mut seen, mut bound, mut killed) = ([0; 2], [0; 2], false);
    let (mut unclean, mut copied) = (0, 0);
    for life in 0..=lives() {
        world.behave(&json!({"down": true}));
        let mut gateway = world.plan.start();
        let scrape = gateway.scrape();
        scrape.check();
        // The life before has ended: nothing of it is still under way to a sink.
        let copies = world.copies();
        for at in 0..2 {
            let more = copies[at] - seen[at];
            assert!(
                more <= bound[at],
                "{more} copies of {} unsettled spans",
                bound[at]
            );
            copied += more;
        }
        (seen, bound) = (copies, in_flight(&scrape));
        println!("life {life}: unsettled {bound:?}, copies so far {copies:?}, killed before: {killed}");
        let watch = Watch::begin(gateway.metrics);
        let loads = clients_that_never_send_again(&gateway, life);
        world.behave(&json!({}));
        wait_until_it_takes(&gateway);
        world.moods(true);
        let copies = world.copies();
        let counted = duplicates(&gateway.scrape());
        for at in 0..2 {
            let more = copies[at] - seen[at];
            assert!(more <= counted[at], "{more} copies, {} counted", counted[at]);
        }
        watch.end();
        killed = life == 0 || world.chance.random_bool(0.75);
        if killed {
            unclean += 1;
            gateway.child.kill();
        } else {
            assert_eq!(gateway.stop_within(PATIENCE).code(), Some(0));
        }
        reports.extend(loads.into_iter().map(Load::stop));
    }
    world.behave(&json!({}));
    let gateway = world.plan.start();
    gateway.settled();
    println!("{copied} copies after {unclean} kills");
    assert!(unclean > 0);
    world.assert_all_there(&reports, 1_000 * lives() as u64);
}

/// Two of the four kinds at a time, turn by turn.
fn clients_that_never_send_again(gateway: &Spanway, life: usize) -> Vec<Load> {
    [0, 3, 1, 2]
        .iter()
        .cycle()
        .skip(life * 2 % 4)
        .take(2)
        .map(|client| {
            let client = CLIENTS[*client];
            let grpc = client.contains("grpc");
            let endpoint = if grpc { gateway.grpc } else { gateway.http };
            Load::start(endpoint, &format!("{client} {ENDLESS} --retry-for 0s"))
        })
        .collect()
}

/// Guarantees: SIGTERM with a destination that is gone keeps what it has not got, ends well and soon, and the next
/// life delivers it: each span once, since a clean end leaves no doubt.
#[test]
fn a_clean_stop_keeps_its_backlog() {
    let _turn = alone();
    let directory = tempfile::tempdir().unwrap();
    let world = World::new(directory.path());
    world.sinks[1].behave(&json!({"down": true}));
    let mut backlog = 0;
    let mut reports = Vec::new();
    for life in 0..3 {
        let mut gateway = world.plan.start();
        let scrape = gateway.scrape();
        scrape.check();
        assert_eq!(in_flight(&scrape), [0, backlog], "life {life}");
        let report = Load::run(
            gateway.grpc,
            "--spans 20000 --spans-per-request 50 --in-flight 8 --retry-for 0s",
        );
        assert_eq!(report.spans_acknowledged, 20_000, "{report:?}");
        backlog += report.spans_acknowledged;
        reports.push(report);
        wait_until("the one that is there has everything", || {
            in_flight(&gateway.scrape())[0] == 0
        });
        assert_eq!(gateway.stop_within(PATIENCE).code(), Some(0));
    }
    world.behave(&json!({}));
    let gateway = world.plan.start();
    let scrape = gateway.settled();
    for exporter in EXPORTERS {
        assert_eq!(scrape.exporter(exporter, "delivered"), backlog, "counts persist");
    }
    world.assert_all_there(&reports, 100_000);
    assert_eq!(world.copies(), [0, 0]);
}

//! The disk below a journal fills, turns read-only and returns, reaches its budget, is somebody else's, is damaged.
//! The gateway tells clients when to come back, says what is wrong, goes on by itself when it can, and loses nothing
//! acknowledged but what the damage has hit.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::runtime::Runtime;
use tonic::Code;

use support::child::{PATIENCE, wait_until};
use support::disk::{Disk, Gauge, files, used};
use support::grpc::Grpc;
use support::load::{Load, Report};
use support::scrape::Watch;
use support::sink::Sink;
use support::spanway::{Plan, STORED, Spanway};
use support::{http, otlp};

const MIB: u64 = 1 << 20;

/// 100 kB a request, 10 MB a second, and whoever is refused comes back for as long as the test lasts.
const CLIENTS: &str = "--span-bytes 1000 --spans-per-request 100 --rate 10000 --in-flight 16 --retry-for 30m";

/// These tests keep disks busy, so they take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A gateway with one exporter that is stored in `directory`.
fn plan(sink: &Sink, directory: &Path, settings: &str) -> Plan {
    Plan::default()
        .journal(directory, settings)
        .with_health()
        .service("drain_timeout: 5s")
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", STORED))
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// So much that it finds no room where one of the clients' requests has not; where a disk is full, less may still pass.
const PROBE: usize = MIB as usize;

/// A large span over gRPC: the code, and the delay if one is named.
fn try_grpc(address: SocketAddr) -> (Code, Option<Duration>) {
    runtime().block_on(async {
        let answer = Grpc::connect(address).await.export(&otlp::sized(PROBE)).await;
        let delay = answer.details().retry_info().and_then(|info| info.retry_delay);
        (answer.code(), delay)
    })
}

/// A large span over HTTP: the status, and the delay if one is named.
fn try_http(address: SocketAddr) -> (u16, Option<u64>) {
    let answer = runtime().block_on(http::post(address, otlp::sized(PROBE)));
    let delay = answer.headers.get("retry-after");
    let delay = delay.map(|value| value.to_str().unwrap().parse().unwrap());
    (answer.status.as_u16(), delay)
}

/// Refused for now over both protocols, with a delay that a client can keep.
fn assert_refused_for_now(gateway: &Spanway) {
    let (code, delay) = try_grpc(gateway.grpc);
    assert_eq!(code, Code::Unavailable);
    let delay = delay.expect("RetryInfo");
    assert!(
        delay > Duration::ZERO && delay <= Duration::from_secs(60),
        "{delay:?}"
    );
    let (status, delay) = try_http(gateway.http);
    assert_eq!(status, 503);
    let seconds = delay.expect("Retry-After");
    assert!((1..=60).contains(&seconds), "{seconds}");
}

/// Metric and health page say that the journal takes nothing, and the page says why. While a disk fills up, small
/// commits may pass where large ones do not, and the gateway is well in between.
fn assert_said_to_be_ill(gateway: &Spanway, reason: &str) {
    let mut said = (200, String::new());
    wait_until("health is bad, and so it stays", || {
        said = gateway.health();
        said.0 == 503 && failing(gateway) == 1
    });
    assert!(said.1.to_lowercase().contains(reason), "the reason: {}", said.1);
}

/// Taken again over both protocols, and nothing but good news.
fn wait_until_well(gateway: &Spanway) {
    wait_until("spans are taken again", || {
        try_grpc(gateway.grpc).0 == Code::Ok && try_http(gateway.http).0 == 200
    });
    wait_until("health is good again", || gateway.health().0 == 200);
    assert_eq!(failing(gateway), 0);
}

fn failing(gateway: &Spanway) -> u64 {
    gateway.scrape().sum("spanway_journal_failing", "traces")
}

fn in_flight(gateway: &Spanway) -> u64 {
    gateway
        .scrape()
        .sum("spanway_exporter_spans", "state=\"in_flight\"")
}

/// Every acknowledged span is there, and nobody gave up.
fn assert_delivered(report: &Report, sink: &Sink) {
    assert_eq!(report.requests_given_up + report.spans_rejected, 0, "{report:?}");
    let missing = sink.missing(report);
    assert_eq!(missing.missing, 0, "{missing:?} of {report:?}");
    assert!(missing.expected > 2_000, "{missing:?}");
}

/// Guarantees: the disk of these tests does what they rely on: it is full when it is filled, has room when the filler
/// is gone, and takes no new file while it is read-only.
#[test]
fn the_disk_itself() {
    let Some(disk) = Disk::mount("the_disk_itself", 8) else {
        return;
    };
    let filler = disk.fill_but(MIB);
    let file = disk.path().join("file");
    let write = |bytes: u64| std::fs::write(&file, vec![1; bytes as usize]).map_err(|error| error.kind());
    assert_eq!(write(2 * MIB), Err(std::io::ErrorKind::StorageFull));
    assert_eq!(write(MIB / 2), Ok(()));
    assert_eq!(used(disk.path()), 15 * MIB / 2);
    std::fs::remove_file(filler).unwrap();
    assert_eq!(write(2 * MIB), Ok(()));
    let read_only = disk.read_only();
    assert_eq!(write(MIB), Err(std::io::ErrorKind::ReadOnlyFilesystem));
    assert_eq!(used(disk.path()), 2 * MIB);
    drop(read_only);
    assert_eq!(write(MIB), Ok(()));
}

/// Guarantees: a disk that is full is no end: clients are told to come back and when, metric and health page say so
/// and why, and spans are taken again when there is room, without a restart.
#[test]
fn a_full_disk() {
    let _turn = alone();
    let Some(disk) = Disk::mount("a_full_disk", 192) else {
        return;
    };
    let filler = disk.fill_but(20 * MIB);
    let sink = Sink::start(&["--down"]);
    let mut gateway = plan(&sink, disk.path(), "").start();
    let watch = Watch::begin(gateway.metrics);
    // 60 MB: more than there is room for, less than there will be.
    let load = Load::start(gateway.grpc, &format!("{CLIENTS} --spans 60000"));
    wait_until("the disk is full", || failing(&gateway) == 1);
    assert_refused_for_now(&gateway);
    assert_said_to_be_ill(&gateway, "space");
    gateway.child.assert_alive();
    std::fs::remove_file(filler).unwrap();
    wait_until_well(&gateway);
    let report = load.report();
    assert!(report.attempts_refused["UNAVAILABLE"] > 0, "{report:?}");
    sink.behave(&json!({}));
    gateway.settled();
    watch.end();
    assert_delivered(&report, &sink);
}

/// Guarantees: a disk that is full when the gateway is killed does not keep it from starting and delivering.
#[test]
fn killed_on_a_full_disk() {
    let _turn = alone();
    let Some(disk) = Disk::mount("killed_on_a_full_disk", 64) else {
        return;
    };
    let sink = Sink::start(&["--down"]);
    let plan = plan(&sink, disk.path(), "").same_ports();
    let mut gateway = plan.start();
    let load = Load::start(gateway.grpc, &format!("{CLIENTS} --duration 1h"));
    wait_until("the disk is full", || failing(&gateway) == 1);
    gateway.child.kill();
    let gateway = plan.start();
    gateway.scrape().check();
    sink.behave(&json!({}));
    wait_until_well(&gateway);
    let report = load.stop();
    gateway.settled();
    assert_delivered(&report, &sink);
}

/// Guarantees: a disk that turns read-only and returns is treated as one that is full. See [`support::disk::ReadOnly`]
/// for when that shows: with the next file.
#[test]
fn a_read_only_disk() {
    let _turn = alone();
    let Some(disk) = Disk::mount("a_read_only_disk", 1024) else {
        return;
    };
    let sink = Sink::start(&[]);
    let mut gateway = plan(&sink, disk.path(), "limit_mib: 64").start();
    let watch = Watch::begin(gateway.metrics);
    let load = Load::start(gateway.http, &format!("--protocol http {CLIENTS} --duration 1h"));
    wait_until("spans arrive", || sink.stats().spans > 1_000);
    let read_only = disk.read_only();
    wait_until("a file is wanted", || failing(&gateway) == 1);
    assert_refused_for_now(&gateway);
    assert_said_to_be_ill(&gateway, "read-only");
    gateway.child.assert_alive();
    drop(read_only);
    wait_until_well(&gateway);
    let report = load.stop();
    assert!(report.attempts_refused["503"] > 0, "{report:?}");
    gateway.settled();
    watch.end();
    assert_delivered(&report, &sink);
}

/// Guarantees: with a destination that is gone the directory stays within its budget, clients are told when to come
/// back, and when it returns everything acknowledged arrives and the disk is free again.
#[test]
fn the_budget_is_kept() {
    let _turn = alone();
    let (directory, limit) = (tempfile::tempdir().unwrap(), 32 * MIB);
    let sink = Sink::start(&["--down"]);
    let mut gateway = plan(&sink, directory.path(), "limit_mib: 32").start();
    let gauge = Gauge::begin(directory.path());
    let watch = Watch::begin(gateway.metrics);
    let load = Load::start(gateway.grpc, &format!("{CLIENTS} --duration 1h"));
    wait_until("the budget is used up", || {
        gateway.scrape().sum("otelcol_receiver_refused_spans", "") > 0
    });
    assert_refused_for_now(&gateway);
    let scrape = gateway.scrape();
    let sum = |name| scrape.sum(name, "traces");
    assert_eq!(sum("spanway_journal_limit_bytes"), limit);
    let shown = sum("spanway_journal_bytes");
    assert!(shown > limit / 2 && shown <= limit, "{shown} bytes are shown");
    let (size, capacity) = (
        sum_of(&gateway, "otelcol_exporter_queue_size"),
        sum_of(&gateway, "otelcol_exporter_queue_capacity"),
    );
    assert!(size > 0 && size <= capacity, "{size} of {capacity}");
    gateway.child.assert_alive();
    sink.behave(&json!({}));
    wait_until_well(&gateway);
    let report = load.stop();
    gateway.settled();
    watch.end();
    assert_delivered(&report, &sink);
    wait_until("the disk is free", || used(directory.path()) < limit / 2);
    let most = gauge.end();
    println!("used at most {most} of {limit} bytes");
    assert!(most <= limit, "{most} bytes");
    assert!(
        most > limit / 2,
        "only {most} bytes: the budget was never reached"
    );
}

fn sum_of(gateway: &Spanway, name: &str) -> u64 {
    gateway.scrape().sum(name, "otlp_grpc")
}

/// Guarantees: `on_full: shed` goes on taking spans; what a destination that is gone has not got becomes dead letters,
/// oldest first, all of it counted; the other destination has everything.
#[test]
fn a_full_journal_sheds() {
    let _turn = alone();
    let directory = tempfile::tempdir().unwrap();
    let (alive, dead) = (Sink::start(&[]), Sink::start(&["--down"]));
    let gateway = Plan::default()
        .journal(
            directory.path(),
            "limit_mib: 32, on_full: shed, dead_letter_limit_mib: 256",
        )
        .exporter("otlp_grpc/alive", &alive.exporter("otlp_grpc", STORED))
        .exporter("otlp_grpc/dead", &dead.exporter("otlp_grpc", STORED))
        .start();
    let watch = Watch::begin(gateway.metrics);
    let report = Load::run(gateway.grpc, &format!("{CLIENTS} --spans 60000"));
    assert_eq!(report.spans_acknowledged, 60_000, "{report:?}");
    let scrape = gateway.scrape();
    let letters = scrape.exporter("otlp_grpc/dead", "dead_lettered");
    // 60 MB came and 32 MiB were room for.
    assert!(letters > 20_000, "{letters} dead letters");
    let bytes = scrape.sum("spanway_journal_dead_letter_bytes", "otlp_grpc/dead");
    assert!(bytes > 20 * MIB && bytes <= 256 * MIB, "{bytes} bytes");
    dead.behave(&json!({}));
    let scrape = gateway.settled();
    watch.end();
    assert_delivered(&report, &alive);
    assert_eq!(scrape.exporter("otlp_grpc/alive", "dead_lettered"), 0);
    let missing = dead.missing(&report);
    let letters = scrape.exporter("otlp_grpc/dead", "dead_lettered");
    assert_eq!(missing.missing, letters, "{missing:?}");
    // What is oldest has gone first.
    assert!(missing.first_missing.contains(&0), "{missing:?}");
}

/// Guarantees: a directory has one gateway. A second one does not start and says why; the first does not notice.
#[test]
fn a_directory_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Sink::start(&[]);
    let plan = plan(&sink, directory.path(), "timeout: 100ms");
    let first = plan.start();
    let (mut second, _file) = Spanway::launch(&plan.yaml());
    assert_eq!(second.ended_within(PATIENCE).code(), Some(1));
    let said = second.stderr.to_end();
    let path = directory.path().to_str().unwrap();
    let error = said.lines().find(|line| line.starts_with("error: "));
    let error = error.expect("an error is said");
    assert!(error.contains(path) && error.contains("lock"), "{said}");
    let report = Load::run(first.grpc, "--spans 5000 --spans-per-request 50");
    first.settled();
    assert_delivered(&report, &sink);
}

/// Guarantees: one bit that turned in a stored segment costs the record it lies in, not the start, not its neighbours;
/// the damaged segment is set aside, not deleted, and counted.
#[test]
fn a_bit_that_turned() {
    let _turn = alone();
    let directory = tempfile::tempdir().unwrap();
    let sink = Sink::start(&["--down"]);
    let plan = plan(&sink, directory.path(), "");
    let mut gateway = plan.start();
    let report = Load::run(gateway.grpc, "--spans 20000 --spans-per-request 50");
    assert_eq!(report.spans_acknowledged, 20_000);
    assert_eq!(in_flight(&gateway), 20_000);
    assert_eq!(gateway.stop_within(PATIENCE).code(), Some(0));
    turn_a_bit(directory.path());
    sink.behave(&json!({}));
    let gateway = plan.start();
    gateway.scrape().check();
    gateway.settled();
    let missing = sink.missing(&report);
    println!("{} spans were hit", missing.missing);
    assert!(missing.missing > 0, "the bit has hit nothing");
    // A request is a record; what is committed together may stand and fall together.
    assert!(missing.missing <= 1_000, "{missing:?}");
    let is_damaged = |file: &std::path::PathBuf| file.iter().any(|part| part == "damaged");
    let damaged = || files(directory.path()).into_iter().filter(is_damaged).count();
    wait_until("the file is set aside", || damaged() == 1);
    assert_eq!(
        gateway.scrape().sum("spanway_journal_damaged_segments", "traces"),
        1
    );
    // It goes on as ever.
    let report = Load::run(gateway.grpc, "--spans 5000 --spans-per-request 50");
    gateway.settled();
    assert_delivered(&report, &sink);
}

/// Turns a bit in the middle of what is written in the largest segment.
fn turn_a_bit(directory: &Path) {
    let is_segment = |file: &std::path::PathBuf| {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let number = name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit());
        number && file.extension().is_some_and(|extension| extension == "log")
    };
    let segments = files(directory).into_iter().filter(is_segment);
    let written = segments.map(|file| (std::fs::read(&file).unwrap(), file));
    let end = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let (mut bytes, file) = written.max_by_key(|(bytes, _)| end(bytes)).unwrap();
    let middle = end(&bytes) / 2;
    bytes[middle] ^= 1;
    println!("byte {middle} of {} ({} bytes)", file.display(), bytes.len());
    std::fs::write(file, bytes).unwrap();
}

//! Ten times what the destination takes: memory stays within its bound, nothing acknowledged is lost, the destination
//! is kept busy, and clients are told when to come back.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tonic::Code;

use support::child::wait_until;
use support::grpc::{Grpc, framed};
use support::load::{Load, Report};
use support::otlp;
use support::scrape::Watch;
use support::sink::Sink;
use support::spanway::{Plan, Spanway};

const MIB: u64 = 1 << 20;

/// With `limit_mib: 256`, half as much again is for everything beside spans.
const MOST_MEMORY: u64 = 384 * MIB;

/// The least share of what the destination takes that it must get. The rest is for a machine that has other work, too: a
/// destination that waits for spans gets far less.
const GOODPUT: f64 = 0.8;

/// These tests measure, so they take turns.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn limited() -> Plan {
    Plan::default().processor("memory_limiter", "{check_interval: 1s, limit_mib: 256}")
}

fn assert_bounded(gateway: &Spanway) {
    let peak = gateway.child.peak_memory();
    println!("peak memory {} MiB", peak / MIB);
    assert!(peak < MOST_MEMORY, "{} MiB", peak / MIB);
}

/// Runs the connections of this process.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

/// Offers `flags` to a destination that takes `capacity` spans a second.
fn overload(plan: &Plan, sink: &Sink, capacity: f64, flags: &str) {
    let seconds = if support::long() { 120 } else { 12 };
    let gateway = plan.start();
    let runtime = runtime();
    let client = runtime.block_on(Grpc::connect(gateway.grpc));
    let watch = Watch::begin(gateway.metrics);
    let load = Load::start(
        gateway.grpc,
        &format!("{flags} --retry-for 0s --duration {seconds}s"),
    );
    wait_until("spans arrive", || sink.stats().distinct > 0);
    let goodput = goodput(sink, Duration::from_secs(seconds - 3));
    assert_told_when_to_come_back(&runtime, &client);
    let report = load.report();
    gateway.settled();
    watch.end();
    println!(
        "offered {:.0}, taken {goodput:.0} of {capacity:.0} spans/s",
        report.spans_sent as f64 / seconds as f64
    );
    assert_bounded(&gateway);
    assert_nothing_lost(&report, sink);
    assert!(
        report.spans_sent as f64 > 5.0 * capacity * seconds as f64,
        "{report:?}"
    );
    assert!(goodput > GOODPUT * capacity, "{goodput:.0} spans/s, {report:?}");
}

/// Distinct spans that arrive in a second, after the first one, in which everybody gets going.
fn goodput(sink: &Sink, within: Duration) -> f64 {
    let count = || (Instant::now(), sink.stats().distinct);
    std::thread::sleep(Duration::from_secs(1));
    let (begun, before) = count();
    std::thread::sleep(within - Duration::from_secs(1));
    let (ended, after) = count();
    (after - before) as f64 / (ended - begun).as_secs_f64()
}

fn assert_nothing_lost(report: &Report, sink: &Sink) {
    let missing = sink.missing(report);
    assert_eq!(missing.missing, 0, "{missing:?}");
    assert!(missing.expected > 10_000, "{missing:?}");
    let others = report.attempts_refused.keys().any(|code| code != "UNAVAILABLE");
    assert!(!others, "{report:?}");
    assert!(report.attempts_refused["UNAVAILABLE"] > 0, "{report:?}");
}

/// A client that is refused gets a delay. It has been there before the others.
fn assert_told_when_to_come_back(runtime: &tokio::runtime::Runtime, client: &Grpc) {
    let refusal = async {
        loop {
            let message = framed(false, &otlp::encoded(100));
            let answer = client
                .call(support::grpc::EXPORT, &[("grpc-timeout", "500m")], vec![message])
                .await;
            if answer.code() != Code::Ok {
                return answer;
            }
        }
    };
    let answer = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(30), refusal).await });
    let answer = answer.expect("somebody is refused");
    assert_eq!(answer.code(), Code::Unavailable, "{answer:?}");
    let delay = answer.details().retry_info().and_then(|info| info.retry_delay);
    let delay = delay.expect("a refusal names a delay");
    assert!(
        delay > Duration::ZERO && delay < Duration::from_secs(60),
        "{delay:?}"
    );
}

/// Guarantees: bounded memory, nothing lost and a busy destination, where that one refuses what is too much for it
/// and names a delay.
#[test]
fn a_destination_that_refuses_what_is_too_much() {
    let _turn = alone();
    let sink = Sink::start(&["--throttle", "10000"]);
    let plan = limited()
        .processor("batch", "{}")
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""));
    overload(
        &plan,
        &sink,
        10_000.0,
        "--rate 100000 --spans-per-request 100 --in-flight 4000 --connections 8",
    );
}

/// Guarantees: the same where the destination just answers late; and the spans that clients would wait for are more
/// than the budget.
#[test]
fn a_destination_that_answers_late() {
    let _turn = alone();
    let sink = Sink::start(&["--bytes-per-second", "16000000"]);
    let plan = limited()
        .processor("batch", "{}")
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""));
    overload(
        &plan,
        &sink,
        8_000.0,
        "--rate 80000 --span-bytes 2000 --spans-per-request 100 --in-flight 2000 --connections 8 --timeout 16s",
    );
}

/// Guarantees: one exporter of two whose destination is gone, or does not answer, never makes memory grow, whether
/// clients wait for it or not.
#[test]
fn one_dead_exporter_of_two() {
    let _turn = alone();
    for (behaviour, queue) in [
        (r#"{"down": true}"#, "{wait_for_result: true}"),
        (
            r#"{"delay": "1h"}"#,
            "{wait_for_result: false, queue_size: 1000000}",
        ),
    ] {
        let (alive, dead) = (Sink::start(&[]), Sink::start(&[]));
        dead.behave(&serde_json::from_str(behaviour).unwrap());
        let queue = format!("sending_queue: {queue}");
        let gateway = limited()
            .exporter("otlp_grpc/alive", &alive.exporter("otlp_grpc", ""))
            .exporter("otlp_grpc/dead", &dead.exporter("otlp_grpc", &queue))
            .service("drain_timeout: 1s")
            .start();
        let watch = Watch::begin(gateway.metrics);
        let seconds = if support::long() { 60 } else { 8 };
        let report = Load::run(
            gateway.grpc,
            &format!("--rate 100000 --in-flight 1000 --retry-for 0s --duration {seconds}s"),
        );
        watch.end();
        assert!(report.attempts_refused["UNAVAILABLE"] > 0, "{report:?}");
        assert_bounded(&gateway);
    }
}

/// Guarantees: hundreds of connections that stopped in the middle of a request, and clients that never read an
/// answer, stay within the budget and keep nobody else from being served.
#[test]
fn connections_that_idle_and_never_read() {
    let _turn = alone();
    let sink = Sink::start(&[]);
    let gateway = limited()
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""))
        .start();
    let runtime = runtime();
    let idle: Vec<_> = (0..500)
        .map(|_| runtime.block_on(stopped_in_the_middle(&gateway)))
        .collect();
    let deaf: Vec<TcpStream> = (0..8).map(|_| never_reads(&gateway)).collect();
    let report = Load::run(gateway.grpc, "--rate 20000 --spans-per-request 50 --duration 2s");
    assert_eq!(report.requests_given_up, 0, "{report:?}");
    assert_nothing_missing(&report, &sink);
    assert_bounded(&gateway);
    let limit = gateway.scrape().sum("spanway_receiver_connections", "");
    assert!(limit >= 500, "{limit} connections are open");
    drop((idle, deaf));
}

fn assert_nothing_missing(report: &Report, sink: &Sink) {
    let missing = sink.missing(report);
    assert_eq!(missing.missing, 0, "{missing:?}");
    assert!(missing.expected > 10_000, "{missing:?}");
}

/// A connection with a request of which half has come.
async fn stopped_in_the_middle(gateway: &Spanway) -> impl Sized {
    let client = Grpc::connect(gateway.grpc).await;
    let (body, answer) = client.begin(&[]);
    let mut message = framed(false, &otlp::sized(60_000));
    message.truncate(30_000);
    body.send(message).await.unwrap();
    (client, body, answer)
}

/// A connection that sends requests until the gateway stops reading them, since nobody reads its answers.
fn never_reads(gateway: &Spanway) -> TcpStream {
    let mut stream = TcpStream::connect(gateway.http).unwrap();
    stream
        .set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    // An answer to this one is larger than the request.
    let request = b"GET /no/such/page HTTP/1.1\r\nhost: gateway\r\n\r\n".repeat(1000);
    let mut written = 0;
    while let Ok(bytes) = stream.write(&request) {
        written += bytes;
        assert!(written < 256 << 20, "the gateway reads without end");
    }
    stream
}

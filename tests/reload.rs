//! Another configuration while the gateway runs: what it says again goes on, what it changes changes, and no client notices.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use support::child::wait_until;
use support::control;
use support::load::Load;
use support::otlp;
use support::sink::Sink;
use support::spanway::{Plan, STORED, Spanway};

/// Connections that the gRPC listener has accepted and not closed.
fn connections(gateway: &Spanway) -> u64 {
    gateway.scrape().sum(
        "spanway_receiver_connections",
        "receiver=\"otlp\",transport=\"grpc\"",
    )
}

/// Sends a span over a connection of its own; says the status of the answer.
fn send(http: SocketAddr, headers: &str) -> u16 {
    let headers = format!("content-type: application/x-protobuf\r\n{headers}");
    control::send(http, "POST", "/v1/traces", &headers, &otlp::encoded(1))
        .unwrap()
        .0
}

fn delivered(gateway: &Spanway, exporter: &str) -> u64 {
    gateway.scrape().exporter(exporter, "delivered")
}

/// Guarantees: one hundred reloads under load, each with something else changed in processors, batching, exporters and their
/// settings, and every fifth with a file that cannot run: no request is refused, none fails, no connection is closed, nothing
/// is lost or sent twice; health says what was wrong for as long as it is.
#[test]
fn a_hundred_reloads_under_load() {
    let (first, second) = (Sink::start(&[]), Sink::start(&[]));
    let plan = |number: usize| {
        let mut plan = Plan::default().with_health();
        if number.is_multiple_of(2) {
            let settings = format!("{{send_batch_size: {}, timeout: 20ms}}", 64 + number);
            plan = plan.processor("batch", &settings);
        }
        if number.is_multiple_of(3) {
            let action = format!("{{key: reload, value: {number}, action: upsert}}");
            plan = plan.processor("attributes", &format!("{{actions: [{action}]}}"));
        }
        let header = format!("headers: {{x-reload: '{}'}}", number % 3);
        plan = plan.exporter("otlp_grpc", &first.exporter("otlp_grpc", &header));
        if number % 4 < 2 {
            plan = plan.exporter("otlp_http/second", &second.exporter("otlp_http", ""));
        }
        if number.is_multiple_of(7) {
            plan = plan.exporter("nop", "");
        }
        plan.yaml()
    };
    let gateway = Spanway::start(&plan(0));
    let flags = "--duration 10m --connections 4 --in-flight 8 --spans-per-request 20 --rate 4000";
    let load = Load::start(gateway.grpc, flags);
    wait_until("the load has begun", || {
        first.stats().spans > 0 && connections(&gateway) == 4
    });
    for number in 1..=100 {
        if number % 5 > 0 {
            gateway.reload(&plan(number)).unwrap();
            assert!(!gateway.health().1.contains("configuration"));
            continue;
        }
        let (broken, words) = match number % 3 {
            0 => (
                plan(number).replace("exporters: [", "exporters: [missing, "),
                "missing",
            ),
            1 => ("receivers: {".to_owned(), "receivers"),
            _ => (
                plan(number).replace("protocols: {", "protocols: {nonsense: , "),
                "nonsense",
            ),
        };
        let said = gateway.reload(&broken).unwrap_err();
        assert!(said.contains(words), "{said}");
        let (status, health) = gateway.health();
        assert!(status == 200 && health.contains("configuration"), "{health}");
    }
    assert_eq!(connections(&gateway), 4, "connections were closed");
    let report = load.stop();
    let trouble = (&report.attempts_refused, &report.attempts_failed);
    assert!(trouble.0.is_empty() && trouble.1.is_empty(), "{trouble:?}");
    assert_eq!((report.requests_given_up, report.spans_rejected), (0, 0));
    gateway.settled();
    assert_eq!(first.missing(&report).missing, 0);
    assert_eq!(first.stats().duplicates, 0);
    assert_eq!(delivered(&gateway, "otlp_grpc"), report.spans_acknowledged);
}

/// Guarantees: what waits in a journal for a destination that is gone goes to the one that the new configuration names, at
/// once; an exporter that leaves and comes back finds what it had not sent; what a restart alone can change is refused.
#[test]
fn a_journal_goes_on() {
    let (gone, here) = (Sink::start(&[]), Sink::start(&[]));
    let folder = tempfile::tempdir().unwrap();
    let exporter = |sink: &Sink| sink.exporter("otlp_grpc", STORED);
    let plan = || Plan::default().journal(folder.path(), "").with_health();
    let before = plan()
        .exporter("otlp_grpc", &exporter(&gone))
        .exporter("otlp_grpc/leaves", &exporter(&gone));
    let gateway = Spanway::start(&before.yaml());
    gone.behave(&serde_json::json!({"fail_rate": 1.0}));
    for _ in 0..10 {
        assert_eq!(send(gateway.http, ""), 200);
    }
    let without = plan().exporter("otlp_grpc", &exporter(&here));
    gateway.reload(&without.yaml()).unwrap();
    wait_until("the spans are at the new destination", || {
        delivered(&gateway, "otlp_grpc") == 10
    });
    assert_eq!(here.stats().spans, 10);
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = Plan::default()
        .journal(elsewhere.path(), "")
        .with_health()
        .exporter("otlp_grpc", &exporter(&here));
    let said = gateway.reload(&moved.yaml()).unwrap_err();
    assert!(said.contains("takes a restart"), "{said}");
    let again = without.exporter("otlp_grpc/leaves", &exporter(&here));
    // It may take a moment until it has left.
    wait_until("it is back", || gateway.reload(&again.yaml()).is_ok());
    wait_until("what had been left is delivered", || {
        delivered(&gateway, "otlp_grpc/leaves") == 10
    });
    assert_eq!(send(gateway.http, ""), 200);
    gateway.settled();
    // The same ten spans, once for each exporter, and one more for both.
    assert_eq!((here.stats().spans, here.stats().rejected_spans), (22, 0));
}

/// Guarantees: a receiver whose settings change listens at its port without a moment in which nobody does; another key is
/// asked for from then on, and requests that came before are answered.
#[test]
fn a_port_changes_hands() {
    let plan = |secret: &str| {
        let key = format!("{{name: app, secret: {secret}, permissions: [ingest]}}");
        let plan = Plan::default().extension("keys", &format!("{{keys: [{key}]}}"));
        let yaml = plan.exporter("nop", "").yaml();
        yaml.replace("http: {", "http: {auth: {authenticator: keys}, ")
    };
    let yaml =
        |secret: &str, port: u16| plan(secret).replace("127.0.0.1:0}}}", &format!("127.0.0.1:{port}}}}}}}"));
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let gateway = Spanway::start(&yaml("old", port));
    let sender = std::thread::spawn({
        let http = gateway.http;
        move || {
            let mut answers = Vec::new();
            while answers.last() != Some(&401) {
                answers.push(send(http, "authorization: Bearer old\r\n"));
            }
            answers
        }
    });
    assert_eq!(send(gateway.http, "authorization: Bearer old\r\n"), 200);
    assert_eq!(send(gateway.http, "authorization: Bearer new\r\n"), 401);
    gateway.reload(&yaml("new", port)).unwrap();
    let answers = sender.join().unwrap();
    assert!(
        answers.iter().all(|status| [200, 401].contains(status)),
        "{answers:?}"
    );
    assert_eq!(send(gateway.http, "authorization: Bearer new\r\n"), 200);
    // One that cannot listen changes nothing.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port();
    gateway.reload(&yaml("newer", taken)).map(|()| taken).unwrap_err();
    assert_eq!(send(gateway.http, "authorization: Bearer new\r\n"), 200);
}

/// Guarantees: with `reload_interval` a file that changes is read again unasked, one that is broken is told once, and one that
/// has not changed is no reload.
#[test]
fn files_are_looked_at() {
    let sink = Sink::start(&[]);
    let plan = Plan::default().with_health().service("reload_interval: 20ms");
    let yaml = plan.exporter("nop", "").yaml();
    let gateway = Spanway::start(&yaml);
    let with_sink = yaml.replace("exporters: [nop]", "exporters: [nop, otlp_grpc]");
    let exporter = format!("exporters:\n  otlp_grpc: {}\n", sink.exporter("otlp_grpc", ""));
    gateway.write(&with_sink.replace("exporters:\n", &exporter));
    wait_until("the file was read again", || gateway.reloads() == (1, 0));
    assert_eq!(send(gateway.http, ""), 200);
    assert_eq!(sink.stats().spans, 1);
    gateway.write("receivers: [");
    wait_until("the file was refused", || gateway.reloads() == (1, 1));
    wait_until("health says so", || gateway.health().1.contains("configuration"));
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(gateway.reloads(), (1, 1));
    gateway.write(&with_sink.replace("exporters:\n", &exporter));
    wait_until("health has nothing to say", || {
        !gateway.health().1.contains("configuration")
    });
    assert_eq!(gateway.reloads(), (1, 1));
}

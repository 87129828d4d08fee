//! The life of the process as a user sees it: how it starts, what it says about itself, why it would not start.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use support::child::{Child, PATIENCE, spanway};
use support::control;
use support::load::Load;
#[cfg(feature = "store")]
use support::query;
use support::sink::Sink;
use support::spanway::{Plan, RECEIVER, Spanway, address};
#[cfg(feature = "store")]
use support::store::Asked;

const NOP: &str =
    "exporters: {nop: }\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n";

/// Metrics under the Collector's names that a gateway with every part of this build shows from the start, or as
/// soon as spans have passed.
const COLLECTOR_NAMES: &[&str] = &[
    "otelcol_receiver_accepted_spans",
    "otelcol_receiver_refused_spans",
    "otelcol_exporter_sent_spans",
    "otelcol_exporter_send_failed_spans",
    "otelcol_exporter_enqueue_failed_spans",
    "otelcol_exporter_in_flight_requests",
    "otelcol_exporter_queue_size",
    "otelcol_exporter_queue_capacity",
    "otelcol_exporter_queue_batch_send_size",
    "otelcol_exporter_queue_batch_send_size_bytes",
    "otelcol_process_uptime",
    "otelcol_process_cpu_seconds",
    "otelcol_process_memory_rss",
];

fn run(arguments: &[&str]) -> Child {
    let ours = [
        "--set",
        "service.telemetry.logs.encoding=json",
        "--set",
        "service.telemetry.metrics.address=127.0.0.1:0",
    ];
    Child::start("the gateway", spanway(arguments.iter().chain(&ours)))
}

fn ready(child: &Child) {
    child.stderr.wait_for("everything is ready", |line| {
        line.contains("everything is ready").then_some(())
    });
}

/// Runs what must not start: exit code 1, and what it said.
fn refused(arguments: &[&str]) -> String {
    let mut child = Child::start("the gateway", spanway(arguments));
    let status = child.ended_within(PATIENCE);
    let said = child.stderr.to_end();
    assert_eq!(status.code(), Some(1), "{said}");
    said
}

fn written(yaml: &str) -> tempfile::NamedTempFile {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), yaml).unwrap();
    file
}

/// Guarantees: `spanway --config` and `spanway run --config` are the same: both serve and end well on SIGTERM.
#[test]
fn with_and_without_the_command() {
    let file = written(&format!("{RECEIVER}{NOP}"));
    let path = file.path().to_str().unwrap();
    for arguments in [&["--config", path][..], &["run", "--config", path]] {
        let mut child = run(arguments);
        ready(&child);
        let grpc = address(&child, "listening", Some("grpc"));
        let report = Load::run(grpc, "--spans 100 --spans-per-request 10");
        assert_eq!(report.spans_acknowledged, 100);
        child.terminate();
        assert_eq!(child.ended_within(PATIENCE).code(), Some(0));
    }
}

/// Guarantees: without a configuration OTLP is served on localhost:4317 and :4318, and the query APIs on :4319, where
/// nothing else is said; what arrives is kept, and each product's clients see it.
#[cfg(feature = "store")]
#[test]
fn without_a_configuration() {
    let printed = spanway(["print-config"]).output().unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    for port in [4317, 4318, 4319] {
        assert!(
            printed.contains(&format!("endpoint: localhost:{port}")),
            "{printed}"
        );
    }
    let elsewhere =
        ["grpc", "http"].map(|one| format!("receivers.otlp.protocols.{one}.endpoint=127.0.0.1:0"));
    let home = tempfile::tempdir().unwrap();
    let directory = format!("exporters.store.directory={}", home.path().display());
    let child = run(&[
        "--set",
        &elsewhere[0],
        "--set",
        &elsewhere[1],
        "--set",
        &directory,
        "--set",
        "extensions.query.endpoint=127.0.0.1:0",
    ]);
    ready(&child);
    for transport in ["grpc", "http"] {
        let endpoint = address(&child, "listening", Some(transport));
        let report = Load::run(
            endpoint,
            &format!("--protocol {transport} --spans 5 --spans-per-request 5"),
        );
        assert_eq!(report.spans_acknowledged, 5);
    }
    assert_eq!(Asked(home.path()).spans(), 10);
    seen_by_every_product(&child);
}

/// Sends a span as the README does, and asks for its trace as the README does.
#[cfg(feature = "store")]
fn seen_by_every_product(child: &Child) {
    let trace = "7d1f0c5a9be24836a1c4e8f2036b59d7";
    let now = query::now();
    let request = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
        "traceId": trace, "spanId": "3c9a51e07bd2f846", "name": "GET /cart", "kind": 2,
        "startTimeUnixNano": now.to_string(), "endTimeUnixNano": (now + 42_000_000).to_string(),
    }]}]}]});
    let kind = [("content-type", "application/json")];
    let otlp = address(child, "listening", Some("http"));
    let sent = query::send(otlp, "POST", "/v1/traces", &kind, request.to_string().as_bytes());
    assert_eq!(sent.status, 200, "{sent:?}");
    let api = address(child, "query APIs are answered", None);
    for (method, path) in [
        ("POST", format!("/api/projects/1/tracing/spans/trace/{trace}")),
        ("GET", format!("/api/v0/traces/{trace}")),
        ("GET", format!("/v2/projects/default/traces/{trace}/spans")),
        ("GET", format!("/v1/projects/default/spans?trace_id={trace}")),
    ] {
        let reply = query::send(
            api,
            method,
            &path,
            &kind,
            if method == "POST" { b"{}" } else { &[] },
        );
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        assert!(reply.body.to_lowercase().contains(trace), "{path}: {reply:?}");
        assert!(reply.body.contains("GET /cart"), "{path}: {reply:?}");
    }
}

/// Guarantees: health is 200 while spans are taken and 503 from the moment the process stops until it has ended.
#[test]
fn health() {
    let sink = Sink::start(&[]);
    let plan = Plan::default().exporter(
        "otlp_grpc",
        &sink.exporter("otlp_grpc", "sending_queue: {wait_for_result: false}"),
    );
    let yaml = plan.service("extensions: [health_check]").yaml()
        + "extensions: {health_check: {endpoint: 127.0.0.1:0}}\n";
    let mut gateway = Spanway::start(&yaml);
    let health = address(&gateway.child, "health_check listens", None);
    let status = || control::call(health, "GET", "/", b"").map(|(status, _)| status);
    assert_eq!(status().unwrap(), 200);
    // Something that does not leave keeps the process for a while.
    sink.behave(&json!({"pause_every": "1h", "pause_for": "1h"}));
    let report = Load::run(gateway.grpc, "--spans 10 --spans-per-request 10");
    assert_eq!(report.spans_acknowledged, 10);
    gateway.child.terminate();
    gateway
        .child
        .stderr
        .wait_for("stopping", |line| line.contains("stopping").then_some(()));
    assert_eq!(status().unwrap(), 503);
    sink.behave(&json!({}));
    assert_eq!(gateway.child.ended_within(PATIENCE).code(), Some(0));
    assert!(status().is_err(), "nobody listens any more");
}

/// Guarantees: metrics are offered under the Collector's names, and say what happened.
#[test]
fn metrics() {
    let sink = Sink::start(&[]);
    let gateway = Plan::default()
        .processor("memory_limiter", "{check_interval: 1s, limit_mib: 256}")
        .processor("batch", "{}")
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""))
        .start();
    let report = Load::run(gateway.grpc, "--spans 5000 --spans-per-request 50");
    assert_eq!(report.spans_acknowledged, 5000);
    let scrape = gateway.settled();
    let names = scrape.names();
    let missing: Vec<_> = COLLECTOR_NAMES
        .iter()
        .filter(|name| !names.contains(name))
        .collect();
    assert!(missing.is_empty(), "{missing:?} of {names:#?}");
    let sum = |name, labels| scrape.sum(name, labels);
    assert_eq!(sum("otelcol_receiver_accepted_spans", "transport=\"grpc\""), 5000);
    assert_eq!(sum("otelcol_exporter_sent_spans", "otlp_grpc"), 5000);
    assert_eq!(
        sum("otelcol_exporter_queue_batch_send_size_sum", "otlp_grpc"),
        5000
    );
    let batches = sum("otelcol_exporter_queue_batch_send_size_count", "otlp_grpc");
    assert_eq!(batches, sink.stats().requests);
    assert_eq!(sum("otelcol_exporter_queue_size", "otlp_grpc"), 0);
    assert_eq!(sum("otelcol_exporter_queue_capacity", "otlp_grpc"), 1000);
}

/// Guarantees: an address in use is an error that names it.
#[test]
fn an_address_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = taken.local_addr().unwrap().to_string();
    let elsewhere = "receivers: {otlp: {protocols: {grpc: {endpoint: 127.0.0.1:0}}}}\n";
    let here = format!("receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '{endpoint}'}}}}}}}}\n");
    let health = format!("extensions: {{health_check: {{endpoint: '{endpoint}'}}}}\n");
    let with_health = "--set=service.extensions=[health_check]";
    let free = "--set=service.telemetry.metrics.address=127.0.0.1:0";
    let metrics = format!("--set=service.telemetry.metrics.address={endpoint}");
    for (yaml, metrics, more) in [
        (here + NOP, free, "--traces-only"),
        (elsewhere.to_owned() + NOP, &metrics, "--traces-only"),
        (elsewhere.to_owned() + &health + NOP, free, with_health),
    ] {
        let file = written(&yaml);
        let said = refused(&["--config", file.path().to_str().unwrap(), metrics, more]);
        let error = said.lines().find(|line| line.starts_with("error: "));
        let error = error.expect("an error is said");
        assert!(error.contains(&endpoint) && error.contains("in use"), "{error}");
    }
}

/// Guarantees: `--traces-only` runs what carries traces of a configuration for all signals, which without it is an
/// error that names the other pipelines.
#[test]
fn traces_only() {
    let file = written(&format!(
        "{RECEIVER}exporters: {{nop: }}\nservice:\n  pipelines:\n    traces: {{receivers: [otlp], exporters: [nop]}}\n    \
         metrics: {{receivers: [otlp], exporters: [nop]}}\n    logs/all: {{receivers: [otlp], exporters: [nop]}}\n"
    ));
    let path = file.path().to_str().unwrap();
    let said = refused(&["--config", path]);
    assert!(said.contains("metrics") && said.contains("logs/all"), "{said}");
    assert!(said.contains("--traces-only"), "{said}");
    let child = run(&["--config", path, "--traces-only"]);
    ready(&child);
    let grpc = address(&child, "listening", Some("grpc"));
    let report = Load::run(grpc, "--spans 100 --spans-per-request 10");
    assert_eq!(report.spans_acknowledged, 100);
}

/// Guarantees: what is wrong with a configuration is shown where it stands, with the nearest right key, all at once.
#[test]
fn a_configuration_with_mistakes() {
    let file = written(
        "receivers: {otlp: {protocols: {grpc: {endpiont: a}}}}\nexporters: {otlp_grpc: {endpoint: 'localhost:1', \
         timeout: soon}}\nservice: {pipelines: {traces: {receivers: [otlp], exporters: [otlp_grpc]}}}\n",
    );
    let said = refused(&["--config", file.path().to_str().unwrap()]);
    let name = file.path().display();
    for part in [
        "unknown key `endpiont`",
        "did you mean `endpoint`?",
        &format!("{name}:1:"),
        "soon",
        &format!("{name}:2:"),
    ] {
        assert!(said.contains(part), "`{part}` is not in\n{said}");
    }
    let said = refused(&["--config", "/no/such/file.yaml"]);
    assert!(said.contains("/no/such/file.yaml"), "{said}");
}

/// Guarantees: each log line can be had as a JSON object.
#[test]
fn logs_for_machines() {
    let gateway = Spanway::start(&format!("{RECEIVER}{NOP}"));
    for line in gateway.child.stderr.all() {
        let line: Value = serde_json::from_str(&line).expect("a line is JSON");
        assert!(line["message"].is_string() && line["level"].is_string(), "{line}");
    }
}

/// Guarantees: a client that connects and says nothing does not keep a stopping process.
#[test]
fn silent_connections_do_not_hold_up_the_end() {
    let mut gateway = Spanway::start(&format!("{RECEIVER}{NOP}"));
    let silent = [gateway.grpc, gateway.http].map(|at: SocketAddr| TcpStream::connect(at).unwrap());
    let report = Load::run(gateway.grpc, "--spans 10 --spans-per-request 10");
    assert_eq!(report.spans_acknowledged, 10);
    let status = gateway.stop_within(Duration::from_secs(10));
    assert_eq!(status.code(), Some(0));
    for mut stream in silent {
        let mut rest = Vec::new();
        // Whatever greeting there was, the connection has ended.
        drop(stream.read_to_end(&mut rest));
    }
}

//! The connector `routing`, and the processors `filter` and `transform`, in a running gateway: what goes where arrives there,
//! what goes nowhere is counted, and what is rejected is told to the client.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use serde_json::json;
use tonic::Code;

use support::grpc::{EXPORT, Grpc, framed};
use support::load::Load;
use support::otlp;
use support::sink::Sink;
use support::spanway::{Plan, RECEIVER, Spanway};

const CLIENTS: &str = "--spans-per-request 100 --in-flight 8 --retry-for 2m";

/// A gateway whose connector has these settings, with a pipeline `traces/NAME` to each sink.
fn routing(settings: &str, sinks: &[(&str, &Sink)]) -> Spanway {
    let exporters = sinks
        .iter()
        .map(|(name, sink)| format!("  otlp_grpc/{name}: {}\n", sink.exporter("otlp_grpc", "")));
    let pipelines = sinks.iter().map(|(name, _)| {
        format!("    traces/{name}: {{receivers: [routing], exporters: [otlp_grpc/{name}]}}\n")
    });
    let receiver = RECEIVER.replace("127.0.0.1:0}", "127.0.0.1:0, include_metadata: true}");
    Spanway::start(&format!(
        "{receiver}connectors:\n  routing: {settings}\nexporters:\n{}service:\n  pipelines:\n    \
         traces/in: {{receivers: [otlp], exporters: [routing]}}\n{}",
        exporters.collect::<String>(),
        pipelines.collect::<String>(),
    ))
}

/// Exports with these headers, and says what the client is told: how many spans are rejected, and why.
fn exported(gateway: &Spanway, headers: &[(&str, &str)], body: &[u8]) -> (i64, String) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = runtime.block_on(async {
        let client = Grpc::connect(gateway.grpc).await;
        client.call(EXPORT, headers, vec![framed(false, body)]).await
    });
    assert_eq!(answer.code(), Code::Ok, "{}", answer.message());
    let response = ExportTraceServiceResponse::decode(answer.response()).unwrap();
    let rejected = response.partial_success.unwrap_or_default();
    (rejected.rejected_spans, rejected.error_message)
}

/// Guarantees: with default pipelines every acknowledged span arrives at one destination, whichever of them goes and comes
/// back meanwhile.
#[test]
fn every_span_goes_somewhere() {
    let (puts, rest) = (Sink::start(&[]), Sink::start(&[]));
    let gateway = routing(
        "{default_pipelines: [traces/rest], table: [{context: span, condition: 'IsMatch(name, \"^PUT \")', \
         pipelines: [traces/puts]}]}",
        &[("puts", &puts), ("rest", &rest)],
    );
    let load = Load::start(gateway.grpc, &format!("{CLIENTS} --spans 20000 --rate 15000"));
    puts.behave(&json!({"down": true}));
    puts.behave(&json!({}));
    let report = load.report();
    assert_eq!(report.requests_given_up, 0, "{report:?}");
    let scrape = gateway.settled();
    let arrived = [&puts, &rest].map(|sink| sink.stats().distinct);
    assert!(arrived.iter().all(|spans| *spans > 0), "{arrived:?}");
    assert_eq!(arrived.iter().sum::<u64>(), report.spans_acknowledged);
    let missing = puts.missing(&report).missing + rest.missing(&report).missing;
    assert_eq!(missing, report.spans_acknowledged);
    assert_eq!(scrape.sum("otelcol_connector_dropped_spans", ""), 0);
}

/// Guarantees: without default pipelines, what no route takes is dropped, counted by the connector and in the ledger; what
/// is copied goes on to later routes.
#[test]
fn what_goes_nowhere_is_counted() {
    let (all_puts, carts) = (Sink::start(&[]), Sink::start(&[]));
    let gateway = routing(
        "{table: [{context: span, condition: 'IsMatch(name, \"^PUT \")', action: copy, pipelines: [traces/puts]}, \
         {context: span, condition: 'IsMatch(name, \"cart$\")', pipelines: [traces/carts]}]}",
        &[("puts", &all_puts), ("carts", &carts)],
    );
    let report = Load::run(gateway.grpc, &format!("{CLIENTS} --spans 10000"));
    let scrape = gateway.settled();
    let (puts, carts) = (all_puts.missing(&report).missing, carts.missing(&report).missing);
    let sent = report.spans_acknowledged;
    assert!(puts < sent && carts < sent, "{puts} and {carts} of {sent}");
    let unrouted = scrape.sum("otelcol_connector_dropped_spans", "rule=\"no route\"");
    let ledger = &scrape.ledgers("pipeline")["traces/in"];
    assert_eq!(ledger["filtered"], unrouted);
    assert_eq!(ledger["handed_over"], sent - unrouted);
    // One name in eight is `PUT …cart`: copied, and then moved.
    let taken_by_one = sent - unrouted;
    let taken_twice = (sent - puts) + (sent - carts) - taken_by_one;
    assert!(unrouted > 0 && taken_twice > 0, "{unrouted}, {taken_twice}");
}

/// Guarantees: a route about the request goes by its metadata; a condition that fails rejects the request where errors
/// propagate, the client is told why, and it is counted.
#[test]
fn requests_are_routed_and_rejected() {
    let (one, rest) = (Sink::start(&[]), Sink::start(&[]));
    let gateway = routing(
        "{error_mode: propagate, default_pipelines: [traces/rest], table: [\
         {context: request, condition: 'request[\"x-tenant\"] == \"one\"', pipelines: [traces/one]}, \
         {context: span, condition: '1 / kind == 1', pipelines: [traces/one]}]}",
        &[("one", &one), ("rest", &rest)],
    );
    let body = otlp::encoded(3);
    assert_eq!(
        exported(&gateway, &[("x-tenant", "one")], &body),
        (0, String::new())
    );
    let (rejected, message) = exported(&gateway, &[("x-tenant", "two")], &body);
    assert_eq!(rejected, 3, "{message}");
    assert!(message.contains("1 / kind == 1"), "{message}");
    let scrape = gateway.settled();
    assert_eq!((one.stats().distinct, rest.stats().distinct), (3, 0));
    assert_eq!(scrape.sum("otelcol_connector_failed_requests", ""), 1);
}

/// Guarantees: the metrics say by which condition `filter` dropped how many spans and events, what `transform` edited, and
/// how many statements failed and were passed over.
#[test]
fn what_statements_do_is_counted() {
    let sink = Sink::start(&[]);
    let gateway = Plan::default()
        .processor(
            "filter",
            "{trace_conditions: ['span.name == \"span 1\"', 'span.name == \"span 2\" or span.name == \"span 3\"']}",
        )
        .processor(
            "transform",
            "{trace_statements: ['set(span.attributes[\"seen\"], true)', \
             'set(span.attributes[\"n\"], 1 / 0) where span.name == \"span 4\"']}",
        )
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""))
        .start();
    assert_eq!(exported(&gateway, &[], &otlp::encoded(10)), (0, String::new()));
    let scrape = gateway.settled();
    assert_eq!(sink.stats().distinct, 7);
    let dropped = |rule: &str| scrape.sum("otelcol_processor_dropped_spans", rule);
    assert_eq!(dropped("processor=\"filter\""), 3);
    assert_eq!(dropped("span.name == \\\"span 1\\\""), 1);
    assert_eq!(dropped("span.name == \\\"span 2\\\" or"), 2);
    assert_eq!(
        scrape.sum("otelcol_processor_edited_spans", "processor=\"transform\""),
        7
    );
    assert_eq!(scrape.sum("spanway_ottl_errors", "component=\"transform\""), 1);
}

/// Guarantees: a condition that fails rejects the request where errors propagate; the client is told which one, and why.
#[test]
fn what_fails_is_told_to_the_client() {
    let sink = Sink::start(&[]);
    let gateway = Plan::default()
        .processor(
            "filter",
            "{error_mode: propagate, trace_conditions: ['1 / span.kind == 1']}",
        )
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""))
        .start();
    let (rejected, message) = exported(&gateway, &[], &otlp::encoded(4));
    assert_eq!(rejected, 4, "{message}");
    assert!(message.contains("1 / span.kind == 1"), "{message}");
    assert!(message.contains("divide by 0"), "{message}");
    let scrape = gateway.settled();
    assert_eq!(sink.stats().spans, 0);
    assert_eq!(
        scrape.sum("otelcol_processor_failed_requests", "processor=\"filter\""),
        1
    );
}

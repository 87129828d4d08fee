//! Processors in a running gateway: what they drop and edit is in the ledger and in their metrics, and what they keep
//! arrives, whatever becomes of the destination or the process.
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

use support::child::wait_until;
use support::grpc::Grpc;
use support::load::{Load, Report};
use support::otlp;
use support::scrape::{Scrape, Watch};
use support::sink::Sink;
use support::spanway::{Plan, RECEIVER, STORED, Spanway};

const CLIENTS: &str = "--spans-per-request 100 --in-flight 8 --retry-for 2m";
const EDITS: &str = "{actions: [{action: upsert, key: team, value: shop}, {action: delete, key: url.query}]}";
const HALF: &str = "{sampling_percentage: 50}";

/// Spans that a processor was shown.
fn incoming(scrape: &Scrape, processor: &str) -> u64 {
    scrape.sum(
        "otelcol_processor_incoming_items",
        &format!("processor=\"{processor}\""),
    )
}

fn pipeline(scrape: &Scrape, column: &str) -> u64 {
    scrape
        .ledgers("pipeline")
        .values()
        .map(|columns| columns[column])
        .sum()
}

/// The share kept is within five sigma of a half, for spans of which eight have a trace in common.
fn assert_half(kept: u64, of: u64) {
    let (kept, of) = (kept as f64, of as f64);
    assert!(
        (kept - of / 2.0).abs() < 2.5 * (8.0 * of).sqrt(),
        "{kept} of {of}"
    );
}

/// Guarantees: each acknowledged span is sampled out or arrives, by the same decision whenever it is sent, in every
/// moment in one column, while the destination goes and comes back; the metrics of each processor say the same.
#[test]
fn every_span_is_sampled_out_or_arrives() {
    let sink = Sink::start(&[]);
    let gateway = Plan::default()
        .processor("attributes", EDITS)
        .processor("probabilistic_sampler", HALF)
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""))
        .start();
    let watch = Watch::begin(gateway.metrics);
    let load = Load::start(gateway.grpc, &format!("{CLIENTS} --spans 40000 --rate 15000"));
    sink.behave(&json!({"down": true}));
    sink.behave(&json!({}));
    let report = load.report();
    watch.end();
    assert_eq!(report.requests_given_up, 0, "{report:?}");
    let scrape = gateway.settled();
    let (missing, arrived) = (sink.missing(&report).missing, sink.stats().distinct);
    assert_eq!(missing + arrived, report.spans_acknowledged);
    assert_half(arrived, report.spans_acknowledged);
    // Requests that were taken and withdrawn are counted each time they come.
    let (accepted, sampled_out) = (pipeline(&scrape, "accepted"), pipeline(&scrape, "sampled_out"));
    assert!(sampled_out >= missing, "{sampled_out} of {missing}");
    assert_eq!(incoming(&scrape, "attributes"), accepted);
    assert_eq!(incoming(&scrape, "probabilistic_sampler"), accepted);
    assert_eq!(
        scrape.sum("otelcol_processor_edited_spans", "processor=\"attributes\""),
        accepted
    );
    let decisions = "otelcol_processor_probabilistic_sampler_count_traces_sampled";
    assert_eq!(scrape.sum(decisions, "sampled=\"false\""), sampled_out);
    assert_eq!(scrape.sum(decisions, "sampled=\"true\""), accepted - sampled_out);
    assert_eq!(scrape.sum("otelcol_processor_dropped_spans", ""), sampled_out);
    assert_eq!(
        scrape.sum("spanway_pipeline_edited_spans", ""),
        accepted - sampled_out
    );
}

/// Guarantees: behind a journal what is acknowledged and kept arrives although the process is killed, and the counts of
/// what was sampled out outlive it.
#[test]
fn a_kill_loses_nothing_that_was_kept() {
    let directory = tempfile::tempdir().unwrap();
    let sink = Sink::start(&[]);
    let plan = Plan::default()
        .same_ports()
        .journal(directory.path(), "")
        .processor("probabilistic_sampler", HALF)
        .processor("attributes", EDITS)
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", STORED));
    let mut gateway = plan.start();
    let first = Load::run(gateway.grpc, &format!("{CLIENTS} --spans 10000"));
    let counted = pipeline(&gateway.scrape(), "sampled_out");
    assert_half(counted, first.spans_acknowledged);
    let load = Load::start(gateway.grpc, &format!("{CLIENTS} --spans 30000 --rate 20000"));
    wait_until("some have come", || {
        pipeline(&gateway.scrape(), "accepted") > first.spans_acknowledged + 5000
    });
    gateway.child.kill();
    let gateway = plan.start();
    let second = load.report();
    assert_eq!(second.requests_given_up, 0, "{second:?}");
    let scrape = gateway.settled();
    let missing = |report: &Report| sink.missing(report).missing;
    let acknowledged = first.spans_acknowledged + second.spans_acknowledged;
    assert_eq!(missing(&first), counted);
    assert_eq!(
        missing(&first) + missing(&second) + sink.stats().distinct,
        acknowledged
    );
    assert_half(sink.stats().distinct, acknowledged);
    assert!(pipeline(&scrape, "sampled_out") >= counted);
}

/// Guarantees: each pipeline that a request feeds has processors of its own, behind a connector too, and large requests go
/// through them like small ones.
#[test]
fn each_pipeline_has_its_own() {
    let (all, half) = (Sink::start(&[]), Sink::start(&[]));
    let yaml = format!(
        "{RECEIVER}connectors: {{forward: }}\nprocessors:\n  probabilistic_sampler: {HALF}\n  attributes: {EDITS}\n\
         exporters:\n  otlp_grpc/all: {}\n  otlp_grpc/half: {}\nservice:\n  pipelines:\n    \
         traces/all: {{receivers: [otlp], processors: [attributes], exporters: [otlp_grpc/all]}}\n    \
         traces/in: {{receivers: [otlp], exporters: [forward]}}\n    \
         traces/half: {{receivers: [forward], processors: [probabilistic_sampler], exporters: [otlp_grpc/half]}}\n",
        all.exporter("otlp_grpc", ""),
        half.exporter("otlp_grpc", ""),
    );
    let gateway = Spanway::start(&yaml);
    let report = Load::run(
        gateway.grpc,
        "--spans-per-request 6000 --in-flight 2 --spans 60000 --retry-for 2m",
    );
    gateway.settled();
    assert_eq!(all.missing(&report).missing, 0);
    let missing = half.missing(&report).missing;
    assert_half(missing, report.spans_acknowledged);
    let ledgers = gateway.scrape().ledgers("pipeline");
    assert_eq!(ledgers["traces/all"]["sampled_out"], 0);
    assert_eq!(ledgers["traces/in"]["handed_over"], report.spans_acknowledged);
    assert_eq!(ledgers["traces/half"]["sampled_out"], missing);
}

/// Guarantees: what edits make too large for the memory budget is rejected for good, and others pass.
#[test]
fn what_outgrows_the_budget_is_rejected() {
    let sink = Sink::start(&[]);
    let long = "x".repeat(2000);
    let gateway = Plan::default()
        .processor("memory_limiter", "{limit_mib: 10, check_interval: 1s}")
        .processor(
            "attributes",
            &format!("{{actions: [{{action: insert, key: long, value: {long}}}]}}"),
        )
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""))
        .start();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = runtime.block_on(async {
        Grpc::connect(gateway.grpc)
            .await
            .export(&otlp::encoded(6000))
            .await
    });
    assert_eq!(answer.code(), Code::Ok, "{}", answer.message());
    let response = ExportTraceServiceResponse::decode(answer.response()).unwrap();
    let rejected = response.partial_success.unwrap();
    assert_eq!(rejected.rejected_spans, 6000, "{rejected:?}");
    assert!(
        rejected.error_message.contains("budget of 8388608"),
        "{rejected:?}"
    );
    let small = Load::run(
        gateway.grpc,
        "--spans-per-request 100 --in-flight 1 --connections 1 --spans 1000 --retry-for 2m",
    );
    assert_eq!(
        (small.spans_acknowledged, sink.missing(&small).missing),
        (1000, 0)
    );
    gateway.settled();
}

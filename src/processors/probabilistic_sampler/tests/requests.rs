//! The processor on whole requests.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use super::super::ProbabilisticSampler;
use super::*;
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::processing::{Processed, Processing, Step};
use crate::telemetry::processor::Tally;
use crate::wire::Traces;

fn span(trace_id: u128, trace_state: &str) -> Span {
    Span {
        trace_id: trace_id.to_be_bytes().into(),
        span_id: vec![1; 8],
        trace_state: trace_state.into(),
        ..Span::default()
    }
}

fn scope(spans: Vec<Span>) -> ScopeSpans {
    ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }
}

fn request(resources: Vec<Vec<ScopeSpans>>) -> Traces {
    let resource_spans = resources.into_iter().map(|scope_spans| ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    });
    let request = ExportTraceServiceRequest {
        resource_spans: resource_spans.collect(),
    };
    Traces::check(request.encode_to_vec().into()).unwrap().traces
}

fn run(settings: &ProbabilisticSamplerSettings, traces: &Traces) -> Processed {
    let sampler = Arc::new(ProbabilisticSampler::new(settings));
    let step = Step::new("probabilistic_sampler", "traces", vec![sampler]);
    let processing = Processing::new(vec![step], Budget::new(1 << 20)).unwrap();
    processing.run(traces, &Client::default()).unwrap()
}

/// Spans that are kept have their new trace state, and all are counted by the policy that decided.
#[test]
fn spans_are_kept_dropped_and_counted() {
    let mut wanted = span(1, "a=b");
    wanted.attributes.push(KeyValue {
        key: "sampling.priority".into(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue("1".into())),
        }),
        ..KeyValue::default()
    });
    let spans = vec![
        span(ID, ""),
        span(1, ""),
        span(0, ""),
        wanted,
        span(1, "ot=rv:ffffffffffffff"),
    ];
    let processed = run(
        &settings(Mode::Proportional, 50.0),
        &request(vec![vec![scope(spans)]]),
    );
    let left = ExportTraceServiceRequest::decode(processed.traces.bytes().clone()).unwrap();
    let states = left.resource_spans[0].scope_spans[0]
        .spans
        .iter()
        .map(|span| span.trace_state.as_str());
    assert_eq!(
        states.collect::<Vec<_>>(),
        ["ot=th:8", "ot=th:0,a=b", "ot=rv:ffffffffffffff;th:8"]
    );
    let Tally { kept, dropped, .. } = &processed.tallies[0];
    assert_eq!(
        (kept.as_slice(), dropped.as_slice()),
        ([0, 1, 1, 1, 0].as_slice(), [0, 1, 0, 0, 1].as_slice())
    );
}

/// A request that is kept with the trace states it has shares its bytes.
#[test]
fn unchanged_requests_are_the_same_bytes() {
    let traces = request(vec![vec![scope(vec![
        span(ID, "ot=th:8,a=b"),
        span(ID, "ot=th:8"),
    ])]]);
    let processed = run(&settings(Mode::Equalizing, 50.0), &traces);
    assert_eq!(processed.traces.bytes().as_ptr(), traces.bytes().as_ptr());
    assert_eq!(processed.edited, 0);
}

/// Scopes and resources without spans go, those too that came so.
#[test]
fn empty_envelopes_go() {
    let traces = request(vec![
        vec![],
        vec![scope(vec![]), scope(vec![span(ID, "")]), scope(vec![span(1, "")])],
        vec![scope(vec![])],
        vec![scope(vec![span(1, "")])],
    ]);
    let processed = run(&settings(Mode::Equalizing, 50.0), &traces);
    let left = ExportTraceServiceRequest::decode(processed.traces.bytes().clone()).unwrap();
    assert_eq!(left.resource_spans.len(), 1);
    assert_eq!(left.resource_spans[0].scope_spans.len(), 1);
    assert_eq!(processed.tallies[0].incoming, 3);
}

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use super::clock::Clock;
use super::decode::{Undecoded, decode};
use super::*;
use crate::net::buffer::PaidBuffer;
use crate::pipeline::budget::Budget;
use crate::wire::Traces;

const HOUR: u64 = 3_600_000_000_000;

fn span(start: u64, end: u64) -> Span {
    Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        start_time_unix_nano: start,
        end_time_unix_nano: end,
        ..Span::default()
    }
}

fn request(spans: Vec<Span>) -> ExportTraceServiceRequest {
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans,
            ..ResourceSpans::default()
        }],
    }
}

/// The spans after a clock that moves them looked at them, and the time on it.
fn set(spans: Vec<Span>) -> (Vec<Span>, u64) {
    let budget = Budget::new(1 << 20);
    let checked = Traces::check(request(spans).encode_to_vec().into()).unwrap();
    let moved = Clock::new(true).set(checked, &budget).unwrap();
    let request = ExportTraceServiceRequest::decode(moved.traces.bytes().clone()).unwrap();
    let spans = request.resource_spans[0].scope_spans[0].spans.clone();
    let now = spans[0].start_time_unix_nano;
    (spans, now)
}

/// A span that began more than a day away begins now and says when it began; others stay; an end that is missing becomes
/// the start.
#[test]
fn spans_are_moved() {
    let (spans, now) = set(vec![span(1_000_000_001, 5), span(0, 0)]);
    assert!(now > 1_700_000_000_000_000_000, "{now}");
    assert_eq!(spans[0].end_time_unix_nano, 5);
    let text = any_value::Value::StringValue("1970-01-01T00:00:01.000000001Z".into());
    let expected = KeyValue {
        key: "$originalTimestamp".into(),
        value: Some(AnyValue { value: Some(text) }),
        ..KeyValue::default()
    };
    assert_eq!(spans[0].attributes, [expected]);
    assert_eq!(spans[1], span(now, now));

    let near = [
        span(now - 23 * HOUR, 7),
        span(now + 23 * HOUR, 7),
        span(now - HOUR, 0),
    ];
    let (spans, _) = set(near.to_vec());
    assert_eq!(spans[..2], near[..2]);
    assert_eq!(spans[2], span(now - HOUR, now - HOUR));
    let (spans, later) = set(vec![span(now + 25 * HOUR, 7)]);
    assert!(later < now + HOUR && spans[0].attributes.len() == 1);
}

/// Without the wish to move spans they stay, byte for byte; a time beyond 2^63 ns is refused either way.
#[test]
fn spans_are_left_alone() {
    let budget = Budget::new(1 << 20);
    let check = |spans: Vec<Span>| Traces::check(request(spans).encode_to_vec().into()).unwrap();
    let far = check(vec![span(1, 0)]);
    let traces = far.traces.clone();
    assert_eq!(Clock::new(false).set(far, &budget).unwrap().traces, traces);
    for unfit in [span(u64::MAX, 0), span(1, 1 << 63)] {
        for moves in [false, true] {
            let checked = check(vec![span(1, 1), unfit.clone()]);
            let refusal = Clock::new(moves).set(checked, &budget).unwrap_err();
            assert_eq!(refusal.fault.message, "Bad input format provided");
        }
    }
}

/// What a body becomes is paid for as long as it is held, and every byte comes back.
#[test]
fn bodies_are_paid_for() {
    let budget = Budget::new(1 << 20);
    let encoded = request(vec![span(1, 2)]).encode_to_vec();
    let json = crate::wire::json::from_protobuf(&encoded).unwrap();
    for bytes in [encoded, [&json[..], b"\n\n", &json[..], b"\r\n"].concat()] {
        let mut body = PaidBuffer::new(&budget, bytes.len(), 1 << 16).unwrap();
        body.extend(&bytes).unwrap();
        let checked = decode(body, Encoding::Identity, 1 << 16, &budget).unwrap();
        assert!(checked.traces.spans() > 0);
        assert!(budget.used() >= checked.traces.bytes().len());
        drop(checked);
        assert_eq!(budget.used(), 0);
    }
    let small = Budget::new(json.len() + 1);
    let mut body = PaidBuffer::new(&small, json.len(), 1 << 16).unwrap();
    body.extend(&json).unwrap();
    let error = decode(body, Encoding::Identity, 1 << 16, &small).unwrap_err();
    assert!(matches!(error, Undecoded::Unread(_)), "{error:?}");
    assert_eq!(small.used(), 0);
}

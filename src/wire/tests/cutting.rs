//! Splitting and concatenation.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message;

use super::generate::{request, salted};
use crate::wire::{Traces, oracle};

proptest! {
    /// Parts hold all spans once, in order, each under its own resource and scope; they keep both bounds, and
    /// a part that exceeds the bytes is one span.
    #[test]
    fn parts_are_the_whole(request in request(), seed: u64, spans in 0..6_usize, bytes in 0..3000_usize) {
        let traces = Traces::check(salted(&request, seed).into()).unwrap().traces;
        oracle::split(&traces, spans, bytes);
    }

    /// Requests appended byte by byte are one request with the spans of all.
    #[test]
    fn concatenation_is_appending(left in request(), right in request(), seed: u64) {
        let (left, right) = (salted(&left, seed), salted(&right, !seed));
        let both = Traces::check([&left[..], &right].concat().into()).unwrap().traces;
        let left = Traces::check(left.into()).unwrap().traces;
        let right = Traces::check(right.into()).unwrap().traces;
        let mut expected = oracle::decoded(&left);
        expected.resource_spans.extend(oracle::decoded(&right).resource_spans);
        oracle::same(&oracle::decoded(&both), &expected);
        prop_assert_eq!(both.spans(), left.spans() + right.spans());
    }
}

/// Cutting 20,000 spans one by one, each into its own part, loses none, and is done in time that grows with them.
#[test]
fn a_large_request_is_cut_one_by_one() {
    let span = |number: u32| Span {
        trace_id: vec![1; 16],
        span_id: u64::from(number).to_be_bytes().into(),
        ..Span::default()
    };
    let scope = ScopeSpans {
        spans: (0..20_000).map(span).collect(),
        ..ScopeSpans::default()
    };
    let resource = ResourceSpans {
        scope_spans: vec![scope],
        ..ResourceSpans::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![resource],
    };
    let traces = Traces::check(request.encode_to_vec().into()).unwrap().traces;
    let parts = traces.split(1, 0);
    assert_eq!(parts.len(), 20_000);
    let joined: Vec<u8> = parts.iter().flat_map(|part| part.bytes().to_vec()).collect();
    assert_eq!(Traces::check(joined.into()).unwrap().traces.spans(), 20_000);
}

/// What needs no cut is handed back without a copy.
#[test]
fn what_fits_is_not_copied() {
    let bytes = Bytes::from_static(&[0x0a, 0x00]);
    let traces = Traces::check(bytes.clone()).unwrap().traces;
    let parts = traces.split(1, 1);
    assert_eq!(parts.len(), 1);
    assert_eq!(parts[0].bytes().as_ptr(), bytes.as_ptr());
}

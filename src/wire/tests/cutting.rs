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

    /// Parts by group hold the spans of their group, in order, each under its own resource and scope, within the bound.
    #[test]
    fn groups_are_kept_apart(request in request(), seed: u64, groups in 1..5_usize, bytes in 0..3000_usize) {
        let traces = Traces::check(salted(&request, seed).into()).unwrap().traces;
        oracle::divide(&traces, groups, bytes);
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

/// Each bound in bytes is kept to the byte, and each part takes all that it may.
#[test]
fn bounds_hold_to_the_byte() {
    let scope = |spans: std::ops::Range<u8>| ScopeSpans {
        spans: spans
            .map(|number| Span {
                trace_id: vec![number; 16],
                span_id: vec![number; 8],
                name: "x".repeat(usize::from(number) * 9),
                ..Span::default()
            })
            .collect(),
        ..ScopeSpans::default()
    };
    let resource = |scopes: Vec<ScopeSpans>| ResourceSpans {
        scope_spans: scopes,
        ..ResourceSpans::default()
    };
    let resource_spans = vec![
        resource(vec![scope(0..3), scope(3..8)]),
        resource(vec![scope(8..12)]),
    ];
    let request = ExportTraceServiceRequest { resource_spans };
    let traces = Traces::check(request.encode_to_vec().into()).unwrap().traces;
    for max_bytes in 1..traces.bytes().len() {
        let mut first = 0;
        for part in traces.split(0, max_bytes) {
            let spans = part.spans();
            assert_eq!(
                part.bytes(),
                &alone(&request, first..first + spans),
                "{max_bytes}"
            );
            assert!(spans == 1 || part.bytes().len() <= max_bytes, "{max_bytes}");
            let with_next = alone(&request, first..first + spans + 1);
            assert!(first + spans == 12 || with_next.len() > max_bytes, "{max_bytes}");
            first += spans;
        }
        assert_eq!(first, 12);
    }
}

/// The spans of these numbers with what stands above them, encoded.
fn alone(request: &ExportTraceServiceRequest, spans: std::ops::Range<usize>) -> Vec<u8> {
    let (mut request, mut number) = (request.clone(), 0..);
    oracle::retain(&mut request, |_| {
        number.next().is_some_and(|number| spans.contains(&number))
    });
    request.encode_to_vec()
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

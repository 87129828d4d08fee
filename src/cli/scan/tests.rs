use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use super::*;

fn request() -> Vec<u8> {
    let span = |id: u8| Span {
        trace_id: vec![id; 16],
        span_id: vec![id; 8],
        name: format!("span {id}"),
        start_time_unix_nano: 7,
        flags: 1,
        ..Default::default()
    };
    let scope = |ids: &[u8]| ScopeSpans {
        spans: ids.iter().map(|id| span(*id)).collect(),
        ..Default::default()
    };
    let resource = |scope_spans| ResourceSpans {
        scope_spans,
        ..Default::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![
            resource(vec![scope(&[1, 2]), scope(&[])]),
            resource(vec![scope(&[3])]),
        ],
    }
    .encode_to_vec()
}

/// Every span is seen once, in order, and its ids and name are where the scan says.
#[test]
fn finds_every_span() {
    let bytes = request();
    let mut seen = Vec::new();
    let count = spans(&bytes, |span| {
        assert_eq!(bytes[span.trace_id.clone()], [bytes[span.span_id.start]; 16]);
        assert!(span.parent_span_id.is_empty());
        seen.push(String::from_utf8(bytes[span.name].to_vec()).unwrap());
    });
    assert_eq!(count, Ok(3));
    assert_eq!(seen, ["span 1", "span 2", "span 3"]);
}

/// A request cut anywhere inside its first resource is malformed, never a panic.
#[test]
fn a_cut_is_malformed() {
    let bytes = request();
    let first = bytes.len() / 2;
    assert!((1..first).all(|end| spans(&bytes[..end], |_| {}).is_err()));
}

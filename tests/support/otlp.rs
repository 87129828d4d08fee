//! OTLP requests to send.

use std::io::Write;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

/// A request of `count` good spans.
pub fn request(count: usize) -> ExportTraceServiceRequest {
    let spans = (1..=count as u64).map(span).collect();
    request_of(spans)
}

/// A request of these spans.
pub fn request_of(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

/// A good span with id `id`.
pub fn span(id: u64) -> Span {
    Span {
        trace_id: [id.to_be_bytes(), id.to_be_bytes()].concat(),
        span_id: id.to_be_bytes().to_vec(),
        name: format!("span {id}"),
        ..Span::default()
    }
}

/// A span whose trace id is too short.
pub fn bad_span(id: u64) -> Span {
    Span {
        trace_id: vec![1, 2, 3],
        ..span(id)
    }
}

/// `count` good spans, encoded.
pub fn encoded(count: usize) -> Vec<u8> {
    request(count).encode_to_vec()
}

/// A good request of about `bytes` encoded bytes.
pub fn sized(bytes: usize) -> Vec<u8> {
    let mut one = span(1);
    one.name = "n".repeat(bytes);
    request_of(vec![one]).encode_to_vec()
}

/// gzip, one member.
pub fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// zlib, which HTTP calls deflate.
pub fn zlib(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// zstd, one frame.
pub fn zstd(data: &[u8]) -> Vec<u8> {
    zstd::encode_all(data, 3).unwrap()
}

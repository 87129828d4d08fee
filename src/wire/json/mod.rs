//! OTLP/JSON to protobuf bytes and back, by the schema's table.
//!
//! Taken in: names in camelCase and snake_case; enums as numbers and names; 64-bit integers as strings and
//! numbers; ids as hexadecimal in any case, other bytes as base64; `NaN`, `Infinity` and `-Infinity` as
//! strings; `null` as absent; unknown fields, which are left out. Given out: the strict form of all these.
//!
//! Nesting is bounded by the JSON parser at 128, below what protobuf allows.

mod bytes;
mod read;
mod scalar;
mod write;

use super::Malformed;
use super::locate::verify;
use super::schema::{ANY_VALUE, Message, REQUEST, RESOURCE_SPANS, RESPONSE, SCOPE_SPANS, SPAN};
use write::Defaults;

/// A message that stands inside a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `ResourceSpans`.
    ResourceSpans,
    /// `ScopeSpans`.
    ScopeSpans,
    /// `Span`.
    Span,
    /// `AnyValue`.
    AnyValue,
}

/// The protobuf bytes of an `ExportTraceServiceRequest` in JSON. The error names the JSON path and the value.
pub fn to_protobuf(json: &[u8]) -> Result<Vec<u8>, Malformed> {
    read::read(json, &REQUEST)
}

/// The JSON of an encoded `ExportTraceServiceRequest`.
pub fn from_protobuf(request: &[u8]) -> Result<Vec<u8>, Malformed> {
    verify(request, &REQUEST)?;
    Ok(write::write(request, &REQUEST, Defaults::LeftOut))
}

/// The protobuf bytes of an `ExportTraceServiceResponse` in JSON.
pub fn response_to_protobuf(json: &[u8]) -> Result<Vec<u8>, Malformed> {
    read::read(json, &RESPONSE)
}

/// The JSON of an encoded `ExportTraceServiceResponse`.
pub fn response_from_protobuf(response: &[u8]) -> Result<Vec<u8>, Malformed> {
    verify(response, &RESPONSE)?;
    Ok(write::write(response, &RESPONSE, Defaults::LeftOut))
}

/// The JSON of a part of a request, which has been checked. What is there is written, defaults too, so that [`to_part`] gives
/// back the same bytes for all but unusual encodings.
pub fn from_part(part: Part, body: &[u8]) -> Vec<u8> {
    write::write(body, part.message(), Defaults::Written)
}

/// The JSON of a part of a request, which has been checked, with defaults left out: parts of the same content give the
/// same JSON.
pub fn content_of_part(part: Part, body: &[u8]) -> Vec<u8> {
    write::write(body, part.message(), Defaults::LeftOut)
}

/// The protobuf bytes of a part of a request in JSON. The error names the JSON path and the value.
pub fn to_part(part: Part, json: &[u8]) -> Result<Vec<u8>, Malformed> {
    read::read(json, part.message())
}

// === impl Part ===

impl Part {
    fn message(self) -> &'static Message {
        match self {
            Self::ResourceSpans => &RESOURCE_SPANS,
            Self::ScopeSpans => &SCOPE_SPANS,
            Self::Span => &SPAN,
            Self::AnyValue => &ANY_VALUE,
        }
    }
}

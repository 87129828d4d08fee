//! A span that was found.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::TraceId;
use crate::wire::{ResourceView, ScopeView, SpanView};

/// A span that was found, with what stands above it, as OTLP bytes. In JSON the bytes are base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Shown", try_from = "Shown")]
pub struct FoundSpan {
    /// The insertion number: unique in the store, ascending in the order of arrival.
    pub number: u64,
    /// The project that the span belongs to.
    pub project: Arc<str>,
    /// The body of a `ResourceSpans` without its `ScopeSpans`.
    pub resource: Bytes,
    /// The body of a `ScopeSpans` without its spans.
    pub scope: Bytes,
    /// The body of a `Span`, exactly as it came.
    pub span: Bytes,
}

/// A [`FoundSpan`] in JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    number: u64,
    project: String,
    resource: String,
    scope: String,
    span: String,
}

// === impl FoundSpan ===

impl FoundSpan {
    /// The span's resource.
    pub fn resource(&self) -> ResourceView<'_> {
        ResourceView::over(&self.resource)
    }

    /// The span's scope.
    pub fn scope(&self) -> ScopeView<'_> {
        ScopeView::over(&self.scope)
    }

    /// The span itself.
    pub fn span(&self) -> SpanView<'_> {
        SpanView::over(&self.span)
    }

    /// The resource attribute `service.name`, when it is text.
    pub fn service(&self) -> Option<&str> {
        match self.resource().attribute("service.name") {
            Some(crate::wire::ValueView::String(name)) => Some(name),
            _ => None,
        }
    }

    /// The span's trace.
    pub fn trace_id(&self) -> TraceId {
        TraceId::of(self.span().trace_id())
    }

    /// Nanoseconds since 1970.
    pub fn start(&self) -> u64 {
        self.span().start_time_unix_nano()
    }

    /// Nanoseconds since 1970.
    pub fn end(&self) -> u64 {
        self.span().end_time_unix_nano()
    }

    /// Nanoseconds from start to end; negative when the end lies before the start.
    pub fn duration(&self) -> i64 {
        let span = self.span();
        span.end_time_unix_nano()
            .wrapping_sub(span.start_time_unix_nano()) as i64
    }

    /// Whether the span has no parent: the parent's id is empty or all zero.
    pub fn is_root(&self) -> bool {
        self.span().parent_span_id().iter().all(|byte| *byte == 0)
    }

    /// Whether the span's status is an error.
    pub fn is_error(&self) -> bool {
        self.span().status().code == 2
    }
}

// === impl Shown ===

impl From<FoundSpan> for Shown {
    fn from(found: FoundSpan) -> Self {
        Self {
            number: found.number,
            project: found.project.to_string(),
            resource: STANDARD.encode(&found.resource),
            scope: STANDARD.encode(&found.scope),
            span: STANDARD.encode(&found.span),
        }
    }
}

impl TryFrom<Shown> for FoundSpan {
    type Error = base64::DecodeError;

    fn try_from(shown: Shown) -> Result<Self, base64::DecodeError> {
        Ok(Self {
            number: shown.number,
            project: shown.project.into(),
            resource: STANDARD.decode(shown.resource)?.into(),
            scope: STANDARD.decode(shown.scope)?.into(),
            span: STANDARD.decode(shown.span)?.into(),
        })
    }
}

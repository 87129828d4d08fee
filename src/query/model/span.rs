//! A span as a store gives it out.

use std::sync::Arc;

use bytes::Bytes;

/// A span that was found, with what stands above it: OTLP bytes, read through wire's views.
#[derive(Clone, Debug)]
pub struct FoundSpan {
    /// Insertion number, unique in the store.
    pub number: u64,
    /// The project that it belongs to.
    pub project: Arc<str>,
    /// The body of a `ResourceSpans` without its `ScopeSpans`.
    pub resource: Bytes,
    /// The body of a `ScopeSpans` without its spans.
    pub scope: Bytes,
    /// The body of a `Span`, exactly as it came.
    pub span: Bytes,
}

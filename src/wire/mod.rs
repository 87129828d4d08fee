//! OTLP trace requests as bytes. A span stays the bytes it arrived as; nothing here does I/O or is async.
//!
//! Promises: [`Traces::check`] accepts exactly what `prost` decodes, and a view shows what `prost` would; what
//! is not edited stays the same bytes, unknown fields included; nothing panics, and nesting is bounded.
//!
//! The way of a request: JSON becomes protobuf ([`json`]); the walk judges the bytes, and spans whose ids have
//! the wrong length are taken out (`check`); whoever looks inside reads views, by [`Index`] or [`Editor`], and
//! answers with decisions (`edit`, `amend`); what is too large is cut (`split`). Joining is appending bytes.

mod amend;
mod assemble;
mod check;
mod edit;
mod groups;
mod index;
pub mod json;
mod locate;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[expect(clippy::panic, reason = "a judge of tests panics when it disagrees")]
pub mod oracle;
mod parts;
mod reader;
mod schema;
mod split;
mod text;
mod utf8;
mod values;
mod views;
mod walk;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

use bytes::Bytes;

pub use amend::{Amendment, Change, EventEdit, Header, Message, ResourceEdit, ScopeEdit, SpanEdit};
pub use assemble::assemble;
pub use edit::{Decision, Editor, Overgrown};
pub use groups::{Group, Identity};
pub use index::{Index, Located};
pub use parts::{Cell, Pair, Parts};
pub use split::Sorter;
pub use values::{ArrayView, Encoded, KeyValueListView, ToValue, Value, ValueView};
pub use views::{AttributeView, EventView, LinkView, ResourceView, ScopeView, SpanView, StatusView};

/// One validated `ExportTraceServiceRequest`, still the bytes it arrived as.
///
/// Holding one means: `prost` would decode these bytes, and every span has a trace id of 16 bytes and a
/// span id of 8. Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traces {
    bytes: Bytes,
    spans: u32,
}

/// What a request turned out to be.
#[derive(Debug)]
pub struct Checked {
    /// The spans that may pass. Byte-identical to the input when `rejected` is zero.
    pub traces: Traces,
    /// Spans taken out because their trace id or span id has the wrong length.
    pub rejected: u32,
    /// Why, in English, naming the first of them; empty when none was rejected.
    pub reason: String,
}

/// Why bytes are not an `ExportTraceServiceRequest`; names the place and the fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

impl Traces {
    /// How many spans.
    pub fn spans(&self) -> usize {
        self.spans as usize
    }

    /// The encoded request. Concatenating these of several `Traces` gives one request with all their spans.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The resources, in order.
    pub fn resources(&self) -> impl Iterator<Item = ResourceView<'_>> {
        children(&self.bytes, index::RESOURCE_SPANS).map(ResourceView::new)
    }

    /// The trace id of the first span.
    pub fn first_trace_id(&self) -> Option<[u8; 16]> {
        let scopes =
            children(&self.bytes, index::RESOURCE_SPANS).flat_map(|body| children(body, index::CHILD));
        let span = scopes.flat_map(|body| children(body, index::CHILD)).next()?;
        Some(Identity::of(span).trace_id)
    }

    /// The same, where only the bytes are wanted.
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// What was taken apart, put together again: `bytes` are those of a `Traces` with so many spans.
    pub fn restored(bytes: Bytes, spans: u32) -> Self {
        Self { bytes, spans }
    }

    /// Ties `owned` to the bytes: it is dropped with their last slice.
    pub fn keeping<T: Send + 'static>(self, owned: T) -> Self {
        // The second is held for its drop.
        struct Kept<T>(Bytes, T);
        impl<T> AsRef<[u8]> for Kept<T> {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        Self {
            bytes: Bytes::from_owner(Kept(self.bytes, owned)),
            spans: self.spans,
        }
    }
}

/// The payloads of the fields with this key.
fn children(body: &[u8], key: u32) -> impl Iterator<Item = &[u8]> {
    let fields = reader::Fields::of(body);
    fields
        .filter(move |field| field.key == key)
        .map(|field| field.payload)
}

//! Paths into the data: which there are, what they read and what can be written to them.

mod keys;
mod map;
mod names;
mod read;
mod trace_state;
mod write;

use super::code::Expr;
use super::context::Context;

pub(super) use keys::indexed;
pub(super) use map::{Merge, Remove, Retain, Revalue};
pub(super) use names::{Naming, resolve};
pub(super) use read::hex;
#[cfg(any(test, fuzzing))]
pub(super) use write::shallow;

/// A path that a statement names.
#[derive(Debug)]
pub struct Path {
    /// What it leads to.
    pub(super) field: Field,
    /// What of it is meant.
    pub(super) keys: Vec<Key>,
    /// As it is written.
    pub(super) text: String,
}

/// A key in brackets.
#[derive(Debug)]
pub enum Key {
    /// A text.
    Text(String),
    /// A number.
    Int(i64),
    /// What an expression yields.
    Value(Expr),
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Attributes, all or by key.
    Attributes(Context),
    /// Attributes that the sender dropped.
    DroppedAttributes(Context),
    /// The schema URL of a resource or scope.
    SchemaUrl(Context),
    /// The name of a scope, span or event.
    Name(Context),
    /// The version of a scope.
    Version,
    /// The trace id, as such or as text.
    TraceId(Form),
    /// The span id, as such or as text.
    SpanId(Form),
    /// The parent's span id, as such or as text.
    ParentSpanId(Form),
    /// The trace state, all or a member by key.
    TraceState,
    /// The kind as a number.
    Kind,
    /// The kind as text: `Server`.
    KindText,
    /// The kind as text: `SPAN_KIND_SERVER`.
    KindSymbol,
    /// When a span began.
    Start(Clock),
    /// When a span ended.
    End(Clock),
    /// Events that the sender dropped.
    DroppedEvents,
    /// Links that the sender dropped.
    DroppedLinks,
    /// All events.
    Events,
    /// All links.
    Links,
    /// Code and message of the status.
    Status,
    /// The status as a number.
    StatusCode,
    /// The status in words.
    StatusMessage,
    /// The flags.
    Flags,
    /// When an event was.
    EventTime(Clock),
    /// Which event of its span.
    EventIndex,
    /// What statements put aside.
    Cache,
    /// The client's address.
    ClientAddress,
    /// The client's metadata.
    ClientMetadata,
    /// What the client's authenticator knows.
    ClientAuth,
}

/// How an id is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As such.
    Id,
    /// In hexadecimal digits.
    Text,
}

/// How an instant is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Nanoseconds since 1970.
    Nanos,
    /// As a time.
    Time,
}

// === impl Field ===

impl Field {
    /// What it is a part of; nothing where it is not part of the data.
    pub(super) fn context(self) -> Option<Context> {
        match self {
            Self::Attributes(of) | Self::DroppedAttributes(of) | Self::SchemaUrl(of) | Self::Name(of) => {
                Some(of)
            }
            Self::Version => Some(Context::Scope),
            Self::EventTime(_) | Self::EventIndex => Some(Context::SpanEvent),
            Self::Cache | Self::ClientAddress | Self::ClientMetadata | Self::ClientAuth => None,
            _ => Some(Context::Span),
        }
    }

    /// Whether keys may follow.
    pub(super) fn takes_keys(self) -> bool {
        matches!(
            self,
            Self::Attributes(_) | Self::Cache | Self::TraceState | Self::ClientMetadata | Self::ClientAuth
        )
    }
}

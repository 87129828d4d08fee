//! What a receiver is told about a request, and tells its client.

use std::time::Duration;

use crate::wire::Overgrown;

/// The request was taken: durable, or accepted by every destination that it waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Spans that were refused for good; goes into `partial_success`.
    pub rejected_spans: u64,
    /// Why, or a warning when none was rejected; empty for full success.
    pub message: String,
}

/// The request was not taken, and the client may send it again after a while:
/// gRPC `UNAVAILABLE` with `RetryInfo`, HTTP 503 with `Retry-After`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// What stands in the way, for a person.
    pub message: String,
    /// When to come back, jitter included.
    pub retry_after: Duration,
}

/// Nothing of the request can be handed on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unprepared {
    /// What processors make of it exceeds the memory budget.
    #[error(transparent)]
    Overgrown(#[from] Overgrown),
    /// A processor or connector rejects it, for good.
    #[error("`{by}` failed: {message}")]
    Failed {
        /// Its name.
        by: String,
        /// Why.
        message: Box<str>,
    },
}

//! Why there is no answer, and who answers.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::{Answer, SpanQuery, TraceId};
use crate::wire::Traces;

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryError {
    /// The question makes no sense; names the part and the value.
    #[error("{0}")]
    Invalid(String),
    /// The answer would take longer than this many milliseconds.
    #[error("the query took longer than its limit of {0} ms")]
    TooLong(u64),
    /// The answer would take more than this many bytes of memory.
    #[error("the query needs more memory than its limit of {0} bytes")]
    TooMuch(u64),
    /// The store cannot answer yet, or has too many questions waiting; says which.
    #[error("{0}")]
    Unavailable(String),
    /// Whoever asked does not want to know any more.
    #[error("the query was cancelled")]
    Cancelled,
    /// The store failed; says how.
    #[error("{0}")]
    Failed(String),
}

/// Who answers questions about spans.
pub trait SpanStore: Send + Sync {
    /// Answers a question. Dropping the future cancels the work on it.
    fn answer(&self, query: SpanQuery) -> BoxFuture<'_, Result<Answer, QueryError>>;
}

/// Who changes what a store holds, beside the pipelines.
pub trait SpanWriter: Send + Sync {
    /// Keeps spans in a project; they are durable and visible when the answer is there.
    fn insert(&self, project: &str, traces: Traces) -> BoxFuture<'_, Result<(), QueryError>>;

    /// Hides spans for good, durably, as far as they are there now.
    fn delete(&self, deletion: Deletion) -> BoxFuture<'_, Result<(), QueryError>>;
}

/// Which spans to delete: those that fit all that is named. One that names nothing means every span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deletion {
    /// Of this project.
    pub project: Option<String>,
    /// Of this trace.
    pub trace_id: Option<TraceId>,
    /// With this id.
    pub span_id: Option<[u8; 8]>,
    /// That started before, in nanoseconds since 1970.
    pub started_before: Option<u64>,
}

//! The seam between delivery and exporters: an exporter sends one batch once and says what became of it.
//! Queueing, batching, retries, splitting and the ledger are delivery's business, the same for every exporter.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::client::Client;
use crate::wire::Traces;

/// Sends batches somewhere. One instance may send many at once.
pub trait Destination: Send + Sync {
    /// Sends the batch once, within the exporter's own `timeout`.
    fn send(&self, batch: Outgoing) -> BoxFuture<'_, Result<Sent, Failure>>;

    /// How long one send may take at most, where that is bounded.
    fn timeout(&self) -> Option<Duration> {
        None
    }
}

/// A batch on its way out.
#[derive(Clone, Debug, Default)]
pub struct Outgoing {
    /// Requests; concatenated they are one.
    pub parts: Vec<Part>,
    /// Spans in all parts.
    pub spans: usize,
}

/// One request of a batch, or a part of one.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its spans.
    pub traces: Traces,
    /// Who sent them.
    pub client: Arc<Client>,
}

impl Outgoing {
    /// A request without spans, which asks a destination whether it is there.
    pub fn probe() -> Self {
        Self::default()
    }

    /// A batch of these requests, whose senders are not known.
    pub fn of(requests: impl IntoIterator<Item = Traces>) -> Self {
        let client = Client::unknown();
        let part = |traces| Part {
            traces,
            client: client.clone(),
        };
        let parts: Vec<Part> = requests.into_iter().map(part).collect();
        let spans = parts.iter().map(|part| part.traces.spans()).sum();
        Self { parts, spans }
    }

    /// Encoded bytes of all parts.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.traces.bytes().len()).sum()
    }

    /// The encoded requests; concatenated they are one `ExportTraceServiceRequest`.
    pub fn into_bytes(self) -> Vec<Bytes> {
        let bytes = |part: Part| part.traces.into_bytes();
        self.parts.into_iter().map(bytes).collect()
    }
}

/// The destination has accepted the batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Spans that its `partial_success` refused.
    pub rejected: u64,
    /// Its words about them, or a warning.
    pub message: String,
}

impl Sent {
    /// Adds what became of another part of the same batch.
    pub fn add(&mut self, other: Self) {
        self.rejected += other.rejected;
        if self.message.is_empty() {
            self.message = other.message;
        }
    }
}

/// Why a batch was not accepted, by what is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The same batch may succeed later.
    #[error("{message}")]
    NotNow {
        /// What happened.
        message: String,
        /// How long the destination asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// The destination will never take this batch; a part of it, it may.
    #[error("{0}")]
    Data(String),
    /// The destination takes nothing from us until somebody mends a setting.
    #[error("{0}")]
    Destination(String),
    /// The destination has accepted all but these.
    #[error("{} spans of the batch were not accepted: {}", left_spans(.0), first_reason(.0))]
    Partly(Vec<Left>),
}

/// Spans of a batch that were not accepted while others were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Which of the batch's parts they are of.
    pub part: usize,
    /// The spans. A part may have several of these, which have no span in common.
    pub traces: Traces,
    /// Why.
    pub why: Failure,
}

// === impl Failure ===

impl Failure {
    /// Whether the destination named a time before which it wants nothing.
    pub fn asks_for_a_pause(&self) -> bool {
        matches!(
            self,
            Self::NotNow {
                retry_after: Some(_),
                ..
            }
        )
    }
}

fn left_spans(left: &[Left]) -> usize {
    left.iter().map(|left| left.traces.spans()).sum()
}

fn first_reason(left: &[Left]) -> String {
    left.first().map_or_else(String::new, |left| left.why.to_string())
}

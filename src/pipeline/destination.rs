//! The seam between delivery and exporters: an exporter sends one batch once and says what became of it.
//! Queueing, batching, retries, splitting and the ledger are delivery's business, the same for every exporter.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::client::Client;

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
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Encoded requests; concatenated they are one `ExportTraceServiceRequest`.
    pub parts: Vec<Bytes>,
    /// Spans in all parts.
    pub spans: usize,
    /// The sender, when the batch holds spans of one sender alone.
    pub client: Arc<Client>,
}

impl Outgoing {
    /// A request without spans, which asks a destination whether it is there.
    pub fn probe() -> Self {
        Self {
            parts: Vec::new(),
            spans: 0,
            client: Client::unknown(),
        }
    }

    /// Encoded bytes of all parts.
    pub fn bytes(&self) -> usize {
        self.parts.iter().map(Bytes::len).sum()
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

//! What happens at a receiver's door: each event is one method, which counts it and writes its log line.
//!
//! Counters are looked up once a receiver, never once a request. Lines that a client could provoke in
//! numbers are written at most once in [`QUIET`] for each kind, and say how many were left out.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use metrics::{Counter, Gauge, counter, gauge};
use tokio::time::Instant;

/// How long after a log line the next of its kind is left out.
const QUIET: Duration = Duration::from_secs(10);

/// Why a request was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Larger than the receiver's limit, as sent or decompressed.
    TooLarge,
    /// No room in the memory budget.
    OverBudget,
    /// Its sender sends more than a quota lets it.
    OverQuota,
    /// The pipelines cannot take it now.
    Unavailable,
    /// Not an OTLP trace request, or not what its encoding says.
    Malformed,
    /// Not one message of the protocol.
    Framing,
    /// Compressed in a way that is not known here.
    Encoding,
    /// Neither protobuf nor JSON.
    ContentType,
    /// Not POST.
    Method,
    /// Another path or service than traces.
    Path,
    /// Without a key where keys are asked for, or with one that is not known.
    Unauthenticated,
    /// With a key that is not good for sending.
    PermissionDenied,
    /// The body stopped arriving.
    Stalled,
    /// The client went away before its request was complete.
    Gone,
    /// A fault of ours.
    Internal,
}

/// The events of one receiver on one transport.
#[derive(Debug)]
pub struct ReceiverEvents {
    receiver: String,
    transport: &'static str,
    accepted_spans: Counter,
    refused_spans: Counter,
    rejected_spans: Counter,
    rejected_log: LogLimit,
    refused: [(Counter, LogLimit); Reason::ALL.len()],
}

/// The events of one listener's connections; clones count together.
#[derive(Clone, Debug)]
pub struct ConnectionEvents(Arc<Connections>);

#[derive(Debug)]
struct Connections {
    receiver: String,
    transport: &'static str,
    open: Gauge,
    refused: Counter,
    refused_log: LogLimit,
    insecure: Counter,
    insecure_log: LogLimit,
    displaced: Counter,
    displaced_log: LogLimit,
}

/// A connection that is open.
#[derive(Debug)]
pub struct Open(Arc<Connections>);

/// Lets one line through in [`QUIET`] and counts the others.
#[derive(Debug)]
struct LogLimit {
    start: Instant,
    /// Milliseconds after `start` from which the next line may be written.
    next: AtomicU64,
    left_out: AtomicU64,
}

// === impl Reason ===

impl Reason {
    /// Every reason, in the order of declaration.
    pub const ALL: [Self; 15] = [
        Self::TooLarge,
        Self::OverBudget,
        Self::OverQuota,
        Self::Unavailable,
        Self::Malformed,
        Self::Framing,
        Self::Encoding,
        Self::ContentType,
        Self::Method,
        Self::Path,
        Self::Unauthenticated,
        Self::PermissionDenied,
        Self::Stalled,
        Self::Gone,
        Self::Internal,
    ];

    /// The value of the label `reason`.
    pub fn label(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::OverBudget => "over_budget",
            Self::OverQuota => "over_quota",
            Self::Unavailable => "unavailable",
            Self::Malformed => "malformed",
            Self::Framing => "framing",
            Self::Encoding => "encoding",
            Self::ContentType => "content_type",
            Self::Method => "method",
            Self::Path => "path",
            Self::Unauthenticated => "unauthenticated",
            Self::PermissionDenied => "permission_denied",
            Self::Stalled => "stalled",
            Self::Gone => "gone",
            Self::Internal => "internal",
        }
    }
}

// === impl ReceiverEvents ===

impl ReceiverEvents {
    /// The events of the receiver with id `receiver` on `transport` (`grpc`, `http`).
    pub fn new(receiver: &str, transport: &'static str) -> Self {
        let spans = |name| counter!(name, "receiver" => receiver.to_owned(), "transport" => transport);
        let refused = |reason: Reason| {
            let counter = counter!(
                "spanway_receiver_refused_requests",
                "receiver" => receiver.to_owned(), "transport" => transport, "reason" => reason.label()
            );
            (counter, LogLimit::new())
        };
        Self {
            receiver: receiver.to_owned(),
            transport,
            accepted_spans: spans("otelcol_receiver_accepted_spans"),
            refused_spans: spans("otelcol_receiver_refused_spans"),
            rejected_spans: spans("spanway_receiver_rejected_spans"),
            rejected_log: LogLimit::new(),
            refused: Reason::ALL.map(refused),
        }
    }

    /// The pipelines have taken a request's `spans`.
    pub fn accepted(&self, spans: usize) {
        self.accepted_spans.increment(spans as u64);
    }

    /// Single spans were taken out of a request, for good.
    pub fn rejected(&self, spans: u64, why: &str) {
        self.rejected_spans.increment(spans);
        if let Some(left_out) = self.rejected_log.pass() {
            let (receiver, transport) = (&self.receiver, self.transport);
            tracing::warn!(
                receiver,
                transport,
                spans,
                why,
                left_out,
                "rejected spans of a request"
            );
        }
    }

    /// A request was not taken. `spans` is what it carried, 0 when it was not read so far.
    pub fn refused(&self, reason: Reason, spans: usize, peer: Option<SocketAddr>, message: &str) {
        self.refused_spans.increment(spans as u64);
        let Some((counter, log)) = self.refused.get(reason as usize) else {
            return;
        };
        counter.increment(1);
        // A client that goes away is everyday life.
        if reason == Reason::Gone {
            return;
        }
        if let Some(left_out) = log.pass() {
            let (receiver, transport, reason) = (&self.receiver, self.transport, reason.label());
            let peer = peer.map(tracing::field::display);
            tracing::warn!(
                receiver,
                transport,
                reason,
                peer,
                spans,
                left_out,
                "refused a request: {message}"
            );
        }
    }

    /// The receiver listens.
    pub fn listening(&self, addresses: &[String]) {
        for address in addresses {
            tracing::info!(
                receiver = self.receiver,
                transport = self.transport,
                address,
                "listening"
            );
        }
    }
}

// === impl ConnectionEvents ===

impl ConnectionEvents {
    /// The connections of the receiver with id `receiver` on `transport` (`grpc`, `http`).
    pub fn new(receiver: &str, transport: &'static str) -> Self {
        let labels = [
            metrics::Label::new("receiver", receiver.to_owned()),
            metrics::Label::new("transport", transport),
        ];
        Self(Arc::new(Connections {
            receiver: receiver.to_owned(),
            transport,
            open: gauge!("spanway_receiver_connections", labels.iter()),
            refused: counter!("spanway_receiver_refused_connections", labels.iter()),
            refused_log: LogLimit::new(),
            insecure: counter!("spanway_receiver_failed_handshakes", labels.iter()),
            insecure_log: LogLimit::new(),
            displaced: counter!("spanway_receiver_displaced_connections", labels.iter()),
            displaced_log: LogLimit::new(),
        }))
    }

    /// A connection was accepted; it is open until the result is dropped.
    pub fn opened(&self) -> Open {
        self.0.open.increment(1);
        Open(self.0.clone())
    }

    /// A connection was closed at once, because the budget has no room for it.
    pub fn refused(&self, peer: Option<SocketAddr>) {
        self.0.refused.increment(1);
        if let Some(left_out) = self.0.refused_log.pass() {
            let (receiver, transport) = (&self.0.receiver, self.0.transport);
            let peer = peer.map(tracing::field::display);
            tracing::warn!(
                receiver,
                transport,
                peer,
                left_out,
                "closed a connection: no room in the budget"
            );
        }
    }

    /// A connection ended before its client and we had agreed on TLS.
    pub fn insecure(&self, peer: Option<SocketAddr>, error: &std::io::Error) {
        self.0.insecure.increment(1);
        if let Some(left_out) = self.0.insecure_log.pass() {
            let (receiver, transport) = (&self.0.receiver, self.0.transport);
            let peer = peer.map(tracing::field::display);
            tracing::warn!(
                receiver,
                transport,
                peer,
                left_out,
                "a TLS handshake failed: {error}"
            );
        }
    }

    /// A connection without requests was ended, so that the budget has room for a new one.
    pub fn displaced(&self) {
        self.0.displaced.increment(1);
        if let Some(left_out) = self.0.displaced_log.pass() {
            let (receiver, transport) = (&self.0.receiver, self.0.transport);
            tracing::warn!(
                receiver,
                transport,
                left_out,
                "ended an idle connection: the budget has no room for more of them"
            );
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.decrement(1);
    }
}

// === impl LogLimit ===

impl LogLimit {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            next: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
        }
    }

    /// Whether a line may be written now; then how many were left out since the last.
    fn pass(&self) -> Option<u64> {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let now = millis(self.start.elapsed());
        let next = self.next.load(Ordering::Relaxed);
        let pause = now.saturating_add(millis(QUIET));
        if now < next
            || self
                .next
                .compare_exchange(next, pause, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            self.left_out.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(self.left_out.swap(0, Ordering::Relaxed))
    }
}

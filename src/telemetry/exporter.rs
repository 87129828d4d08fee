//! What is told about an exporter: each event's log line and its metrics.

use std::sync::{Mutex, PoisonError};

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tracing::{error, info, warn};

use super::health::{Health, Trouble};
use super::quiet::Quiet;

/// Sizes of batches, under the Collector's names.
pub const BATCH_SPANS: &str = "otelcol_exporter_queue_batch_send_size";
/// The same in bytes.
pub const BATCH_BYTES: &str = "otelcol_exporter_queue_batch_send_size_bytes";

/// The events of one exporter. Counts of spans by fate are its ledger's; here is what goes beside them.
#[derive(Debug)]
pub struct ExporterEvents {
    exporter: String,
    health: Health,
    sent_spans: Counter,
    sent_bytes: Counter,
    sent_batches: Counter,
    failed_spans: Counter,
    refused_enqueue: Counter,
    batch_spans: Histogram,
    batch_bytes: Histogram,
    under_way: Gauge,
    failing: Gauge,
    quiet: Mutex<Quiet>,
}

/// A send under way, as long as it lives.
#[derive(Debug)]
pub struct Sending<'a>(&'a Gauge);

// === impl ExporterEvents ===

impl ExporterEvents {
    /// The events of the exporter with this id.
    pub fn new(exporter: &str, health: Health) -> Self {
        let label = exporter.to_owned();
        Self {
            sent_spans: counter!("otelcol_exporter_sent_spans", "exporter" => label.clone()),
            sent_bytes: counter!("spanway_exporter_sent_bytes", "exporter" => label.clone()),
            sent_batches: counter!("spanway_exporter_sent_batches", "exporter" => label.clone()),
            failed_spans: counter!("otelcol_exporter_send_failed_spans", "exporter" => label.clone()),
            refused_enqueue: counter!("otelcol_exporter_enqueue_failed_spans", "exporter" => label.clone()),
            batch_spans: histogram!(BATCH_SPANS, "exporter" => label.clone()),
            batch_bytes: histogram!(BATCH_BYTES, "exporter" => label.clone()),
            under_way: gauge!("otelcol_exporter_in_flight_requests", "exporter" => label.clone()),
            failing: gauge!("spanway_exporter_failing", "exporter" => label.clone()),
            quiet: Mutex::default(),
            exporter: label,
            health,
        }
    }

    /// A batch was gathered and is sent for the first time.
    pub fn gathered(&self, spans: usize, bytes: usize) {
        self.batch_spans.record(spans as f64);
        self.batch_bytes.record(bytes as f64);
    }

    /// A send begins; it ends when the answer is dropped.
    pub fn sending(&self) -> Sending<'_> {
        self.under_way.increment(1);
        Sending(&self.under_way)
    }

    /// The destination took a batch, less `rejected` spans.
    pub fn sent(&self, spans: usize, bytes: usize, rejected: u64, message: &str) {
        self.sent_spans.increment((spans as u64).saturating_sub(rejected));
        self.sent_bytes.increment(bytes as u64);
        self.sent_batches.increment(1);
        if rejected > 0 {
            self.refused_downstream(usize::try_from(rejected).unwrap_or(usize::MAX), message);
        } else if !message.is_empty() {
            self.speak(|held_back| warn!(exporter = self.exporter, message, held_back, "destination warns"));
        }
    }

    /// A batch was not accepted and will be tried again.
    pub fn send_failed(&self, spans: usize, error: &str) {
        self.failed_spans.increment(spans as u64);
        self.speak(|held_back| {
            warn!(
                exporter = self.exporter,
                spans, error, held_back, "sending failed"
            )
        });
    }

    /// The destination refused spans for good.
    pub fn refused_downstream(&self, spans: usize, error: &str) {
        self.failed_spans.increment(spans as u64);
        self.speak(|held_back| {
            error!(
                exporter = self.exporter,
                spans, error, held_back, "spans refused downstream"
            )
        });
    }

    /// The destination refused spans for good; the journal tells where they are.
    pub fn dead_lettered(&self, spans: usize) {
        self.failed_spans.increment(spans as u64);
    }

    /// Spans were given up after `max_elapsed_time`.
    pub fn expired(&self, spans: usize, error: &str) {
        self.speak(|held_back| error!(exporter = self.exporter, spans, error, held_back, "spans expired"));
    }

    /// A request was not taken because of this exporter.
    pub fn enqueue_refused(&self, spans: usize) {
        self.refused_enqueue.increment(spans as u64);
    }

    /// The destination has begun to fail; until it takes a probe, spans wait on disk, or new requests are refused.
    pub fn failing(&self, error: &str) {
        self.failing.set(1);
        let trouble = Trouble::degrades(format!("its destination is failing: {error}"));
        self.health.trouble(&self.key(), Some(trouble));
        error!(exporter = self.exporter, error, "destination is failing");
    }

    /// The destination takes spans again.
    pub fn recovered(&self) {
        self.failing.set(0);
        self.health.trouble(&self.key(), None);
        info!(exporter = self.exporter, "destination has recovered");
    }

    /// Nothing is known against it any more: its destination is another, or it has left the configuration.
    pub fn cleared(&self) {
        self.failing.set(0);
        self.health.trouble(&self.key(), None);
    }

    fn key(&self) -> String {
        format!("exporter `{}`", self.exporter)
    }

    fn speak(&self, line: impl FnOnce(u64)) {
        let held_back = self.quiet.lock().unwrap_or_else(PoisonError::into_inner).speak();
        if let Some(held_back) = held_back {
            line(held_back);
        }
    }
}

// === impl Sending ===

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

//! What is told about a span store: each event's log line and its metrics.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tracing::{debug, error, info, warn};

use super::health::{Health, Trouble};
use super::quiet::Quiet;

/// How long the disk took to make spans durable.
pub const STORE_FSYNC_SECONDS: &str = "spanway_store_fsync_seconds";
/// How long it took to write spans into segments.
pub const SEAL_SECONDS: &str = "spanway_store_seal_seconds";
/// How long a merge of segments took.
pub const COMPACTION_SECONDS: &str = "spanway_store_compaction_seconds";

/// The events of one store, which is named by its directory.
pub struct StoreEvents {
    directory: String,
    health: Health,
    entered: Counter,
    duplicates: Counter,
    sealed: Counter,
    compacted: Counter,
    deleted: Counter,
    aged: Counter,
    crowded: Counter,
    unreadable: Counter,
    fsync: Histogram,
    seal: Histogram,
    compaction: Histogram,
    failing: Gauge,
    size: [Measured; 6],
    quiet: Mutex<Quiet>,
}

/// A gauge and what it shows.
type Measured = (Gauge, fn(&StoreSize) -> u64);

/// How much a store holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct StoreSize {
    /// Spans in segments.
    pub spans: u64,
    /// Bytes of segments.
    pub bytes: u64,
    /// Segments.
    pub segments: u64,
    /// Spans in memory.
    pub head_spans: u64,
    /// Bytes in memory.
    pub head_bytes: u64,
    /// Bytes of the journal.
    pub wal_bytes: u64,
}

/// Something was written.
#[derive(Clone, Copy, Debug)]
pub struct StoreWrote {
    /// Segments that were written, or that became one.
    pub segments: usize,
    /// Spans in what was written.
    pub spans: u64,
    /// Bytes of it.
    pub bytes: u64,
    /// It took so long.
    pub took: Duration,
}

// === impl StoreEvents ===

impl StoreEvents {
    /// The events of the store in this directory; `health` learns when spans cannot be taken.
    pub fn new(directory: &str, health: Health) -> Self {
        let count = |name: &'static str| {
            let counter = counter!(name, "store" => directory.to_owned());
            counter.absolute(0);
            counter
        };
        let measure = |name: &'static str| gauge!(name, "store" => directory.to_owned());
        let time = |name: &'static str| histogram!(name, "store" => directory.to_owned());
        let expired = |why: &'static str| counter!("spanway_store_expired_spans", "store" => directory.to_owned(), "reason" => why);
        Self {
            health,
            entered: count("spanway_store_received_spans"),
            duplicates: count("spanway_store_duplicate_spans"),
            sealed: count("spanway_store_sealed_spans"),
            compacted: count("spanway_store_compacted_segments"),
            deleted: count("spanway_store_deleted_spans"),
            aged: expired("age"),
            crowded: expired("bytes"),
            unreadable: count("spanway_store_unreadable_spans"),
            fsync: time(STORE_FSYNC_SECONDS),
            seal: time(SEAL_SECONDS),
            compaction: time(COMPACTION_SECONDS),
            failing: measure("spanway_store_failing"),
            size: [
                (measure("spanway_store_spans"), |size| size.spans),
                (measure("spanway_store_bytes"), |size| size.bytes),
                (measure("spanway_store_segments"), |size| size.segments),
                (measure("spanway_store_head_spans"), |size| size.head_spans),
                (measure("spanway_store_head_bytes"), |size| size.head_bytes),
                (measure("spanway_store_wal_bytes"), |size| size.wal_bytes),
            ],
            quiet: Mutex::default(),
            directory: directory.to_owned(),
        }
    }

    /// The directory was opened; `unsealed` spans are in the journal alone.
    pub fn opened(&self, size: &StoreSize, unsealed: u64) {
        self.failing.set(0);
        self.measured(size);
        info!(
            directory = self.directory,
            spans = size.spans,
            segments = size.segments,
            bytes = size.bytes,
            unsealed,
            "store is open"
        );
    }

    /// What the journal held is visible.
    pub fn replayed(&self, spans: u64, took: Duration) {
        info!(directory = self.directory, spans, ?took, "store is ready");
    }

    /// Spans can no longer be read.
    pub fn unreadable(&self, spans: u64, error: &str) {
        self.unreadable.increment(spans);
        error!(
            directory = self.directory,
            spans, error, "spans of the store's journal cannot be read and are lost"
        );
    }

    /// Spans were made durable.
    pub fn committed(&self, took: Duration) {
        self.fsync.record(took.as_secs_f64());
    }

    /// Spans came in, `duplicates` of which were there.
    pub fn entered(&self, spans: usize, duplicates: usize) {
        self.entered.increment(spans as u64);
        self.duplicates.increment(duplicates as u64);
    }

    /// Something cannot be written; `stops` when requests are refused because of it.
    pub fn failing(&self, what: &str, stops: bool, error: &str) {
        let reason = format!("{what} cannot be written: {error}");
        let trouble = if stops {
            Trouble::stops(reason)
        } else {
            Trouble::degrades(reason)
        };
        self.health.trouble(&self.key(what), Some(trouble));
        self.failing.set(1);
        self.speak(|held_back| {
            error!(
                directory = self.directory,
                what, error, held_back, "store cannot write"
            );
        });
    }

    /// It can be written again.
    pub fn recovered(&self, what: &str) {
        self.health.trouble(&self.key(what), None);
        self.failing.set(0);
        info!(directory = self.directory, what, "store can write again");
    }

    /// Spans of the head are in segments.
    pub fn sealed(&self, wrote: &StoreWrote) {
        self.sealed.increment(wrote.spans);
        self.seal.record(wrote.took.as_secs_f64());
        debug!(directory = self.directory, ?wrote, "store wrote segments");
    }

    /// Segments became one, without `deleted` spans.
    pub fn compacted(&self, wrote: &StoreWrote, deleted: u64) {
        self.compacted.increment(wrote.segments as u64);
        self.deleted.increment(deleted);
        self.compaction.record(wrote.took.as_secs_f64());
        debug!(
            directory = self.directory,
            ?wrote,
            deleted,
            "store merged segments"
        );
    }

    /// Segments have expired, for their age or for room.
    pub fn expired(&self, segments: usize, spans: u64, bytes: u64, aged: bool) {
        let (counter, reason) = match aged {
            true => (&self.aged, "older than retention.max_age"),
            false => (&self.crowded, "beyond retention.max_bytes_mib"),
        };
        counter.increment(spans);
        info!(
            directory = self.directory,
            segments, spans, bytes, reason, "stored spans have expired"
        );
    }

    /// A segment cannot be read.
    pub fn damaged(&self, file: &Path, spans: u64, error: &str) {
        self.unreadable.increment(spans);
        let file = file.display().to_string();
        let reason = format!("the segment `{file}` with {spans} spans cannot be read: {error}");
        self.health
            .trouble(&self.key(&file), Some(Trouble::degrades(reason)));
        error!(
            directory = self.directory,
            file, spans, error, "segment is damaged"
        );
    }

    /// A file that is none of the store's was moved.
    pub fn foreign(&self, file: &Path) {
        let file = file.display().to_string();
        warn!(
            directory = self.directory,
            file, "a file that the store knows nothing of was moved here"
        );
    }

    /// Something about files went wrong that loses nothing.
    pub fn warned(&self, what: &str) {
        self.speak(|held_back| warn!(directory = self.directory, what, held_back, "store"));
    }

    /// How much there is.
    pub fn measured(&self, size: &StoreSize) {
        for (gauge, of) in &self.size {
            gauge.set(of(size) as f64);
        }
    }

    fn key(&self, what: &str) -> String {
        format!("store `{}`: {what}", self.directory)
    }

    fn speak(&self, line: impl FnOnce(u64)) {
        let held_back = self.quiet.lock().unwrap_or_else(PoisonError::into_inner).speak();
        if let Some(held_back) = held_back {
            line(held_back);
        }
    }
}

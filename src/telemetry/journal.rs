//! What is told about a pipeline's journal: each event's log line and its metrics.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use tracing::{error, info, warn};

use super::health::{Health, Trouble};
use super::quiet::Quiet;

/// How long the disk took to make records durable.
pub const FSYNC_SECONDS: &str = "spanway_journal_fsync_seconds";

/// The events of one pipeline's journal, with its retry files and dead letters.
#[derive(Debug)]
pub struct JournalEvents {
    pipeline: String,
    health: Health,
    fsync: Histogram,
    failing: Gauge,
    damaged: Counter,
    dropped: Counter,
    /// Why it cannot be written; said when it changes.
    trouble: Mutex<Option<String>>,
    quiet: Mutex<Quiet>,
}

// === impl JournalEvents ===

impl JournalEvents {
    /// The events of this pipeline's journal; `health` learns when spans cannot be taken.
    pub fn new(pipeline: &str, health: Health) -> Self {
        let label = pipeline.to_owned();
        let failing = gauge!("spanway_journal_failing", "pipeline" => label.clone());
        failing.set(0);
        let damaged = counter!("spanway_journal_damaged_segments", "pipeline" => label.clone());
        damaged.absolute(0);
        Self {
            health,
            fsync: histogram!(FSYNC_SECONDS, "pipeline" => label.clone()),
            failing,
            damaged,
            dropped: counter!("spanway_journal_dropped_dead_letter_spans", "pipeline" => label.clone()),
            trouble: Mutex::default(),
            quiet: Mutex::default(),
            pipeline: label,
        }
    }

    /// What was found when the journal was opened.
    pub fn opened(&self, directory: &str, bytes: u64, spans: u64) {
        info!(
            pipeline = self.pipeline,
            directory, bytes, spans, "journal is open; spans that were not delivered go on"
        );
    }

    /// Records were made durable.
    pub fn committed(&self, took: Duration) {
        self.fsync.record(took.as_secs_f64());
    }

    /// Nothing can be written: requests are refused until that has passed.
    pub fn failing(&self, error: &str) {
        self.failing.set(1);
        let reason = format!("the journal cannot be written: {error}");
        self.health.trouble(&self.key(), Some(Trouble::stops(reason)));
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.as_deref() != Some(error) {
            error!(
                pipeline = self.pipeline,
                error, "journal cannot be written; new requests are refused"
            );
            *trouble = Some(error.to_owned());
        }
    }

    /// Writing works again.
    pub fn recovered(&self) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.failing.set(0);
        self.health.trouble(&self.key(), None);
        info!(pipeline = self.pipeline, "journal can be written again");
    }

    /// The disk budget is used up, or no longer.
    pub fn full(&self, full: bool) {
        let trouble = Trouble::stops("the disk budget of the journal is used up".to_owned());
        self.health
            .trouble(&format!("{} budget", self.key()), full.then_some(trouble));
        if full {
            self.speak(|held_back| {
                error!(
                    pipeline = self.pipeline,
                    held_back, "disk budget of the journal is used up; new requests are refused"
                );
            });
        }
    }

    /// A segment cannot be read in part.
    pub fn damaged(&self, file: &str, records: usize) {
        self.damaged.increment(1);
        error!(
            pipeline = self.pipeline,
            file, records, "journal segment is damaged; what can be read goes on, the file will be set aside"
        );
    }

    /// Something about files went wrong that loses nothing.
    pub fn warned(&self, what: &str) {
        self.speak(|held_back| warn!(pipeline = self.pipeline, what, held_back, "journal"));
    }

    /// Records keep failing while others are delivered: they wait aside.
    pub fn parked(&self, exporter: &str, spans: usize, error: &str) {
        self.speak(|held_back| {
            warn!(
                pipeline = self.pipeline,
                exporter, spans, error, held_back, "spans keep failing and are parked"
            );
        });
    }

    /// Spans were set aside for good.
    pub fn dead_lettered(&self, exporter: &str, spans: usize, reason: &str) {
        self.speak(|held_back| {
            error!(
                pipeline = self.pipeline,
                exporter, spans, reason, held_back, "spans went to the dead letters"
            );
        });
    }

    /// The oldest dead letters made room for new ones.
    pub fn dropped(&self, exporter: &str, spans: u64) {
        self.dropped.increment(spans);
        self.speak(|held_back| {
            error!(
                pipeline = self.pipeline,
                exporter, spans, held_back, "the oldest dead letters were dropped"
            );
        });
    }

    /// Dead letters were moved to be sent again.
    pub fn replayed(&self, exporter: &str, spans: u64) {
        info!(
            pipeline = self.pipeline,
            exporter, spans, "dead letters are sent again"
        );
    }

    /// What an exporter that has left the pipeline did not deliver was given up.
    pub fn forgotten(&self, exporter: &str, spans: u64) {
        gauge!("spanway_journal_orphan_bytes", "pipeline" => self.pipeline.clone(), "cursor" => exporter.to_owned())
            .set(0);
        self.health
            .trouble(&format!("{} exporter `{exporter}`", self.key()), None);
        warn!(
            pipeline = self.pipeline,
            exporter, spans, "what the exporter did not deliver was given up, as asked"
        );
    }

    /// An exporter has left the pipeline before it delivered everything.
    pub fn orphan(&self, exporter: &str, bytes: u64) {
        let reason = format!("{bytes} bytes are kept for an exporter that is no longer in this pipeline");
        let who = format!("{} exporter `{exporter}`", self.key());
        self.health.trouble(&who, Some(Trouble::degrades(reason)));
        warn!(
            pipeline = self.pipeline,
            exporter,
            bytes,
            "the exporter is no longer in this pipeline; what it did not deliver is kept until `spanway journal forget`"
        );
    }

    /// A whole pipeline has left the configuration.
    pub fn orphaned(pipeline: &str, bytes: u64, health: &Health) {
        let reason = format!("{bytes} bytes are kept of a pipeline that is no longer configured");
        health.trouble(&format!("pipeline `{pipeline}`"), Some(Trouble::degrades(reason)));
        warn!(
            pipeline,
            bytes, "the pipeline is no longer configured; its journal is kept until `spanway journal forget`"
        );
    }

    fn key(&self) -> String {
        format!("pipeline `{}`", self.pipeline)
    }

    fn speak(&self, line: impl FnOnce(u64)) {
        let held_back = self.quiet.lock().unwrap_or_else(PoisonError::into_inner).speak();
        if let Some(held_back) = held_back {
            line(held_back);
        }
    }
}

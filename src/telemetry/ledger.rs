//! The two ledgers: every span that was accepted is in exactly one column, at any moment.
//!
//! - pipeline: `accepted + recovered = filtered + sampled_out + withdrawn + handed_over + held`
//! - exporter: `handed_over + recovered = delivered + refused_downstream + expired + dead_lettered + withdrawn + in_flight`
//!
//! A move between columns is one step under one lock, so that no reader sees a span twice or not at all.
//! `held` and `in_flight` are counted by the moves themselves, never derived from the other columns: that is
//! what makes the equations worth checking.
//!
//! In a pipeline with a journal the counts outlive the process. `recovered` is what is found on disk and was not counted
//! when the counts were last written down, and dead letters that are sent again: those were dead-lettered once and then
//! have a second end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the spans of a pipeline are, in spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PipelineColumns {
    /// Taken from receivers.
    pub accepted: u64,
    /// Found on disk after a restart, beyond what was counted before.
    pub recovered: u64,
    /// Dropped by a rule.
    pub filtered: u64,
    /// Dropped by a sampling decision.
    pub sampled_out: u64,
    /// Taken back by clients that will send them again.
    pub withdrawn: u64,
    /// Handed to the exporters, or to the pipelines behind a connector.
    pub handed_over: u64,
    /// Still in a processor.
    pub held: u64,
    /// Not a column: spans that went on and that a processor changed.
    pub edited: u64,
}

/// Where the spans of an exporter are, in spans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExporterColumns {
    /// Taken from pipelines.
    pub handed_over: u64,
    /// Found on disk after a restart, beyond what was counted before; and dead letters that are sent again.
    pub recovered: u64,
    /// Accepted by the destination.
    pub delivered: u64,
    /// Refused by the destination for good.
    pub refused_downstream: u64,
    /// Given up after `max_elapsed_time`.
    pub expired: u64,
    /// Set aside on disk.
    pub dead_lettered: u64,
    /// Taken back by clients that will send them again.
    pub withdrawn: u64,
    /// Waiting or being sent.
    pub in_flight: u64,
    /// Not a column: spans sent again after an attempt that may have arrived.
    pub duplicates: u64,
}

/// How spans left an exporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Accepted by the destination.
    Delivered,
    /// Refused by the destination for good.
    RefusedDownstream,
    /// Given up after `max_elapsed_time`.
    Expired,
    /// Set aside on disk.
    DeadLettered,
    /// Taken back by a client that will send them again.
    Withdrawn,
}

/// The ledger of one pipeline; clones share it.
#[derive(Clone, Debug, Default)]
pub struct PipelineLedger(Arc<Mutex<PipelineColumns>>);

/// The ledger of one exporter; clones share it.
#[derive(Clone, Debug, Default)]
pub struct ExporterLedger(Arc<Mutex<ExporterColumns>>);

// === impl PipelineColumns ===

impl PipelineColumns {
    /// As bytes, to be remembered.
    pub fn to_bytes(self) -> Vec<u8> {
        to_bytes([
            self.accepted,
            self.recovered,
            self.filtered,
            self.sampled_out,
            self.withdrawn,
            self.handed_over,
            self.held,
            self.edited,
        ])
    }

    /// Columns that were remembered; all zero where there were none.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut columns = numbers(bytes);
        let mut next = || columns.next().unwrap_or(0);
        Self {
            accepted: next(),
            recovered: next(),
            filtered: next(),
            sampled_out: next(),
            withdrawn: next(),
            handed_over: next(),
            held: next(),
            edited: next(),
        }
    }

    /// Whether the equation holds.
    pub fn balances(&self) -> bool {
        self.accepted + self.recovered
            == self.filtered + self.sampled_out + self.withdrawn + self.handed_over + self.held
    }
}

// === impl ExporterColumns ===

impl ExporterColumns {
    /// The sum, column by column.
    pub fn plus(self, other: Self) -> Self {
        Self {
            handed_over: self.handed_over + other.handed_over,
            recovered: self.recovered + other.recovered,
            delivered: self.delivered + other.delivered,
            refused_downstream: self.refused_downstream + other.refused_downstream,
            expired: self.expired + other.expired,
            dead_lettered: self.dead_lettered + other.dead_lettered,
            withdrawn: self.withdrawn + other.withdrawn,
            in_flight: self.in_flight + other.in_flight,
            duplicates: self.duplicates + other.duplicates,
        }
    }

    /// As bytes, to be remembered.
    pub fn to_bytes(self) -> Vec<u8> {
        to_bytes([
            self.handed_over,
            self.recovered,
            self.delivered,
            self.refused_downstream,
            self.expired,
            self.dead_lettered,
            self.withdrawn,
            self.in_flight,
            self.duplicates,
        ])
    }

    /// Columns that were remembered; all zero where there were none.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let mut columns = numbers(bytes);
        let mut next = || columns.next().unwrap_or(0);
        Self {
            handed_over: next(),
            recovered: next(),
            delivered: next(),
            refused_downstream: next(),
            expired: next(),
            dead_lettered: next(),
            withdrawn: next(),
            in_flight: next(),
            duplicates: next(),
        }
    }

    /// Whether the equation holds.
    pub fn balances(&self) -> bool {
        self.handed_over + self.recovered
            == self.delivered
                + self.refused_downstream
                + self.expired
                + self.dead_lettered
                + self.withdrawn
                + self.in_flight
    }
}

// === impl PipelineLedger ===

impl PipelineLedger {
    /// Goes on with the counts of an earlier process. What that one held was never acknowledged; `beyond` are spans that it
    /// handed over after it wrote the counts down.
    pub fn resumed(mut columns: PipelineColumns, beyond: u64) -> Self {
        columns.withdrawn += std::mem::take(&mut columns.held);
        columns.recovered += beyond;
        columns.handed_over += beyond;
        Self(Arc::new(Mutex::new(columns)))
    }

    /// Spans came in from a receiver or a connector.
    pub fn accepted(&self, spans: usize) {
        let mut columns = lock(&self.0);
        columns.accepted += spans as u64;
        columns.held += spans as u64;
    }

    /// Processors dropped spans, and changed some of those that go on.
    pub fn processed(&self, filtered: u64, sampled_out: u64, edited: u64) {
        let mut columns = lock(&self.0);
        columns.held = columns.held.saturating_sub(filtered + sampled_out);
        columns.filtered += filtered;
        columns.sampled_out += sampled_out;
        columns.edited += edited;
    }

    /// Spans went on to every exporter.
    pub fn handed_over(&self, spans: usize) {
        let mut columns = lock(&self.0);
        columns.held = columns.held.saturating_sub(spans as u64);
        columns.handed_over += spans as u64;
    }

    /// Spans could not be handed on; their clients will send them again.
    pub fn withdrawn(&self, spans: usize) {
        let mut columns = lock(&self.0);
        columns.held = columns.held.saturating_sub(spans as u64);
        columns.withdrawn += spans as u64;
    }

    /// All columns at one moment.
    pub fn columns(&self) -> PipelineColumns {
        *lock(&self.0)
    }
}

// === impl ExporterLedger ===

impl ExporterLedger {
    /// Goes on with the counts of an earlier process, of whose spans `found` are still on disk: more than it counted when
    /// it did not live to write down the last of them, fewer when they can no longer be read.
    pub fn resumed(mut columns: ExporterColumns, found: u64) -> Self {
        columns.recovered += found.saturating_sub(columns.in_flight);
        columns.dead_lettered += columns.in_flight.saturating_sub(found);
        columns.in_flight = found;
        Self(Arc::new(Mutex::new(columns)))
    }

    /// Spans came in from a pipeline.
    pub fn handed_over(&self, spans: usize) {
        let mut columns = lock(&self.0);
        columns.handed_over += spans as u64;
        columns.in_flight += spans as u64;
    }

    /// Spans that were counted before come back from disk, to be sent.
    pub fn recovered(&self, spans: usize) {
        let mut columns = lock(&self.0);
        columns.recovered += spans as u64;
        columns.in_flight += spans as u64;
    }

    /// Spans left.
    pub fn left(&self, spans: usize, exit: Exit) {
        let mut columns = lock(&self.0);
        columns.in_flight = columns.in_flight.saturating_sub(spans as u64);
        let column = match exit {
            Exit::Delivered => &mut columns.delivered,
            Exit::RefusedDownstream => &mut columns.refused_downstream,
            Exit::Expired => &mut columns.expired,
            Exit::DeadLettered => &mut columns.dead_lettered,
            Exit::Withdrawn => &mut columns.withdrawn,
        };
        *column += spans as u64;
    }

    /// Spans are sent once more although an earlier attempt may have arrived.
    pub fn sent_again(&self, spans: usize) {
        lock(&self.0).duplicates += spans as u64;
    }

    /// All columns at one moment.
    pub fn columns(&self) -> ExporterColumns {
        *lock(&self.0)
    }
}

fn to_bytes<const N: usize>(columns: [u64; N]) -> Vec<u8> {
    columns.iter().flat_map(|column| column.to_le_bytes()).collect()
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.as_chunks().0.iter().copied().map(u64::from_le_bytes)
}

// Columns are plain numbers: a panic elsewhere cannot leave them half written.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

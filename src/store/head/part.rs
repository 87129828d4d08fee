//! A piece of the head: takes rows at its end, and shows them to any number of readers meanwhile.
//!
//! Rows lie in chunks that never move. A reader holds the chunks of the moment and a count; the writer fills places behind
//! that count, each once, and shows a whole request at a time.

use std::any::Any;
use std::collections::HashMap;
use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::quality::RandomState;

use super::row::Row;
use super::stretch::{Chunk, STRETCH, Stretch};
use crate::store::settings::Memory;

/// A piece of the head, shared by its writer and readers. It is freed with its last reader.
pub struct Part {
    shown: Mutex<Shown>,
    /// The newest row of each trace; the rows know the one before.
    traces: Mutex<HashMap<[u8; 16], u32, RandomState>>,
    memory: Arc<dyn Memory>,
    /// Bytes of the summaries of its stretches.
    counted: AtomicUsize,
    /// Pays for what it holds beside the buffers of requests.
    paid: Mutex<Vec<Box<dyn Any + Send + Sync>>>,
}

/// What readers see.
#[derive(Clone, Default)]
struct Shown {
    chunks: Vec<Arc<Chunk>>,
    rows: usize,
    starts: Option<(u64, u64)>,
    /// The insertion number of the first span behind these.
    next: u64,
}

/// What a reader has of a part: its rows at one moment.
#[derive(Clone)]
pub struct PartView {
    part: Arc<Part>,
    shown: Shown,
}

/// The writer's end of a part.
pub(super) struct Writer {
    /// What it writes to.
    pub part: Arc<Part>,
    written: Shown,
}

// === impl Part ===

impl Part {
    /// What it holds now.
    pub fn view(self: &Arc<Self>) -> PartView {
        PartView {
            part: self.clone(),
            shown: lock(&self.shown).clone(),
        }
    }

    /// Bytes of what readers have had counted.
    pub(super) fn counted(&self) -> usize {
        self.counted.load(Ordering::Relaxed)
    }

    /// Pays for bytes of a summary as long as the part is there.
    pub(super) fn hold_counted(&self, bytes: usize) {
        self.counted.fetch_add(bytes, Ordering::Relaxed);
        self.hold(bytes);
    }

    /// Pays for bytes as long as the part is there.
    pub(super) fn hold(&self, bytes: usize) {
        lock(&self.paid).push(self.memory.hold(bytes));
    }
}

// === impl Writer ===

impl Writer {
    /// An empty part; `next` is the insertion number of its first span.
    pub fn new(next: u64, memory: Arc<dyn Memory>) -> Self {
        let written = Shown {
            next,
            ..Shown::default()
        };
        let part = Part {
            shown: Mutex::new(written.clone()),
            traces: Mutex::default(),
            memory,
            counted: AtomicUsize::new(0),
            paid: Mutex::default(),
        };
        Self {
            part: Arc::new(part),
            written,
        }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.written.rows
    }

    pub fn row(&self, at: u32) -> Option<&Row> {
        self.written.row(at as usize)
    }

    /// Adds rows and shows them, all at once; `next` is the insertion number of what comes behind them.
    pub fn add(&mut self, rows: impl Iterator<Item = Row>, next: u64) {
        // Held until the rows are shown: whoever finds a row by its trace can go to it.
        let mut traces = lock(&self.part.traces);
        for row in rows {
            // No part has so many rows: its bytes are bounded.
            let at = u32::try_from(self.written.rows).unwrap_or(u32::MAX);
            let previous = traces.insert(row.identity.trace_id, at);
            self.written.push(Row { previous, ..row });
        }
        self.written.next = next;
        let mut shown = lock(&self.part.shown);
        let new = self.written.chunks.get(shown.chunks.len()..).unwrap_or_default();
        shown.chunks.extend_from_slice(new);
        shown.rows = self.written.rows;
        shown.starts = self.written.starts;
        shown.next = next;
    }
}

// === impl Shown ===

impl Shown {
    fn row(&self, at: usize) -> Option<&Row> {
        self.chunks.get(at / STRETCH)?.row(at % STRETCH)
    }

    fn push(&mut self, row: Row) {
        let start = row.identity.start;
        let (min, max) = self.starts.unwrap_or((start, start));
        self.starts = Some((min.min(start), max.max(start)));
        if self.rows.is_multiple_of(STRETCH) {
            self.chunks.push(Arc::new(Chunk::new()));
        }
        if let Some(chunk) = self.chunks.last() {
            chunk.fill(self.rows % STRETCH, row);
            self.rows += 1;
        }
    }
}

// === impl PartView ===

impl PartView {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.shown.rows
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.shown.rows == 0
    }

    /// The earliest and the latest start; none when it is empty.
    pub fn starts(&self) -> Option<(u64, u64)> {
        self.shown.starts
    }

    /// The insertion number of the first span behind these rows.
    pub fn next_number(&self) -> u64 {
        self.shown.next
    }

    /// A row by its place; places are in the order of insertion numbers.
    pub fn row(&self, at: usize) -> Option<&Row> {
        (at < self.shown.rows).then(|| self.shown.row(at)).flatten()
    }

    /// All rows, in the order of their insertion numbers.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> {
        (0..self.shown.rows).filter_map(|at| self.shown.row(at))
    }

    /// The same in stretches; all but the last are complete.
    pub fn stretches(&self) -> impl DoubleEndedIterator<Item = Stretch<'_>> {
        self.shown.chunks.iter().enumerate().map(|(at, chunk)| Stretch {
            part: &self.part,
            chunk,
            rows: (self.shown.rows - at * STRETCH).min(STRETCH),
        })
    }

    /// The rows of one trace, newest first.
    pub fn rows_of_trace<'a>(&'a self, trace: &[u8; 16]) -> impl Iterator<Item = &'a Row> + use<'a> {
        iter::successors(self.newest(trace), |at| self.row(*at).and_then(Row::before))
            .filter_map(|at| self.row(at))
    }

    /// The newest row of a trace that this view has.
    fn newest(&self, trace: &[u8; 16]) -> Option<usize> {
        let traces = lock(&self.part.traces);
        let mut newest = *traces.get(trace)? as usize;
        if newest >= self.shown.rows {
            // Rows came after this view: they are in the chain, and shown by now.
            let later = lock(&self.part.shown).clone();
            drop(traces);
            while newest >= self.shown.rows {
                newest = later.row(newest)?.before()?;
            }
        }
        Some(newest)
    }
}

// Nothing that is locked here can panic half way.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

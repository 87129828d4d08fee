//! The records of one partition, in the order they came.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::batching::Batching;
use super::record::Record;
use crate::wire::Traces;

/// Withdrawn records are swept out once they are more than this and more than half.
const SWEEP: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Queue {
    records: VecDeque<Arc<Record>>,
    /// Of the records that were not withdrawn:
    live: usize,
    units: usize,
    spans: usize,
    bytes: usize,
    awaited: usize,
}

/// What a queue has to offer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Readiness {
    Empty,
    /// A batch may leave; its oldest record came then.
    Ready(Instant),
    /// A batch that is not full leaves then.
    At(Instant),
}

/// Who asks: what decides whether a batch that is not full may leave.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader {
    pub now: Instant,
    /// Nothing is being sent.
    pub idle: bool,
    /// The process is stopping.
    pub draining: bool,
}

// === impl Queue ===

impl Queue {
    pub(super) fn push(&mut self, record: Arc<Record>, batching: &Batching) {
        self.count(&record, batching);
        self.records.push_back(record);
    }

    /// A record was withdrawn or settled where it stood.
    pub(super) fn forget(&mut self, record: &Record, batching: &Batching) {
        self.uncount(record, batching);
        if self.records.len() - self.live > SWEEP.max(self.live) {
            self.records.retain(|record| record.is_queued());
        }
    }

    fn uncount(&mut self, record: &Record, batching: &Batching) {
        self.live = self.live.saturating_sub(1);
        self.units = self
            .units
            .saturating_sub(batching.units(record.spans, record.bytes));
        self.spans = self.spans.saturating_sub(record.spans);
        self.bytes = self.bytes.saturating_sub(record.bytes);
        self.awaited = self.awaited.saturating_sub(usize::from(record.is_awaited()));
    }

    fn count(&mut self, record: &Record, batching: &Batching) {
        self.live += 1;
        self.units += batching.units(record.spans, record.bytes);
        self.spans += record.spans;
        self.bytes += record.bytes;
        self.awaited += usize::from(record.is_awaited());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// Records that wait here.
    pub(super) fn live(&self) -> usize {
        self.live
    }

    /// Spans that wait here.
    pub(super) fn spans(&self) -> usize {
        self.spans
    }

    /// Bytes that wait here.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Units that wait here.
    pub(super) fn units(&self) -> usize {
        self.units
    }

    pub(super) fn readiness(&self, reader: Reader, batching: &Batching) -> Readiness {
        if self.is_empty() {
            return Readiness::Empty;
        }
        let leaves_now = !batching.gathers()
            || self.units >= batching.min
            || reader.draining
            || (reader.idle && self.awaited > 0)
            || batching.timeout == Duration::ZERO;
        let Some(oldest) = self
            .records
            .iter()
            .find(|record| record.is_queued())
            .map(|record| record.arrived)
        else {
            return Readiness::Empty;
        };
        let due = oldest + batching.timeout;
        if leaves_now || due <= reader.now {
            Readiness::Ready(oldest)
        } else {
            Readiness::At(due)
        }
    }

    /// Takes one batch: a record by itself, or records up to the bound. A record above the bound is cut.
    pub(super) fn take(&mut self, batching: &Batching) -> Vec<(Arc<Record>, Traces)> {
        let mut batch = Vec::new();
        let mut units = 0;
        while let Some(record) = self.front() {
            let size = batching.units(record.spans, record.bytes);
            let fits = batching.max == 0 || units + size <= batching.max;
            if !fits && !batch.is_empty() {
                break;
            }
            self.records.pop_front();
            let Some(traces) = record.begin() else { continue };
            self.uncount(&record, batching);
            if !fits && self.cut(&record, &traces, batching) {
                continue;
            }
            units += size;
            batch.push((record, traces));
            if !batching.gathers() || (batching.max == 0 && units >= batching.min) {
                break;
            }
        }
        batch
    }

    fn front(&mut self) -> Option<Arc<Record>> {
        while let Some(record) = self.records.front() {
            if record.is_queued() {
                return Some(record.clone());
            }
            self.records.pop_front();
        }
        None
    }

    /// Puts parts that fit in the place of a record that does not. A single span cannot be cut.
    fn cut(&mut self, record: &Record, traces: &Traces, batching: &Batching) -> bool {
        let (max_spans, max_bytes) = batching.part_bounds();
        let parts = traces.split(max_spans, max_bytes);
        if parts.len() <= 1 {
            return false;
        }
        for part in record.cut_in_queue(parts).into_iter().rev() {
            self.count(&part, batching);
            self.records.push_front(part);
        }
        true
    }
}

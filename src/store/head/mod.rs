//! What is not in segments yet: the newest rows, in memory, in the order of commit.
//!
//! The head is a list of parts: the last takes rows, those before it are being sealed. The journal's thread writes, one
//! request at a time; queries read what they took a view of and keep nobody waiting.
//!
//! What is in a stretch of rows is counted once it is complete, when a question needs it or in the background, and kept in
//! the part: listings of names and keys do not read each row again.
//!
//! A duplicate is found by a hash of 64 bits under a key of this process, and told by comparing the bytes: an unlucky or
//! contrived hash costs a comparison, or keeps a duplicate, and never loses a span.

mod batch;
mod counting;
mod headers;
mod part;
mod row;
mod sieve;
mod stretch;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::settings::{HEADS, Memory, SegmentSettings};
use crate::wire::Identity;
use headers::Headers;
use part::Writer;
use row::ROW;

pub use batch::{Batch, Draft, Drafts};
pub use part::{Part, PartView};
pub use row::{Above, Row};
pub use sieve::Sieve;
pub use stretch::Stretch;

/// Memory is counted in steps of so many bytes.
const STEP: usize = 64 << 10;

/// The head, as its writer has it.
pub struct Head {
    settings: SegmentSettings,
    memory: Arc<dyn Memory>,
    open: Open,
    /// Parts that take no more rows, oldest first; kept to know duplicates.
    closed: Vec<Open>,
    headers: Headers,
    /// The insertion number of the next span.
    next: u64,
}

/// A part with what only its writer needs.
struct Open {
    writer: Writer,
    /// Rows by the hash of their content.
    contents: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    records: Vec<Recorded>,
    /// When the first of them came.
    since: Option<Instant>,
    bytes: usize,
    record_bytes: u64,
    /// Bytes that are not paid for yet.
    owed: usize,
}

/// A record of the journal whose spans are in a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// Its number in the journal.
    pub seq: u64,
    /// Its bytes there.
    pub size: u64,
    /// Its spans.
    pub spans: u32,
}

/// A part that takes no more rows.
pub struct Closed {
    /// Its rows.
    pub part: Arc<Part>,
    /// The records that they came in.
    pub records: Vec<Recorded>,
    /// The number of the first record behind it.
    pub end: u64,
    /// The insertion number of the first span behind it.
    pub next_number: u64,
}

/// Whether a row with this number, of this project and with these ids, has been deleted, so that one which is equal is no
/// duplicate.
pub type IsDeleted<'a> = &'a dyn Fn(u64, &str, &Identity) -> bool;

/// Hashes of contents are hashes already.
#[derive(Default)]
struct Hashed(u64);

// === impl Head ===

impl Head {
    /// An empty head; `next` is the insertion number of the first span.
    pub fn new(settings: SegmentSettings, memory: Arc<dyn Memory>, next: u64) -> Self {
        Self {
            settings,
            open: Open::new(next, memory.clone()),
            memory,
            closed: Vec::new(),
            headers: Headers::default(),
            next,
        }
    }

    /// The insertion number of the next span.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The part that takes rows.
    pub fn part(&self) -> &Arc<Part> {
        &self.open.writer.part
    }

    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        let all = self.closed.iter().chain([&self.open]);
        all.map(|open| open.bytes + open.writer.part.counted()).sum()
    }

    /// Whether it takes no more before something was sealed.
    pub fn is_full(&self) -> bool {
        let closed = self.closed.iter().map(|open| open.writer.rows());
        let rows = self.open.writer.rows() + closed.sum::<usize>();
        rows >= HEADS * self.settings.max_spans || self.bytes() >= HEADS * self.settings.max_bytes
    }

    /// Takes the spans of a record, each of which takes a number. Returns how many were duplicates, which are not kept.
    pub fn enter(&mut self, record: Recorded, batch: Batch, is_deleted: IsDeleted<'_>) -> usize {
        let first = self.next;
        self.next += u64::from(record.spans);
        let kept = self.sift(first, batch.groups, is_deleted);
        let duplicates = (record.spans as usize).saturating_sub(kept.rows.len());
        let bytes = kept.rows.iter().map(|row| row.span.len()).sum::<usize>();
        let beside = kept.rows.len() * ROW + kept.added;
        // A few slices of a large buffer are copied, so that they do not keep all of it.
        let (rows, own) = match bytes < batch.buffer / 2 {
            true => (copied(kept.rows, bytes), beside + bytes),
            false => (kept.rows, beside),
        };
        let open = &mut self.open;
        open.bytes += beside + bytes;
        open.pay(own);
        open.since.get_or_insert_with(Instant::now);
        open.records.push(record);
        open.record_bytes += record.size;
        open.writer.add(rows.into_iter(), self.next);
        duplicates
    }

    /// The rows of what is no duplicate.
    fn sift(&mut self, first: u64, groups: Vec<Drafts>, is_deleted: IsDeleted<'_>) -> Kept {
        let mut kept = Kept::default();
        let mut numbers = first..;
        for mut drafts in groups {
            let spans = std::mem::take(&mut drafts.spans);
            let (above, added) = self.headers.of(&drafts);
            kept.added += added;
            for (draft, number) in spans.into_iter().zip(&mut numbers) {
                if self.knows(&kept.rows, &draft, &above, is_deleted) {
                    continue;
                }
                let at = self.open.writer.rows() + kept.rows.len();
                let at = u32::try_from(at).unwrap_or(u32::MAX);
                self.open.contents.insert(draft.hash, at);
                kept.rows.push(Row {
                    number,
                    identity: draft.identity,
                    above: above.clone(),
                    span: draft.span,
                    previous: None,
                });
            }
        }
        kept
    }

    /// Whether a span is there already and not deleted. `fresh` are rows of the same record.
    fn knows(&self, fresh: &[Row], draft: &Draft, above: &Above, is_deleted: IsDeleted<'_>) -> bool {
        let parts = std::iter::once(&self.open).chain(self.closed.iter().rev());
        let here = parts.filter_map(|open| {
            let at = *open.contents.get(&draft.hash)?;
            // Rows of this record come behind all that the open part has.
            let behind = (at as usize).checked_sub(open.writer.rows());
            open.writer.row(at).or_else(|| fresh.get(behind?))
        });
        let same = |row: &Row| row.span == draft.span && *row.above == *above;
        let deleted = |row: &Row| is_deleted(row.number, &above.project, &draft.identity);
        let mut live = here.filter(|row| same(row) && !deleted(row));
        draft.is_sealed || live.next().is_some()
    }

    /// Whether the open part is to be closed.
    pub fn is_due(&self, now: Instant) -> bool {
        let open = &self.open;
        let age = |since| now.saturating_duration_since(since);
        let aged = open
            .since
            .is_some_and(|since| age(since) >= self.settings.max_age);
        let full = open.writer.rows() >= self.settings.max_spans
            || open.bytes >= self.settings.max_bytes
            || open.record_bytes >= self.settings.max_bytes as u64;
        aged || full
    }

    /// Closes the open part and begins another; nothing happens while it holds no record.
    pub fn close_part(&mut self) -> Option<Closed> {
        let end = self.open.records.last()?.seq + 1;
        let mut open = std::mem::replace(&mut self.open, Open::new(self.next, self.memory.clone()));
        let closed = Closed {
            part: open.writer.part.clone(),
            records: std::mem::take(&mut open.records),
            end,
            next_number: self.next,
        };
        self.closed.push(open);
        self.headers = Headers::default();
        Some(closed)
    }

    /// A closed part is in segments.
    pub fn forget(&mut self, part: &Arc<Part>) {
        self.closed.retain(|open| !Arc::ptr_eq(&open.writer.part, part));
    }
}

/// What of a record is kept.
#[derive(Default)]
struct Kept {
    rows: Vec<Row>,
    /// Bytes of headers that were not there before.
    added: usize,
}

/// The same rows with their spans in a buffer of `bytes` that is theirs alone.
fn copied(rows: Vec<Row>, bytes: usize) -> Vec<Row> {
    let mut buffer = Vec::with_capacity(bytes);
    rows.iter().for_each(|row| buffer.extend_from_slice(&row.span));
    let mut rest = Bytes::from(buffer);
    let rows = rows.into_iter().map(|row| Row {
        span: rest.split_to(row.span.len()),
        ..row
    });
    rows.collect()
}

// === impl Open ===

impl Open {
    fn new(next: u64, memory: Arc<dyn Memory>) -> Self {
        Self {
            writer: Writer::new(next, memory),
            contents: HashMap::default(),
            records: Vec::new(),
            since: None,
            bytes: 0,
            record_bytes: 0,
            owed: 0,
        }
    }

    /// Counts bytes that no request's buffer pays for.
    fn pay(&mut self, bytes: usize) {
        self.owed += bytes;
        if self.owed >= STEP {
            self.writer.part.hold(std::mem::take(&mut self.owed));
        }
    }
}

// === impl Hashed ===

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only whole numbers are hashed here; this is for completeness.
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

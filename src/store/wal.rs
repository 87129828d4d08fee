//! The store's journal: what a record is, how it comes into the head, and what is done with it after a crash.
//!
//! ```text
//! head    format (1 byte), project (the rest; empty when the door said nothing)
//! body    the request, as it came
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::core::Core;
use super::events::{Event, Failing};
use super::head::{Batch, Recorded};
use super::settings::StoreError;
use crate::journal::{self, CommitError, Entry, Item, Room, Waiter};
use crate::wire::Traces;

/// The cursor of what is not in segments.
pub const CURSOR: &str = "store";

/// The format of records.
const FORMAT: u8 = 1;

/// Read at once when the journal is replayed.
const PIECE: u64 = 4 << 20;

/// How long a replay waits for room in the head before it looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Whoever waits for spans to be durable and visible.
pub trait Appended: Send {
    /// Whether it still wants them appended; asked right before that is done.
    fn wants(&self) -> bool {
        true
    }

    /// The spans are durable and visible, or they were not taken, for this reason. Called on the journal's thread.
    fn done(self: Box<Self>, result: Result<(), String>);
}

/// Bytes on disk of the record of a request.
pub fn size(project: Option<&str>, traces: &Traces) -> u64 {
    const FRAME: usize = 64;
    (FRAME + project.map_or(0, str::len) + traces.bytes().len()) as u64
}

/// Puts a request in line. What it consists of is found out here, so that the journal's thread need not.
pub fn append(
    core: &Arc<Core>,
    project: Option<&str>,
    traces: &Traces,
    room: Option<Room>,
    told: Box<dyn Appended>,
) {
    let head: Vec<u8> = [FORMAT]
        .into_iter()
        .chain(project.unwrap_or_default().bytes())
        .collect();
    // As many spans as fit in a request fit in the field.
    let spans = u32::try_from(traces.spans()).unwrap_or(u32::MAX);
    let entry = Entry::new(head.into(), traces.bytes().clone(), spans);
    let commit = Commit {
        batch: Batch::of(project, traces, &core.key),
        core: core.clone(),
        size: entry.size(),
        spans,
        told,
    };
    let entry = match room {
        Some(room) => entry.with_room(room),
        None => entry,
    };
    core.journal.append(entry, Box::new(commit));
}

/// Waits for a record to be durable; then its spans become visible.
struct Commit {
    core: Arc<Core>,
    batch: Batch,
    size: u64,
    spans: u32,
    told: Box<dyn Appended>,
}

impl Waiter for Commit {
    fn wants(&self) -> bool {
        self.told.wants()
    }

    fn done(self: Box<Self>, result: Result<u64, CommitError>) {
        let Self {
            core,
            batch,
            size,
            spans,
            told,
        } = *self;
        let result = result.map(|seq| {
            let duplicates = core.enter(Recorded { seq, size, spans }, batch);
            let spans = spans as usize;
            core.observer.tell(Event::Entered { spans, duplicates });
        });
        // Whoever is told may let go of the store, which must not end on its own journal's thread.
        drop(core);
        told.done(result.map_err(|error| error.to_string()));
    }
}

/// Enters what the journal holds above the sealed position; returns how many spans that were. It ends early with the
/// store, and waits while the head is full.
pub fn replay(core: &Core) -> Result<u64, StoreError> {
    let began = Instant::now();
    let (mut spans, sealed) = (0, core.sealed());
    loop {
        let items = core.cursor.read(PIECE).map_err(|error| StoreError::File {
            path: core.places.wal.clone(),
            error: error.to_string(),
        })?;
        if items.is_empty() || core.is_ending() {
            break;
        }
        for item in items {
            if item.seq < sealed {
                core.cursor.settle(item.seq, item.size, item.weight, || ());
                continue;
            }
            while core.is_full() && !core.is_ending() {
                core.rest(LOOK_AGAIN);
            }
            spans += u64::from(item.weight);
            enter_again(core, &item);
        }
    }
    core.observer.tell(Event::Replayed {
        spans,
        took: began.elapsed(),
    });
    Ok(spans)
}

/// A record that cannot be read takes its numbers all the same.
fn enter_again(core: &Core, item: &Item) {
    let record = Recorded {
        seq: item.seq,
        size: item.size,
        spans: item.weight,
    };
    let batch = unseal(&item.head, &item.body).map(|(project, traces)| {
        let batch = Batch::of(project, &traces, &core.key);
        // What the reader of the journal has in memory is not to be kept: all spans are copied.
        Batch {
            buffer: usize::MAX,
            ..batch
        }
    });
    let batch = batch.unwrap_or_else(|error| {
        core.observer.tell(Event::Unreadable {
            spans: u64::from(item.weight),
            error: &error,
        });
        Batch {
            buffer: 0,
            groups: Vec::new(),
        }
    });
    core.enter(record, batch);
}

/// The project and the request of a record.
fn unseal<'a>(head: &'a [u8], body: &Bytes) -> Result<(Option<&'a str>, Traces), String> {
    let Some((format, project)) = head.split_first() else {
        return Err("it says no format".into());
    };
    if *format > FORMAT {
        return Err(format!(
            "its format is {format}, and this program reads up to {FORMAT}"
        ));
    }
    let project = str::from_utf8(project).map_err(|error| format!("its project: {error}"))?;
    let checked = Traces::check(body.clone()).map_err(|error| format!("its spans: {error}"))?;
    Ok(((!project.is_empty()).then_some(project), checked.traces))
}

/// Tells what the journal tells.
pub struct Told(pub Arc<dyn super::events::Observer>);

impl journal::Observer for Told {
    fn committed(&self, _records: usize, _bytes: u64, sync: Duration) {
        self.0.tell(Event::Committed { sync });
    }

    fn failing(&self, error: &str) {
        let what = Failing::Journal;
        self.0.tell(Event::Failing { what, error });
    }

    fn recovered(&self) {
        self.0.tell(Event::Recovered(Failing::Journal));
    }

    fn damaged(&self, file: &str, records: usize) {
        let what = format!("`{file}` is damaged, {records} records so far; what can be read goes on");
        self.0.tell(Event::Warned { what: &what });
    }

    fn warned(&self, what: &str) {
        self.0.tell(Event::Warned { what });
    }
}

/// Counts records that the journal cannot read.
pub struct Lost(pub Arc<dyn super::events::Observer>);

impl journal::Account for Lost {
    fn lost(&self, spans: u64) {
        let error = "the journal is damaged there";
        self.0.tell(Event::Unreadable { spans, error });
    }
}

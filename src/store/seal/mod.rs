//! From the head to segments: rows are sorted, written, registered, shown, and only then does the journal let go of them.
//!
//! Up to the registration a failure leaves nothing but a file that is deleted; from then on nothing that fails is repeated,
//! for what is missing is done when the store is opened.

mod plan;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::catalog::{Registered, Seal};
use super::core::{self, Core};
use super::events::Event;
use super::fault::Step;
use super::head::{Closed, Row};
use super::open::failed;
use super::segment::{Hot, HotKeys, Segment, Writer};
use super::settings::StoreError;
use crate::journal::disk::Disk;
use crate::query::model::FoundSpan;

/// So many rows tell which attributes get a column of their own.
const SAMPLE: usize = 4096;

/// A segment that is complete, under its first name.
pub(super) struct New {
    pub segment: Arc<Segment>,
    pub registered: Registered,
}

// === impl Core ===

impl Core {
    /// Writes the rows of a part into segments. After an error nothing has changed, and it is to be tried again.
    pub fn seal(&self, closed: &Closed) -> Result<(), StoreError> {
        let began = Instant::now();
        let held = self.visible.held();
        let view = closed.part.view();
        let live = view.rows().filter(|row| {
            let project = &row.above.project;
            !super::tombstone::deleted(&held.tombstones, row.number, project, &row.identity)
        });
        let mut written = Vec::new();
        for rows in plan::split(live) {
            let new = self.write_rows(&rows, held.cleaned());
            match new {
                Ok(new) => written.push(new),
                Err(error) => {
                    self.discard(&written);
                    return Err(error);
                }
            }
        }
        if let Err(error) = self.register(closed, &written) {
            self.discard(&written);
            return Err(error);
        }
        self.sealed.store(closed.end, Ordering::Relaxed);
        self.name(&written);
        self.show(closed, &written);
        for record in &closed.records {
            self.cursor.settle(record.seq, record.size, record.spans, || ());
        }
        self.observer.tell(Event::Sealed {
            segments: written.len(),
            spans: written.iter().map(|new| new.registered.rows).sum(),
            bytes: written.iter().map(|new| new.registered.bytes).sum(),
            took: began.elapsed(),
        });
        Ok(())
    }

    fn write_rows(&self, rows: &[&Row], cleaned: u64) -> Result<New, StoreError> {
        let found = rows.iter().map(|row| row.found());
        let registered = Registered {
            arrived: core::now(),
            cleaned,
            ..Registered::default()
        };
        let mut keys = HotKeys::default();
        let step = rows.len().div_ceil(SAMPLE).max(1);
        let sample = rows.iter().step_by(step);
        sample.for_each(|row| keys.add(&row.found()));
        self.write(found.map(Ok), keys.choose(), registered)
    }

    /// Writes a segment, whose rows come in order; `registered` is what is known of it beforehand.
    pub(super) fn write(
        &self,
        rows: impl Iterator<Item = Result<FoundSpan, StoreError>>,
        hot: Vec<Hot>,
        registered: Registered,
    ) -> Result<New, StoreError> {
        let id = self.new_segment();
        let path = self.places.new_segment(id);
        let written = self.write_file(&path, id, rows, hot, registered);
        if written.is_err() {
            // What cannot be deleted now is when the store is opened.
            drop(self.disk.remove(&path));
        }
        written
    }

    fn write_file(
        &self,
        path: &Path,
        id: u64,
        rows: impl Iterator<Item = Result<FoundSpan, StoreError>>,
        hot: Vec<Hot>,
        registered: Registered,
    ) -> Result<New, StoreError> {
        let cannot = |error: &dyn std::fmt::Display| StoreError::File {
            path: path.to_owned(),
            error: error.to_string(),
        };
        let mut writer = Writer::create(path, hot).map_err(|error| cannot(&error))?;
        for row in rows {
            writer.push(&row?).map_err(|error| cannot(&error))?;
        }
        let written = writer.finish().map_err(|error| cannot(&error))?;
        self.disk
            .sync_directory(&self.places.segments)
            .map_err(failed(&self.places.segments))?;
        // It is read before anything relies on it.
        let segment = Segment::open(path, id, self.cache.clone()).map_err(|error| cannot(&error))?;
        let segment = segment.named(self.places.segment(id));
        self.faults.reached(Step::Written)?;
        let summary = segment.summary();
        let registered = Registered {
            rows: summary.rows,
            bytes: written.bytes,
            min_start: summary.min_start,
            max_start: summary.max_start,
            min_number: summary.min_number,
            max_number: summary.max_number,
            ..registered
        };
        Ok(New {
            segment: Arc::new(segment),
            registered,
        })
    }

    fn register(&self, closed: &Closed, written: &[New]) -> Result<(), StoreError> {
        let segments = written.iter().map(|new| (new.segment.id(), new.registered));
        self.catalog.seal(&Seal {
            segments: segments.collect(),
            sealed: closed.end,
            next_number: closed.next_number,
            next_segment: self.next_segment.load(Ordering::Relaxed),
        })
    }

    /// Gives registered segments their names. They can be read without; what fails here is done on opening.
    pub(super) fn name(&self, written: &[New]) {
        let renamed = written.iter().try_for_each(|new| {
            self.faults
                .reached(Step::Registered)
                .map_err(|error| error.to_string())?;
            let id = new.segment.id();
            let (from, to) = (self.places.new_segment(id), self.places.segment(id));
            self.disk.rename(&from, &to).map_err(|error| error.to_string())
        });
        let synced = renamed.and_then(|()| {
            let synced = self.disk.sync_directory(&self.places.segments);
            synced.map_err(|error| error.to_string())
        });
        if let Err(error) = synced {
            let what = format!("new segments have not got their names yet: {error}");
            self.observer.tell(Event::Warned { what: &what });
        }
    }

    /// Readers see the rows in segments instead of the head, from one moment to the next.
    fn show(&self, closed: &Closed, written: &[New]) {
        let new = written.iter().map(|new| (new.segment.id(), new.registered));
        self.registered().extend(new);
        let mut now = self.visible.now();
        now.parts.retain(|part| !Arc::ptr_eq(part, &closed.part));
        let segments = written.iter().map(|new| new.segment.clone());
        now.held.replace(&[], segments.collect());
        drop(now);
        // Last: from now on a tombstone of these spans may be forgotten, if their segments say that it was applied.
        self.sealed_number.store(closed.next_number, Ordering::Release);
        let mut head = self.head();
        head.forget(&closed.part);
        self.measure(&head);
    }

    /// Deletes segments that came to nothing.
    pub(super) fn discard(&self, written: &[New]) {
        for new in written {
            // What cannot be deleted now is when the store is opened.
            drop(self.disk.remove(&self.places.new_segment(new.segment.id())));
        }
    }
}

//! Upkeep: segments are merged in the background, rows that tombstones delete are left out, what has expired goes.

mod choose;
mod merge;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::catalog::Registered;
use super::core::{self, Core};
use super::events::Event;
use super::fault::Step;
use super::open::failed;
use super::seal::New;
use super::segment::Segment;
use super::settings::StoreError;
use super::tombstone;
use super::view::Held;
use crate::journal::disk::Disk;
use crate::query::model::FoundSpan;
use merge::{Merge, Unreadable};

/// Why a merge did not come to its end.
enum Stopped {
    /// A segment cannot be read; it is left as it is, and merged no more.
    Source(Unreadable),
    /// Something else.
    Failed(StoreError),
    /// The store ends.
    Ending,
}

// === impl Core ===

impl Core {
    /// Does all there is to do: expiry, merges, tombstones that delete nothing any more.
    pub fn upkeep(&self) -> Result<(), StoreError> {
        self.expire(core::now())?;
        while !self.is_ending() && self.merge_some(core::now())? {}
        self.bury_tombstones()
    }

    /// Merges some segments, if any are to be; whether it did.
    pub fn merge_some(&self, now: u64) -> Result<bool, StoreError> {
        let unreadable = self.unreadable().clone();
        let mut known = self.registered().clone();
        known.retain(|id, _| !unreadable.contains(id));
        let Some(chosen) = choose::choose(&known, now) else {
            return Ok(false);
        };
        match self.merge(&chosen) {
            Ok(()) => Ok(true),
            Err(Stopped::Ending) => Ok(false),
            Err(Stopped::Failed(error)) => Err(error),
            Err(Stopped::Source(Unreadable { id, error })) => {
                let error = format!("it is not merged any more: {error}");
                self.observer.tell(Event::Damaged {
                    file: &self.places.segment(id),
                    spans: known.get(&id).map_or(0, |known| known.rows),
                    error: &error,
                });
                self.unreadable().insert(id);
                Ok(true)
            }
        }
    }

    fn merge(&self, chosen: &[u64]) -> Result<(), Stopped> {
        let began = Instant::now();
        let held = self.visible.held();
        let sources = held
            .segments
            .iter()
            .filter(|segment| chosen.contains(&segment.id()));
        let sources: Vec<Arc<Segment>> = sources.cloned().collect();
        let rows: u64 = sources.iter().map(|segment| segment.summary().rows).sum();
        let new = self.rewrite(&held, sources, self.before(chosen, &held))?;
        let added = new.as_ref().map(|new| (new.segment.id(), new.registered));
        if let Err(error) = self.catalog.replace(chosen, added, &[]) {
            self.discard(new.as_slice());
            return Err(Stopped::Failed(error));
        }
        self.name(new.as_slice());
        self.swap(chosen, new.as_slice());
        self.remove(chosen);
        let (spans, bytes) = added.map_or((0, 0), |(_, known)| (known.rows, known.bytes));
        self.observer.tell(Event::Compacted {
            segments: chosen.len(),
            spans,
            deleted: rows.saturating_sub(spans),
            bytes,
            took: began.elapsed(),
        });
        Ok(())
    }

    /// What is known of a merged segment before it is written.
    fn before(&self, chosen: &[u64], held: &Held) -> Registered {
        let known = self.registered();
        let chosen = chosen.iter().filter_map(|id| known.get(id));
        let before = Registered {
            cleaned: held.cleaned(),
            ..Registered::default()
        };
        chosen.fold(before, |before, known| Registered {
            level: before.level.max(known.level + 1),
            arrived: before.arrived.max(known.arrived),
            ..before
        })
    }

    /// Writes one segment with the rows of all; none when all of them are deleted.
    fn rewrite(
        &self,
        held: &Held,
        sources: Vec<Arc<Segment>>,
        registered: Registered,
    ) -> Result<Option<New>, Stopped> {
        let hot = merge::hot(&sources).map_err(Stopped::Source)?;
        let mut merge = Merge::of(sources).map_err(Stopped::Source)?;
        let mut live = || -> Result<Option<FoundSpan>, Stopped> {
            while let Some((identity, span)) = merge.step().map_err(Stopped::Source)? {
                if self.is_ending() {
                    return Err(Stopped::Ending);
                }
                if !tombstone::deleted(&held.tombstones, span.number, &span.project, &identity) {
                    return Ok(Some(span));
                }
            }
            Ok(None)
        };
        let Some(first) = live()? else {
            return Ok(None);
        };
        let mut stopped = None;
        let rest = std::iter::from_fn(|| match live() {
            Ok(span) => span.map(Ok),
            Err(why) => {
                stopped = Some(why);
                Some(Err(StoreError::File {
                    path: self.places.segments.clone(),
                    error: "a merge was broken off".into(),
                }))
            }
        });
        let written = self.write(std::iter::once(Ok(first)).chain(rest), hot, registered);
        match (written, stopped) {
            (Ok(new), _) => Ok(Some(new)),
            (Err(_), Some(why)) => Err(why),
            (Err(error), None) => Err(Stopped::Failed(error)),
        }
    }

    /// Readers see `new` instead of `gone`, from one moment to the next.
    pub(super) fn swap(&self, gone: &[u64], new: &[New]) {
        let mut registered = self.registered();
        registered.retain(|id, _| !gone.contains(id));
        registered.extend(new.iter().map(|new| (new.segment.id(), new.registered)));
        drop(registered);
        let segments = new.iter().map(|new| new.segment.clone()).collect();
        self.visible.now().held.replace(gone, segments);
        drop(self.faults.reached(Step::Shown));
    }

    /// Deletes the files of segments that are no longer registered. What cannot be deleted now is set aside on opening.
    pub(super) fn remove(&self, gone: &[u64]) {
        for id in gone {
            let removed = match self.disk.remove(&self.places.segment(*id)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.disk.remove(&self.places.new_segment(*id))
                }
                removed => removed,
            };
            if let Err(error) = removed.map_err(failed(&self.places.segment(*id))) {
                let what = format!("a segment that is no longer needed could not be deleted: {error}");
                self.observer.tell(Event::Warned { what: &what });
            }
            if self.faults.reached(Step::Removed).is_err() {
                return;
            }
        }
    }

    /// Forgets tombstones that delete nothing any more: all that was there when they were made has been rewritten since.
    pub fn bury_tombstones(&self) -> Result<(), StoreError> {
        let sealed = self.sealed_number.load(Ordering::Acquire);
        let registered = self.registered().clone();
        let held = self.visible.held();
        let is_spent = |id: u64, before: u64| {
            let applied = |known: &Registered| known.cleaned > id || known.min_number >= before;
            before <= sealed && registered.values().all(applied)
        };
        let spent = held.tombstones.iter();
        let spent = spent.filter(|(id, tombstone)| is_spent(*id, tombstone.before));
        let spent: Vec<u64> = spent.map(|(id, _)| *id).collect();
        if spent.is_empty() {
            return Ok(());
        }
        self.catalog.replace(&[], None, &spent)?;
        let mut now = self.visible.now();
        let kept = now.held.tombstones.iter().filter(|(id, _)| !spent.contains(id));
        now.held.tombstones = kept.cloned().collect();
        Ok(())
    }

    fn unreadable(&self) -> std::sync::MutexGuard<'_, BTreeSet<u64>> {
        let unreadable = self.unreadable.lock();
        unreadable.unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

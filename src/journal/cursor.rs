//! One reader's way through the journal.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use super::log::Log;
use super::missing::{Content, Gap};
use super::place::Amount;
use super::record::Item;
use super::scan::{Found, Mode, Scan};
use super::state::{Held, Taken};

/// Told when there is something to remember that was not before.
pub type Moved = Arc<dyn Fn() + Send + Sync>;

/// Reads records in order and settles them in any. There is one for each name.
pub struct Cursor {
    log: Arc<Log>,
    name: String,
    moved: Moved,
    walk: Mutex<Option<Scan>>,
}

/// What one reading from disk came to, before it is given out.
#[derive(Default)]
struct Read {
    items: Vec<Item>,
    bytes: u64,
    /// Records that cannot be read.
    lost: Vec<Content>,
}

// === impl Cursor ===

impl Cursor {
    pub(super) fn new(log: Arc<Log>, name: &str, moved: Moved) -> Self {
        Self {
            log,
            name: name.to_owned(),
            moved,
            walk: Mutex::default(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next records as far as they are in memory: at least one, and no more than `most` bytes beyond it.
    pub fn take(&self, most: u64) -> Taken {
        let mut state = self.log.state();
        let state = &mut *state;
        let Some(place) = state.cursors.get_mut(&self.name) else {
            return Taken::Nothing;
        };
        place.skip_settled();
        if place.read >= state.next {
            return Taken::Nothing;
        }
        if place.read < state.tail.base() {
            return Taken::OnDisk;
        }
        let (mut items, mut bytes) = (Vec::new(), 0);
        while let Some(item) = state.tail.get(place.read) {
            bytes += item.size;
            if bytes > most && !items.is_empty() {
                break;
            }
            items.push(place.give(item));
            place.skip_settled();
        }
        state.trim();
        Taken::Items(items)
    }

    /// The next records, read from disk until there are `most` bytes. What cannot be read is counted as lost, and
    /// settled. After an error the same is to be tried again.
    pub fn read(&self, most: u64) -> io::Result<Vec<Item>> {
        let mut walk = self.walk.lock().unwrap_or_else(PoisonError::into_inner);
        let mut read = Read::default();
        let mut next = self.next();
        while read.items.is_empty() || read.bytes < most {
            let Some(held) = self.log.state().segment_of(next).cloned() else {
                break;
            };
            next = self.read_segment(&mut walk, &held, next, most, &mut read)?;
        }
        Ok(self.give(read))
    }

    fn next(&self) -> u64 {
        let mut state = self.log.state();
        let place = state.cursors.get_mut(&self.name);
        place.map_or(u64::MAX, |place| {
            place.skip_settled();
            place.read
        })
    }

    /// Reads on in one segment; returns the next record to read.
    fn read_segment(
        &self,
        walk: &mut Option<Scan>,
        held: &Held,
        from: u64,
        most: u64,
        read: &mut Read,
    ) -> io::Result<u64> {
        // Before the segment's first record there is nothing, and never was.
        let mut next = from.max(held.segment.base);
        let fits = |scan: &Scan| Arc::ptr_eq(scan.segment(), &held.segment) && scan.expected() <= next;
        let known = walk.take().filter(fits);
        let mut scan = known.unwrap_or_else(|| Scan::over(held, next, Mode::Whole));
        scan.extend(held);
        while next < held.holds.end && (read.items.is_empty() || read.bytes < most) {
            match scan.step()? {
                Found::Record(item) if item.seq < next => {}
                Found::Record(item) => {
                    self.missing(held, next, item.seq, read)?;
                    next = item.seq + 1;
                    read.bytes += item.size;
                    read.items.push(item);
                }
                Found::Damaged { seq, .. } if seq < next => {}
                Found::Damaged { seq, amount, .. } => {
                    self.missing(held, next, seq, read)?;
                    next = seq + 1;
                    self.lost(held, Content::Record(seq, amount), read);
                }
                Found::End => {
                    self.missing(held, next, held.holds.end, read)?;
                    next = held.holds.end;
                }
            }
        }
        // A file that is read to its end is let go of: while it is open, deleting it frees nothing.
        *walk = (!held.sealed || next < held.holds.end).then_some(scan);
        Ok(next)
    }

    /// Records from `start` up to `end` have no header any more.
    fn missing(&self, held: &Held, start: u64, end: u64, read: &mut Read) -> io::Result<()> {
        if start < end {
            self.lost(held, Content::Missing(Gap::find(held, start, end)?), read);
        }
        Ok(())
    }

    fn lost(&self, held: &Held, content: Content, read: &mut Read) {
        read.lost.push(content);
        let mut state = self.log.state();
        let mut known = state.segments.iter_mut();
        let known = known.find(|known| Arc::ptr_eq(&known.segment, &held.segment));
        let Some(known) = known.filter(|known| !known.holds.damaged) else {
            return;
        };
        known.holds.damaged = true;
        drop(state);
        let path = held.segment.path.display().to_string();
        self.log.observer.damaged(&path, 1);
    }

    /// Counts what was read; what was settled meanwhile is not given out.
    fn give(&self, read: Read) -> Vec<Item> {
        let mut state = self.log.state();
        state.moved |= !read.lost.is_empty();
        let Some(place) = state.cursors.get_mut(&self.name) else {
            return Vec::new();
        };
        for lost in &read.lost {
            place.lose(lost);
        }
        let open = read.items.iter().filter(|item| !place.marks.contains(item.seq));
        let open: Vec<&Item> = open.collect();
        let items = open.into_iter().map(|item| place.give(item)).collect();
        place.skip_settled();
        place.settle_rest();
        drop(state);
        if !read.lost.is_empty() {
            (self.moved)();
        }
        items
    }

    /// A record is done with; `count` runs in the same moment as far as what is remembered is concerned. A record that
    /// was settled before stays so, and is not counted again.
    pub fn settle(&self, seq: u64, size: u64, weight: u32, count: impl FnOnce()) {
        let amount = Amount {
            records: 1,
            bytes: size,
            weight: weight.into(),
        };
        let mut state = self.log.state();
        let Some(place) = state.cursors.get_mut(&self.name) else {
            return;
        };
        if !place.settle(seq, amount) {
            return;
        }
        count();
        place.settle_rest();
        let first = !std::mem::replace(&mut state.moved, true);
        drop(state);
        if first {
            (self.moved)();
        }
    }

    /// Reads no more. Whoever attaches next is given everything again that is not settled.
    pub fn detach(&self) {
        let mut state = self.log.state();
        if let Some(place) = state.cursors.get_mut(&self.name) {
            place.leave();
        }
    }

    /// Remembers now what is settled, rather than in a moment: after a crash it does not come again. Blocks.
    pub fn remember(&self) -> io::Result<()> {
        self.log.keep()
    }

    /// What is not settled.
    pub fn unsettled(&self) -> Amount {
        let state = self.log.state();
        let place = state.cursors.get(&self.name);
        place.map(|place| place.unsettled).unwrap_or_default()
    }

    /// Whether no other cursor holds back more.
    pub fn is_slowest(&self) -> bool {
        let state = self.log.state();
        let place = state.cursors.get(&self.name);
        place.is_some_and(|place| place.marks.low() <= state.low())
    }

    /// Milliseconds since the oldest unsettled record was appended, as far as that was given out; 0 when none is.
    pub fn oldest_age(&self) -> u64 {
        let state = self.log.state();
        let place = state.cursors.get(&self.name);
        let Some(time) = place.and_then(|place| place.oldest_given()) else {
            return 0;
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(now.as_millis())
            .unwrap_or(u64::MAX)
            .saturating_sub(time)
    }
}

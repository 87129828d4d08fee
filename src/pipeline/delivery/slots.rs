//! How many batches may be under way to one destination.
//!
//! At most `num_consumers`; fewer where the destination is slow. Many batches at a time to a destination that works
//! them off one after the other would all be too late: each would be cut off by the exporter's `timeout`, its work
//! wasted, and sent again. So the number begins low, grows while answers come in good time, and shrinks when they
//! come late or the destination asks for less.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The number to begin with.
const FIRST: usize = 2;

/// The slots of one exporter.
#[derive(Debug)]
pub struct Slots {
    /// Never more than this.
    most: usize,
    /// How long the exporter waits for an answer.
    timeout: Option<Duration>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    taken: usize,
    /// Somebody found no slot since the last one was given back.
    wanted: bool,
}

/// One batch may be under way.
#[derive(Debug)]
pub struct Slot(Arc<Slots>);

// === impl Slots ===

impl Slots {
    /// Up to `most` slots, for an exporter that waits `timeout` for an answer; `None` is without bound.
    pub fn new(most: usize, timeout: Option<Duration>) -> Arc<Self> {
        Arc::new(Self {
            most,
            timeout,
            state: Mutex::new(State {
                limit: most.min(FIRST),
                taken: 0,
                wanted: false,
            }),
        })
    }

    /// As many as anybody wants.
    pub fn unbounded() -> Arc<Self> {
        let slots = Self::new(usize::MAX, None);
        slots.state().limit = usize::MAX;
        slots
    }

    /// A slot, if there is one.
    pub fn take(self: &Arc<Self>) -> Option<Slot> {
        let mut state = self.state();
        if state.taken >= state.limit {
            state.wanted = true;
            return None;
        }
        state.taken += 1;
        Some(Slot(self.clone()))
    }

    /// A send took this long and was accepted, if perhaps with a word about its data.
    pub fn answered(&self, took: Duration) {
        match self.timeout {
            Some(timeout) if took > timeout / 2 => self.shrink(),
            Some(timeout) if took > timeout / 4 => {}
            _ => self.grow(),
        }
    }

    /// A send took this long and failed; `asked` when the destination asked to be left alone for a while.
    pub fn failed(&self, took: Duration, asked: bool) {
        if asked || self.timeout.is_some_and(|timeout| took > timeout / 2) {
            self.shrink();
        }
    }

    fn grow(&self) {
        let mut state = self.state();
        // Only who uses what there is needs more.
        if state.taken >= state.limit && state.limit < self.most {
            state.limit += 1;
        }
    }

    fn shrink(&self) {
        let mut state = self.state();
        if self.most != usize::MAX {
            state.limit = state.limit.saturating_sub(1).max(1);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Slot ===

impl Slot {
    /// Gives it back; says whether somebody has been waiting for one.
    #[must_use]
    pub fn give_back(self) -> bool {
        let mut state = self.0.state();
        state.taken = state.taken.saturating_sub(1);
        std::mem::take(&mut state.wanted)
    }
}

#[cfg(test)]
mod tests;

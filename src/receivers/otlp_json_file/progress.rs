//! How far a file is: up to the first record that is not settled.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::mark::Piece;

/// The records of a file that are under way.
#[derive(Debug)]
pub struct Progress(Mutex<State>);

/// What is settled from the beginning on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Bytes.
    pub offset: u64,
    /// The last of them.
    pub tail: Piece,
    /// Records among them that nobody took.
    pub refused: u64,
}

#[derive(Debug)]
struct State {
    settled: Settled,
    /// Records that were begun, in their order; the first is not settled.
    open: VecDeque<Record>,
    /// The number of the first of them.
    first: u64,
}

#[derive(Debug)]
struct Record {
    end: u64,
    tail: Piece,
    refused: Option<bool>,
}

// === impl Progress ===

impl Progress {
    /// All before this is settled.
    pub fn new(settled: Settled) -> Self {
        Self(Mutex::new(State {
            settled,
            open: VecDeque::new(),
            first: 0,
        }))
    }

    /// A record was read that ends there. Returns its number.
    pub fn begin(&self, end: u64, tail: Piece) -> u64 {
        let mut state = self.state();
        state.open.push_back(Record {
            end,
            tail,
            refused: None,
        });
        state.first + state.open.len() as u64 - 1
    }

    /// A record need not be read again: it was taken, or `refused` by whoever could have.
    pub fn settle(&self, number: u64, refused: bool) {
        let mut state = self.state();
        let place = number.checked_sub(state.first);
        let place = place.and_then(|place| usize::try_from(place).ok());
        if let Some(record) = place.and_then(|place| state.open.get_mut(place)) {
            record.refused = Some(refused);
        }
        while let Some(record) = state.open.pop_front_if(|record| record.refused.is_some()) {
            state.first += 1;
            state.settled = Settled {
                offset: record.end,
                tail: record.tail,
                refused: state.settled.refused + u64::from(record.refused == Some(true)),
            };
        }
    }

    /// What is settled.
    pub fn settled(&self) -> Settled {
        self.state().settled
    }

    /// How many records are remembered.
    pub fn open(&self) -> usize {
        self.state().open.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

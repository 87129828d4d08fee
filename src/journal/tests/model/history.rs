//! One history: what happens, and what the reference knows of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::journal::account::Account;
use crate::journal::cursor::Cursor;
use crate::journal::log::{Log, Options};
use crate::journal::record::Item;
use crate::journal::space::Space;
use crate::journal::tests::disk::{Faults, SimulatedDisk};

pub const DIRECTORY: &str = "/journal";

/// One seed's life.
pub struct History {
    pub dice: StdRng,
    pub disk: SimulatedDisk,
    pub faults: Faults,
    pub options: Options,
    pub limit: u64,
    pub space: Space,
    pub log: Option<Arc<Log>>,
    pub records: Vec<Record>,
    pub readers: BTreeMap<String, Reader>,
    pub owner: Arc<Count>,
    /// Counts the processes that have worked on the journal.
    pub process: u32,
    /// Bytes of segments when it began: a deleted file may come back.
    pub at_open: u64,
    /// Stored bytes were changed or lost beyond what is promised: amounts are not known exactly.
    pub damaged: bool,
    /// Positions could not be written although segments were deleted.
    pub forgetful: bool,
    /// The register may still say that the journal was closed in order: it could not be written since it was opened.
    pub unmarked: bool,
    /// The same of the process before: that it gave records out is not known.
    pub hidden: bool,
    /// A cursor that was given up may come back.
    pub ghosts: bool,
    /// Segments that were found damaged.
    pub suspects: BTreeSet<u64>,
    pub cursors_made: u32,
    story: VecDeque<String>,
}

/// A record that was appended, or tried to be.
pub struct Record {
    pub seq: u64,
    pub weight: u32,
    pub head: Bytes,
    pub body: Bytes,
    /// As it lies on disk.
    pub stored: Vec<u8>,
    pub process: u32,
    pub fate: Fate,
    /// Its bytes on disk were changed.
    pub flipped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Refused, or the process ended before the answer.
    Tried,
    /// Promised to be durable.
    Committed,
    /// Not promised, but found after a restart.
    Found,
    /// Settled by all and deleted; its number may be used again.
    Done,
    /// Lost where that is allowed.
    Gone,
}

/// A cursor and what the reference knows of it. Records are named by their place in the list of all.
pub struct Reader {
    pub cursor: Option<Cursor>,
    pub count: Arc<Count>,
    /// It is entitled to records from here on.
    pub since: u64,
    pub settled: BTreeSet<usize>,
    /// Settled, and written where a crash of the process leaves it.
    pub kept: BTreeSet<usize>,
    /// Settled, and written where a loss of power leaves it.
    pub durable: BTreeSet<usize>,
    pub given: BTreeSet<usize>,
    pub given_before: BTreeSet<usize>,
    pub last: Option<u64>,
    /// Every process that gave records out has closed the journal in order.
    pub orderly: bool,
}

/// An account that counts weights.
#[derive(Default)]
pub struct Count(pub AtomicU64);

impl Account for Count {
    fn committed(&self, weight: u64) {
        self.0.fetch_add(weight, Ordering::Relaxed);
    }
    fn lost(&self, weight: u64) {
        self.settled(weight);
    }
    fn note(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.0.load(Ordering::Relaxed).to_le_bytes());
    }
}

// === impl Count ===

impl Count {
    pub fn settled(&self, weight: u64) {
        let less = |count: u64| count.saturating_sub(weight);
        self.0.update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

// === impl Record ===

impl Record {
    /// It must be given out.
    pub fn counts(&self) -> bool {
        matches!(self.fate, Fate::Committed | Fate::Found)
    }
}

// === impl Reader ===

impl Reader {
    pub fn new(since: u64) -> Self {
        Self {
            cursor: None,
            count: Arc::default(),
            since,
            settled: BTreeSet::new(),
            kept: BTreeSet::new(),
            durable: BTreeSet::new(),
            given: BTreeSet::new(),
            given_before: BTreeSet::new(),
            last: None,
            orderly: true,
        }
    }
}

// === impl History ===

impl History {
    pub fn new(seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let options = Options {
            sync: dice.random_bool(0.7),
            segment_bytes: dice.random_range(200..4000),
            tail_bytes: [0, 300, 2000][dice.random_range(0..3)],
            again_bytes: [400, u64::MAX][dice.random_range(0..2)],
            spares: dice.random_range(0..3),
        };
        let limit = [2_000, 20_000, u64::MAX][dice.random_range(0..3)];
        Self {
            disk: SimulatedDisk::new(seed),
            dice,
            faults: Faults::default(),
            options,
            limit,
            space: Space::new(limit),
            log: None,
            records: Vec::new(),
            readers: BTreeMap::new(),
            owner: Arc::default(),
            process: 0,
            at_open: 0,
            damaged: false,
            forgetful: false,
            unmarked: false,
            hidden: false,
            ghosts: false,
            suspects: BTreeSet::new(),
            cursors_made: 0,
            story: VecDeque::new(),
        }
    }

    pub fn story(&self) -> String {
        format!("{:?}\n{}", self.options, Vec::from(self.story.clone()).join("\n"))
    }

    pub fn tell(&mut self, what: String) {
        self.story.push_back(what);
        if self.story.len() > 60 {
            self.story.pop_front();
        }
    }

    pub fn log(&self) -> Arc<Log> {
        self.log.clone().unwrap()
    }

    pub fn calm(&self) -> bool {
        let Faults {
            capacity,
            read_only,
            failing,
            unreadable,
        } = self.faults;
        capacity.is_none() && !read_only && failing == 0 && unreadable == 0
    }

    pub fn live(&mut self) {
        self.reopen(false, false);
        let sick = self.dice.random_bool(0.5);
        for _ in 0..self.dice.random_range(0..3) {
            self.add_cursor();
        }
        for _ in 0..self.dice.random_range(10..120) {
            self.step(sick);
            self.check();
        }
        self.finish();
    }
}

/// The record that an item is, by what its head says.
pub fn id_of(item: &Item) -> usize {
    let bytes = item.head.get(..8).and_then(|id| id.try_into().ok());
    usize::try_from(u64::from_le_bytes(bytes.expect("a head of ours"))).unwrap()
}

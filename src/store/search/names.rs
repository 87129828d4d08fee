//! The texts of one key of groups, as numbers: each text once, and for the codes of a row group what they stand for.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::guard::Guard;
use super::pool::{Cells, NONE};
use crate::query::model::{Part, QueryError, folded};

/// The rows of this text are not wanted.
pub const UNWANTED: u64 = u64::MAX - 1;

/// The number of a text that is missing; others follow.
const MISSING: u64 = 0;

/// Nothing is known of a code yet.
const UNKNOWN: u64 = u64::MAX;

/// Memory of a text beside its bytes.
const ENTRY: usize = 32;

/// The texts of one key.
pub struct Names {
    /// What texts must have in them, folded.
    search: Option<String>,
    missing: bool,
    texts: Texts,
    numbers: HashTable<u32>,
    hasher: RandomState,
    /// Segment and row group that `by_code` belongs to.
    group: Option<(u64, usize)>,
    by_code: Vec<u64>,
}

/// Texts one behind the other.
#[derive(Default)]
struct Texts {
    all: String,
    ends: Vec<usize>,
}

// === impl Names ===

impl Names {
    /// No texts yet, of which only those with `search` in them are wanted; a `missing` one is, or is not.
    pub fn new(search: Option<&str>, missing: bool) -> Self {
        Self {
            search: search.map(|search| folded(search).into_owned()),
            missing,
            texts: Texts::default(),
            numbers: HashTable::new(),
            hasher: RandomState::default(),
            group: None,
            by_code: Vec::new(),
        }
    }

    /// Forgets codes that meant something in another row group.
    pub fn enter(&mut self, group: Option<(u64, usize)>) {
        if group.is_none() || self.group != group {
            self.by_code.clear();
            self.group = group;
        }
    }

    /// The number of a row's text.
    pub fn number(&mut self, cells: &Cells, row: u32, guard: &Guard) -> Result<u64, QueryError> {
        let code = match cells.codes.get(row as usize) {
            Some(code) if *code != NONE => *code,
            _ => return self.number_of(None, guard),
        };
        let stable = cells.pool.stable();
        if code as usize >= stable {
            return self.number_of_code(cells, code, guard);
        }
        if self.by_code.len() < stable {
            self.by_code.resize(stable, UNKNOWN);
        }
        match self.by_code.get(code as usize) {
            Some(number) if *number != UNKNOWN => Ok(*number),
            _ => {
                let number = self.number_of_code(cells, code, guard)?;
                if let Some(known) = self.by_code.get_mut(code as usize) {
                    *known = number;
                }
                Ok(number)
            }
        }
    }

    fn number_of_code(&mut self, cells: &Cells, code: u32, guard: &Guard) -> Result<u64, QueryError> {
        cells.pool.with(code, |datum| {
            self.number_of(datum.map(|datum| datum.text()).as_deref(), guard)
        })
    }

    /// The number of a text; [`UNWANTED`] when its rows are not.
    pub fn number_of(&mut self, text: Option<&str>, guard: &Guard) -> Result<u64, QueryError> {
        let Some(text) = text else {
            let is_wanted = self.missing && self.search.is_none();
            return Ok(if is_wanted { MISSING } else { UNWANTED });
        };
        let hash = self.hasher.hash_one(text);
        let same = |place: &u32| self.texts.get(*place as usize) == text;
        if let Some(place) = self.numbers.find(hash, same) {
            return Ok(u64::from(*place) + 1);
        }
        let is_found = |search: &String| folded(text).contains(&**search);
        if !self.search.as_ref().is_none_or(is_found) {
            return Ok(UNWANTED);
        }
        guard.keep(text.len() + ENTRY)?;
        let place = self.texts.push(text);
        let (texts, hasher) = (&self.texts, &self.hasher);
        let rehash = |place: &u32| hasher.hash_one(texts.get(*place as usize));
        self.numbers.insert_unique(hash, place, rehash);
        Ok(u64::from(place) + 1)
    }

    /// What a number stands for.
    pub fn part(&self, number: u64) -> Part {
        match number.checked_sub(1) {
            Some(place) => Part::Text(self.texts.get(place as usize).to_owned()),
            None => Part::Missing,
        }
    }
}

// === impl Texts ===

impl Texts {
    /// Adds a text; returns its place.
    fn push(&mut self, text: &str) -> u32 {
        let place = self.ends.len() as u32;
        self.all.push_str(text);
        self.ends.push(self.all.len());
        place
    }

    /// The text at a place.
    #[inline]
    fn get(&self, place: usize) -> &str {
        let start = match place.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or_default(),
            None => 0,
        };
        let end = self.ends.get(place).copied().unwrap_or(start);
        self.all.get(start..end).unwrap_or_default()
    }
}

//! A column of byte strings while it is being gathered: each distinct value once, and a code for each place.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// The code of a place without a value.
pub const NULL: u32 = u32::MAX;

/// Values are looked up for as long as that finds something: by this many distinct ones it must have, for half of the places.
const LEARNING: usize = 4096;

/// Values of a column, each with a code.
pub struct Bin {
    values: Values,
    table: HashTable<u32>,
    hasher: RandomState,
    codes: Vec<u32>,
    nulls: usize,
    /// Whether equal values are still found.
    interning: bool,
    last: Option<Last>,
}

/// The value that was pushed last, when it is short: most columns repeat it, and here it is at hand.
struct Last {
    code: u32,
    len: usize,
    value: [u8; SHORT],
}

/// Bytes of a short value.
const SHORT: usize = 16;

/// Byte strings one behind the other.
#[derive(Default)]
pub struct Values {
    data: Vec<u8>,
    ends: Vec<usize>,
}

// === impl Bin ===

impl Bin {
    /// An empty column.
    pub fn new() -> Self {
        Self {
            values: Values::default(),
            table: HashTable::new(),
            hasher: RandomState::default(),
            codes: Vec::new(),
            nulls: 0,
            interning: true,
            last: None,
        }
    }

    /// Adds a value; returns its code.
    pub fn push(&mut self, value: &[u8]) -> u32 {
        let code = match &self.last {
            Some(last) if last.is(value) => last.code,
            _ => {
                let code = self.code_of(value);
                self.last = Last::of(value, code);
                code
            }
        };
        self.codes.push(code);
        code
    }

    /// The code of a value, which becomes known but takes no place.
    pub fn code_of(&mut self, value: &[u8]) -> u32 {
        if !self.interning {
            return self.values.push(value);
        }
        let hash = self.hasher.hash_one(value);
        let same = |code: &u32| self.values.get(*code) == value;
        if let Some(code) = self.table.find(hash, same) {
            return *code;
        }
        let code = self.values.push(value);
        let (values, hasher) = (&self.values, &self.hasher);
        let rehash = |code: &u32| hasher.hash_one(values.get(*code));
        self.table.insert_unique(hash, code, rehash);
        let distinct = self.values.len();
        if distinct >= LEARNING && distinct * 2 > self.codes.len() - self.nulls {
            self.interning = false;
            self.table = HashTable::new();
        }
        code
    }

    /// Adds a value by its code.
    pub fn push_code(&mut self, code: u32) {
        self.codes.push(code);
    }

    /// Adds a place without a value.
    pub fn push_null(&mut self) {
        self.nulls += 1;
        self.codes.push(NULL);
    }

    /// How many places there are.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// How many places have no value.
    pub fn nulls(&self) -> usize {
        self.nulls
    }

    /// The code of each place.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The values by code.
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Whether each value stands once among the values.
    pub fn is_interned(&self) -> bool {
        self.interning
    }
}

// === impl Last ===

impl Last {
    fn of(value: &[u8], code: u32) -> Option<Self> {
        let mut last = Self {
            code,
            len: value.len(),
            value: [0; SHORT],
        };
        last.value.get_mut(..value.len())?.copy_from_slice(value);
        Some(last)
    }

    #[inline]
    fn is(&self, value: &[u8]) -> bool {
        self.len == value.len() && self.value.starts_with(value)
    }
}

// === impl Values ===

impl Values {
    fn push(&mut self, value: &[u8]) -> u32 {
        let code = self.ends.len() as u32;
        self.data.extend_from_slice(value);
        self.ends.push(self.data.len());
        code
    }

    /// The value of a code; empty for codes that are none.
    pub fn get(&self, code: u32) -> &[u8] {
        let code = code as usize;
        let start = match code.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or_default(),
            None => 0,
        };
        let end = self.ends.get(code).copied().unwrap_or(start);
        self.data.get(start..end).unwrap_or_default()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all of them.
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// All of them, by code.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len() as u32).map(|code| self.get(code))
    }
}

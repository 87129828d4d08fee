//! Total orders, and places in them.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

/// An order: by a key, ties decided by the insertion number or the trace id in the same direction. What lacks
/// the key comes last in both directions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order<By> {
    /// The key.
    pub by: By,
    /// Which way.
    pub direction: Direction,
}

/// Up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The least first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// The value that a row is ordered by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// A whole number: a time, a duration, an insertion number.
    Whole(i128),
    /// A finite number.
    Number(f64),
    /// Text, ordered by its bytes.
    Text(String),
    /// The row has no such value.
    Missing,
}

/// A place in an order: the row with this key and this number (spans) or trace id (traces). The row need not
/// exist any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position<Tie> {
    /// The row's key.
    pub key: Key,
    /// What tells the row from others with the same key.
    pub tie: Tie,
}

// === impl Direction ===

impl Direction {
    /// The order of two things that is `ascending` when the least comes first.
    pub fn turn(self, ascending: Ordering) -> Ordering {
        match self {
            Self::Ascending => ascending,
            Self::Descending => ascending.reverse(),
        }
    }
}

// === impl Key ===

impl Key {
    /// Which of two keys comes first. Keys of different kinds do not meet in one order.
    pub fn compare(&self, with: &Self, direction: Direction) -> Ordering {
        match (self, with) {
            (Self::Whole(left), Self::Whole(right)) => direction.turn(left.cmp(right)),
            (Self::Number(left), Self::Number(right)) => direction.turn(left.total_cmp(right)),
            (Self::Text(left), Self::Text(right)) => direction.turn(left.cmp(right)),
            _ => self.kind().cmp(&with.kind()),
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Whole(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
            Self::Missing => 3,
        }
    }
}

// === impl Position ===

impl<Tie: Ord> Position<Tie> {
    /// Which of two rows comes first.
    pub fn compare(&self, with: &Self, direction: Direction) -> Ordering {
        self.key
            .compare(&with.key, direction)
            .then_with(|| direction.turn(self.tie.cmp(&with.tie)))
    }
}

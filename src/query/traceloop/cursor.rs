//! Where a page ends.
//!
//! A cursor is a decimal number, as the product's: the last row's time in milliseconds. Where that does not tell where to go on,
//! since rows of one millisecond lie on both sides or the order is another one, digits behind a point name the row:
//! six for the nanoseconds within the millisecond, the rest for the insertion number.

use std::fmt;
use std::str::FromStr;

use super::super::members::{Quoted, Unfit};
use super::super::model::{Direction, FoundSpan, Key, Position};

const MILLI: u64 = 1_000_000;

/// Where a page ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// After all rows of this millisecond since 1970.
    Millisecond(u64),
    /// After this row.
    Row {
        /// When it starts, in nanoseconds since 1970.
        start: u64,
        /// Its insertion number.
        number: u64,
    },
}

// === impl Cursor ===

impl Cursor {
    /// After a row.
    pub fn after(row: &FoundSpan) -> Self {
        Self::Row {
            start: row.start(),
            number: row.number,
        }
    }

    /// The place in the order of time.
    pub fn in_time(self, direction: Direction) -> Position<u64> {
        let (key, tie) = match (self, direction) {
            (Self::Row { start, number }, _) => (start, number),
            (Self::Millisecond(millis), Direction::Ascending) => {
                (millis.saturating_mul(MILLI).saturating_add(MILLI - 1), u64::MAX)
            }
            (Self::Millisecond(millis), Direction::Descending) => (millis.saturating_mul(MILLI), 0),
        };
        let key = Key::Whole(key.into());
        Position { key, tie }
    }

    /// The millisecond in which the row before it starts.
    pub fn millis(self) -> u64 {
        match self {
            Self::Millisecond(millis) => millis,
            Self::Row { start, .. } => start / MILLI,
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Millisecond(millis) => write!(f, "{millis}"),
            Self::Row { start, number } => {
                write!(f, "{}.{:06}{number}", start / MILLI, start % MILLI)
            }
        }
    }
}

impl FromStr for Cursor {
    type Err = Unfit;

    fn from_str(text: &str) -> Result<Self, Unfit> {
        let unfit = || Unfit(format!("{} is no cursor of ours", Quoted(text)));
        let digits = |text: &str| {
            let all = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u64>().ok().filter(|_| all)
        };
        let Some((millis, rest)) = text.split_once('.') else {
            return digits(text).map(Self::Millisecond).ok_or_else(unfit);
        };
        let (nanos, number) = rest.split_at_checked(6).ok_or_else(unfit)?;
        let millis = digits(millis).and_then(|millis| millis.checked_mul(MILLI));
        let start = millis
            .zip(digits(nanos))
            .and_then(|(millis, nanos)| millis.checked_add(nanos));
        let (start, number) = start.zip(digits(number)).ok_or_else(unfit)?;
        Ok(Self::Row { start, number })
    }
}

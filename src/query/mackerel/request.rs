//! What the endpoints have in common: the id of a trace, a range of whole seconds, and pages by number.

use serde_json::Value;

use super::super::members::Unfit;
use super::super::model::TraceId;

const SECOND: u64 = 1_000_000_000;

/// The most rows of a page, and how many it has when nothing is said.
const PER_PAGE: std::ops::RangeInclusive<i64> = 1..=100;
const DEFAULT_PER_PAGE: i64 = 20;

/// Whole seconds since 1970, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    from: i64,
    to: i64,
}

/// A page by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageNumber {
    number: u64,
    /// The most rows.
    pub limit: usize,
}

/// The trace that a request names.
pub fn trace_id(text: &str) -> Result<TraceId, Unfit> {
    let unfit = |_| Unfit::value("traceId", &Value::from(text), "32 hexadecimal digits");
    text.parse().map_err(unfit)
}

// === impl Range ===

impl Range {
    /// The range that a request names.
    pub fn new(from: Option<i64>, to: Option<i64>) -> Result<Self, Unfit> {
        let from = from.ok_or_else(|| Unfit::missing("from"))?;
        let to = to.ok_or_else(|| Unfit::missing("to"))?;
        match from <= to {
            true => Ok(Self { from, to }),
            false => Err(Unfit(format!("`from` {from} is later than `to` {to}"))),
        }
    }

    /// From its first to its last second.
    pub fn seconds(self) -> u64 {
        self.to.abs_diff(self.from)
    }

    /// Its beginning (included) and its end (excluded), in nanoseconds since 1970.
    pub fn nanos(self) -> (u64, u64) {
        let nanos = |seconds: i64| u64::try_from(seconds).unwrap_or(0).saturating_mul(SECOND);
        (nanos(self.from), nanos(self.to.saturating_add(1)))
    }
}

// === impl PageNumber ===

impl PageNumber {
    /// The page that a request names.
    pub fn new(page: Option<i64>, per_page: Option<i64>) -> Result<Self, Unfit> {
        let (page, per_page) = (page.unwrap_or(1), per_page.unwrap_or(DEFAULT_PER_PAGE));
        let number = u64::try_from(page).ok().filter(|page| *page > 0);
        let number = number.ok_or_else(|| Unfit(format!("`page` is {page}; pages count from 1")))?;
        let limit = usize::try_from(per_page)
            .ok()
            .filter(|_| PER_PAGE.contains(&per_page));
        let (least, most) = (PER_PAGE.start(), PER_PAGE.end());
        let limit =
            limit.ok_or_else(|| Unfit(format!("`perPage` is {per_page}, not between {least} and {most}")))?;
        Ok(Self { number, limit })
    }

    /// Whether it is page 1.
    pub fn is_first(self) -> bool {
        self.number == 1
    }

    /// How many rows come before it.
    pub fn offset(self) -> u64 {
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        (self.number - 1).saturating_mul(limit)
    }
}

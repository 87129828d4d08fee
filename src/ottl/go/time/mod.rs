//! Instants, as Go's `time.Time` has them: arithmetic, calendar, texts.
//!
//! Promise: nothing panics for any number of seconds; years are right far beyond four digits. Sums end at the last instant
//! there is, differences at the longest duration.

mod civil;
mod directive;
mod layout;
mod locale;
mod read;
mod reader;
mod show;
mod strptime;
mod zone;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use jiff::tz::TimeZone;

pub use civil::Civil;
pub use layout::Layout;
pub use strptime::{TimeFormat, TimeParser};
pub use zone::local;

use crate::ottl::value::Time;

/// Seconds from the first instant of the year 1, from which Go counts, to 1970.
const FROM_YEAR_ONE: i64 = 62_135_596_800;

const BILLION: i64 = 1_000_000_000;

static PRINTED: LazyLock<Layout> = LazyLock::new(|| Layout::new("2006-01-02 15:04:05.999999999 -0700 MST"));

static RFC_3339: LazyLock<Layout> = LazyLock::new(|| Layout::new("2006-01-02T15:04:05.999999999Z07:00"));

// === impl Time ===

impl Time {
    /// So many seconds and nanoseconds after the beginning of 1970; either may be negative, and the nanoseconds more than a
    /// second.
    pub fn from_unix(seconds: i64, nanoseconds: i64, zone: TimeZone) -> Self {
        Self {
            seconds: seconds.saturating_add(nanoseconds.div_euclid(BILLION)),
            nanos: nanoseconds.rem_euclid(BILLION) as u32,
            zone,
        }
    }

    /// The instant at which clocks in `zone` show these. Days and seconds may be too many for their month or minute; then
    /// they run on. A clock that is put forward never shows some; for those, the instant is the one before it is by as much.
    pub fn from_civil(civil: &Civil, nanos: u32, zone: TimeZone) -> Self {
        let shown = civil.seconds();
        let offset = zone::offset(&zone, shown);
        // That was the offset as if it were UTC; what counts is the one at the instant it leads to.
        let offset = match offset {
            0 => 0,
            _ => zone::offset(&zone, shown.saturating_sub(offset)),
        };
        Self {
            seconds: shown.saturating_sub(offset),
            nanos,
            zone,
        }
    }

    /// What calendar and clock show in its zone.
    pub fn civil(&self) -> Civil {
        Civil::of(
            self.seconds
                .saturating_add(zone::offset(&self.zone, self.seconds)),
        )
    }

    /// Nanoseconds since 1970. Before 1677 and behind 2262 they no longer fit, and wrap around as Go's do.
    pub fn unix_nanos(&self) -> i64 {
        self.seconds
            .wrapping_mul(BILLION)
            .wrapping_add(i64::from(self.nanos))
    }

    /// So many nanoseconds later.
    pub fn plus(&self, nanoseconds: i64) -> Self {
        let total = self.total() + i128::from(nanoseconds);
        // The last seconds there are, counted as Go does.
        let (first, last) = (-i64::MAX, i64::MAX - FROM_YEAR_ONE);
        let seconds = total.div_euclid(i128::from(BILLION));
        Self {
            seconds: i64::try_from(seconds).map_or(if seconds < 0 { first } else { last }, |s| s.min(last)),
            nanos: total.rem_euclid(i128::from(BILLION)) as u32,
            zone: self.zone.clone(),
        }
    }

    /// Nanoseconds from `other` to this; the most there can be when it is further.
    pub fn minus_time(&self, other: &Self) -> i64 {
        let between = self.total() - other.total();
        i64::try_from(between).unwrap_or(if between < 0 { i64::MIN } else { i64::MAX })
    }

    /// The last multiple of so many nanoseconds since the beginning of the year 1 that is not behind it; itself when there
    /// are none or less.
    pub fn truncate(&self, nanoseconds: i64) -> Self {
        if nanoseconds <= 0 {
            return self.clone();
        }
        let since = self.total() + i128::from(FROM_YEAR_ONE) * i128::from(BILLION);
        let behind = since.rem_euclid(i128::from(nanoseconds));
        self.plus(-i64::try_from(behind).unwrap_or_default())
    }

    /// As Go prints it: `2026-03-01 12:00:00.5 +0100 CET`.
    pub fn text(&self) -> String {
        PRINTED.format(self)
    }

    /// RFC 3339 with the nanoseconds there are. An error when the year has not four digits.
    pub fn json_text(&self) -> Result<String, String> {
        match self.civil().year {
            0..=9999 => Ok(RFC_3339.format(self)),
            year => Err(format!("the year {year} is outside of 0 to 9999")),
        }
    }

    /// Nanoseconds since 1970, all of them.
    fn total(&self) -> i128 {
        i128::from(self.seconds) * i128::from(BILLION) + i128::from(self.nanos)
    }
}

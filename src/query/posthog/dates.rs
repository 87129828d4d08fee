//! The product's dates: ISO 8601, or relative to now. `-30m` is 30 minutes ago; with a boundary the letters are those of
//! the product's other pages, where `m` is a month: `-1mStart` is the beginning of last month.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc};
use serde::Deserialize;
use serde_json::Value;

use super::error::ApiError;

const NANOS: i128 = 1_000_000_000;

/// A range of time as requests have it; anything but an object counts as none.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(try_from = "Value")]
pub struct DateRange(Given);

/// A range that was given.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
struct Given {
    date_from: Option<String>,
    date_to: Option<String>,
    #[serde(rename = "explicitDate")]
    explicit_date: Option<bool>,
}

/// A range of time, in nanoseconds since 1970: from the beginning on, up to but without the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The beginning; any time, when absent.
    pub from: Option<u64>,
    /// The end.
    pub to: Option<u64>,
}

/// What relative dates count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    /// Units of so many seconds; a week begins on Sunday.
    Seconds(i64),
    /// Units of so many months.
    Months(u32),
}

const WEEK: i64 = 7 * 86_400;

// === impl DateRange ===

impl TryFrom<Value> for DateRange {
    type Error = serde_json::Error;

    fn try_from(value: Value) -> Result<Self, serde_json::Error> {
        match value {
            Value::Object(_) => Ok(Self(Given::deserialize(value)?)),
            _ => Ok(Self::default()),
        }
    }
}

impl DateRange {
    /// The range in the text of a query parameter; text that is no JSON counts as none.
    pub fn of_parameter(text: &str) -> Result<Self, ApiError> {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        Self::try_from(value).map_err(|error| ApiError::Malformed(format!("`dateRange`: {error}")))
    }

    /// Whether it says anything at all.
    pub fn is_given(&self) -> bool {
        self.0 != Given::default()
    }

    /// The range, which begins at `default` and ends now unless it says otherwise. Refuses an end before the beginning.
    pub fn window(&self, default: &str, now: u64) -> Result<Window, ApiError> {
        let given = |text: &Option<String>| text.as_deref().map(str::trim).unwrap_or_default().to_owned();
        let (mut from, to) = (given(&self.0.date_from), given(&self.0.date_to));
        if from.is_empty() {
            from = default.into();
        }
        let end = if to.is_empty() { now } else { point(&to, now)? };
        if from == "all" {
            let (from, to) = (None, Some(end));
            return Ok(Window { from, to });
        }
        let begin = point(&from, now)?;
        if !to.is_empty() && end < begin {
            return Err(ApiError::Invalid(format!(
                "the date range begins at \"{from}\", which is after its end, \"{to}\""
            )));
        }
        // One that ends now and begins later holds nothing.
        Ok(Window {
            from: Some(begin.min(end)),
            to: Some(end),
        })
    }
}

fn point(text: &str, now: u64) -> Result<u64, ApiError> {
    relative(text, instant(now)).or_else(|| iso(text)).ok_or_else(|| {
        ApiError::Invalid(format!(
            "the date \"{text}\" is neither relative, like -30m, -6h, -7d, -2w or -1dStart, nor ISO 8601"
        ))
    })
}

// === impl Window ===

impl Window {
    /// All of time.
    pub const EVER: Self = Self { from: None, to: None };

    /// The window so much earlier, in nanoseconds.
    pub fn earlier(&self, by: u64) -> Self {
        let back = |time: Option<u64>| time.map(|time| time.saturating_sub(by));
        Self {
            from: back(self.from),
            to: back(self.to),
        }
    }

    /// Nanoseconds from the beginning to the end; of everything up to the end without a beginning.
    pub fn length(&self) -> u64 {
        self.to
            .unwrap_or_default()
            .saturating_sub(self.from.unwrap_or_default())
    }
}

/// How far a relative date lies before `now`, in nanoseconds; none when it is no such date.
pub fn distance(text: &str, now: u64) -> Option<u64> {
    relative(text, instant(now)).map(|then| now.saturating_sub(then))
}

/// Reads ISO 8601: a date, or a date and a time, with an offset or in UTC. In nanoseconds since 1970, cut to what they
/// can say.
pub fn iso(text: &str) -> Option<u64> {
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some(nanos(date.and_time(chrono::NaiveTime::MIN).and_utc()));
    }
    let text = text.replacen(' ', "T", 1);
    let bare = text.strip_suffix(['Z', 'z']).unwrap_or(&text);
    let naive = |format| NaiveDateTime::parse_from_str(bare, format).ok();
    let offset = |format| DateTime::parse_from_str(&text, format).ok();
    naive("%Y-%m-%dT%H:%M:%S%.f")
        .or_else(|| naive("%Y-%m-%dT%H:%M"))
        .map(|time| nanos(time.and_utc()))
        .or_else(|| {
            offset("%Y-%m-%dT%H:%M:%S%.f%#z")
                .or_else(|| offset("%Y-%m-%dT%H:%M%#z"))
                .map(|time| nanos(time.to_utc()))
        })
}

/// A time as ISO 8601 in UTC with microseconds, without a word about the offset.
pub fn shown(time: u64) -> String {
    let time = instant(time);
    // The parts are written one by one: a format would be read each time.
    let (year, month, day) = (time.year(), time.month(), time.day());
    let (hour, minute, second) = (time.hour(), time.minute(), time.second());
    let micros = time.timestamp_subsec_micros();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}")
}

/// A time as ISO 8601 in UTC with whole seconds and a numeric offset.
pub fn shown_bucket(time: u64) -> String {
    instant(time).format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

fn instant(nanos: u64) -> DateTime<Utc> {
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let rest = u32::try_from(rest).unwrap_or_default();
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, rest))
        .unwrap_or_default()
}

fn nanos(time: DateTime<Utc>) -> u64 {
    let nanos = i128::from(time.timestamp()) * NANOS + i128::from(time.timestamp_subsec_nanos());
    u64::try_from(nanos.max(0)).unwrap_or(u64::MAX)
}

// === relative dates ===

/// `-7d`, `30m`, `-1y`; with a boundary also `dStart`, `-1mEnd`. What lies before 1970 is 1970.
fn relative(text: &str, now: DateTime<Utc>) -> Option<u64> {
    let text = text.strip_prefix('-').unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    let mut rest = rest.chars();
    let (letter, boundary) = (rest.next()?, rest.as_str());
    let unit = Unit::of(letter, boundary.is_empty())?;
    let number = match number {
        "" if boundary.is_empty() => return None,
        "" => 0,
        number => number.parse().unwrap_or(u32::MAX),
    };
    let then = unit.back(now, number).unwrap_or_default();
    let start = || unit.floor(then).unwrap_or_default();
    match boundary {
        "" => Some(nanos(then)),
        "Start" => Some(nanos(start())),
        "End" => Some(nanos(unit.end(start()).unwrap_or_default())),
        _ => None,
    }
}

// === impl Unit ===

impl Unit {
    /// A letter's unit; `is_short` where no boundary follows, so that `m` means minutes.
    fn of(letter: char, is_short: bool) -> Option<Self> {
        Some(match letter {
            'm' if !is_short => Self::Months(1),
            's' | 'S' => Self::Seconds(1),
            'm' | 'M' => Self::Seconds(60),
            'h' | 'H' => Self::Seconds(3600),
            'd' | 'D' => Self::Seconds(86_400),
            'w' | 'W' => Self::Seconds(WEEK),
            'q' | 'Q' => Self::Months(3),
            'y' | 'Y' => Self::Months(12),
            _ => return None,
        })
    }

    fn back(self, from: DateTime<Utc>, number: u32) -> Option<DateTime<Utc>> {
        match self {
            Self::Seconds(seconds) => {
                let length = TimeDelta::try_seconds(seconds.checked_mul(number.into())?)?;
                from.checked_sub_signed(length)
            }
            Self::Months(months) => from.checked_sub_months(Months::new(months.checked_mul(number)?)),
        }
    }

    /// Where the unit begins that a time lies in.
    fn floor(self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Seconds(WEEK) => {
                let day = Self::Seconds(86_400).floor(time)?;
                day.checked_sub_days(Days::new(day.weekday().num_days_from_sunday().into()))
            }
            Self::Seconds(seconds) => {
                let begin = time
                    .timestamp()
                    .checked_sub(time.timestamp().rem_euclid(seconds))?;
                DateTime::from_timestamp(begin, 0)
            }
            Self::Months(months) => {
                let first = time.month0() - time.month0() % months;
                let day = time.date_naive().with_day(1)?.with_month0(first)?;
                Some(day.and_time(chrono::NaiveTime::MIN).and_utc())
            }
        }
    }

    /// The last microsecond of the unit that begins at `start`.
    fn end(self, start: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = match self {
            Self::Seconds(seconds) => start.checked_add_signed(TimeDelta::try_seconds(seconds)?),
            Self::Months(months) => start.checked_add_months(Months::new(months)),
        };
        next?.checked_sub_signed(TimeDelta::microseconds(1))
    }
}

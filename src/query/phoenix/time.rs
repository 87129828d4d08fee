//! Times as Phoenix writes and reads them.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

/// A time that was read, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Negative before 1970.
    pub nanos: i128,
    /// Whether it said its offset; without one it is taken as UTC.
    pub aware: bool,
}

/// Seconds since 1970 above which a number means milliseconds.
const MOST_SECONDS: f64 = 2e10;

/// Nanoseconds since 1970, to the nearest microsecond; a fraction only where it is not zero.
pub fn iso(nanos: u64) -> String {
    iso_micros(i64::try_from(nanos.saturating_add(500) / 1000).unwrap_or(i64::MAX))
}

/// Microseconds since 1970.
pub fn iso_micros(micros: i64) -> String {
    written(
        micros,
        if micros % 1_000_000 == 0 { "" } else { "%.6f" },
        "+00:00",
    )
}

/// As [`iso`], exact to the nanosecond, for cursors.
pub fn iso_exact(nanos: u64) -> String {
    match nanos % 1000 {
        0 => iso(nanos),
        below => {
            let micros = i64::try_from(nanos / 1000).unwrap_or(i64::MAX);
            written(micros, &format!("%.6f{below:03}"), "+00:00")
        }
    }
}

/// As pandas writes it: nine digits of a fraction, and a `Z`.
pub fn pandas(nanos: u64) -> String {
    let micros = i64::try_from(nanos.saturating_add(500) / 1000).unwrap_or(i64::MAX);
    written(micros, "%.6f000", "Z")
}

fn written(micros: i64, fraction: &str, offset: &str) -> String {
    let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    format!("{}{offset}", time.format(&format!("%Y-%m-%dT%H:%M:%S{fraction}")))
}

/// Reads ISO 8601, with or without time and offset, or seconds (milliseconds, if that many) since 1970; an error says what is wrong.
pub fn parse(text: &str) -> Result<Moment, &'static str> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return of_number(number);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(at(time.timestamp(), time.timestamp_subsec_nanos(), true));
    }
    let naive = |time: NaiveDateTime| {
        let time = time.and_utc();
        at(time.timestamp(), time.timestamp_subsec_nanos(), false)
    };
    for form in ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M"] {
        if let Ok(time) = NaiveDateTime::parse_from_str(text, form) {
            return Ok(naive(time));
        }
    }
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(date) => Ok(naive(date.and_time(chrono::NaiveTime::MIN))),
        Err(_) if text.len() < 10 => Err("input is too short"),
        Err(_) => Err("unexpected characters in the input"),
    }
}

/// Seconds since 1970, or milliseconds, if that many.
pub fn of_number(number: f64) -> Result<Moment, &'static str> {
    let seconds = match number.abs() > MOST_SECONDS {
        true => number / 1000.0,
        false => number,
    };
    if !seconds.is_finite() || seconds.abs() > MOST_SECONDS {
        return Err("dates after 9999 are not supported as unix timestamps");
    }
    // Microseconds are what a double of seconds is exact to.
    let micros = (seconds * 1e6).round() as i64;
    Ok(Moment {
        nanos: i128::from(micros) * 1000,
        aware: true,
    })
}

fn at(seconds: i64, nanos: u32, aware: bool) -> Moment {
    Moment {
        nanos: i128::from(seconds) * 1_000_000_000 + i128::from(nanos),
        aware,
    }
}

//! Times and durations, as people write and read them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};

/// Nanoseconds since 1970 of a time in RFC 3339, or of seconds since 1970.
pub(super) fn time(text: &str) -> Result<u64, String> {
    let nanos = match text.parse::<u64>() {
        Ok(seconds) => i128::from(seconds) * 1_000_000_000,
        Err(_) => {
            let time = DateTime::parse_from_rfc3339(text);
            let time = time.map_err(|_| {
                format!("`{text}` is no time: `2026-11-20T05:00:00Z` or seconds since 1970 are expected")
            })?;
            i128::from(time.timestamp()) * 1_000_000_000 + i128::from(time.timestamp_subsec_nanos())
        }
    };
    u64::try_from(nanos).map_err(|_| format!("`{text}` is not between 1970 and 2554"))
}

/// Nanoseconds since 1970, so long ago.
pub(super) fn ago(duration: Duration) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.saturating_sub(duration).as_nanos()).unwrap_or(u64::MAX)
}

/// A time in UTC, to the millisecond.
pub(super) fn shown(nanos: u64) -> String {
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    let time = i64::try_from(seconds).ok();
    let time = time.and_then(|seconds| DateTime::from_timestamp(seconds, rest as u32));
    match time {
        Some(time) => time.to_rfc3339_opts(SecondsFormat::Millis, true),
        None => format!("{seconds} s"),
    }
}

/// A duration to three digits, in the unit that suits it.
pub(super) fn length(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let nanos = nanos.unsigned_abs();
    let (value, unit) = match nanos {
        0..1_000 => return format!("{sign}{nanos} ns"),
        1_000..1_000_000 => (nanos as f64 / 1e3, "us"),
        1_000_000..1_000_000_000 => (nanos as f64 / 1e6, "ms"),
        _ => (nanos as f64 / 1e9, "s"),
    };
    let digits = match value {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{sign}{value:.digits$} {unit}")
}

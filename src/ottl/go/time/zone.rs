//! Time zones by name, and the names they go by.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

/// Seconds of four centuries, after which rules of daylight saving time repeat.
const CYCLE: i64 = 146_097 * 86_400;

/// How many changes of a zone are looked through for a name; no zone has so many.
const MAX_CHANGES: usize = 1000;

/// Rules of daylight saving time say the same every year; those before this second of 2038 say all of it.
const RULES: i64 = 1 << 31;

/// How a zone's clocks stand at some instant.
pub struct Standing<'z> {
    /// The abbreviation; empty where the zone is an offset without a name.
    pub name: Cow<'z, str>,
    /// Seconds by which clocks are ahead of UTC.
    pub offset: i64,
}

/// The zone of this machine; UTC where it says none.
pub fn local() -> TimeZone {
    TimeZone::try_system()
        .ok()
        .filter(|zone| !zone.is_unknown())
        .unwrap_or(TimeZone::UTC)
}

/// The zone of a name in the database. As for Go, the empty name is UTC, `Local` is `local`, and case matters.
pub fn load(name: &str, local: &TimeZone) -> Result<TimeZone, String> {
    match name {
        "" | "UTC" => return Ok(TimeZone::UTC),
        "Local" => return Ok(local.clone()),
        _ => {}
    }
    let zone = TimeZone::get(name).ok();
    zone.filter(|zone| zone.iana_name() == Some(name))
        .ok_or_else(|| format!("failed to load location {name}: unknown time zone {name}"))
}

/// How clocks in `zone` stand so many seconds after the beginning of 1970.
pub fn at(zone: &TimeZone, seconds: i64) -> Standing<'_> {
    if *zone == TimeZone::UTC {
        return Standing::new("UTC".into(), 0);
    }
    if let Ok(offset) = zone.to_fixed_offset() {
        return Standing::new("".into(), offset.seconds());
    }
    let info = zone.to_offset_info(timestamp(seconds));
    let name = info.abbreviation().to_owned();
    Standing::new(name.into(), info.offset().seconds())
}

/// Seconds by which clocks in `zone` are ahead of UTC then.
pub fn offset(zone: &TimeZone, seconds: i64) -> i64 {
    match *zone == TimeZone::UTC {
        true => 0,
        false => i64::from(zone.to_offset(timestamp(seconds)).seconds()),
    }
}

/// The offset that a name stands for in `zone`, at an instant given by what clocks show: best where it was in use then.
pub fn offset_of(zone: &TimeZone, name: &str, shown: i64) -> Option<i64> {
    let mut first = None;
    for (known, offset) in names(zone) {
        if known != name {
            continue;
        }
        let then = at(zone, shown.saturating_sub(offset));
        if then.name == name {
            return Some(then.offset);
        }
        first = first.or(Some(offset));
    }
    first
}

/// A zone that is an offset with a name, or without one.
pub fn fixed(name: &str, offset: i64) -> TimeZone {
    let seconds = i32::try_from(offset).unwrap_or_default();
    if !name.is_empty() {
        let sign = if seconds > 0 { "-" } else { "" };
        let size = seconds.unsigned_abs();
        let (hours, minutes, seconds) = (size / 3600, size / 60 % 60, size % 60);
        let rule = format!("<{name}>{sign}{hours}:{minutes:02}:{seconds:02}");
        if let Ok(zone) = TimeZone::posix(&rule) {
            return zone;
        }
    }
    Offset::from_seconds(seconds).map_or(TimeZone::UTC, TimeZone::fixed)
}

/// Every name and offset that clocks in `zone` have had, the latest first; one may come twice.
fn names(zone: &TimeZone) -> impl Iterator<Item = (String, i64)> {
    let changes = zone.preceding(timestamp(RULES)).take(MAX_CHANGES);
    let first = at(zone, i64::MIN);
    changes
        .map(|change| {
            (
                change.abbreviation().to_owned(),
                i64::from(change.offset().seconds()),
            )
        })
        .chain([(first.name.into_owned(), first.offset)])
}

/// The same instant, or one four or more centuries earlier at which clocks stand the same, or the first there is.
fn timestamp(seconds: i64) -> Timestamp {
    let last = Timestamp::MAX.as_second();
    let seconds = match seconds > last {
        true => last - CYCLE + (seconds - last) % CYCLE,
        false => seconds,
    };
    Timestamp::from_second(seconds).unwrap_or(Timestamp::MIN)
}

// === impl Standing ===

impl<'z> Standing<'z> {
    fn new(name: Cow<'z, str>, offset: impl Into<i64>) -> Self {
        let offset = offset.into();
        Self { name, offset }
    }
}

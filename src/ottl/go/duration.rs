//! Durations as texts, by the rules of Go's `time.Duration`.
//!
//! Promise: what [`duration_text`] writes, [`parse_duration`] reads as the same number of nanoseconds.

/// Units from the smallest on, with their nanoseconds. Both letters that look like the sign for micro are meant.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The magnitude of the least duration.
const LEAST: u64 = 1 << 63;

/// Reads `-1h15m30.918s` as nanoseconds.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("invalid duration {text:?}");
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0u64;
    while !rest.is_empty() {
        let digits = rest.find(|letter: char| !letter.is_ascii_digit());
        let (whole, behind) = rest.split_at(digits.unwrap_or(rest.len()));
        let (fraction, behind) = match behind.strip_prefix('.') {
            Some(behind) => {
                let digits = behind.find(|letter: char| !letter.is_ascii_digit());
                behind.split_at(digits.unwrap_or(behind.len()))
            }
            None => ("", behind),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let end = behind.find(|letter: char| letter == '.' || letter.is_ascii_digit());
        let (name, behind) = behind.split_at(end.unwrap_or(behind.len()));
        if name.is_empty() {
            return Err(format!("missing unit in duration {text:?}"));
        }
        let unit = UNITS.iter().find(|(unit, _)| *unit == name);
        let unit = unit.ok_or_else(|| format!("unknown unit {name:?} in duration {text:?}"))?;
        let part = nanoseconds(whole, fraction, unit.1).ok_or_else(invalid)?;
        total = total
            .checked_add(part)
            .filter(|total| *total <= LEAST)
            .ok_or_else(invalid)?;
        rest = behind;
    }
    match text.starts_with('-') {
        true => Ok(0i64.wrapping_sub_unsigned(total)),
        false => i64::try_from(total).map_err(|_| invalid()),
    }
}

/// So many units; nothing when that is more than a duration holds. A fraction is cut to whole nanoseconds by way of a
/// floating point number, as Go does.
fn nanoseconds(whole: &str, fraction: &str, unit: u64) -> Option<u64> {
    let mut total = 0u64;
    for digit in whole.bytes() {
        total = total.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        (total <= LEAST).then_some(())?;
    }
    total = total.checked_mul(unit).filter(|total| *total <= LEAST)?;
    let (mut part, mut scale) = (0u64, 1f64);
    for digit in fraction.bytes() {
        // What no longer fits into the number adds less than a nanosecond.
        if part > (LEAST - 1) / 10 {
            break;
        }
        let next = part * 10 + u64::from(digit - b'0');
        if next > LEAST {
            break;
        }
        (part, scale) = (next, scale * 10.0);
    }
    if part > 0 {
        total = total.checked_add((part as f64 * (unit as f64 / scale)) as u64)?;
    }
    (total <= LEAST).then_some(total)
}

/// Nanoseconds as `-1h15m30.918s`: hours, minutes and seconds where it is a second or more, else the unit that fits.
pub fn duration_text(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = nanoseconds.unsigned_abs();
    match size {
        0 => return "0s".to_owned(),
        1..1_000 => return format!("{sign}{size}ns"),
        1_000..1_000_000 => return format!("{sign}{}µs", decimal(size, 3)),
        1_000_000..1_000_000_000 => return format!("{sign}{}ms", decimal(size, 6)),
        _ => {}
    }
    let minutes = size / 60_000_000_000;
    let seconds = decimal(size % 60_000_000_000, 9);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// The number with its point moved `places` to the left, without zeros at the end.
fn decimal(number: u64, places: u32) -> String {
    let one = 10u64.pow(places);
    let fraction = format!("{:0width$}", number % one, width = places as usize);
    let fraction = fraction.trim_end_matches('0');
    match fraction.is_empty() {
        true => (number / one).to_string(),
        false => format!("{}.{fraction}", number / one),
    }
}

//! How single values look.

use std::fmt::{self, Display, Write};

use crate::wire::{AttributeView, ValueView};

/// Text from a sender, its control characters escaped, so that it cannot steer a terminal or forge a line.
pub struct Text<'a>(pub &'a str);

/// Bytes in hex.
pub struct Hex<'a>(pub &'a [u8]);

/// Nanoseconds since 1970 as a UTC time; `unset` when zero.
pub struct Time(pub u64);

/// An attribute's value with its type, as in `Int(200)`.
pub struct Typed<'a>(pub &'a ValueView<'a>);

/// An attribute's value alone.
pub struct Plain<'a>(pub &'a ValueView<'a>);

/// The name of a `SpanKind`.
pub fn kind(kind: i32) -> &'static str {
    match kind {
        0 => "Unspecified",
        1 => "Internal",
        2 => "Server",
        3 => "Client",
        4 => "Producer",
        5 => "Consumer",
        _ => "Unknown",
    }
}

/// The name of a `StatusCode`.
pub fn status_code(code: i32) -> &'static str {
    match code {
        0 => "Unset",
        1 => "Ok",
        2 => "Error",
        _ => "Unknown",
    }
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                f.write_char(character)?;
            }
        }
        Ok(())
    }
}

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("unset");
        }
        let (seconds, nanos) = (self.0 / 1_000_000_000, self.0 % 1_000_000_000);
        let (year, month, day) = date(seconds / 86_400);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        write!(
            f,
            "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{nanos:09}Z"
        )
    }
}

/// Year, month and day of a number of days since 1970. Years are counted from March, so that the leap day is
/// the last of its year, and months have 153 days in every five.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

impl Display for Typed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.0 {
            ValueView::Empty => "Empty",
            ValueView::String(_) => "Str",
            ValueView::Bool(_) => "Bool",
            ValueView::Int(_) => "Int",
            ValueView::Double(_) => "Double",
            ValueView::Bytes(_) => "Bytes",
            ValueView::Array(_) => "Slice",
            ValueView::KeyValueList(_) => "Map",
            ValueView::StringIndex(_) => "StrIndex",
        };
        write!(f, "{name}({})", Plain(self.0))
    }
}

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ValueView::Empty => Ok(()),
            ValueView::String(text) => Text(text).fmt(f),
            ValueView::Bool(value) => value.fmt(f),
            ValueView::Int(value) => value.fmt(f),
            ValueView::Double(value) => value.fmt(f),
            ValueView::Bytes(bytes) => Hex(bytes).fmt(f),
            ValueView::StringIndex(index) => index.fmt(f),
            ValueView::Array(list) => {
                f.write_char('[')?;
                for (place, item) in list.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { "," })?;
                    Plain(&item).fmt(f)?;
                }
                f.write_char(']')
            }
            ValueView::KeyValueList(list) => {
                f.write_char('{')?;
                for (place, item) in list.iter().enumerate() {
                    f.write_str(if place == 0 { "" } else { "," })?;
                    pair(f, item)?;
                }
                f.write_char('}')
            }
        }
    }
}

/// `key=value`.
pub fn pair(out: &mut dyn Write, attribute: AttributeView<'_>) -> fmt::Result {
    write!(out, "{}={}", Text(attribute.key()), Plain(&attribute.value()))
}

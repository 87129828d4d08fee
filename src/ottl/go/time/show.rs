//! Times by a layout.

use std::fmt::Write as _;

use super::civil::Civil;
use super::layout::{Element, Form, Layout, Name, Pad};
use super::zone;
use crate::ottl::value::Time;

/// The months, from January on.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The days of the week, from Sunday on.
pub(super) const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// The name, or its first three letters.
pub(super) fn cut(name: &'static str, how: Name) -> &'static str {
    match how {
        Name::Long => name,
        Name::Short => name.get(..3).unwrap_or(name),
    }
}

/// What is shown of one time.
struct Shown<'t> {
    civil: Civil,
    nanos: u32,
    standing: zone::Standing<'t>,
}

impl Layout {
    /// The time in its zone, written by the layout.
    pub fn format(&self, time: &Time) -> String {
        let standing = zone::at(&time.zone, time.seconds);
        let shown = Shown {
            civil: Civil::of(time.seconds.saturating_add(standing.offset)),
            nanos: time.nanos,
            standing,
        };
        let mut out = String::new();
        for (before, element, _) in &self.parts {
            out.push_str(before);
            shown.put(*element, &mut out);
        }
        out.push_str(&self.rest);
        out
    }
}

// === impl Shown ===

impl Shown<'_> {
    fn put(&self, element: Element, out: &mut String) {
        let civil = &self.civil;
        let half = match civil.hour % 12 {
            0 => 12,
            hour => hour,
        };
        match element {
            Element::Year => put_number(civil.year, 4, Pad::Zero, out),
            Element::ShortYear => put_number(civil.year.abs() % 100, 2, Pad::Zero, out),
            Element::MonthName(how) => out.push_str(named(&MONTHS, civil.month - 1, how)),
            Element::Month(pad) => put_number(civil.month, 2, pad, out),
            Element::WeekdayName(how) => out.push_str(named(&WEEKDAYS, civil.weekday(), how)),
            Element::Day(pad) => put_number(civil.day, 2, pad, out),
            Element::DayOfYear(pad) => put_number(civil.day_of_year(), 3, pad, out),
            Element::Hour => put_number(civil.hour, 2, Pad::Zero, out),
            Element::Hour12(pad) => put_number(half, 2, pad, out),
            Element::Minute(pad) => put_number(civil.minute, 2, pad, out),
            Element::Second(pad) => put_number(civil.second, 2, pad, out),
            Element::HalfDay(is_upper) => out.push_str(match (civil.hour < 12, is_upper) {
                (true, true) => "AM",
                (false, true) => "PM",
                (true, false) => "am",
                (false, false) => "pm",
            }),
            Element::ZoneName if self.standing.name.is_empty() => self.put_offset(Form::Minute, out),
            Element::ZoneName => out.push_str(&self.standing.name),
            Element::Offset { z: true, .. } if self.standing.offset == 0 => out.push('Z'),
            Element::Offset { form, .. } => self.put_offset(form, out),
            Element::Fraction {
                digits,
                trims,
                separator,
            } => self.put_fraction(digits, trims, separator, out),
        }
    }

    fn put_offset(&self, form: Form, out: &mut String) {
        let offset = self.standing.offset;
        // Less than a minute behind UTC shows a plus: only whole minutes have a sign.
        out.push(if offset / 60 < 0 { '-' } else { '+' });
        let size = match offset / 60 < 0 {
            true => -offset,
            false => offset,
        };
        let (hour, minute, second) = (size / 3600, (size / 60 % 60).abs(), size % 60);
        // Writing to a `String` does not fail.
        _ = match form {
            Form::Hour => write!(out, "{hour:02}"),
            Form::Minute => write!(out, "{hour:02}{minute:02}"),
            Form::ColonMinute => write!(out, "{hour:02}:{minute:02}"),
            Form::Second => write!(out, "{hour:02}{minute:02}{second:02}"),
            Form::ColonSecond => write!(out, "{hour:02}:{minute:02}:{second:02}"),
        };
    }

    fn put_fraction(&self, digits: usize, trims: bool, separator: char, out: &mut String) {
        let nine = format!("{:09}", self.nanos);
        let known = nine.get(..digits.min(9)).unwrap_or(&nine);
        if trims {
            let known = known.trim_end_matches('0');
            if !known.is_empty() {
                out.push(separator);
                out.push_str(known);
            }
            return;
        }
        out.push(separator);
        out.push_str(known);
    }
}

fn named(names: &[&'static str], place: i64, how: Name) -> &'static str {
    let name = usize::try_from(place).ok().and_then(|place| names.get(place));
    name.map_or("", |name| cut(name, how))
}

fn put_number(number: i64, width: usize, pad: Pad, out: &mut String) {
    if number < 0 {
        out.push('-');
    }
    let number = number.unsigned_abs();
    // Writing to a `String` does not fail.
    _ = match pad {
        Pad::None => write!(out, "{number}"),
        Pad::Zero => write!(out, "{number:0width$}"),
        Pad::Space => write!(out, "{number:width$}"),
    };
}

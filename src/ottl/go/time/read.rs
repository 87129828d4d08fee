//! Texts as times, by a layout.

use jiff::tz::TimeZone;

use super::civil::{Civil, days_in, is_leap};
use super::layout::{Element, Layout, Pad};
use super::reader::{Reader, Wrong, within};
use super::show::{MONTHS, WEEKDAYS};
use super::zone;
use crate::ottl::value::Time;

/// Why a text does not follow a layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mismatch<'t> {
    /// What of the layout: an element or what stands before one; empty when it is about the whole.
    pub element: String,
    /// The text from there on.
    pub rest: &'t [u8],
    /// What is wrong with it, when it is more than that it does not look like the element.
    pub reason: Option<&'static str>,
}

/// What a text has told so far. A year that it does not tell is 0.
#[derive(Default)]
struct Fields<'t> {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    day_of_year: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    /// Whether it is after noon, where that is told.
    is_pm: Option<bool>,
    is_utc: bool,
    offset: Option<i64>,
    zone: &'t [u8],
}

impl Layout {
    /// Reads a time that is shown in `zone` unless the text tells another. An offset that clocks in `zone` have at that
    /// instant means `zone` itself; the name of a zone has to be one of `zone`, or is taken for an offset of zero.
    pub(super) fn read<'t>(&self, text: &'t [u8], zone: &TimeZone) -> Result<Time, Mismatch<'t>> {
        let mut reader = Reader(text);
        let mut fields = Fields::default();
        let next = self.parts.iter().skip(1).map(Some).chain([None]);
        for ((before, element, written), next) in self.parts.iter().zip(next) {
            reader.skip(before)?;
            let start = reader.0;
            // A fraction behind the seconds is taken also where the layout names none.
            let is_named = matches!(next, Some((_, Element::Fraction { .. }, _)));
            let taken = match fields.take(*element, &mut reader) {
                Ok(()) if matches!(element, Element::Second(_)) && !is_named => {
                    fields.take_fraction(&mut reader)
                }
                taken => taken,
            };
            taken.map_err(|wrong| match wrong {
                Wrong::Form => Mismatch::of(written, start, None),
                Wrong::Range(reason) => Mismatch::of(written, reader.0, Some(reason)),
            })?;
        }
        reader.skip(&self.rest)?;
        if !reader.0.is_empty() {
            return Err(Mismatch::of("", reader.0, Some("extra text")));
        }
        fields.time(zone)
    }
}

// === impl Fields ===

impl<'t> Fields<'t> {
    fn take(&mut self, element: Element, text: &mut Reader<'t>) -> Result<(), Wrong> {
        match element {
            Element::Year => self.year = text.digits(4)?,
            Element::ShortYear => {
                let year = text.short_year()?;
                // The first instant of Unix is in 1969 in half of the world.
                self.year = if year >= 69 { year + 1900 } else { year + 2000 };
            }
            Element::MonthName(how) => self.month = Some(text.name(&MONTHS, how)? + 1),
            Element::Month(pad) => {
                let month = text.number(pad)?;
                self.month = Some(within(month, 1, 12, "month out of range")?);
            }
            Element::WeekdayName(how) => drop(text.name(&WEEKDAYS, how)?),
            Element::Day(pad) => self.day = Some(text.number(pad)?),
            Element::DayOfYear(pad) => self.day_of_year = Some(text.day_of_year(pad)?),
            Element::Hour => self.hour = within(text.number(Pad::None)?, 0, 23, "hour out of range")?,
            Element::Hour12(pad) => self.hour = within(text.number(pad)?, 0, 12, "hour out of range")?,
            Element::Minute(pad) => self.minute = within(text.number(pad)?, 0, 59, "minute out of range")?,
            Element::Second(pad) => self.second = within(text.number(pad)?, 0, 59, "second out of range")?,
            Element::HalfDay(is_upper) => {
                let (am, pm) = if is_upper { ("AM", "PM") } else { ("am", "pm") };
                self.is_pm = Some(text.takes(pm));
                if self.is_pm == Some(false) && !text.takes(am) {
                    return Err(Wrong::Form);
                }
            }
            Element::ZoneName if text.takes("UTC") => self.is_utc = true,
            Element::ZoneName => self.zone = text.zone_name()?,
            Element::Offset { z: true, .. } if text.takes("Z") => self.is_utc = true,
            Element::Offset { form, .. } => self.offset = Some(text.offset(form)?),
            Element::Fraction { trims: true, .. } => self.take_fraction(text)?,
            Element::Fraction { digits, .. } => {
                self.nanos = text.fraction(digits).ok_or(Wrong::Form)?;
            }
        }
        Ok(())
    }

    /// All digits behind a point or comma, if there are any.
    fn take_fraction(&mut self, text: &mut Reader<'t>) -> Result<(), Wrong> {
        if let [b'.' | b',', behind @ ..] = text.0 {
            let digits = behind.iter().take_while(|digit| digit.is_ascii_digit()).count();
            if digits > 0 {
                self.nanos = text.fraction(digits).ok_or(Wrong::Form)?;
            }
        }
        Ok(())
    }

    /// The instant that all of it means.
    fn time(mut self, zone: &TimeZone) -> Result<Time, Mismatch<'t>> {
        let wrong = |reason| Mismatch::of("", &[], Some(reason));
        match self.is_pm {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let (month, day) = self.date().map_err(wrong)?;
        if day < 1 || day > days_in(month, self.year) {
            return Err(wrong("day out of range"));
        }
        let civil = Civil {
            year: self.year,
            month,
            day,
            hour: self.hour,
            minute: self.minute,
            second: self.second,
        };
        let name = str::from_utf8(self.zone).unwrap_or_default();
        let shown = civil.seconds();
        let (offset, zone) = match self.offset {
            _ if self.is_utc => (0, TimeZone::UTC),
            Some(offset) => {
                let here = zone::at(zone, shown - offset);
                let is_here = here.offset == offset && (name.is_empty() || here.name == name);
                (
                    offset,
                    if is_here {
                        zone.clone()
                    } else {
                        zone::fixed(name, offset)
                    },
                )
            }
            None if name.is_empty() => return Ok(Time::from_civil(&civil, self.nanos, zone.clone())),
            None => match zone::offset_of(zone, name, shown) {
                Some(offset) => (offset, zone.clone()),
                None => {
                    let hours: i64 = name
                        .strip_prefix("GMT")
                        .map_or(0, |hours| hours.parse().unwrap_or(0));
                    // The clock is shown as if there were no offset.
                    (0, zone::fixed(name, hours * 3600))
                }
            },
        };
        Ok(Time {
            seconds: shown - offset,
            nanos: self.nanos,
            zone,
        })
    }

    /// Month and day, which the day of the year may tell.
    fn date(&self) -> Result<(i64, i64), &'static str> {
        let Some(of_year) = self.day_of_year else {
            return Ok((self.month.unwrap_or(1), self.day.unwrap_or(1)));
        };
        if of_year < 1 || of_year > 365 + i64::from(is_leap(self.year)) {
            return Err("day of year out of range");
        }
        let (mut month, mut day) = (1, of_year);
        while day > days_in(month, self.year) {
            day -= days_in(month, self.year);
            month += 1;
        }
        match (self.month, self.day) {
            (Some(told), _) if told != month => Err("day of year does not match month"),
            (_, Some(told)) if told != day => Err("day of year does not match day"),
            _ => Ok((month, day)),
        }
    }
}

// === impl Mismatch ===

impl<'t> Mismatch<'t> {
    pub fn of(element: &str, rest: &'t [u8], reason: Option<&'static str>) -> Self {
        Self {
            element: element.to_owned(),
            rest,
            reason,
        }
    }
}

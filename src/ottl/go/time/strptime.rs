//! Times by directives such as `%Y-%m-%d`, as the converters `Time` and `FormatTime` take them.
//!
//! Directives are translated to Go's layouts. Writing has one layout. Reading tries others where one fails at a directive:
//! numbers with fewer digits, spaces before them, offsets written in other ways.

use jiff::tz::TimeZone;

use super::directive::{Directive, Directives};
use super::layout::Layout;
use super::locale::{Names, Untranslated};
use super::zone;
use crate::ottl::value::Time;

/// Bytes of a text, far more than any time takes.
const MAX_TEXT: usize = 4096;

/// How many layouts are tried for one text.
const MAX_TRIES: u32 = 64;

/// How far ahead a day may be that is shown without its year; else it is of the year before.
const DAYS_AHEAD: i64 = 7;

/// How times are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat(Layout);

/// How times are read.
#[derive(Clone, Debug)]
pub struct TimeParser {
    format: String,
    directives: Directives,
    /// The layout that is tried first, and how it is written.
    first: (Layout, String),
    zone: TimeZone,
    local: TimeZone,
    names: Option<Names>,
}

/// The layouts tried for one text.
struct Search<'p> {
    parser: &'p TimeParser,
    text: &'p str,
    tries: u32,
}

/// Why a layout failed.
enum Failure {
    /// At this element, or at none where it is empty, for this reason or because what is seen there is no such element.
    Element {
        element: String,
        seen: Box<[u8]>,
        reason: Option<&'static str>,
    },
    /// All that may be tried has been.
    TooMany,
    /// For a reason that no other layout changes.
    Other(String),
}

// === impl TimeFormat ===

impl TimeFormat {
    /// Takes a format; an error names directives that there are not, digits, and fractions of a second that do not stand
    /// behind a point or comma.
    pub fn new(format: &str) -> Result<Self, String> {
        let directives = Directives::of(format)?;
        Ok(Self(Layout::new(&directives.written())))
    }

    /// The time in its own zone. Zeros at the end of a fraction are left out.
    pub fn format(&self, time: &Time) -> String {
        self.0.format(time)
    }
}

// === impl TimeParser ===

impl TimeParser {
    /// Takes a format as [`TimeFormat::new`] does, the name of the zone of texts that tell none, and a BCP 47 language tag
    /// for names of days and months. Without a zone it is UTC when the format ends in the letter Z, else `local`.
    pub fn new(
        format: &str,
        location: Option<&str>,
        locale: Option<&str>,
        local: &TimeZone,
    ) -> Result<Self, String> {
        let zone = match location {
            Some(name) if !name.is_empty() => zone::load(name, local)?,
            _ if format.ends_with('Z') => TimeZone::UTC,
            _ => local.clone(),
        };
        let names = locale.map(Names::of).transpose()?;
        let directives = Directives::of(format)?;
        let first = directives.first();
        Ok(Self {
            format: format.to_owned(),
            directives,
            first: (Layout::new(&first), first),
            zone,
            local: local.clone(),
            names,
        })
    }

    /// Reads a time. `now` tells the year of one that does not, in the zone by which years change.
    pub fn parse(&self, text: &str, now: &Time) -> Result<Time, String> {
        if text.is_empty() {
            return Err("time cannot be empty".to_owned());
        }
        if text.len() > MAX_TEXT {
            return Err(format!(
                "a time of {} bytes is longer than {MAX_TEXT}",
                text.len()
            ));
        }
        let mut search = Search {
            parser: self,
            text,
            tries: 0,
        };
        match search.read(&mut String::new(), &self.directives.parts) {
            Ok(time) => Ok(with_year(time, now)),
            Err(failure) => Err(self.explain(text, failure)),
        }
    }

    fn read(&self, layout: &str, text: &str) -> Result<Time, Failure> {
        let translated = self.names.as_ref().map(|names| names.translate(layout, text));
        let text = match translated {
            None => text,
            Some(Ok(ref text)) => text,
            Some(Err(Untranslated::Element(element))) => {
                return Err(Failure::Element {
                    element,
                    seen: text.trim_ascii_start().as_bytes().into(),
                    reason: None,
                });
            }
            Some(Err(Untranslated::Unsupported(element))) => {
                let names = self.names.as_ref().map(|names| names.unsupported(&element));
                return Err(Failure::Other(names.unwrap_or_default()));
            }
        };
        let other;
        let layout = match layout == self.first.1 {
            true => &self.first.0,
            false => {
                other = Layout::new(layout);
                &other
            }
        };
        let time = layout
            .read(text.as_bytes(), &self.zone)
            .map_err(|mismatch| Failure::Element {
                element: mismatch.element,
                seen: mismatch.rest.into(),
                reason: mismatch.reason,
            })?;
        // An offset of zero that is not UTC is none: the text names a zone by an abbreviation, which may be in the database.
        let standing = zone::at(&time.zone, time.seconds);
        let is_known = standing.offset != 0
            || standing.name == "UTC"
            || standing.name == zone::at(&self.zone, time.seconds).name;
        if is_known {
            return Ok(time);
        }
        let zone = zone::load(&standing.name, &self.local).map_err(Failure::Other)?;
        Ok(layout.read(text.as_bytes(), &zone).unwrap_or(time))
    }

    fn explain(&self, text: &str, failure: Failure) -> String {
        let why = match failure {
            Failure::Element {
                reason: Some(reason), ..
            } => reason.to_owned(),
            Failure::Element { element, seen, .. } => {
                let seen = String::from_utf8_lossy(&seen);
                format!("cannot parse {seen:?} as {element:?}")
            }
            Failure::TooMany => format!("more than {MAX_TRIES} ways to read it"),
            Failure::Other(why) => return why,
        };
        format!("parsing time {text:?} as {:?}: {why}", self.format)
    }
}

/// A time without a year is of this year, or of the last where it would be too far ahead.
fn with_year(time: Time, now: &Time) -> Time {
    let mut civil = time.civil();
    if civil.year > 0 {
        return time;
    }
    let mut ahead = now.civil();
    civil.year = ahead.year;
    ahead.day += DAYS_AHEAD;
    let bound = Time::from_civil(&ahead, now.nanos, now.zone.clone());
    let this = Time::from_civil(&civil, time.nanos, time.zone.clone());
    if (this.seconds, this.nanos) <= (bound.seconds, bound.nanos) {
        return this;
    }
    // Counted from what is shown this year, where the leap day may have become the first of March.
    let mut civil = this.civil();
    civil.year -= 1;
    Time::from_civil(&civil, time.nanos, time.zone)
}

// === impl Search ===

impl Search<'_> {
    /// Reads the text by what is translated already and the directives that follow. One that the text does not follow is
    /// replaced by its next layout, or stands behind the spaces that the text has there.
    fn read(&mut self, layout: &mut String, parts: &[(String, &'static Directive)]) -> Result<Time, Failure> {
        let start = layout.len();
        let Some(((before, directive), parts)) = parts.split_first() else {
            layout.push_str(&self.parser.directives.rest);
            let result = self.attempt(layout);
            layout.truncate(start);
            return result;
        };
        layout.push_str(before);
        let result = self.directive(layout, directive, parts);
        layout.truncate(start);
        result
    }

    fn directive(
        &mut self,
        layout: &mut String,
        directive: &'static Directive,
        parts: &[(String, &'static Directive)],
    ) -> Result<Time, Failure> {
        let (letter, _, ways) = directive;
        let mut last = Err(Failure::TooMany);
        for way in *ways {
            let mut elements: Vec<_> = way.iter().map(|element| (*element).to_owned()).collect();
            loop {
                let start = layout.len();
                layout.extend(elements.iter().map(String::as_str));
                last = self.read(layout, parts);
                layout.truncate(start);
                let Err(Failure::Element { element, seen, .. }) = &mut last else {
                    return last;
                };
                let Some(place) = elements.iter().position(|own| own == element) else {
                    return last;
                };
                // It is ours, so that no directive before takes it for its own.
                let is_number = element.starts_with(|first: char| first.is_ascii_digit() || first == 'Z');
                *element = format!("%{letter}");
                let spaces = leading_spaces(seen);
                if spaces.is_empty() || !is_number {
                    break;
                }
                elements.insert(place, spaces);
            }
        }
        last
    }

    fn attempt(&mut self, layout: &str) -> Result<Time, Failure> {
        self.tries += 1;
        if self.tries > MAX_TRIES {
            return Err(Failure::TooMany);
        }
        self.parser.read(layout, self.text)
    }
}

/// The spaces that a text begins with.
fn leading_spaces(text: &[u8]) -> String {
    let is_space = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | 0xc | b'\r');
    let spaces = text.iter().take_while(is_space);
    spaces.map(|byte| char::from(*byte)).collect()
}

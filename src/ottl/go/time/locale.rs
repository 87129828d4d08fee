//! Names of days and months in other languages, made English so that a layout can read them.

use super::layout::Name;
use super::show::{MONTHS, WEEKDAYS, cut};
use crate::ottl::go::case;

/// The names that CLDR has, a line for all locales that share them.
const TABLE: &str = include_str!("locales.txt");

/// Names of one locale, in the order of the calendar. A list is empty where the locale has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    tag: String,
    short_days: Vec<&'static str>,
    days: Vec<&'static str>,
    short_months: Vec<&'static str>,
    months: Vec<&'static str>,
    /// Before and after noon.
    half_days: Vec<&'static str>,
}

/// Why a text is not one of a locale.
pub(super) enum Untranslated {
    /// It does not look like this element of the layout.
    Element(String),
    /// The locale has no names for this element.
    Unsupported(String),
}

/// A layout and a text, each read so far; and the English text.
struct Translation<'t> {
    layout: &'t str,
    text: &'t str,
    out: String,
}

/// An element that has other names in other languages, these and the English ones.
type Named<'n> = (&'static str, &'n [&'static str], Vec<&'static str>);

// === impl Names ===

impl Names {
    /// The names of a BCP 47 language tag as CLDR writes it, such as `pt-BR`.
    pub fn of(tag: &str) -> Result<Self, String> {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        let found = lines
            .filter_map(|line| line.split_once('|'))
            .find(|(tags, _)| tags.split(' ').any(|known| known == tag));
        let (_, lists) = found.ok_or_else(|| {
            format!("unsupported locale '{tag}', value must be a supported BCP 47 language tag")
        })?;
        let mut lists = lists.split('|').map(|list| match list {
            "" => Vec::new(),
            list => list.split(';').collect(),
        });
        let mut next = || lists.next().unwrap_or_default();
        Ok(Self {
            tag: tag.to_owned(),
            short_days: next(),
            days: next(),
            short_months: next(),
            months: next(),
            half_days: next(),
        })
    }

    /// The text with the names where `layout` has some in English. Names may stand behind more spaces than the layout has;
    /// what else there is, is taken to be as long as the layout writes it.
    pub fn translate(&self, layout: &str, text: &str) -> Result<String, Untranslated> {
        let mut translation = Translation {
            layout,
            text,
            out: String::with_capacity(text.len()),
        };
        let mut before = None;
        while let Some(letter) = translation.layout.chars().next() {
            match self.named(translation.layout) {
                Some((element, [], _)) => return Err(Untranslated::Unsupported(element.to_owned())),
                Some((element, names, english)) => translation.name(element, names, &english)?,
                None => translation.other(letter, before)?,
            }
            before = Some(letter);
        }
        translation.out.push_str(translation.text);
        Ok(translation.out)
    }

    /// What an error says of an element without names.
    pub fn unsupported(&self, element: &str) -> String {
        format!("the locale {} has no names for {element:?}", self.tag)
    }

    /// The element with names that a layout begins with.
    fn named(&self, layout: &str) -> Option<Named<'_>> {
        let english = |names: &[&'static str], how| names.iter().map(|name| cut(name, how)).collect();
        let is_short = |word: &str| {
            let behind = layout.strip_prefix(word);
            behind.is_some_and(|behind| !behind.starts_with(|next: char| next.is_ascii_lowercase()))
        };
        Some(match layout.get(..2)? {
            _ if layout.starts_with("January") => ("January", &self.months, english(&MONTHS, Name::Long)),
            _ if is_short("Jan") => ("Jan", &self.short_months, english(&MONTHS, Name::Short)),
            _ if layout.starts_with("Monday") => ("Monday", &self.days, english(&WEEKDAYS, Name::Long)),
            _ if is_short("Mon") => ("Mon", &self.short_days, english(&WEEKDAYS, Name::Short)),
            "PM" | "Pm" => ("PM", &self.half_days, vec!["AM", "PM"]),
            "pm" | "pM" => ("pm", &self.half_days, vec!["am", "pm"]),
            _ => return None,
        })
    }
}

// === impl Translation ===

impl Translation<'_> {
    /// The longest of the names that comes next becomes the English one.
    fn name(&mut self, element: &str, names: &[&str], english: &[&str]) -> Result<(), Untranslated> {
        self.spaces();
        let mut best: Option<(&str, &str)> = None;
        for (name, english) in names.iter().zip(english) {
            let is_longer = best.is_none_or(|(found, _)| name.len() > found.len());
            let start = self.text.get(..name.len());
            if let Some(start) = start.filter(|start| is_longer && is_same(start, name)) {
                best = Some((start, english));
            }
        }
        let (found, english) = best.ok_or_else(|| Untranslated::Element(element.to_owned()))?;
        self.out.push_str(english);
        self.text = self.text.get(found.len()..).unwrap_or_default();
        self.skip(element.len());
        Ok(())
    }

    /// Something without names: numbers that may have fewer digits than the layout, or one letter for each of the layout.
    fn other(&mut self, letter: char, before: Option<char>) -> Result<(), Untranslated> {
        let wide = ["_2006", "_2", "__2"]
            .into_iter()
            .find(|element| self.layout.starts_with(element));
        match (letter, wide) {
            (_, Some(element)) if self.text.len() >= element.len() => {
                self.spaces();
                let end = self.text.char_indices().take(element.len());
                let end = end
                    .take_while(|(_, letter)| !letter.is_ascii_whitespace())
                    .count();
                self.take(end, element)?;
                self.skip(element.len());
            }
            ('3'..='5', _) if before != Some('0') => {
                self.spaces();
                let digits = self.text.chars().take(2);
                let digits = digits.take_while(|digit| digit.is_ascii_digit()).count();
                self.take(digits, letter.encode_utf8(&mut [0; 4]))?;
                self.skip(1);
            }
            _ => {
                let mut letters = self.text.chars();
                self.out.extend(letters.next());
                self.text = letters.as_str();
                self.skip(letter.len_utf8());
            }
        }
        Ok(())
    }

    fn spaces(&mut self) {
        let rest = self.text.trim_ascii_start();
        let count = self.text.len() - rest.len();
        self.out.extend((0..count).map(|_| ' '));
        self.text = rest;
    }

    /// Takes so many letters over, of which there must be one.
    fn take(&mut self, count: usize, element: &str) -> Result<(), Untranslated> {
        if count == 0 {
            return Err(Untranslated::Element(element.to_owned()));
        }
        let mut letters = self.text.chars();
        self.out.extend(letters.by_ref().take(count));
        self.text = letters.as_str();
        Ok(())
    }

    fn skip(&mut self, bytes: usize) {
        self.layout = self.layout.get(bytes..).unwrap_or_default();
    }
}

/// Whether two names differ in nothing but case.
fn is_same(one: &str, other: &str) -> bool {
    case::lower(&case::upper(one)) == case::lower(&case::upper(other))
}

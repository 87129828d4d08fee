//! Replacing what a pattern matches, by the rules of Go's `regexp`.
//!
//! Promise: time in proportion to the text and to what is written, and no more is written than the limit says.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::config::pattern::Pattern;

/// A dollar sign and the longest name behind it. A dollar sign without one stays as it is.
static REFERENCE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\$(?:(\$)|\{([\p{L}\p{Nd}_]+)\}|([\p{L}\p{Nd}_]+))").ok());

/// What stands in place of a match: text with `$1`, `$name`, `${name}` for the groups and `$$` for a dollar sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Number(usize),
    Name(String),
}

/// Replaces all matches in `text` by what `write` appends for each; nothing when there is no match. An error when the
/// result is longer than `limit` bytes, when there are too many matches, and when `write` has one.
pub fn replace_all(
    pattern: &Pattern,
    text: &str,
    limit: usize,
    mut write: impl FnMut(&Captures<'_>, &mut String) -> Result<(), String>,
) -> Result<Option<String>, String> {
    let mut out: Option<String> = None;
    let mut end = 0;
    for found in pattern.matches(text) {
        let found = found.map_err(|error| format!("{pattern:?} {error}"))?;
        // The same match again, now with its groups: it is the first from where it starts.
        let Some(captures) = pattern.regex().captures_at(text, found.start()) else {
            continue;
        };
        let out = out.get_or_insert_default();
        out.push_str(text.get(end..found.start()).unwrap_or_default());
        write(&captures, out)?;
        end = found.end();
        within(out, limit)?;
    }
    let Some(mut out) = out else { return Ok(None) };
    out.push_str(text.get(end..).unwrap_or_default());
    within(&out, limit)?;
    Ok(Some(out))
}

/// The same, where the same text stands in place of each match.
pub fn replace_all_by(
    pattern: &Pattern,
    text: &str,
    limit: usize,
    by: &str,
) -> Result<Option<String>, String> {
    let mut out: Option<String> = None;
    let mut end = 0;
    for found in pattern.matches(text) {
        let found = found.map_err(|error| format!("{pattern:?} {error}"))?;
        let out = out.get_or_insert_with(|| String::with_capacity(text.len() + by.len()));
        out.push_str(text.get(end..found.start()).unwrap_or_default());
        out.push_str(by);
        end = found.end();
        within(out, limit)?;
    }
    let Some(mut out) = out else { return Ok(None) };
    out.push_str(text.get(end..).unwrap_or_default());
    within(&out, limit)?;
    Ok(Some(out))
}

fn within(out: &str, limit: usize) -> Result<(), String> {
    match out.len() > limit {
        true => Err(format!("the replaced text is longer than {limit} bytes")),
        false => Ok(()),
    }
}

// === impl Template ===

impl Template {
    /// Takes a replacement apart. There are no wrong ones: what names no group is empty.
    pub fn new(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut end = 0;
        for reference in REFERENCE.iter().flat_map(|regex| regex.captures_iter(text)) {
            let Some(whole) = reference.get(0) else { continue };
            let before = text.get(end..whole.start()).unwrap_or_default();
            end = whole.end();
            push_text(&mut parts, before);
            match reference.get(2).or(reference.get(3)) {
                None => push_text(&mut parts, "$"),
                Some(name) => parts.push(Part::reference(name.as_str())),
            }
        }
        push_text(&mut parts, text.get(end..).unwrap_or_default());
        Self(parts)
    }

    /// The text, where it names no group.
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Appends it with what the groups matched; `groups` are the names of the pattern's groups, from the first on.
    pub fn expand(&self, captures: &Captures<'_>, groups: &[String], out: &mut String) {
        let group = |number: usize| captures.get(number).map_or("", |found| found.as_str());
        for part in &self.0 {
            out.push_str(match part {
                Part::Text(text) => text,
                Part::Number(number) => group(*number),
                Part::Name(name) => {
                    let place = groups.iter().position(|group| group == name);
                    place.map_or("", |place| group(place + 1))
                }
            });
        }
    }
}

fn push_text(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        _ if text.is_empty() => {}
        Some(Part::Text(before)) => before.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

// === impl Part ===

impl Part {
    /// Digits are a group's number, unless a zero stands before others.
    fn reference(name: &str) -> Self {
        let is_number = name.bytes().all(|digit| digit.is_ascii_digit());
        match name.parse() {
            Ok(number) if is_number && (name == "0" || !name.starts_with('0')) => Self::Number(number),
            _ => Self::Name(name.to_owned()),
        }
    }
}

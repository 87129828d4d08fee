//! Where a piece of a text is written: from bytes of a value to its place in the YAML, through references, quotes,
//! escapes, indentation and folded lines.
//!
//! Promise: a place is the right one, or there is none. Every letter on the way is compared with what is written;
//! only white space is not, since YAML makes it anew. Takes time in proportion to the value.

use std::ops::Range;

use super::expand::{Piece, pieces};
use super::node::{Node, Value};
use super::source::Origin;

/// Where a scalar is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    /// Bytes of the source, quotes included.
    bytes: Range<usize>,
    quotes: Quotes,
    /// What was written, where expansion has changed it.
    expansion: Option<Box<Expansion>>,
}

/// What a scalar stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// Neither: it is plain, or a block.
    None,
    Single,
    Double,
}

/// A text with references, and the bytes that each of them yielded.
#[derive(Clone, Debug, PartialEq)]
struct Expansion {
    text: String,
    yields: Vec<usize>,
}

/// Where bytes of a text are written.
pub(super) struct Place<'a> {
    pub origin: Origin,
    /// They stand there; otherwise a reference does that has yielded them.
    pub exact: bool,
    /// What is written around them and may be repeated; nothing where a reference has yielded them.
    pub shown: Vec<&'a str>,
}

/// What is left of a scalar as it is written.
struct Letters<'a> {
    rest: &'a str,
    /// Bytes before the rest.
    at: usize,
    quotes: Quotes,
}

/// Says in words where a byte of a text is.
pub(super) fn column(text: &str, byte: usize) -> String {
    let before = text.get(..byte.min(visible(text))).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    let column = line.chars().count() + 1;
    match before.matches('\n').count() {
        0 => format!(" (column {column} of the text)"),
        lines => format!(" (line {}, column {column} of the text)", lines + 1),
    }
}

// === impl Node ===

impl Node {
    /// Where bytes of its text are written, if that can be told.
    pub(super) fn place_within(&self, bytes: &Range<usize>) -> Option<Place<'_>> {
        let Value::Scalar(scalar) = &self.value else {
            return None;
        };
        let written = scalar.written.as_ref()?;
        // Behind all that is visible, there is nothing to point at but the end of that.
        let end = visible(&scalar.text);
        let bytes = bytes.start.min(end)..bytes.end.min(end);
        let raw = self.origin.source.text.get(written.bytes.clone())?;
        let (place, exact, shown) = match &written.expansion {
            None => (
                written.find(raw, &scalar.text, &bytes)?,
                true,
                vec![scalar.text.as_str()],
            ),
            Some(expansion) => {
                let (bytes, exact) = expansion.before(&scalar.text, &bytes)?;
                let shown = if exact { expansion.shown() } else { Vec::new() };
                (written.find(raw, &expansion.text, &bytes)?, exact, shown)
            }
        };
        let origin = origin(&self.origin, raw, &place)?;
        Some(Place { origin, exact, shown })
    }
}

/// Bytes of a text up to its last letter.
fn visible(text: &str) -> usize {
    text.trim_end_matches(is_blank).len()
}

fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n' | '\r')
}

/// The place of bytes of a scalar that begins at `start`.
fn origin(start: &Origin, raw: &str, bytes: &Range<usize>) -> Option<Origin> {
    let before = raw.get(..bytes.start)?;
    let chars = before.rsplit('\n').next()?.chars().count();
    let lines = before.matches('\n').count();
    let piece = raw.get(bytes.clone())?.lines().next().unwrap_or_default();
    Some(Origin {
        line: start.line + lines,
        column: match lines {
            0 => start.column + chars,
            _ => chars + 1,
        },
        width: piece.trim_end_matches(is_blank).chars().count().max(1),
        ..start.clone()
    })
}

// === impl Written ===

impl Written {
    /// These bytes of the source.
    pub fn new(bytes: Range<usize>, quotes: Quotes) -> Self {
        Self {
            bytes,
            quotes,
            expansion: None,
        }
    }

    /// The same place of a text that has become another by expansion; says what each reference yielded.
    pub fn expanded(&self, text: &str, yields: Vec<usize>) -> Self {
        let text = text.to_owned();
        Self {
            expansion: Some(Box::new(Expansion { text, yields })),
            ..self.clone()
        }
    }

    /// The same in a source that has so many bytes before.
    pub fn shift(&mut self, bytes: usize) {
        self.bytes.start += bytes;
        self.bytes.end += bytes;
    }

    /// Where bytes of `text` are in `raw`, which YAML reads as `text`.
    fn find(&self, raw: &str, text: &str, bytes: &Range<usize>) -> Option<Range<usize>> {
        let mut letters = Letters::new(raw, self.quotes)?;
        let (mut start, mut end) = (None, letters.at);
        for (at, letter) in text.char_indices().filter(|(_, letter)| !is_blank(*letter)) {
            if start.is_some() && at >= bytes.end {
                break;
            }
            let found = letters.next_visible(letter)?;
            if start.is_none() && at >= bytes.start {
                start = Some(found.start);
            }
            end = found.end;
        }
        let start = start.unwrap_or(end);
        Some(match bytes.is_empty() {
            true => start..start,
            false => start..end.max(start),
        })
    }
}

// === impl Expansion ===

impl Expansion {
    /// Where bytes of the expanded text come from in the text with references; the flag says that no reference has
    /// a part in them.
    fn before(&self, expanded: &str, bytes: &Range<usize>) -> Option<(Range<usize>, bool)> {
        let mut yields = self.yields.iter();
        let (mut at, mut before) = (0, 0);
        let (mut start, mut end, mut exact) = (None, None, true);
        for piece in pieces(&self.text) {
            let (written, yielded) = match piece {
                Piece::Text(text) => (text.len(), text),
                Piece::Dollar => (2, "$"),
                Piece::Reference(uri) => ("${}".len() + uri.len(), expanded.get(at..at + yields.next()?)?),
            };
            if !expanded.get(at..)?.starts_with(yielded) {
                return None;
            }
            let after = at + yielded.len();
            let begins = start.is_none() && bytes.start < after;
            if begins || start.is_some() && end.is_none() && bytes.end > at {
                exact &= !matches!(piece, Piece::Reference(_));
            }
            let inside = |byte: usize| match piece {
                Piece::Text(_) => before + (byte - at),
                _ => before,
            };
            if begins {
                start = Some(inside(bytes.start));
            }
            if start.is_some() && end.is_none() && bytes.end <= after {
                end = match piece {
                    Piece::Text(_) => Some(inside(bytes.end.max(at))),
                    _ => Some(before + written),
                };
            }
            (at, before) = (after, before + written);
        }
        let start = start.unwrap_or(before);
        (at == expanded.len()).then(|| (start..end.unwrap_or(before).max(start), exact))
    }

    /// What stands between the references.
    fn shown(&self) -> Vec<&str> {
        let texts = pieces(&self.text).into_iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(text),
            _ => None,
        });
        texts.collect()
    }
}

// === impl Letters ===

impl<'a> Letters<'a> {
    fn new(raw: &'a str, quotes: Quotes) -> Option<Self> {
        let (rest, at) = match quotes {
            Quotes::None => (raw, 0),
            Quotes::Single => (raw.strip_prefix('\'')?.strip_suffix('\'')?, 1),
            Quotes::Double => (raw.strip_prefix('"')?.strip_suffix('"')?, 1),
        };
        Some(Self { rest, at, quotes })
    }

    /// The bytes of the next letter that is not white space; none when it is not the one that is wanted.
    fn next_visible(&mut self, wanted: char) -> Option<Range<usize>> {
        loop {
            let start = self.at;
            let (letter, length) = self.letter()?;
            self.rest = self.rest.get(length..)?;
            self.at += length;
            if letter.is_some_and(|letter| !is_blank(letter)) {
                return (letter == Some(wanted)).then_some(start..self.at);
            }
        }
    }

    /// The next letter and its bytes; an escaped line end is no letter.
    fn letter(&self) -> Option<(Option<char>, usize)> {
        let first = self.rest.chars().next()?;
        match (self.quotes, first) {
            (Quotes::Single, '\'') => Some((Some('\''), "''".len())),
            (Quotes::Double, '\\') => {
                escape(self.rest.get(1..)?).map(|(letter, length)| (letter, length + 1))
            }
            _ => Some((Some(first), first.len_utf8())),
        }
    }
}

/// What stands behind a backslash, and its bytes.
fn escape(text: &str) -> Option<(Option<char>, usize)> {
    let letter = match text.chars().next()? {
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\x0b',
        'f' => '\x0c',
        'r' => '\r',
        'e' => '\x1b',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        letter @ (' ' | '"' | '/' | '\\') => letter,
        '\n' | '\r' => return Some((None, 1)),
        'x' => return Some((char::from_u32(hex(text, 1..3)?), 3)),
        'U' => return Some((char::from_u32(hex(text, 1..9)?), 9)),
        'u' => return utf_16(text),
        _ => return None,
    };
    Some((Some(letter), 1))
}

/// `uXXXX`, or a pair of surrogates.
fn utf_16(text: &str) -> Option<(Option<char>, usize)> {
    let first = hex(text, 1..5)?;
    match char::from_u32(first) {
        Some(letter) => Some((Some(letter), 5)),
        None => {
            let second = hex(text.get(5..)?.strip_prefix("\\u")?, 0..4)?;
            let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
            let letter = char::decode_utf16(pair).next()?.ok()?;
            Some((Some(letter), 11))
        }
    }
}

fn hex(text: &str, digits: Range<usize>) -> Option<u32> {
    u32::from_str_radix(text.get(digits)?, 16).ok()
}

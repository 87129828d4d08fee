//! Paths of URLs without what varies in them, so that what belongs together looks alike.
//!
//! The rules are those of the classifier that the Collector uses.

mod letters;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::config::UrlSanitizer;
use letters::Letters;

/// What stands for a segment that varies.
const MASKED: &str = "*";

/// Segments that are looked at; what follows is cut off.
const SEGMENTS: usize = 10;

/// Sanitizes URLs.
pub(super) struct Urls {
    /// Keys of the attributes that hold URLs.
    attributes: HashSet<String>,
    in_names: bool,
    letters: Letters,
}

/// What a segment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Segment {
    Empty,
    /// It may be a word.
    Letters,
    /// No word has what it has.
    Varies,
}

// === impl Urls ===

impl Urls {
    pub(super) fn new(settings: UrlSanitizer) -> Option<Self> {
        settings.enabled.then(|| Self {
            attributes: settings.attributes.into_iter().collect(),
            in_names: settings.sanitize_span_name,
            letters: Letters::new(),
        })
    }

    /// Whether the attribute with this key holds a URL.
    pub(super) fn lists(&self, key: &str) -> bool {
        self.attributes.contains(key)
    }

    /// Whether names of spans may be URLs.
    pub(super) fn in_names(&self) -> bool {
        self.in_names
    }

    /// The path without what varies, its query and its fragment.
    pub(super) fn sanitized(&self, path: &str) -> String {
        let mut out = String::with_capacity(path.len());
        let mut rest = path;
        for number in 1.. {
            let end = rest.find(['/', '?', '&', '#']).unwrap_or(rest.len());
            let (segment, behind) = rest.split_at(end);
            let mut behind = behind.chars();
            match behind.next() {
                None => self.put(&mut out, segment),
                Some('/') if number < SEGMENTS => {
                    self.put(&mut out, segment);
                    out.push('/');
                    rest = behind.as_str();
                    continue;
                }
                Some('/') => self.put_last(&mut out, segment),
                // What is cut short is not asked whether it is a word.
                Some(_) => out.push_str(match Segment::of(segment) {
                    Segment::Varies => MASKED,
                    Segment::Empty | Segment::Letters => segment,
                }),
            }
            break;
        }
        out
    }

    fn put(&self, out: &mut String, segment: &str) {
        out.push_str(match self.varies(segment) {
            true => MASKED,
            false => segment,
        });
    }

    /// The segment before the cut: when its letters are random, the classifier judges them again without the first.
    fn put_last(&self, out: &mut String, segment: &str) {
        self.put(out, segment);
        match Segment::of(segment) {
            Segment::Varies => out.push_str(MASKED),
            Segment::Letters if self.letters.are_random(segment) => {
                let others = segment.get(1..).unwrap_or_default();
                out.push_str(if self.letters.are_random(others) {
                    MASKED
                } else {
                    others
                });
            }
            Segment::Empty | Segment::Letters => {}
        }
    }

    fn varies(&self, segment: &str) -> bool {
        match Segment::of(segment) {
            Segment::Empty => false,
            Segment::Letters => self.letters.are_random(segment),
            Segment::Varies => true,
        }
    }
}

// === impl Segment ===

impl Segment {
    /// Anything but letters and the marks that join words varies; only in the second place it is forgiven, as in `v1`.
    fn of(segment: &str) -> Self {
        let mut bytes = segment.bytes().enumerate();
        let joins = |byte: u8| matches!(byte, b'-' | b'_' | b'.' | b' ');
        match bytes.all(|(place, byte)| place == 1 || byte.is_ascii_alphabetic() || joins(byte)) {
            true if segment.is_empty() => Self::Empty,
            true => Self::Letters,
            false => Self::Varies,
        }
    }
}

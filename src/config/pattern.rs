//! Regular expressions of configurations, as Go reads them.
//!
//! Promise: matching takes time in proportion to the text, whatever the pattern; and so does finding all matches, of which
//! there may be too many to do so.

#[cfg(test)]
mod answers;
mod class;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[expect(clippy::panic, reason = "a judge of tests panics when it disagrees")]
pub mod oracle;
mod patterns;
#[cfg(test)]
mod tests;
mod translate;

use std::borrow::Cow;
use std::fmt;

use regex::{Match, Regex, RegexBuilder};
use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use patterns::Patterns;

/// Bytes that a pattern may take once it is compiled.
const MAX_COMPILED: usize = 10 << 20;

/// Groups, repetitions and classes within each other.
const MAX_DEPTH: u32 = 1000;

/// How often the search for all matches may look at each byte of a text, on average. Behind each match of `\w+@x|x`, all
/// letters that follow are looked at for an `@`, which is once for each of them where there is no bound.
const MAX_LOOKS: usize = 256;

/// So many are never too many: a tenth of a second.
const CHEAP_LOOKS: usize = 1 << 26;

/// A regular expression, compiled.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
    groups: Vec<String>,
    /// Bytes of the longest match there can be.
    longest: usize,
}

/// Finding all matches in a text may take too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("has more matches than can be found in time in proportion to the text")]
pub struct TooManyMatches;

// === impl Pattern ===

impl Pattern {
    /// Compiles `text`; says what is wrong with it.
    pub fn new(text: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("`{text}` is not a regular expression: {why}");
        let translation = translate::translate(text).map_err(wrong)?;
        let regex = RegexBuilder::new(&translation.text)
            .size_limit(MAX_COMPILED)
            .nest_limit(MAX_DEPTH)
            .build()
            .map_err(|error| wrong(in_short(&error)))?;
        Ok(Self {
            text: text.to_owned(),
            regex,
            longest: longest(&translation.text),
            groups: translation.groups,
        })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of its groups in order, from the first on; empty for a group without a name.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// What matches. Its groups have no names, [`Self::groups`] has them; the last may be missing where they can never take
    /// part, as in `(a){0}`.
    pub fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Whether it matches anywhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }

    /// All matches in `text`. As in Go, an empty match right behind another match is none. Ends with an error once each
    /// byte may have been looked at 256 times, or all of them together 2²⁶ times: never before the 256th match, and never
    /// where no match can be longer than 256 bytes.
    pub fn matches<'t>(&self, text: &'t str) -> impl Iterator<Item = Result<Match<'t>, TooManyMatches>> {
        let mut looks = MAX_LOOKS.saturating_mul(text.len()).max(CHEAP_LOOKS);
        let (mut all, mut is_over) = (self.regex.find_iter(text), false);
        std::iter::from_fn(move || {
            if is_over {
                return None;
            }
            let found = all.next()?;
            // Behind a match, the search for a longer one goes no further than this.
            let ahead = self.longest.min(text.len() - found.start());
            looks = looks.saturating_sub(ahead);
            // Where nothing is left there is at most an empty match, right behind this one.
            is_over = looks == 0 || found.end() == text.len();
            Some(match looks {
                0 => Err(TooManyMatches),
                _ => Ok(found),
            })
        })
    }
}

/// Bytes of the longest match of a translated pattern; without end where there is no longest.
fn longest(translated: &str) -> usize {
    let parser = regex_syntax::ParserBuilder::new()
        .nest_limit(MAX_DEPTH)
        .build()
        .parse(translated);
    let longest = parser.ok().and_then(|hir| hir.properties().maximum_len());
    longest.unwrap_or(usize::MAX)
}

/// The one sentence that matters in the crate's message, which draws the pattern over several lines.
fn in_short(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => format!("compiled it takes more than {MAX_COMPILED} bytes"),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        json_schema!({ "type": "string", "format": "regex" })
    }
}

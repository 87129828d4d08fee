//! Regular expressions of configurations, as Go reads them.
//!
//! Promise: matching takes time in proportion to the text, whatever the pattern.

#[cfg(test)]
mod answers;
mod class;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[expect(clippy::panic, reason = "a judge of tests panics when it disagrees")]
pub mod oracle;
#[cfg(test)]
mod tests;
mod translate;

use std::borrow::Cow;
use std::fmt;

use regex::{Regex, RegexBuilder};
use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes that a pattern may take once it is compiled.
const MAX_COMPILED: usize = 10 << 20;

/// Groups, repetitions and classes within each other.
const MAX_DEPTH: u32 = 1000;

/// A regular expression, compiled.
#[derive(Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
    groups: Vec<String>,
}

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

    /// `text` with every match replaced by what `replacement` makes of it; `None` where that changes nothing. As in Go,
    /// an empty match right behind another match is none.
    pub fn replace_all<R: AsRef<str>>(
        &self,
        text: &str,
        mut replacement: impl FnMut(&str) -> R,
    ) -> Option<String> {
        let mut matches = self.regex.find_iter(text).peekable();
        matches.peek()?;
        let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
        for found in matches {
            out.push_str(text.get(copied..found.start()).unwrap_or_default());
            out.push_str(replacement(found.as_str()).as_ref());
            copied = found.end();
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        (out != text).then_some(out)
    }
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

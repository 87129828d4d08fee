//! The detector `env`: attributes in an environment variable, `key=value` with commas between.

use std::sync::LazyLock;
use std::time::Instant;

use regex::Regex;

use super::detection::{Detector, Failure, Found};
use super::surroundings::Surroundings;
use crate::wire::Value;

/// The detector.
pub struct Env(Surroundings);

/// A key, a value and what ends it.
static PAIR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let (space, ascii) = (r"[\t\n\x0c\r ]*", "[[:ascii:]]");
    Regex::new(&format!(
        "{space}({ascii}{{1,256}}?){space}={space}({ascii}{{0,256}}?){space}(?:,|$)"
    ))
    .ok()
});

// === impl Env ===

impl Env {
    /// Reads the variables of these surroundings.
    pub fn new(surroundings: Surroundings) -> Self {
        Self(surroundings)
    }
}

impl Detector for Env {
    fn name(&self) -> &'static str {
        "env"
    }

    fn detect(&self, _: Option<Instant>) -> Result<Found, Failure> {
        let mut variables = ["OTEL_RESOURCE_ATTRIBUTES", "OTEL_RESOURCE"].into_iter();
        let written = variables.find_map(|name| {
            let text = self.0.variable(name)?.trim().to_owned();
            (!text.is_empty()).then_some((name, text))
        });
        let Some((name, text)) = written else {
            return Ok(Found::default());
        };
        match attributes(&text) {
            Ok(attributes) => Ok(Found {
                attributes,
                schema_url: "",
            }),
            Err(problem) => Err(Failure {
                reason: format!("{name}: {problem}"),
                may_pass: false,
            }),
        }
    }
}

/// The attributes in a text: all of it is keys and values, or it has none.
pub fn attributes(text: &str) -> Result<Vec<(String, Value)>, String> {
    let mut attributes: Vec<(String, Value)> = Vec::new();
    let mut end = 0;
    for found in PAIR.iter().flat_map(|pair| pair.captures_iter(text)) {
        let (whole, (_, [key, value])) = (found.get_match(), found.extract());
        if whole.start() != end {
            break;
        }
        end = whole.end();
        let value =
            Value::String(unescape(value).ok_or_else(|| format!("`{value}` is not escaped as in a URL"))?);
        match attributes.iter_mut().find(|(known, _)| known == key) {
            Some((_, before)) => *before = value,
            None => attributes.push((key.to_owned(), value)),
        }
    }
    match text.get(end..) {
        Some("") => Ok(attributes),
        rest => Err(format!("`{}` is not `key=value`", rest.unwrap_or(text))),
    }
}

/// Undoes the escapes of a URL's query: `%41`, and `+` for a space.
fn unescape(text: &str) -> Option<String> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || (bytes.next()? as char).to_digit(16);
                (digit()? << 4 | digit()?) as u8
            }
            other => other,
        });
    }
    Some(String::from_utf8_lossy(&plain).into_owned())
}

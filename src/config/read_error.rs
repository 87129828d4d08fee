//! Why a node is not what its key wants, in words for the user.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

use super::diagnostic::{listed, nearest};
use super::node::Node;
use super::source::Origin;

/// Why a node is not what its key wants.
#[derive(Debug)]
pub struct ReadError {
    /// What is wrong, without the key.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Where the value is.
    pub origin: Option<Origin>,
    /// Keys and list positions from the inside out.
    pub path: Vec<String>,
    /// Nothing is written where a value is wanted: the Collector takes that as not written at all.
    pub null: bool,
}

// === impl ReadError ===

impl ReadError {
    /// An error that no node has taken yet.
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: None,
            origin: None,
            path: Vec::new(),
            null: false,
        }
    }

    /// The dotted path of the key, from the outside in.
    pub fn dotted_path(&self) -> String {
        let path: Vec<&str> = self.path.iter().rev().map(String::as_str).collect();
        path.join(".")
    }

    /// The same error, seen from the map or list that holds the value.
    pub(super) fn below(mut self, key: impl Into<String>) -> Self {
        self.path.push(key.into());
        self
    }

    /// The same error at the node, unless a node within it has taken it already.
    pub(super) fn at(mut self, node: &Node) -> Self {
        if self.origin.is_none() {
            self.origin = Some(node.origin.clone());
            self.null = node.is_null();
            self.message = conceal(&self.message, &node.hidden_texts());
        }
        self
    }
}

/// Takes hidden texts, and quoted pieces of them, out of a message.
pub(super) fn conceal(message: &str, hidden: &[&str]) -> String {
    conceal_beside(message, hidden, &[])
}

/// The same for a message about what is written in the configuration itself: quoted pieces of that may stay.
pub(super) fn conceal_beside(message: &str, hidden: &[&str], shown: &[&str]) -> String {
    const SHOWN_INSTEAD: &str = "(value not shown)";
    let mut message = message.to_owned();
    for text in hidden.iter().filter(|text| !text.is_empty()) {
        for quote in ['`', '"'] {
            let mut parts: Vec<&str> = message.split(quote).collect();
            // Odd parts stand between quotes.
            for part in parts.iter_mut().skip(1).step_by(2) {
                let is_shown = || shown.iter().any(|shown| shown.contains(*part));
                if !part.is_empty() && text.contains(*part) && !is_shown() {
                    *part = SHOWN_INSTEAD;
                }
            }
            message = parts.join(&quote.to_string());
        }
        if text.len() > 2 {
            message = message.replace(text, SHOWN_INSTEAD);
        }
    }
    message
}

impl std::error::Error for ReadError {}

impl Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl de::Error for ReadError {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("expected {expected}, found {}", in_words(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(format!("the key `{field}` is missing"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let mut known: Vec<&str> = Vec::new();
        for name in expected {
            // Spellings of one word count as one.
            if !known.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                known.push(name);
            }
        }
        let known = listed(known.iter().map(|name| name.to_lowercase()));
        let mut error = Self::new(format!("`{variant}` is not one of {known}"));
        error.help = nearest(variant, expected.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        error
    }
}

fn in_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Str(text) => format!("`{text}`"),
        Unexpected::Unsigned(number) => format!("`{number}`"),
        Unexpected::Signed(number) => format!("`{number}`"),
        Unexpected::Float(number) => format!("`{number}`"),
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Map => "a map".into(),
        Unexpected::Seq => "a list".into(),
        Unexpected::Unit | Unexpected::Option => "nothing".into(),
        other => other.to_string(),
    }
}

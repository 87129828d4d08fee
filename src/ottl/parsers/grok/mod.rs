//! `ExtractGrokPatterns`: regular expressions put together from named ones.
//!
//! Promise: what is put together is one [`Pattern`], so matching takes time in proportion to the text; how deep names lead to
//! names and how long the result gets is bounded, and a name that leads back to itself is an error. The names that come with
//! the Collector match the same texts and give the same fields there.

mod base;
mod expand;
mod families;

use std::borrow::Cow;
use std::collections::HashMap;

use super::fields::Fields;
use super::shown;
use crate::config::pattern::Pattern;
use crate::ottl::go::number::{parse_bool, parse_float, parse_int};
use crate::wire::Value;
use expand::Expansion;

/// What stands for a dot in the name of a group, which cannot have one.
const DOT: &str = "___";

/// A grok pattern, compiled.
#[derive(Clone, Debug)]
pub struct Grok {
    pattern: Pattern,
    /// Where each group of the pattern goes; none for groups without a name.
    captures: Vec<Option<Capture>>,
}

/// The definitions of a statement, by name.
#[derive(Clone, Debug, Default)]
pub struct Definitions(HashMap<String, String>);

#[derive(Clone, Debug)]
struct Capture {
    field: String,
    kind: Kind,
}

/// What a captured text becomes.
#[derive(Clone, Debug)]
enum Kind {
    Text,
    Int,
    Float,
    Bool,
    /// No type that there is; it is an error once it matches.
    Unknown(String),
}

// === impl Definitions ===

impl Definitions {
    /// Reads definitions of the form `NAME=pattern`. They stand before those that are known anyhow.
    pub fn new(definitions: &[String]) -> Result<Self, String> {
        let mut all = HashMap::new();
        for (place, definition) in definitions.iter().enumerate() {
            let (name, pattern) = definition.split_once('=').ok_or_else(|| {
                format!(
                    "the pattern definition {} at {place} is not of the form NAME=pattern",
                    shown(definition)
                )
            })?;
            if name.contains(':') {
                return Err(format!(
                    "the name of the pattern {} contains a colon",
                    shown(name)
                ));
            }
            all.insert(name.to_owned(), pattern.to_owned());
        }
        Ok(Self(all))
    }

    /// What a name stands for.
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.0.get(name) {
            Some(own) => Some(own.as_str().into()),
            None => families::definition(name).or_else(|| base::definition(name)),
        }
    }
}

// === impl Grok ===

impl Grok {
    /// Puts a pattern together. With `named_captures_only`, `%{NAME}` captures nothing and only `%{NAME:field}` does; then there
    /// must be one that does.
    pub fn new(text: &str, named_captures_only: bool, definitions: &Definitions) -> Result<Self, String> {
        let expansion = Expansion::new(text, named_captures_only, definitions)?;
        let pattern = Pattern::new(&expansion.text).map_err(|error| {
            // The pattern as it was written says more than what became of it.
            let why = error
                .rsplit("is not a regular expression: ")
                .next()
                .unwrap_or_default();
            format!("the grok pattern {} is not valid: {why}", shown(text))
        })?;
        let capture = |name: &String| {
            (!name.is_empty()).then(|| Capture {
                field: name.replace(DOT, "."),
                kind: Kind::of(expansion.types.get(name)),
            })
        };
        let captures: Vec<_> = pattern.groups().iter().map(capture).collect();
        if named_captures_only && captures.iter().all(Option::is_none) {
            return Err("the pattern has no named group".into());
        }
        Ok(Self { pattern, captures })
    }

    /// The fields that the first match in `text` has: what was captured, unless it is empty. A text that is not of the type that
    /// the pattern says is an error.
    pub fn extract(&self, text: &str) -> Result<Vec<(String, Value)>, String> {
        let mut fields = Fields::default();
        let Some(found) = self.pattern.regex().captures(text) else {
            return Ok(Vec::new());
        };
        for (place, capture) in (1..).zip(&self.captures) {
            let Some(capture) = capture else { continue };
            let text = found.get(place).map_or("", |group| group.as_str());
            if !text.is_empty() {
                fields.put(capture.field.clone(), capture.value(text)?);
            }
        }
        Ok(fields.into_list())
    }
}

// === impl Capture ===

impl Capture {
    fn value(&self, text: &str) -> Result<Value, String> {
        let field = &self.field;
        Ok(match &self.kind {
            Kind::Text => Value::String(text.into()),
            Kind::Int => Value::Int(parse_int(text, 10).map_err(|error| format!("{field}: {error}"))?),
            Kind::Float => Value::Double(parse_float(text).map_err(|error| format!("{field}: {error}"))?),
            Kind::Bool => {
                let value = parse_bool(text);
                Value::Bool(value.ok_or_else(|| format!("{field}: {} is not a boolean", shown(text)))?)
            }
            Kind::Unknown(name) => return Err(format!("{field}: there is no type {name}")),
        })
    }
}

// === impl Kind ===

impl Kind {
    fn of(name: Option<&String>) -> Self {
        match name.map(String::as_str) {
            None | Some("string") => Self::Text,
            Some("int" | "long") => Self::Int,
            Some("float" | "double") => Self::Float,
            Some("bool" | "boolean") => Self::Bool,
            Some(other) => Self::Unknown(other.to_owned()),
        }
    }
}

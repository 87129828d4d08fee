//! What the components that run OTTL have in common in configuration: `error_mode`, contexts, and lists whose items
//! are texts or groups of texts.
//!
//! Promise: a text keeps the path of its key in either form, so that what is wrong with it is shown at its place.

use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::settings::Problems;

/// What happens when a condition or statement fails on a span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ErrorMode {
    /// The request is refused.
    Propagate,
    /// It is logged, and the next condition or statement follows.
    #[default]
    Ignore,
    /// The next condition or statement follows.
    Silent,
}

/// What a condition or statement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Context {
    /// Resources.
    Resource,
    /// Instrumentation scopes.
    Scope,
    /// Spans.
    Span,
    /// Events of spans.
    SpanEvent,
}

/// An item of a list: a text, or a group of texts with keys of its own.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Entry<G> {
    /// A text by itself; empty where the item is.
    Text(String),
    /// A group.
    Group(G),
}

/// A list of texts or groups.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Entries<G>(pub Vec<Entry<G>>);

/// A text and the path of its key below the component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<'a> {
    /// `trace_statements.0.statements.1`.
    pub path: String,
    /// The text.
    pub text: &'a str,
}

/// The texts of the list at `path`.
pub fn located<'a>(path: &str, texts: &'a [String]) -> Vec<Located<'a>> {
    let texts = texts.iter().enumerate();
    texts
        .map(|(at, text)| Located {
            path: format!("{path}.{at}"),
            text,
        })
        .collect()
}

/// Adds each text in which nothing is written; `what` says what is wanted there.
pub fn check_written(texts: &[Located<'_>], what: &str, problems: &mut Problems) {
    for empty in texts.iter().filter(|text| text.text.trim().is_empty()) {
        problems.add(&empty.path, format!("is empty, and must be {what}"));
    }
}

/// One of the words, in any case.
fn word<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    names: &'static [&'static str],
    values: &[T],
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let at = names.iter().position(|name| name.eq_ignore_ascii_case(&text));
    let value = at.and_then(|at| values.get(at)).copied();
    value.ok_or_else(|| D::Error::unknown_variant(&text, names))
}

// === impl ErrorMode ===

impl<'de> Deserialize<'de> for ErrorMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let modes = [Self::Propagate, Self::Ignore, Self::Silent];
        word(deserializer, &["propagate", "ignore", "silent"], &modes)
    }
}

// === impl Context ===

impl<'de> Deserialize<'de> for Context {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let contexts = [Self::Resource, Self::Scope, Self::Span, Self::SpanEvent];
        word(
            deserializer,
            &["resource", "scope", "span", "spanevent"],
            &contexts,
        )
    }
}

// === impl Entry ===

impl<'de, G: Deserialize<'de>> Deserialize<'de> for Entry<G> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrGroup<G>(PhantomData<G>);
        impl<'de, G: Deserialize<'de>> Visitor<'de> for TextOrGroup<G> {
            type Value = Entry<G>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a map of settings")
            }

            // An item without anything is wrong, not absent; who checks the texts says so.
            fn visit_unit<E: Error>(self) -> Result<Entry<G>, E> {
                Ok(Entry::Text(String::new()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Entry<G>, E> {
                Ok(Entry::Text(text.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry<G>, A::Error> {
                G::deserialize(MapAccessDeserializer::new(map)).map(Entry::Group)
            }
        }
        deserializer.deserialize_any(TextOrGroup(PhantomData))
    }
}

// === impl Entries ===

impl<G> Entries<G> {
    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The texts by themselves, of the list at `path`.
    pub fn texts(&self, path: &str) -> Vec<Located<'_>> {
        let entries = self.0.iter().enumerate();
        let texts = entries.filter_map(|(at, entry)| match entry {
            Entry::Text(text) => Some(Located {
                path: format!("{path}.{at}"),
                text,
            }),
            Entry::Group(_) => None,
        });
        texts.collect()
    }

    /// The groups and their paths, of the list at `path`.
    pub fn groups(&self, path: &str) -> Vec<(String, &G)> {
        let entries = self.0.iter().enumerate();
        let groups = entries.filter_map(|(at, entry)| match entry {
            Entry::Group(group) => Some((format!("{path}.{at}"), group)),
            Entry::Text(_) => None,
        });
        groups.collect()
    }

    /// Where the first group behind a text is.
    pub fn group_behind_text(&self) -> Option<usize> {
        let is_text = |entry: &Entry<G>| matches!(entry, Entry::Text(_));
        let first = self.0.iter().position(is_text)?;
        let behind = self.0.iter().skip(first).position(|entry| !is_text(entry));
        behind.map(|at| first + at)
    }

    /// Where the first text behind a group is.
    pub fn text_behind_group(&self) -> Option<usize> {
        let is_text = |entry: &Entry<G>| matches!(entry, Entry::Text(_));
        let first = self.0.iter().position(|entry| !is_text(entry))?;
        let behind = self.0.iter().skip(first).position(is_text);
        behind.map(|at| first + at)
    }
}

impl<G> Default for Entries<G> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, G: Deserialize<'de>> Deserialize<'de> for Entries<G> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<G>(PhantomData<G>);
        impl<'de, G: Deserialize<'de>> Visitor<'de> for List<G> {
            type Value = Entries<G>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of texts or of maps")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Entries<G>, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = items.next_element()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        // A text that has commas would be a list of its pieces elsewhere; statements have commas of their own.
        deserializer.deserialize_any(List(PhantomData))
    }
}

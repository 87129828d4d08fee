//! The actions that `attributes` and `resource` have in common: what changes a list of attributes.
//!
//! Promise: a list of actions leaves the attributes, and their order, that the Collector's would leave. Attributes that
//! no action touches keep their bytes, and where none is touched nothing is copied.

mod apply;
mod convert;
mod hash;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::literal::Literal;
use crate::config::pattern::Pattern;
use crate::config::settings::Problems;
use crate::processors::values::value;
use crate::wire::Encoded;

/// One action as it is configured.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActionSettings {
    /// What to do: `insert`, `update`, `upsert`, `delete`, `hash`, `extract` or `convert`, in any case.
    pub action: String,
    /// The key of the attribute; `delete` and `hash` may have a `pattern` instead.
    pub key: String,
    /// The new value, of any type: text, number, boolean, list or map.
    pub value: Option<Literal>,
    /// The attribute whose value is the new value; without it nothing is done.
    pub from_attribute: String,
    /// What is known of the sender: `client.address`, or `metadata.` and the name of a header, whose values are joined with
    /// `;`, where the receiver has `include_metadata`; `auth.` and the name of what its authenticator found out.
    pub from_context: String,
    /// The new value where `from_attribute` or `from_context` finds none.
    pub default_value: Option<Literal>,
    /// The regular expression, as Go reads it: of the keys for `delete` and `hash`, of the value for `extract`, whose groups
    /// name the new attributes.
    pub pattern: Option<Pattern>,
    /// The type that `convert` makes of the value: `string`, `int` or `double`.
    pub converted_type: String,
}

/// A list of actions, ready to be applied.
#[derive(Clone, Debug)]
pub struct Actions(Vec<Action>);

#[derive(Clone, Debug)]
enum Action {
    /// Gives an attribute a value.
    Put { how: How, key: String, source: Source },
    /// Removes the first attribute of the key and all whose key the pattern matches.
    Delete { key: String, pattern: Option<Pattern> },
    /// Hashes the same.
    Hash { key: String, pattern: Option<Pattern> },
    /// Makes attributes of the groups.
    Extract { key: String, pattern: Pattern },
    /// Changes the type of a value.
    Convert { key: String, to: Target },
}

#[derive(Clone, Copy, Debug)]
enum How {
    Insert,
    Update,
    Upsert,
}

#[derive(Clone, Copy, Debug)]
enum Target {
    String,
    Int,
    Double,
}

/// Where a new value comes from.
#[derive(Clone, Debug)]
enum Source {
    Constant(Encoded),
    /// From the sender or another attribute, else the default.
    Found {
        from: From,
        default: Option<Encoded>,
    },
}

#[derive(Clone, Debug)]
enum From {
    Address,
    Metadata(String),
    /// What an authenticator found out.
    Auth(String),
    Attribute(String),
}

// === impl ActionSettings ===

impl ActionSettings {
    /// The action that is meant, or what is wrong with it.
    fn action(&self, problems: &mut Problems) -> Option<Action> {
        let kind = self.action.to_lowercase();
        let pattern = self
            .pattern
            .clone()
            .filter(|pattern| !pattern.as_str().is_empty());
        let key = self.key.clone();
        let needs_key = !matches!(kind.as_str(), "delete" | "hash");
        if key.is_empty() && (needs_key || pattern.is_none()) {
            let or_pattern = if needs_key { "" } else { ", or pattern" };
            problems.add("key", format!("must be set{or_pattern}"));
            return None;
        }
        match kind.as_str() {
            "insert" => self.put(How::Insert, problems),
            "update" => self.put(How::Update, problems),
            "upsert" => self.put(How::Upsert, problems),
            "delete" | "hash" => {
                let unused = ["value", "from_attribute", "converted_type"];
                let is_hash = kind == "hash";
                self.is_without(&unused, problems).then(|| match is_hash {
                    true => Action::Hash { key, pattern },
                    false => Action::Delete { key, pattern },
                })
            }
            "extract" => self.extract(pattern, problems),
            "convert" => self.convert(problems),
            _ => {
                let known = "insert, update, upsert, delete, hash, extract and convert";
                problems.add("action", format!("is `{}`, but actions are {known}", self.action));
                None
            }
        }
    }

    fn put(&self, how: How, problems: &mut Problems) -> Option<Action> {
        let is_sound = self.is_without(&["pattern", "converted_type"], problems);
        let sources = ["value", "from_attribute", "from_context"];
        let mut set = sources.into_iter().filter(|key| self.has(key));
        let first = set.next();
        if let (Some(first), Some(second)) = (first, set.next()) {
            problems.add(second, format!("cannot be set together with {first}"));
            return None;
        }
        let default = self.default_value.as_ref().map(encoded);
        let source = match (first, default) {
            (None, None) => {
                problems.add(
                    "value",
                    "or from_attribute, from_context or default_value must be set",
                );
                return None;
            }
            (None, Some(default)) => Source::Constant(default),
            (Some("value"), _) => Source::Constant(self.value.as_ref().map(encoded).unwrap_or_default()),
            (Some(_), default) => Source::Found {
                from: self.from(),
                default,
            },
        };
        let key = self.key.clone();
        is_sound.then_some(Action::Put { how, key, source })
    }

    fn from(&self) -> From {
        match self.from_context.as_str() {
            "" => From::Attribute(self.from_attribute.clone()),
            "client.address" => From::Address,
            name => match name.strip_prefix("auth.") {
                Some(attribute) => From::Auth(attribute.to_owned()),
                None => From::Metadata(name.strip_prefix("metadata.").unwrap_or(name).to_owned()),
            },
        }
    }

    fn extract(&self, pattern: Option<Pattern>, problems: &mut Problems) -> Option<Action> {
        let unused = ["value", "from_attribute", "from_context", "converted_type"];
        let is_sound = self.is_without(&unused, problems);
        let Some(pattern) = pattern else {
            problems.add("pattern", "must be set");
            return None;
        };
        let named = pattern.groups().iter().filter(|name| !name.is_empty()).count();
        if named == 0 || named < pattern.groups().len() {
            let which = if named == 0 {
                "has no named group"
            } else {
                "has a group without a name"
            };
            problems.add(
                "pattern",
                format!("`{}` {which}, as in `(?P<name>.*)`", pattern.as_str()),
            );
            return None;
        }
        let key = self.key.clone();
        is_sound.then_some(Action::Extract { key, pattern })
    }

    fn convert(&self, problems: &mut Problems) -> Option<Action> {
        let unused = ["value", "from_attribute", "from_context", "pattern"];
        let is_sound = self.is_without(&unused, problems);
        let to = match self.converted_type.as_str() {
            "string" => Target::String,
            "int" => Target::Int,
            "double" => Target::Double,
            other => {
                problems.add(
                    "converted_type",
                    format!("is `{other}`, but must be string, int or double"),
                );
                return None;
            }
        };
        let key = self.key.clone();
        is_sound.then_some(Action::Convert { key, to })
    }

    /// Whether none of these keys is set; each that is set is a problem.
    fn is_without(&self, keys: &[&'static str], problems: &mut Problems) -> bool {
        let mut set = keys.iter().filter(|key| self.has(key)).peekable();
        let is_without = set.peek().is_none();
        for key in set {
            problems.add(
                *key,
                format!("is not used by the action {}", self.action.to_lowercase()),
            );
        }
        is_without
    }

    fn has(&self, key: &str) -> bool {
        match key {
            "value" => self.value.is_some(),
            "from_attribute" => !self.from_attribute.is_empty(),
            "from_context" => !self.from_context.is_empty(),
            "converted_type" => !self.converted_type.is_empty(),
            "pattern" => self
                .pattern
                .as_ref()
                .is_some_and(|pattern| !pattern.as_str().is_empty()),
            _ => false,
        }
    }
}

// === impl Actions ===

impl Actions {
    /// The actions of the list that the key `list` has; what is wrong with them goes to `problems`.
    pub fn new(settings: &[ActionSettings], list: &str, problems: &mut Problems) -> Self {
        if settings.is_empty() {
            problems.add(list, "must have at least one action");
        }
        let mut actions = Vec::with_capacity(settings.len());
        for (number, action) in settings.iter().enumerate() {
            problems.below(&format!("{list}.{number}"), |problems| {
                actions.extend(action.action(problems));
            });
        }
        Self(actions)
    }
}

/// A configured value, encoded once for all spans.
fn encoded(literal: &Literal) -> Encoded {
    value(literal).encoded()
}

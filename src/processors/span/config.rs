//! Keys of the `span` processor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;
use crate::config::pattern::Pattern;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::processors::matching::{self, MatchSettings};

/// Names and status of spans.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpanSettings {
    /// What a span must have to be worked on; all spans are where it is not written.
    pub include: Option<MatchSettings>,
    /// What a span must not have to be worked on.
    pub exclude: Option<MatchSettings>,
    /// How spans are renamed: first from attributes, then to attributes.
    pub name: NameSettings,
    /// The status that every span gets.
    pub status: Option<StatusSettings>,
}

/// Span names and attributes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct NameSettings {
    /// Keys of the attributes whose values make the new name; a span that lacks one keeps its name.
    pub from_attributes: Vec<String>,
    /// What stands between these values.
    pub separator: String,
    /// Attributes that are made from the name.
    pub to_attributes: Option<ToAttributesSettings>,
}

/// Attributes made from names.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ToAttributesSettings {
    /// Regular expressions, as Go reads them: each group becomes an attribute of its name and leaves that name in braces;
    /// where a group took no part or stands in another, the name stays as it is.
    pub rules: Vec<Pattern>,
    /// Whether the first rule that matches is the last.
    pub break_after_match: bool,
    /// Whether the name stays as it is.
    pub keep_original_name: bool,
}

/// How a span ended.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatusSettings {
    /// `Ok`, `Error` or `Unset`.
    pub code: String,
    /// The message, for `Error` only.
    pub description: String,
}

impl Settings for SpanSettings {
    fn no_effect() -> Vec<KeyNote> {
        matching::no_effect()
    }

    fn unsupported() -> Vec<KeyNote> {
        matching::unsupported()
    }

    fn validate(&self, problems: &mut Problems) {
        Span::new(self, problems);
    }
}

// === impl StatusSettings ===

impl StatusSettings {
    /// The code as OTLP has it, and the message.
    pub(super) fn meant(&self, problems: &mut Problems) -> Option<(i32, String)> {
        let code = match self.code.as_str() {
            "Unset" => 0,
            "Ok" => 1,
            "Error" => 2,
            other => {
                problems.add(
                    "status.code",
                    format!("is `{other}`, but must be Ok, Error or Unset"),
                );
                return None;
            }
        };
        if code != 2 && !self.description.is_empty() {
            problems.add(
                "status.description",
                format!("is only for the code Error, not {}", self.code),
            );
            return None;
        }
        Some((code, self.description.clone()))
    }
}

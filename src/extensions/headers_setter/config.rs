//! Keys of the `headers_setter` extension.

use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::authentication::Side;
use crate::config::id::ComponentId;
use crate::config::settings::{Problems, Settings};
use crate::config::types::Secret;

/// Headers of what exporters send, from the configuration or from whoever sent the spans.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeadersSettings {
    /// What is done to headers, one after the other; at least one.
    pub headers: Vec<HeaderSettings>,
    /// An extension that puts its headers on first.
    pub additional_auth: Option<ComponentId>,
}

/// What is done to one header.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeaderSettings {
    /// `insert` sets it where it is not, `update` where it is, `upsert` in either case; `delete` takes it away.
    pub action: Action,
    /// The header. Required.
    pub key: String,
    /// What it says.
    pub value: Option<Secret>,
    /// A file that has what it says; it is read again when it changes.
    pub value_file: Option<String>,
    /// The header of the sender's request that has what it says; the receiver needs `include_metadata`.
    pub from_context: Option<String>,
    /// What it says is what the sender's authenticator found out under this name, such as `username`.
    pub from_attribute: Option<String>,
    /// What it says where the sender has no such thing; else it is empty.
    pub default_value: Option<Secret>,
}

/// What is done to a header.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is set where it is not.
    Insert,
    /// It is set where it is.
    Update,
    /// It is set.
    #[default]
    Upsert,
    /// It is taken away.
    Delete,
}

// === impl HeadersSettings ===

impl Settings for HeadersSettings {
    fn authenticators(&self) -> Vec<(&'static str, Side, &ComponentId)> {
        let additional = self.additional_auth.iter();
        additional
            .map(|id| ("additional_auth", Side::Client, id))
            .collect()
    }

    fn authenticates(&self) -> &'static [Side] {
        &[Side::Client]
    }

    fn validate(&self, problems: &mut Problems) {
        if self.headers.is_empty() {
            problems.add("headers", "has no header, so that nothing would be set");
        }
        for (at, header) in self.headers.iter().enumerate() {
            problems.below(&format!("headers.{at}"), |problems| header.validate(problems));
        }
    }
}

// === impl HeaderSettings ===

impl HeaderSettings {
    fn validate(&self, problems: &mut Problems) {
        const OURS: [&str; 6] = [
            "host",
            "te",
            "connection",
            "content-type",
            "content-length",
            "transfer-encoding",
        ];
        let key = self.key.to_ascii_lowercase();
        if self.key.is_empty() {
            problems.add("key", "is empty, but must name a header");
        } else if key.parse::<HeaderName>().is_err() {
            problems.add("key", format!("`{}` is not the name of a header", self.key));
        } else if key.starts_with("grpc-") || key.ends_with("-bin") || OURS.contains(&key.as_str()) {
            problems.add(
                "key",
                format!("`{}` belongs to the protocol and cannot be set", self.key),
            );
        }
        let sources = [
            ("value", self.value.is_some()),
            ("value_file", self.value_file.is_some()),
            ("from_context", self.from_context.is_some()),
            ("from_attribute", self.from_attribute.is_some()),
        ];
        let set: Vec<&str> = sources
            .iter()
            .filter(|(_, is_set)| *is_set)
            .map(|(key, _)| *key)
            .collect();
        match (self.action, set.as_slice()) {
            (Action::Delete, _) | (_, [_]) => {}
            (_, []) => problems.add(
                "",
                "does not say what the header says; write one of `value`, `value_file`, `from_context` and `from_attribute`",
            ),
            (_, [first, second, ..]) => problems.add(*second, format!("cannot stand beside `{first}`")),
        }
        for (key, value) in [("value", &self.value), ("default_value", &self.default_value)] {
            let text = value.as_ref().map_or("", |Secret(text)| text);
            if HeaderValue::from_str(text).is_err() {
                problems.add(key, "has characters that a header cannot carry");
            }
        }
    }
}

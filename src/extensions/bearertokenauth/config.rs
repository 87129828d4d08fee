//! Keys of the `bearertokenauth` extension.

use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::authentication::Side;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::Secret;

/// A token, which callers must show, or which exporters show.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BearerSettings {
    /// The word before the token; empty for none.
    pub scheme: String,
    /// The header that carries it.
    pub header: String,
    /// The token.
    pub token: Secret,
    /// Several tokens, in place of `token`: callers may show any of them, exporters show the first.
    pub tokens: Vec<Secret>,
    /// A file with tokens, one a line, in place of the others. It is read again when it changes.
    pub filename: String,
    /// What happens when the file is not there at the start.
    pub file_retry: FileRetry,
}

/// What happens when the file is not there at the start.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileRetry {
    /// Whether it is waited for, looked at every second; until then nobody is let in and nothing is sent. Otherwise the
    /// start fails.
    pub enabled: bool,
}

// === impl BearerSettings ===

impl Default for BearerSettings {
    fn default() -> Self {
        Self {
            scheme: "Bearer".into(),
            header: "Authorization".into(),
            token: Secret::default(),
            tokens: Vec::new(),
            filename: String::new(),
            file_retry: FileRetry::default(),
        }
    }
}

impl Settings for BearerSettings {
    fn no_effect() -> Vec<KeyNote> {
        ["file_retry.max_retries", "file_retry.retry_interval"]
            .map(|key| KeyNote::new(key, "the file is looked at every second, for as long as it takes"))
            .to_vec()
    }

    fn authenticates(&self) -> &'static [Side] {
        &[Side::Server, Side::Client]
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        for (key, is_written) in [
            ("token", !self.token.0.is_empty()),
            ("tokens", !self.tokens.is_empty()),
        ] {
            if is_written && !self.filename.is_empty() {
                warnings.add(key, "has no effect beside `filename`");
            }
        }
    }

    fn validate(&self, problems: &mut Problems) {
        if self.token.0.is_empty() && self.tokens.is_empty() && self.filename.is_empty() {
            problems.add("", "has no token; write `token`, `tokens` or `filename`");
        }
        if self.header.parse::<HeaderName>().is_err() {
            problems.add("header", format!("`{}` is not the name of a header", self.header));
        }
        if HeaderValue::from_str(&self.scheme).is_err() {
            problems.add("scheme", "has characters that a header cannot carry");
        }
        if !self.token.0.is_empty() {
            tell("token".into(), &self.token, problems);
        }
        for (at, token) in self.tokens.iter().enumerate() {
            tell(format!("tokens.{at}"), token, problems);
        }
    }
}

impl BearerSettings {
    /// The tokens that are written.
    pub fn written(&self) -> Vec<String> {
        let one = [self.token.clone()];
        let tokens = if self.tokens.is_empty() {
            one.as_slice()
        } else {
            &self.tokens
        };
        tokens.iter().map(|Secret(token)| token.clone()).collect()
    }
}

fn tell(key: String, Secret(token): &Secret, problems: &mut Problems) {
    if let Err(why) = check(token) {
        problems.add(key, why);
    }
}

/// Says why a token cannot be shown.
pub fn check(token: &str) -> Result<(), String> {
    match HeaderValue::from_str(token) {
        _ if token.trim().is_empty() => Err("is empty".into()),
        Ok(_) => Ok(()),
        Err(_) => Err("has characters that a header cannot carry".into()),
    }
}

//! Keys of the `basicauth` extension.

use http::HeaderValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::htpasswd::Users;
use crate::config::authentication::Side;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::Secret;

/// Names and passwords, which callers must show, or which exporters show.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BasicSettings {
    /// Whom to let in.
    pub htpasswd: Option<Htpasswd>,
    /// What exporters show.
    pub client_auth: Option<ClientAuth>,
}

/// Whom to let in: lines of a name, a colon and a password, as Apache's `htpasswd` writes them: bcrypt, MD5 (`$apr1$`), SHA
/// (`{SHA}`), salted SHA (`{SSHA}`), or in the clear.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Htpasswd {
    /// A file with such lines; it is read again when it changes.
    pub file: String,
    /// Such lines themselves; they prevail over those of the file.
    pub inline: Secret,
}

/// What exporters show.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientAuth {
    /// The name.
    pub username: String,
    /// A file with the name, in place of `username`; it is read again when it changes.
    pub username_file: String,
    /// The password.
    pub password: Secret,
    /// A file with the password, in place of `password`; it is read again when it changes.
    pub password_file: String,
}

// === impl BasicSettings ===

impl Settings for BasicSettings {
    fn unsupported() -> Vec<KeyNote> {
        vec![KeyNote::new(
            "client_auth.aws_secrets_manager",
            "secrets are not fetched from AWS; have them in `username_file` and `password_file`",
        )]
    }

    fn authenticates(&self) -> &'static [Side] {
        match self.htpasswd {
            Some(_) => &[Side::Server],
            None => &[Side::Client],
        }
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        let Some(auth) = &self.client_auth else {
            return;
        };
        for (key, has_both) in [
            (
                "username",
                !auth.username.is_empty() && !auth.username_file.is_empty(),
            ),
            (
                "password",
                !auth.password.0.is_empty() && !auth.password_file.is_empty(),
            ),
        ] {
            if has_both {
                warnings.add(
                    format!("client_auth.{key}"),
                    format!("has no effect beside `{key}_file`"),
                );
            }
        }
    }

    fn validate(&self, problems: &mut Problems) {
        match (&self.htpasswd, &self.client_auth) {
            (None, None) => problems.add("", "has no credentials; write `htpasswd` or `client_auth`"),
            (Some(_), Some(_)) => problems.add(
                "client_auth",
                "stands beside `htpasswd`; an extension either lets callers in or has exporters show something",
            ),
            (Some(htpasswd), None) => problems.below("htpasswd", |problems| htpasswd.validate(problems)),
            (None, Some(auth)) => problems.below("client_auth", |problems| auth.validate(problems)),
        }
    }
}

// === impl Htpasswd ===

impl Htpasswd {
    fn validate(&self, problems: &mut Problems) {
        if self.file.is_empty() && self.inline.0.is_empty() {
            problems.add("", "names nobody; write `file` or `inline`");
        }
        if let Err(why) = Users::read(&self.inline.0) {
            problems.add("inline", why);
        }
    }
}

// === impl ClientAuth ===

impl ClientAuth {
    fn validate(&self, problems: &mut Problems) {
        if self.username.contains(':') {
            problems.add("username", "has a colon, which ends a name");
        }
        for (key, text) in [("username", &self.username), ("password", &self.password.0)] {
            if HeaderValue::from_str(text).is_err() {
                problems.add(key, "has line breaks or other control characters");
            }
        }
    }
}

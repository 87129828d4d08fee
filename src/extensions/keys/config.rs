//! Keys of the `keys` extension.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::authentication::Side;
use crate::config::settings::{Problems, Settings};
use crate::config::types::Secret;
use crate::net::auth::{Digest, Permission, digest};

/// Holds the keys of those who may send and read spans. What asks for them names it in `auth.authenticator`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeysSettings {
    /// The keys; at least one.
    pub keys: Vec<KeySettings>,
}

/// One key: what its secret is, what it is good for, and for which project.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeySettings {
    /// What people call it; shown in logs and errors.
    pub name: String,
    /// The secret itself, best as `${env:NAME}`.
    pub secret: Option<Secret>,
    /// The SHA-256 of the secret, as 64 hexadecimal digits.
    pub secret_sha256: Option<Secret>,
    /// A file with the secret, read once at the start; line breaks at its end do not count.
    pub secret_file: Option<String>,
    /// What it is good for: `ingest` to send spans, `read` to read them, `annotate` to note something about them,
    /// `admin` for all of these and to delete.
    pub permissions: Vec<Permission>,
    /// The only project whose spans it writes and reads; any, when absent.
    pub project: Option<String>,
}

/// Where the secret of a key is from.
pub enum Source<'a> {
    /// It is written in the configuration, or its digest is.
    Known(Digest),
    /// It is in this file.
    File(&'a str),
}

// === impl KeysSettings ===

impl Settings for KeysSettings {
    fn authenticates(&self) -> &'static [Side] {
        &[Side::Keys, Side::Server]
    }

    fn validate(&self, problems: &mut Problems) {
        if self.keys.is_empty() {
            problems.add("keys", "has no key, so that nobody could come in");
        }
        let (mut names, mut secrets) = (HashMap::new(), HashMap::new());
        for (at, key) in self.keys.iter().enumerate() {
            problems.below(&format!("keys.{at}"), |problems| {
                key.validate(problems);
                if let Some(first) = names
                    .insert(key.name.as_str(), at)
                    .filter(|_| !key.name.is_empty())
                {
                    let name = &key.name;
                    problems.add(
                        "name",
                        format!("is `{name}`, which is also the name of `keys.{first}`"),
                    );
                }
                let Ok((from, Source::Known(digest))) = key.source() else {
                    return;
                };
                if let Some(first) = secrets.insert(digest, at) {
                    problems.add(from, format!("is the secret of `keys.{first}` too"));
                }
            });
        }
    }
}

// === impl KeySettings ===

impl KeySettings {
    /// The setting that has the secret, and what it says; else the setting that is wrong, and why.
    pub fn source(&self) -> Result<(&'static str, Source<'_>), (&'static str, String)> {
        match (&self.secret, &self.secret_sha256, &self.secret_file) {
            (Some(Secret(secret)), None, None) => match check_secret(secret) {
                Ok(()) => Ok(("secret", Source::Known(digest(secret)))),
                Err(why) => Err(("secret", why)),
            },
            (None, Some(Secret(hex)), None) => match from_hex(hex) {
                Some(digest) => Ok(("secret_sha256", Source::Known(digest))),
                None => Err(("secret_sha256", "is not 64 hexadecimal digits".into())),
            },
            (None, None, Some(file)) if file.is_empty() => Err(("secret_file", "is empty".into())),
            (None, None, Some(file)) => Ok(("secret_file", Source::File(file))),
            (None, None, None) => Err((
                "",
                "has no secret; write one of `secret`, `secret_sha256` and `secret_file`".into(),
            )),
            _ => Err((
                "",
                "has several secrets; write only one of `secret`, `secret_sha256` and `secret_file`".into(),
            )),
        }
    }

    fn validate(&self, problems: &mut Problems) {
        if self.name.is_empty() {
            problems.add("name", "is empty, but errors and logs call the key by it");
        }
        if let Err((path, why)) = self.source() {
            problems.add(path, why);
        }
        if self.permissions.is_empty() {
            let what = "is empty, so that the key is good for nothing; there are `ingest`, `read`, `annotate` and `admin`";
            problems.add("permissions", what);
        }
        if self.project.as_deref() == Some("") {
            problems.add("project", "is empty; leave it out for a key of all projects");
        }
    }
}

/// Says why nobody could show such a secret.
pub fn check_secret(secret: &str) -> Result<(), String> {
    if secret.is_empty() {
        return Err("is empty".into());
    }
    match secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(()),
        false => {
            Err("has spaces or characters other than those of ASCII, which no header carries safely".into())
        }
    }
}

fn from_hex(text: &str) -> Option<Digest> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |letter: u8| char::from(letter).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}

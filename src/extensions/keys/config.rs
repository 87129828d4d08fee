//! Keys of the `keys` extension.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::authentication::Side;
use crate::config::settings::{Problems, Settings};
use crate::config::types::{GoDuration, Secret};
use crate::net::auth::{Digest, Permission, Quota, digest};

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
    /// How much may be sent with it.
    pub quota: QuotaSettings,
}

/// How much may be sent with a key. What is beyond is refused before it is read, and told when to come back.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuotaSettings {
    /// Requests in a second; any number, when absent.
    pub requests_per_second: Option<u64>,
    /// Bytes in a second, counted as they are sent, compressed or not; any number, when absent.
    pub bytes_per_second: Option<u64>,
    /// As much as in this time may come at once. A larger request passes when nothing came for this long, and is made up
    /// for afterwards.
    pub burst: GoDuration,
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

// === impl QuotaSettings ===

impl Default for QuotaSettings {
    fn default() -> Self {
        Self {
            requests_per_second: None,
            bytes_per_second: None,
            burst: GoDuration::secs(5),
        }
    }
}

impl QuotaSettings {
    /// As it is enforced.
    pub fn of_key(&self) -> Quota {
        Quota {
            requests_per_second: self.requests_per_second,
            bytes_per_second: self.bytes_per_second,
            burst: self.burst.0,
        }
    }

    fn validate(&self, problems: &mut Problems) {
        for (key, rate) in [
            ("requests_per_second", self.requests_per_second),
            ("bytes_per_second", self.bytes_per_second),
        ] {
            if rate == Some(0) {
                problems.add(key, "is 0, which lets nothing through; leave it out for no limit");
            }
        }
        if let Some(requests) = self.requests_per_second
            && self.burst.0.as_secs_f64() * (requests as f64) < 1.0
        {
            problems.add("burst", "is too short for a single request at this rate");
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
        problems.below("quota", |problems| self.quota.validate(problems));
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

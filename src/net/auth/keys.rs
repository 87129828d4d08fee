//! Keys: who may do what, and with which project's spans.
//!
//! Promises: a secret is compared by its SHA-256 alone and kept nowhere; a key without a permission cannot do what needs it;
//! a key with a project neither reads nor writes spans of another.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::quota::{Allowance, Quota};
use super::server::{Denied, Head, Identity, Judged, Server};
use crate::config::types::Secret;

/// Headers, and metadata of gRPC, in which clients of the products send a key as it is.
const KEY_HEADERS: [&str; 4] = [
    "mackerel-api-key",
    "x-mackerel-client-token",
    "api_key",
    "x-api-key",
];

/// The only scheme of `Authorization` that carries a key.
const SCHEME: &str = "Bearer ";

/// What a key may be good for.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Sending spans.
    Ingest,
    /// Reading spans and what is noted about them.
    Read,
    /// Noting something about spans.
    Annotate,
    /// Deleting spans, changing projects, and all of the others.
    Admin,
}

/// The SHA-256 of a secret.
pub type Digest = [u8; 32];

/// A key, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What people call it.
    pub name: String,
    /// What it is good for.
    pub permissions: Vec<Permission>,
    /// The only project whose spans it reads and writes; any, when absent.
    pub project: Option<Arc<str>>,
}

/// Keys by their secrets.
#[derive(Debug, Default)]
pub struct Keys(HashMap<Digest, Held>);

#[derive(Debug)]
struct Held {
    key: Arc<Key>,
    identity: Arc<Identity>,
}

/// The SHA-256 of a secret.
pub fn digest(secret: &str) -> Digest {
    Sha256::digest(secret.as_bytes()).into()
}

// === impl Key ===

impl Key {
    /// Whether it is good for this.
    pub fn may(&self, what: Permission) -> bool {
        self.permissions.contains(&what) || self.permissions.contains(&Permission::Admin)
    }

    /// Whoever shows it.
    fn identity(&self, allowance: Arc<Allowance>) -> Identity {
        let mut attributes = vec![("subject".to_owned(), Secret(self.name.clone()))];
        let project = self.project.iter();
        attributes.extend(project.map(|project| ("project".to_owned(), Secret(project.to_string()))));
        Identity {
            name: self.name.as_str().into(),
            project: self.project.clone(),
            attributes,
            allowance,
        }
    }
}

// === impl Keys ===

impl Keys {
    /// The keys of the extension `id`, each with how much may be sent with it.
    pub fn with_quotas(id: &str, keys: impl IntoIterator<Item = (Digest, Key, Quota)>) -> Self {
        let held = |(digest, key, quota): (Digest, Key, Quota)| {
            let allowance = Allowance::new(id, &key.name, quota);
            (digest, Held::new(key, allowance))
        };
        Self(keys.into_iter().map(held).collect())
    }

    /// The key that goes with a secret.
    pub fn find(&self, secret: &str) -> Option<&Arc<Key>> {
        self.0.get(&digest(secret)).map(|held| &held.key)
    }
}

impl FromIterator<(Digest, Key)> for Keys {
    fn from_iter<I: IntoIterator<Item = (Digest, Key)>>(keys: I) -> Self {
        let held = |(digest, key)| (digest, Held::new(key, Arc::default()));
        Self(keys.into_iter().map(held).collect())
    }
}

impl Held {
    fn new(key: Key, allowance: Arc<Allowance>) -> Self {
        let identity = Arc::new(key.identity(allowance));
        let key = Arc::new(key);
        Self { key, identity }
    }
}

impl Server for Keys {
    fn judge(&self, head: &Head<'_>) -> Judged {
        self.judge_secret(secret(head).as_deref().unwrap_or_default())
    }

    fn judge_secret(&self, secret: &str) -> Judged {
        if secret.is_empty() {
            let what = "a key is needed here and none was shown; send it as `Authorization: Bearer <key>`";
            return Judged::unauthenticated(what);
        }
        let Some(Held { key, identity }) = self.0.get(&digest(secret)) else {
            return Judged::unauthenticated("the key is not known here");
        };
        Judged::Now(match key.may(Permission::Ingest) {
            true => Ok(identity.clone()),
            false => Err(Denied::Forbidden(format!(
                "the key `{}` has no permission `ingest`",
                key.name
            ))),
        })
    }

    fn hides(&self, header: &str) -> bool {
        header == AUTHORIZATION.as_str() || KEY_HEADERS.contains(&header)
    }

    fn challenge(&self) -> HeaderValue {
        // RFC 6750.
        HeaderValue::from_static("Bearer realm=\"spanway\"")
    }
}

/// What a request shows for a key, in whichever of the known ways.
fn secret(head: &Head<'_>) -> Option<String> {
    let bearer = head.header(AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, secret) = value.split_at_checked(SCHEME.len())?;
        scheme.eq_ignore_ascii_case(SCHEME).then(|| secret.trim())
    });
    bearer
        .or_else(|| KEY_HEADERS.iter().find_map(|name| head.header(name)))
        .map(str::to_owned)
        .or_else(|| head.parameter("token"))
}

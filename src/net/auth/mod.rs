//! Keys: who may do what, and with which project's spans.
//!
//! Promises: a secret is compared by its SHA-256 alone and kept nowhere; a key without a permission cannot do what needs it;
//! a key with a project neither reads nor writes spans of another.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::authentication::Auth;

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
pub struct Keys(HashMap<Digest, Arc<Key>>);

/// The sets of keys of a process, by the name of the extension that holds them. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Authenticators(Arc<Mutex<HashMap<String, Arc<Keys>>>>);

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
}

// === impl Keys ===

impl Keys {
    /// The key that goes with a secret.
    pub fn find(&self, secret: &str) -> Option<&Arc<Key>> {
        self.0.get(&digest(secret))
    }
}

impl FromIterator<(Digest, Key)> for Keys {
    fn from_iter<I: IntoIterator<Item = (Digest, Key)>>(keys: I) -> Self {
        Self(
            keys.into_iter()
                .map(|(digest, key)| (digest, Arc::new(key)))
                .collect(),
        )
    }
}

// === impl Authenticators ===

impl Authenticators {
    /// Makes the keys of an extension known to those that name it.
    pub fn register(&self, id: &str, keys: Arc<Keys>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id.to_owned(), keys);
    }

    /// Takes over what others know of an extension.
    pub fn carry(&self, id: &str, others: &Self) {
        let known = others.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = known.get(id).cloned();
        drop(known);
        if let Some(keys) = keys {
            self.register(id, keys);
        }
    }

    /// The keys that a setting `auth` names, if it is there; an error when nobody holds them.
    pub fn find(&self, auth: Option<&Auth>) -> Result<Option<Arc<Keys>>, String> {
        let Some(Auth { authenticator }) = auth else {
            return Ok(None);
        };
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match known.get(&authenticator.to_string()) {
            Some(keys) => Ok(Some(keys.clone())),
            None => Err(format!("`auth` names `{authenticator}`, which holds no keys")),
        }
    }
}

//! What every product's API works with: the store, the keys, the limits.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::model::{Answer, Limits, QueryError, SpanQuery, SpanStore, SpanWriter};
use crate::net::auth::{Key, Keys, Permission};

/// What every product's API works with.
pub struct Context {
    /// Answers questions.
    pub store: Arc<dyn SpanStore>,
    /// Takes and deletes spans.
    pub writer: Arc<dyn SpanWriter>,
    /// Where small state of a product lies.
    pub directory: PathBuf,
    /// Who may ask; everybody, when there are no keys.
    pub keys: Option<Arc<Keys>>,
    /// What a question may cost.
    pub limits: Limits,
}

/// Whoever asks, and may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Their key; none where everything is open.
    pub key: Option<Arc<Key>>,
}

/// Whoever asks, and may not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No key was shown.
    Missing,
    /// The key that was shown is none of ours.
    Unknown,
    /// The key of this name is not good for that.
    Forbidden(String, Permission),
}

// === impl Context ===

impl Context {
    /// Whether a request with this secret may do something.
    pub fn admit(&self, secret: Option<&str>, needs: Permission) -> Result<Caller, Denied> {
        let Some(keys) = &self.keys else {
            return Ok(Caller { key: None });
        };
        let secret = secret.filter(|secret| !secret.is_empty());
        let key = keys.find(secret.ok_or(Denied::Missing)?).ok_or(Denied::Unknown)?;
        match key.may(needs) {
            true => Ok(Caller {
                key: Some(key.clone()),
            }),
            false => Err(Denied::Forbidden(key.name.clone(), needs)),
        }
    }

    /// Asks the store, within the limits of the configuration.
    pub async fn ask(&self, mut query: SpanQuery) -> Result<Answer, QueryError> {
        query.limits = self.limits;
        self.store.answer(query).await
    }

    /// Now, in nanoseconds since 1970.
    pub fn now(&self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
    }
}

// === impl Caller ===

impl Caller {
    /// The only project that they see; all, when absent.
    pub fn project(&self) -> Option<&Arc<str>> {
        self.key.as_ref().and_then(|key| key.project.as_ref())
    }

    /// The projects that a question of theirs is about, as [`Select`](super::model::Select) has it.
    pub fn projects(&self) -> Option<Vec<String>> {
        self.project().map(|project| vec![project.to_string()])
    }

    /// By what their requests are counted: the key's name, or nothing where everything is open.
    pub fn name(&self) -> &str {
        self.key.as_ref().map_or("", |key| &key.name)
    }
}

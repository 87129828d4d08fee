//! Who calls, and what may be done: authentication of callers and of ourselves.
//!
//! An extension may stand on either side, or on both. On the server's it judges a request by its head and says who sends it
//! (`server.rs`); keys, which have permissions and projects, are the richest of these (`keys.rs`). On the client's it puts on
//! a request what the destination wants to see (`client.rs`). Components name an extension; they find here what it does.
//!
//! Promises: nobody's body is read before their head was judged; a secret is shown by no log line, metric, error or page;
//! what one sender's request carries is never put on another's spans.

mod client;
mod keys;
mod quota;
mod server;
pub mod watched;

pub use client::{Client, Failed};
pub use keys::{Digest, Key, Keys, Permission, digest};
pub use quota::{Allowance, OverQuota, Purse, Quota};
pub use server::{Denied, Head, Identity, Judged, RAW, Server};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::authentication::Auth;
use crate::config::id::ComponentId;

/// What an extension does for those who name it.
#[derive(Clone, Debug, Default)]
pub struct Authenticator {
    /// Its keys.
    pub keys: Option<Arc<Keys>>,
    /// How it judges requests.
    pub server: Option<Arc<dyn Server>>,
    /// What it puts on requests.
    pub client: Option<Arc<dyn Client>>,
}

/// The authenticators of a process, by the name of their extension. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Authenticators(Arc<Mutex<HashMap<String, Authenticator>>>);

// === impl Authenticators ===

impl Authenticators {
    /// Makes an extension known to those that name it.
    pub fn register(&self, id: &ComponentId, authenticator: Authenticator) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(id.to_string(), authenticator);
    }

    /// Takes over what others know of an extension.
    pub fn carry(&self, id: &ComponentId, others: &Self) {
        self.register(id, others.find(id));
    }

    /// The keys that a setting `auth` names, if it is there; an error when nobody holds them.
    pub fn keys(&self, auth: Option<&Auth>) -> Result<Option<Arc<Keys>>, String> {
        let Some(Auth { authenticator: id }) = auth else {
            return Ok(None);
        };
        let keys = self.find(id).keys;
        keys.map(Some)
            .ok_or_else(|| format!("`auth` names `{id}`, which holds no keys"))
    }

    /// Who judges requests where `auth` names `id`; an error when it does not.
    pub fn server(&self, id: Option<&ComponentId>) -> Result<Option<Arc<dyn Server>>, String> {
        let Some(id) = id else {
            return Ok(None);
        };
        let server = self.find(id).server;
        server
            .map(Some)
            .ok_or_else(|| format!("`auth` names `{id}`, which does not judge callers"))
    }

    /// What puts credentials on requests where `auth` names `id`; an error when it does not.
    pub fn client(&self, id: Option<&ComponentId>) -> Result<Option<Arc<dyn Client>>, String> {
        let Some(id) = id else {
            return Ok(None);
        };
        let client = self.find(id).client;
        client
            .map(Some)
            .ok_or_else(|| format!("`auth` names `{id}`, which puts nothing on requests"))
    }

    fn find(&self, id: &ComponentId) -> Authenticator {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&id.to_string()).cloned().unwrap_or_default()
    }
}

//! Who sent a request, and what they told about themselves.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::config::types::Secret;
use crate::net::auth::Identity;

/// What a pipeline may know of the sender. Shared by all requests that carry nothing of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The peer's address, where there is one.
    pub address: Option<SocketAddr>,
    /// Request headers or gRPC metadata, keys in lower case; empty unless the receiver has `include_metadata`.
    pub metadata: Vec<(String, Vec<String>)>,
    /// The project that its spans go to, where the door says so; else their resources name it. Only exporters that keep
    /// spans themselves know projects, so this is not part of what a journal remembers.
    pub project: Option<Arc<str>>,
    /// Who they are, where an authenticator found out.
    pub identity: Option<Arc<Identity>>,
}

impl Client {
    /// A client of which nothing is known.
    pub fn unknown() -> Arc<Self> {
        Arc::default()
    }

    /// The values of a metadata key, in any case.
    pub fn metadata(&self, key: &str) -> &[String] {
        self.metadata
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map_or(&[], |(_, values)| values)
    }

    /// All that an authenticator found out about the sender.
    pub fn attributes(&self) -> &[(String, Secret)] {
        let identity = self.identity.as_ref();
        identity.map_or(&[], |identity| &identity.attributes)
    }

    /// What an authenticator found out about the sender, by its name: `username`, `subject`.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.identity.as_ref()?.attribute(name)
    }
}

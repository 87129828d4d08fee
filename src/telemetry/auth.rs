//! What is told about authentication: files with credentials, tokens, callers who want too much.

use std::sync::{Mutex, PoisonError};

use metrics::{Counter, counter};
use tracing::{debug, info, warn};

use super::quiet::Quiet;

/// The events of one file with credentials.
#[derive(Debug)]
pub struct FileEvents {
    extension: String,
    path: String,
    changes: Counter,
    failures: Counter,
}

// === impl FileEvents ===

impl FileEvents {
    /// The events of a file that an extension reads.
    pub fn new(extension: &str, path: &str) -> Self {
        let counted = |name| counter!(name, "extension" => extension.to_owned());
        Self {
            extension: extension.to_owned(),
            path: path.to_owned(),
            changes: counted("spanway_auth_file_changes"),
            failures: counted("spanway_auth_file_failures"),
        }
    }

    /// It says something new, which counts from now on.
    pub fn changed(&self) {
        self.changes.increment(1);
        let (extension, path) = (&self.extension, &self.path);
        info!(extension, path, "credentials have changed");
    }

    /// It cannot be used; what it said before counts on.
    pub fn unusable(&self, why: &str) {
        self.failures.increment(1);
        let (extension, path) = (&self.extension, &self.path);
        warn!(
            extension,
            path, "credentials could not be read again, those from before count on: {why}"
        );
    }
}

/// The events of tokens that are fetched.
#[derive(Debug)]
pub struct TokenEvents {
    extension: String,
    fetched: Counter,
    failures: Counter,
    quiet: Mutex<Quiet>,
}

// === impl TokenEvents ===

impl TokenEvents {
    /// The events of the tokens that an extension fetches.
    pub fn new(extension: &str) -> Self {
        let counted = |name| counter!(name, "extension" => extension.to_owned());
        Self {
            extension: extension.to_owned(),
            fetched: counted("spanway_auth_tokens_fetched"),
            failures: counted("spanway_auth_token_failures"),
            quiet: Mutex::default(),
        }
    }

    /// There is a new one.
    pub fn fetched(&self) {
        self.fetched.increment(1);
        debug!(extension = self.extension, "a token was fetched");
    }

    /// There is none.
    pub fn failed(&self, why: &str) {
        self.failures.increment(1);
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left_out) = quiet.speak() {
            warn!(
                extension = self.extension,
                left_out, "a token could not be fetched: {why}"
            );
        }
    }
}

/// Of what a caller wants too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Requests in a time.
    Requests,
    /// Bytes in a time.
    Bytes,
    /// Memory.
    Memory,
}

/// The events of one caller that an authenticator knows. There are as many as its configuration names.
#[derive(Debug)]
pub struct CallerEvents {
    authenticator: String,
    caller: String,
    refused: [Counter; Over::ALL.len()],
    quiet: Mutex<Quiet>,
}

// === impl Over ===

impl Over {
    /// All of them, in the order of declaration.
    pub const ALL: [Self; 3] = [Self::Requests, Self::Bytes, Self::Memory];

    /// The value of the label `limit`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Bytes => "bytes",
            Self::Memory => "memory",
        }
    }
}

// === impl CallerEvents ===

impl CallerEvents {
    /// The events of a caller, by its name.
    pub fn new(authenticator: &str, caller: &str) -> Self {
        let counted = |over: Over| {
            counter!(
                "spanway_auth_refused_requests",
                "authenticator" => authenticator.to_owned(), "caller" => caller.to_owned(), "limit" => over.label()
            )
        };
        Self {
            authenticator: authenticator.to_owned(),
            caller: caller.to_owned(),
            refused: Over::ALL.map(counted),
            quiet: Mutex::default(),
        }
    }

    /// A request of theirs was refused for this.
    pub fn refused(&self, over: Over) {
        if let Some(counter) = self.refused.get(over as usize) {
            counter.increment(1);
        }
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left_out) = quiet.speak() {
            let (authenticator, caller, limit) = (&self.authenticator, &self.caller, over.label());
            info!(authenticator, caller, limit, left_out, "a caller sends too much");
        }
    }
}

//! The server's side: who sends a request, by its head.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderValue, Uri};

use super::quota::Allowance;
use crate::config::types::Secret;

/// The attribute that has the credentials themselves, as they were sent.
pub const RAW: &str = "raw";

/// Judges requests.
pub trait Server: fmt::Debug + Send + Sync {
    /// Who sends a request, by its head.
    fn judge(&self, head: &Head<'_>) -> Judged;

    /// As [`judge`](Self::judge), where a product's clients show a bare secret in a place of their own.
    fn judge_secret(&self, secret: &str) -> Judged;

    /// Whether a header, in lower case, carries what is for this gateway alone and no pipeline may see.
    fn hides(&self, _header: &str) -> bool {
        false
    }

    /// How HTTP asks for credentials (`WWW-Authenticate`).
    fn challenge(&self) -> HeaderValue;
}

/// What is judged.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// Its headers, or metadata of gRPC.
    pub headers: &'a HeaderMap,
    /// Where it goes.
    pub uri: &'a Uri,
}

/// The judgement of a request: there at once, unless it takes work that no thread which serves connections should do.
pub enum Judged {
    /// It is there.
    Now(Result<Arc<Identity>, Denied>),
    /// It is on its way.
    Later(BoxFuture<'static, Result<Arc<Identity>, Denied>>),
}

/// Who sends a request.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// What people call them: the name of a key or of a user.
    pub name: Arc<str>,
    /// The only project that their spans may go to; any, when absent.
    pub project: Option<Arc<str>>,
    /// What else is known, for `auth.*` of pipelines.
    pub attributes: Vec<(String, Secret)>,
    /// How much they may send.
    pub allowance: Arc<Allowance>,
}

/// Why a request is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It shows no credentials, or none that are known.
    Unauthenticated(String),
    /// Its sender is known, and may not do that.
    Forbidden(String),
}

// === impl Head ===

impl<'a> Head<'a> {
    /// The first value of a header, where it is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The value of a parameter in the query of the URI.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.uri.query()?.as_bytes();
        let mut pairs = form_urlencoded::parse(query);
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }
}

impl<'a> From<&'a http::request::Parts> for Head<'a> {
    fn from(parts: &'a http::request::Parts) -> Self {
        Self {
            headers: &parts.headers,
            uri: &parts.uri,
        }
    }
}

// === impl Judged ===

impl Judged {
    /// Who sends it, when that is known.
    pub async fn wait(self) -> Result<Arc<Identity>, Denied> {
        match self {
            Self::Now(judged) => judged,
            Self::Later(judging) => judging.await,
        }
    }

    /// A request without credentials, or with unknown ones.
    pub fn unauthenticated(why: impl Into<String>) -> Self {
        Self::Now(Err(Denied::Unauthenticated(why.into())))
    }
}

impl fmt::Debug for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Now(judged) => f.debug_tuple("Now").field(judged).finish(),
            Self::Later(_) => f.write_str("Later"),
        }
    }
}

// === impl Identity ===

impl PartialEq for Identity {
    /// They are who they are, whatever they have sent.
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.project, &self.attributes) == (&other.name, &other.project, &other.attributes)
    }
}

impl Eq for Identity {}

impl Identity {
    /// An attribute, by its name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let mut attributes = self.attributes.iter();
        let found = attributes.find(|(known, _)| known == name);
        found.map(|(_, Secret(value))| value.as_str())
    }
}

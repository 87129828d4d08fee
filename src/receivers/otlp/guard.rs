//! Who may send, where `auth` names keys. A request is judged by its head, before any of its body is read.

use std::sync::Arc;

use http::Uri;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::fault::Fault;
use crate::config::authentication::Auth;
use crate::net::auth::{Authenticators, Key, Keys, Permission};
use crate::telemetry::receiver::Reason;

/// Headers, and metadata of gRPC, in which clients of the products send a key as it is.
const KEY_HEADERS: [&str; 4] = [
    "mackerel-api-key",
    "x-mackerel-client-token",
    "api_key",
    "x-api-key",
];

/// The only scheme of `Authorization` that carries a key.
const SCHEME: &str = "Bearer ";

/// Asks for keys, or lets everybody in.
#[derive(Debug)]
pub struct Guard(Option<Arc<Keys>>);

// === impl Guard ===

impl Guard {
    /// Asks for the keys that `auth` names, if it is there; an error when nobody holds them.
    pub fn new(auth: Option<&Auth>, known: &Authenticators) -> Result<Self, String> {
        known.find(auth).map(Self)
    }

    /// Whether keys are asked for.
    pub fn asks(&self) -> bool {
        self.0.is_some()
    }

    /// The key that a request shows; none where nobody asks for one.
    pub fn admit(&self, head: &Parts) -> Result<Option<&Arc<Key>>, Fault> {
        match self.0 {
            None => Ok(None),
            Some(_) => self.judge(secret(head).as_deref()),
        }
    }

    /// The key of a secret; none where nobody asks for one.
    pub fn judge(&self, secret: Option<&str>) -> Result<Option<&Arc<Key>>, Fault> {
        let Some(keys) = &self.0 else {
            return Ok(None);
        };
        let secret = secret.filter(|secret| !secret.is_empty()).ok_or_else(|| {
            let what = "a key is needed here and none was shown; send it as `Authorization: Bearer <key>`";
            Fault::new(Reason::Unauthenticated, what)
        })?;
        let key = keys
            .find(secret)
            .ok_or_else(|| Fault::new(Reason::Unauthenticated, "the key is not known here"))?;
        match key.may(Permission::Ingest) {
            true => Ok(Some(key)),
            false => {
                let what = format!("the key `{}` has no permission `ingest`", key.name);
                Err(Fault::new(Reason::PermissionDenied, what))
            }
        }
    }
}

/// Whether a header, in lower case, may carry a key.
pub fn is_secret(header: &str) -> bool {
    header == AUTHORIZATION.as_str() || KEY_HEADERS.contains(&header)
}

/// The value of a parameter in the query of a URI.
pub fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let query = uri.query()?.as_bytes();
    let mut pairs = form_urlencoded::parse(query);
    pairs
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

/// What a request shows for a key, in whichever of the known ways.
fn secret(head: &Parts) -> Option<String> {
    let text = |name: &str| head.headers.get(name)?.to_str().ok();
    let bearer = text(AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, secret) = value.split_at_checked(SCHEME.len())?;
        scheme.eq_ignore_ascii_case(SCHEME).then(|| secret.trim())
    });
    bearer
        .or_else(|| KEY_HEADERS.iter().find_map(|name| text(name)))
        .map(str::to_owned)
        .or_else(|| parameter(&head.uri, "token"))
}

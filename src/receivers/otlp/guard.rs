//! Who may send, where `auth` names an authenticator. A request is judged by its head, before any of its body is read.

use std::borrow::Cow;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::fault::Fault;
use crate::net::auth::{Denied, Head, Identity, Judged, Server};
use crate::telemetry::receiver::Reason;

/// Asks callers who they are, or lets everybody in.
#[derive(Debug, Default)]
pub struct Guard {
    server: Option<Arc<dyn Server>>,
    /// Parameters of the query that count as headers.
    parameters: Vec<HeaderName>,
}

// === impl Guard ===

impl Guard {
    /// Has `server` judge requests; nobody is asked where there is none.
    pub fn new(server: Option<Arc<dyn Server>>) -> Self {
        Self {
            server,
            parameters: Vec::new(),
        }
    }

    /// Takes these parameters of a request's query for headers; they prevail over headers of the same name.
    pub fn with_parameters(self, names: &[String]) -> Self {
        Self {
            parameters: names.iter().filter_map(|name| name.parse().ok()).collect(),
            ..self
        }
    }

    /// Who sends a request; none where nobody is asked.
    pub async fn admit(&self, head: &Parts) -> Result<Option<Arc<Identity>>, Fault> {
        let Some(server) = &self.server else {
            return Ok(None);
        };
        let judged = {
            let headers = self.headers(head);
            let uri = &head.uri;
            server.judge(&Head {
                headers: &headers,
                uri,
            })
        };
        verdict(judged).await
    }

    /// Who shows a bare secret; none where nobody is asked.
    pub async fn judge_secret(&self, secret: &str) -> Result<Option<Arc<Identity>>, Fault> {
        match &self.server {
            None => Ok(None),
            Some(server) => verdict(server.judge_secret(secret)).await,
        }
    }

    /// Whether a header, in lower case, is for this gateway alone.
    pub fn hides(&self, header: &str) -> bool {
        self.server.as_ref().is_some_and(|server| server.hides(header))
    }

    /// How HTTP asks for credentials.
    pub fn challenge(&self) -> Option<HeaderValue> {
        self.server.as_ref().map(|server| server.challenge())
    }

    fn headers<'a>(&self, head: &'a Parts) -> Cow<'a, HeaderMap> {
        let mut headers = Cow::Borrowed(&head.headers);
        for name in &self.parameters {
            let value = Head::from(head).parameter(name.as_str());
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.to_mut().insert(name, value);
            }
        }
        headers
    }
}

async fn verdict(judged: Judged) -> Result<Option<Arc<Identity>>, Fault> {
    judged.wait().await.map(Some).map_err(|denied| match denied {
        Denied::Unauthenticated(why) => Fault::new(Reason::Unauthenticated, why),
        Denied::Forbidden(why) => Fault::new(Reason::PermissionDenied, why),
    })
}

//! The client's side: what a destination wants to see on a request.

use std::fmt;

use futures_util::future::BoxFuture;
use http::HeaderMap;

use crate::pipeline::client::Client as Sender;

/// Puts credentials on requests.
pub trait Client: fmt::Debug + Send + Sync {
    /// What of the sender decides about its headers: spans may share a request where these are equal. Empty where senders
    /// do not matter. An error says why nothing can be sent for this one.
    fn values(&self, _sender: &Sender) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    /// Whether senders matter.
    fn asks_senders(&self) -> bool {
        false
    }

    /// Changes the headers of a request, given the [`values`](Self::values) of its senders.
    fn put<'a>(
        &'a self,
        values: &'a [String],
        headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Failed>>;

    /// The destination did not accept the credentials of a request with these headers; whether another attempt would show
    /// others.
    fn refused<'a>(&'a self, _headers: &'a HeaderMap) -> BoxFuture<'a, bool> {
        Box::pin(async { false })
    }
}

/// Why there are no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed {
    /// There may be some later.
    #[error("{0}")]
    NotNow(String),
    /// There will be none before somebody mends a setting.
    #[error("{0}")]
    ForGood(String),
}

//! The token that counts, and when the next is fetched.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use super::config::OAuthSettings;
use super::endpoint::{Endpoint, Fetched, Style, Unfetched};
use crate::net::auth::{Client, Failed};
use crate::telemetry::auth::TokenEvents;

/// How long the server is left alone after a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// Puts tokens on requests.
#[derive(Clone, Debug)]
pub struct Tokens(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    buffer: Duration,
    events: TokenEvents,
    state: Mutex<State>,
    /// Whoever holds it fetches; the others wait for what comes of it.
    fetching: tokio::sync::Mutex<Option<Style>>,
}

#[derive(Default)]
struct State {
    token: Option<Token>,
    /// The last failure since there was a token.
    failed: Option<(Instant, Failed)>,
}

#[derive(Clone)]
struct Token {
    value: HeaderValue,
    /// From when on another is to be fetched.
    renew: Option<Instant>,
    /// From when on it is good for nothing.
    ends: Option<Instant>,
}

// === impl Tokens ===

impl Tokens {
    /// As sound settings of the extension `id` say. Nothing is fetched before it is needed.
    pub fn new(settings: OAuthSettings, id: &str) -> Result<Self, String> {
        Ok(Self(Arc::new(Inner {
            buffer: settings.expiry_buffer.0,
            endpoint: Endpoint::new(settings)?,
            events: TokenEvents::new(id),
            state: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
        })))
    }
}

impl Client for Tokens {
    fn put<'a>(
        &'a self,
        _values: &'a [String],
        headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Failed>> {
        async {
            let value = self.0.token().await?;
            headers.insert(AUTHORIZATION, value);
            Ok(())
        }
        .boxed()
    }

    fn refused<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, bool> {
        async {
            let mut state = self.0.state();
            // Unless somebody has found that out already.
            if state.token.as_ref().map(|token| &token.value) == headers.get(AUTHORIZATION) {
                state.token = None;
            }
            true
        }
        .boxed()
    }
}

// === impl Inner ===

impl Inner {
    /// A token that is good now.
    async fn token(&self) -> Result<HeaderValue, Failed> {
        let asked = Instant::now();
        if let Some(token) = self.fresh(asked) {
            return Ok(token);
        }
        let mut style = self.fetching.lock().await;
        if let Some(token) = self.fresh(Instant::now()) {
            return Ok(token);
        }
        if let Some(failed) = self.failed_since(asked) {
            return self.spare().ok_or(failed);
        }
        let fetched = self.fetch(&mut style).await;
        drop(style);
        match fetched {
            Ok(fetched) => {
                self.events.fetched();
                let token = Token::new(fetched, self.buffer);
                let value = token.value.clone();
                *self.state() = State {
                    token: Some(token),
                    failed: None,
                };
                Ok(value)
            }
            Err(failed) => {
                self.events.failed(&failed.to_string());
                self.state().failed = Some((Instant::now(), failed.clone()));
                self.spare().ok_or(failed)
            }
        }
    }

    /// Says who asks in the way that the server is known to understand, which the first token shows.
    async fn fetch(&self, style: &mut Option<Style>) -> Result<Fetched, Failed> {
        let told = |unfetched: Unfetched| unfetched.failed;
        if let Some(style) = style {
            return self.endpoint.fetch(*style).await.map_err(told);
        }
        let fetched = match self.endpoint.fetch(Style::Header).await {
            Ok(fetched) => (Style::Header, fetched),
            Err(Unfetched {
                unauthenticated: true,
                ..
            }) => {
                let fetched = self.endpoint.fetch(Style::Parameters).await;
                (Style::Parameters, fetched.map_err(told)?)
            }
            Err(unfetched) => return Err(unfetched.failed),
        };
        *style = Some(fetched.0);
        Ok(fetched.1)
    }

    fn fresh(&self, now: Instant) -> Option<HeaderValue> {
        let state = self.state();
        let token = state.token.as_ref()?;
        let is_fresh = token.renew.is_none_or(|renew| now < renew);
        is_fresh.then(|| token.value.clone())
    }

    /// A token that was to be replaced, and still is good while that fails.
    fn spare(&self) -> Option<HeaderValue> {
        let state = self.state();
        let token = state.token.as_ref()?;
        let is_good = token.ends.is_none_or(|ends| Instant::now() < ends);
        is_good.then(|| token.value.clone())
    }

    /// What somebody learned while others waited, or a moment before.
    fn failed_since(&self, asked: Instant) -> Option<Failed> {
        let state = self.state();
        let (at, failed) = state.failed.as_ref()?;
        (*at >= asked || at.elapsed() < PAUSE).then(|| failed.clone())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inner")
    }
}

// === impl Token ===

impl Token {
    fn new(fetched: Fetched, buffer: Duration) -> Self {
        let now = Instant::now();
        let after = |time: Duration| now.checked_add(time);
        Self {
            value: fetched.value,
            renew: fetched
                .lives
                .and_then(|lives| after(lives - buffer.min(lives / 2))),
            ends: fetched.lives.and_then(after),
        }
    }
}

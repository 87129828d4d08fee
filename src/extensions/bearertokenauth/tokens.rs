//! The tokens, as callers show them and as exporters do.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::config::{BearerSettings, check};
use crate::net::auth::watched::Watched;
use crate::net::auth::{
    Allowance, Client, Denied, Digest, Failed, Head, Identity, Judged, Quota, Server, digest,
};

/// Tokens, with the header that carries them.
#[derive(Clone, Debug)]
pub struct Bearer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    scheme: String,
    header: HeaderName,
    source: Source,
    identity: Arc<Identity>,
}

#[derive(Debug)]
enum Source {
    Written(Arc<Tokens>),
    File(Arc<Watched<Tokens>>),
}

/// Tokens that count.
struct Tokens {
    /// What exporters show.
    shown: HeaderValue,
    /// Of what callers may show.
    digests: Vec<Digest>,
}

// === impl Bearer ===

impl Bearer {
    /// As sound settings of the extension `id` say; an error names the file that cannot be used.
    pub fn new(settings: &BearerSettings, id: &str) -> Result<Self, String> {
        let header: Result<HeaderName, _> = settings.header.parse();
        let scheme = settings.scheme.clone();
        let parse = {
            let scheme = scheme.clone();
            move |text: &str| Tokens::read(text, &scheme)
        };
        let source = match settings.filename.as_str() {
            "" => Source::Written(Arc::new(Tokens::new(&settings.written(), &scheme)?)),
            path if settings.file_retry.enabled => Source::File(Watched::open_later(id, path, parse)),
            path => {
                let file = Watched::open(id, path, parse);
                Source::File(file.map_err(|why| format!("`filename`: {why}"))?)
            }
        };
        Ok(Self(Arc::new(Inner {
            scheme,
            header: header.map_err(|_| "`header` is not the name of a header".to_owned())?,
            source,
            identity: Arc::new(Identity {
                name: id.into(),
                allowance: Allowance::new(id, id, Quota::default()),
                ..Identity::default()
            }),
        })))
    }

    /// Looks after the file, where there is one.
    pub fn watch(&self) {
        if let Source::File(file) = &self.0.source {
            file.watch();
        }
    }
}

// === impl Inner ===

impl Inner {
    fn tokens(&self) -> Option<Arc<Tokens>> {
        match &self.source {
            Source::Written(tokens) => Some(tokens.clone()),
            Source::File(file) => file.get(),
        }
    }

    fn knows(&self, digest: &Digest) -> bool {
        self.tokens()
            .is_some_and(|tokens| tokens.digests.contains(digest))
    }

    /// The token in what the header says.
    fn token<'a>(&self, value: &'a str) -> Option<&'a str> {
        if self.scheme.is_empty() {
            return Some(value);
        }
        let (scheme, token) = value.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case(&self.scheme)
            .then(|| token.trim_start())
    }

    fn verdict(&self, is_known: bool) -> Result<Arc<Identity>, Denied> {
        match is_known {
            true => Ok(self.identity.clone()),
            false => Err(Denied::Unauthenticated("the token is not known here".into())),
        }
    }
}

impl Server for Bearer {
    fn judge(&self, head: &Head<'_>) -> Judged {
        let value = head.header(self.0.header.as_str());
        match value.and_then(|value| self.0.token(value)) {
            Some(token) => self.judge_secret(token),
            None => Judged::unauthenticated(format!(
                "a token is needed here and none was shown; send it as `{}: {}`",
                self.0.header,
                format!("{} <token>", self.0.scheme).trim_start()
            )),
        }
    }

    fn judge_secret(&self, secret: &str) -> Judged {
        let digest = digest(secret);
        match &self.0.source {
            _ if self.0.knows(&digest) => Judged::Now(self.0.verdict(true)),
            Source::Written(_) => Judged::Now(self.0.verdict(false)),
            // It may be new in the file.
            Source::File(file) => {
                let (inner, file) = (self.0.clone(), file.clone());
                let look = async move {
                    file.look().await;
                    inner.verdict(inner.knows(&digest))
                };
                Judged::Later(look.boxed())
            }
        }
    }

    fn challenge(&self) -> HeaderValue {
        let challenge = match self.0.scheme.as_str() {
            "" => "Bearer realm=\"spanway\"".to_owned(),
            scheme => format!("{scheme} realm=\"spanway\""),
        };
        HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Bearer"))
    }
}

impl Client for Bearer {
    fn put<'a>(
        &'a self,
        _values: &'a [String],
        headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Failed>> {
        let tokens = self.0.tokens();
        let put = tokens.map(|tokens| headers.insert(&self.0.header, tokens.shown.clone()));
        let put = put.map(drop).ok_or_else(|| {
            let Source::File(file) = &self.0.source else {
                return Failed::ForGood("there is no token".into());
            };
            Failed::NotNow(format!("there is no token: {}", file.trouble()))
        });
        async { put }.boxed()
    }

    fn refused<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, bool> {
        let Source::File(file) = &self.0.source else {
            return async { false }.boxed();
        };
        async {
            file.look().await;
            let tokens = self.0.tokens();
            tokens.is_some_and(|tokens| headers.get(&self.0.header) != Some(&tokens.shown))
        }
        .boxed()
    }
}

// === impl Tokens ===

impl Tokens {
    fn new(tokens: &[String], scheme: &str) -> Result<Self, String> {
        let first = tokens.first().ok_or("has no token")?;
        let text = format!("{scheme} {first}");
        let shown = HeaderValue::from_str(text.trim_start());
        let mut shown = shown.map_err(|_| "has characters that a header cannot carry")?;
        shown.set_sensitive(true);
        Ok(Self {
            shown,
            digests: tokens.iter().map(|token| digest(token)).collect(),
        })
    }

    /// One a line; lines without any do not count.
    fn read(text: &str, scheme: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let tokens: Vec<String> = lines.map(str::to_owned).collect();
        tokens.iter().try_for_each(|token| check(token))?;
        Self::new(&tokens, scheme)
    }
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

//! The client's side: the name and the password that exporters show.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};

use super::config::ClientAuth;
use crate::net::auth::watched::{self, Watched};
use crate::net::auth::{Client, Failed};

/// Puts a name and a password on requests.
#[derive(Clone, Debug)]
pub struct Credentials(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: Source,
    password: Source,
}

/// Where one of the two is from.
enum Source {
    Written(String),
    File(Arc<Watched<String>>),
}

// === impl Credentials ===

impl Credentials {
    /// As sound settings of the extension `id` say; an error names the file that cannot be used.
    pub fn new(settings: &ClientAuth, id: &str) -> Result<Self, String> {
        let source = |key: &str, written: &str, file: &str, parse: fn(&str) -> Result<String, String>| {
            if file.is_empty() {
                return Ok(Source::Written(written.to_owned()));
            }
            let file = Watched::open(id, file, parse);
            file.map(Source::File)
                .map_err(|why| format!("`client_auth.{key}`: {why}"))
        };
        Ok(Self(Arc::new(Inner {
            name: source("username_file", &settings.username, &settings.username_file, name)?,
            password: source(
                "password_file",
                &settings.password.0,
                &settings.password_file,
                watched::whole,
            )?,
        })))
    }

    /// Looks after the files, where there are some.
    pub fn watch(&self) {
        for source in [&self.0.name, &self.0.password] {
            if let Source::File(file) = source {
                file.watch();
            }
        }
    }

    fn value(&self) -> Result<HeaderValue, Failed> {
        let text = format!("{}:{}", self.0.name.get(), self.0.password.get());
        let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(text)));
        let mut value = value.map_err(|error| Failed::ForGood(error.to_string()))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

fn name(text: &str) -> Result<String, String> {
    match watched::whole(text)? {
        name if name.contains(':') => Err("has a colon, which ends a name".into()),
        name => Ok(name),
    }
}

impl Client for Credentials {
    fn put<'a>(
        &'a self,
        _values: &'a [String],
        headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Failed>> {
        let put = self.value().map(|value| {
            headers.insert(AUTHORIZATION, value);
        });
        async { put }.boxed()
    }

    fn refused<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, bool> {
        async {
            for source in [&self.0.name, &self.0.password] {
                if let Source::File(file) = source {
                    file.look().await;
                }
            }
            self.value()
                .is_ok_and(|value| headers.get(AUTHORIZATION) != Some(&value))
        }
        .boxed()
    }
}

// === impl Source ===

impl Source {
    fn get(&self) -> String {
        match self {
            Self::Written(text) => text.clone(),
            Self::File(file) => file.get().map(|text| text.to_string()).unwrap_or_default(),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(_) => f.write_str("Written"),
            Self::File(file) => file.fmt(f),
        }
    }
}

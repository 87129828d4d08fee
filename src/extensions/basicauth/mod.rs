//! `basicauth`: names and passwords, which callers must show, or which exporters show.
//!
//! Promises: a password is looked into away from the threads that serve connections, where that takes long, and once for as
//! long as it is the one that its user shows; how long an answer takes tells nothing about a password.

mod callers;
mod config;
mod htpasswd;
mod shown;
#[cfg(test)]
mod tests;

pub use config::BasicSettings;

use std::io;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use self::callers::Callers;
use self::shown::Credentials;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::net::auth::Authenticator;
use crate::pipeline::parts::{Extension, Surroundings};

/// Either side.
enum Basic {
    Server(Callers),
    Client(Credentials),
}

/// How configuration sees and builds it.
pub fn factory() -> Factory<Box<dyn Extension>, Surroundings> {
    let about = About {
        name: "basicauth",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Names and passwords, which callers must show, or which exporters show.",
    };
    Factory::of::<BasicSettings>(
        Kind::Extension,
        about,
        |settings, id, surroundings: &Surroundings| {
            let basic = Basic::new(&settings, &id.to_string())?;
            surroundings.authenticators.register(id, basic.authenticator());
            Ok::<Box<dyn Extension>, String>(Box::new(basic))
        },
    )
    .authenticator()
}

// === impl Basic ===

impl Basic {
    fn new(settings: &BasicSettings, id: &str) -> Result<Self, String> {
        match (&settings.htpasswd, &settings.client_auth) {
            (Some(htpasswd), _) => Callers::new(htpasswd, id).map(Self::Server),
            (None, Some(auth)) => Credentials::new(auth, id).map(Self::Client),
            (None, None) => Err("there are no credentials".into()),
        }
    }

    fn authenticator(&self) -> Authenticator {
        let nobody = Authenticator::default();
        match self {
            Self::Server(callers) => Authenticator {
                server: Some(Arc::new(callers.clone())),
                ..nobody
            },
            Self::Client(credentials) => Authenticator {
                client: Some(Arc::new(credentials.clone())),
                ..nobody
            },
        }
    }
}

impl Extension for Basic {
    fn start(self: Box<Self>, _: CancellationToken) -> BoxFuture<'static, io::Result<()>> {
        match *self {
            Self::Server(callers) => callers.watch(),
            Self::Client(credentials) => credentials.watch(),
        }
        async { Ok(()) }.boxed()
    }
}

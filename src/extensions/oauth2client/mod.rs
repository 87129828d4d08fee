//! `oauth2client`: tokens from an OAuth 2.0 server, by the client's credentials, which exporters show.
//!
//! Promises: a token is fetched when it is first needed, replaced before it ends, and fetched anew, once, when a destination
//! does not accept it; one fetch is under way at a time; while the server is away, a token that is still good goes on
//! counting, and after its end spans wait; nothing shows a secret or a token.

mod config;
mod endpoint;
#[cfg(test)]
mod tests;
mod tokens;

pub use config::OAuthSettings;

use std::io;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use self::tokens::Tokens;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::net::auth::Authenticator;
use crate::pipeline::parts::{Extension, Surroundings};

/// The extension, whose tokens are fetched by those who need them.
struct Fetches;

/// How configuration sees and builds it.
pub fn factory() -> Factory<Box<dyn Extension>, Surroundings> {
    let about = About {
        name: "oauth2client",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Tokens from an OAuth 2.0 server, which exporters show.",
    };
    Factory::of::<OAuthSettings>(
        Kind::Extension,
        about,
        |settings, id, surroundings: &Surroundings| {
            let tokens = Tokens::new(settings, &id.to_string())?;
            let authenticator = Authenticator {
                client: Some(Arc::new(tokens)),
                ..Authenticator::default()
            };
            surroundings.authenticators.register(id, authenticator);
            Ok::<Box<dyn Extension>, String>(Box::new(Fetches))
        },
    )
    .authenticator()
}

impl Extension for Fetches {
    fn start(self: Box<Self>, _: CancellationToken) -> BoxFuture<'static, io::Result<()>> {
        async { Ok(()) }.boxed()
    }
}

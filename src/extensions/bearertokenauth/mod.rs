//! `bearertokenauth`: a token, which callers must show, or which exporters show.
//!
//! Promises: a token that changes in its file counts as soon as somebody shows it, or as a destination wants it, and after
//! a second at the latest; no request is lost to the change; callers' tokens are compared by their SHA-256.

mod config;
#[cfg(test)]
mod tests;
mod tokens;

pub use config::BearerSettings;

use std::io;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use self::tokens::Bearer;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::net::auth::Authenticator;
use crate::pipeline::parts::{Extension, Surroundings};

/// How configuration sees and builds it.
pub fn factory() -> Factory<Box<dyn Extension>, Surroundings> {
    let about = About {
        name: "bearertokenauth",
        aliases: &[],
        stability: Stability::Beta,
        summary: "A token, which callers must show, or which exporters show.",
    };
    Factory::of::<BearerSettings>(
        Kind::Extension,
        about,
        |settings, id, surroundings: &Surroundings| {
            let bearer = Bearer::new(&settings, &id.to_string())?;
            let authenticator = Authenticator {
                keys: None,
                server: Some(Arc::new(bearer.clone())),
                client: Some(Arc::new(bearer.clone())),
            };
            surroundings.authenticators.register(id, authenticator);
            Ok::<Box<dyn Extension>, String>(Box::new(bearer))
        },
    )
    .authenticator()
}

impl Extension for Bearer {
    fn start(self: Box<Self>, _: CancellationToken) -> BoxFuture<'static, io::Result<()>> {
        self.watch();
        async { Ok(()) }.boxed()
    }
}

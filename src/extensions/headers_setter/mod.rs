//! `headers_setter`: headers of what exporters send, from the configuration or from whoever sent the spans.
//!
//! Promises: what a sender's request carries stands on that sender's spans and on no others; it is known of spans that were
//! kept on disk, too, but for credentials (`raw`).

mod config;
mod setter;
#[cfg(test)]
mod tests;

pub use config::HeadersSettings;

use std::io;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use self::setter::Setter;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::net::auth::Authenticator;
use crate::pipeline::parts::{Extension, Surroundings};

/// How configuration sees and builds it.
pub fn factory() -> Factory<Box<dyn Extension>, Surroundings> {
    let about = About {
        name: "headers_setter",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Headers of what exporters send, from the configuration or from whoever sent the spans.",
    };
    Factory::of::<HeadersSettings>(
        Kind::Extension,
        about,
        |settings, id, surroundings: &Surroundings| {
            let setter = Setter::new(&settings, &id.to_string(), &surroundings.authenticators)?;
            let authenticator = Authenticator {
                client: Some(Arc::new(setter.clone())),
                ..Authenticator::default()
            };
            surroundings.authenticators.register(id, authenticator);
            Ok::<Box<dyn Extension>, String>(Box::new(setter))
        },
    )
    .authenticator()
}

impl Extension for Setter {
    fn start(self: Box<Self>, _: CancellationToken) -> BoxFuture<'static, io::Result<()>> {
        self.watch();
        async { Ok(()) }.boxed()
    }
}

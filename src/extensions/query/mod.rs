//! `query`: answers the query APIs of four products from the spans of a store.
//!
//! Promises: the body of a request is bounded and paid from the budget before it is read; a question ends at its
//! limits; a refusal has the form of the product that was asked, whoever refuses.

mod config;
mod page;
mod server;
#[cfg(test)]
mod tests;

pub use config::QuerySettings;

use std::io;
use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use self::server::Server;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::net::listen::{Listener, Place};
use crate::net::tls::{self, Acceptor};
use crate::pipeline::parts::{Extension, Surroundings};
use crate::query::context::Context;
use crate::query::dialect::Dialect;
use crate::query::model::Limits;
use crate::query::{mackerel, phoenix, posthog, stores, traceloop};

/// The APIs, not yet served.
pub struct Query {
    settings: QuerySettings,
    surroundings: Surroundings,
}

/// How configuration sees and builds it.
pub fn factory() -> Factory<Box<dyn Extension>, Surroundings> {
    let about = About {
        name: "query",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Answers the query APIs of PostHog, Mackerel, Traceloop and Arize Phoenix.",
    };
    Factory::of::<QuerySettings>(Kind::Extension, about, |settings, _, surroundings| {
        Ok(Box::new(Query {
            settings,
            surroundings: surroundings.clone(),
        }))
    })
}

// === impl Query ===

impl Extension for Query {
    fn start(self: Box<Self>, stop: CancellationToken) -> BoxFuture<'static, io::Result<()>> {
        self.serve(stop).boxed()
    }
}

impl Query {
    async fn serve(self: Box<Self>, stop: CancellationToken) -> io::Result<()> {
        let context = self.context().map_err(io::Error::other)?;
        let tls = self.settings.tls.as_ref();
        let tls = tls.map(|tls| Acceptor::new(tls, tls::HTTP, "extension query"));
        let tls = tls.transpose().map_err(io::Error::other)?;
        let listener = Listener::bind(Place::tcp(&self.settings.endpoint))
            .await?
            .with_tls(tls);
        let addresses = listener.names()?;
        let server = Server::new(
            dialects(&self.settings, &Arc::new(context)),
            self.settings.body_limit(),
            self.surroundings.budget,
        );
        for address in addresses {
            tracing::info!(address, "query APIs are answered");
        }
        tokio::spawn(server.serve(listener, stop));
        Ok(())
    }

    fn context(&self) -> Result<Context, String> {
        let directory = self.settings.directory.as_deref().map(Path::new);
        let opened = stores::find(directory)?;
        Ok(Context {
            store: opened.reader.clone(),
            writer: opened.writer.clone(),
            directory: opened.directory.clone(),
            keys: self
                .surroundings
                .authenticators
                .keys(self.settings.auth.as_ref())?,
            limits: Limits {
                deadline_ms: self.settings.max_query_time_ms,
                memory_bytes: self.settings.memory_limit(),
            },
        })
    }
}

/// The products that are switched on.
fn dialects(settings: &QuerySettings, context: &Arc<Context>) -> Vec<Dialect> {
    let mut dialects = Vec::new();
    if settings.posthog.enabled {
        dialects.push(posthog::dialect(context.clone(), settings.posthog.rate_limit));
    }
    if settings.mackerel.enabled {
        dialects.push(mackerel::dialect(context.clone(), settings.mackerel.rate_limit));
    }
    if settings.traceloop.enabled {
        dialects.push(traceloop::dialect(context.clone()));
    }
    if settings.phoenix.enabled {
        dialects.push(phoenix::dialect(context.clone()));
    }
    dialects
}

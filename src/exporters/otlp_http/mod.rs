//! Sends spans to an OTLP server over HTTP/1.1, as protobuf or JSON. Also known as `otlphttp`.
//!
//! Promises: one attempt a batch, within `timeout`; never more than 64 MiB a request; redirects are not
//! followed; what the server says is told on as what is to be done about it (`outcome.rs`).

mod config;
mod destination;
mod encoding;
mod outcome;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use destination::OtlpHttp;
pub use encoding::Encoding;

use std::sync::Arc;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::pipeline::parts::{Exporter, Sender, Surroundings};

/// How configuration sees and builds it.
pub fn factory() -> Factory<Exporter, Surroundings> {
    let about = About {
        name: "otlp_http",
        aliases: &["otlphttp"],
        stability: Stability::Beta,
        summary: "Sends spans to an OTLP server over HTTP, as protobuf or JSON.",
    };
    Factory::of::<Config>(Kind::Exporter, about, |config, id, surroundings| {
        let auth = config.auth.as_ref().map(|auth| &auth.authenticator);
        let client = surroundings.authenticators.client(auth)?;
        let destination = OtlpHttp::new(&config, &id.to_string())?;
        Ok(Exporter::Sends(Box::new(Sender {
            destination: Arc::new(destination.with_credentials(client)),
            queue: config.sending_queue,
            retry: config.retry_on_failure,
        })))
    })
}

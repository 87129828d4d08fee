//! Sends spans to an OTLP server over gRPC. Also known as `otlp`.
//!
//! Promises: one attempt a batch, within `timeout`; never more than 64 MiB a request; what the server says is
//! told on as what is to be done about it (`failure.rs`).

mod config;
mod destination;
mod failure;

#[cfg(test)]
mod tests;

pub use config::{BalancerName, Config};
pub use destination::OtlpGrpc;

use std::sync::Arc;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::pipeline::parts::{Exporter, Sender, Surroundings};

/// How configuration sees and builds it.
pub fn factory() -> Factory<Exporter, Surroundings> {
    let about = About {
        name: "otlp_grpc",
        aliases: &["otlp"],
        stability: Stability::Beta,
        summary: "Sends spans to an OTLP server over gRPC.",
    };
    Factory::of::<Config>(Kind::Exporter, about, |config, id, surroundings| {
        let auth = config.auth.as_ref().map(|auth| &auth.authenticator);
        let client = surroundings.authenticators.client(auth)?;
        let destination = OtlpGrpc::new(&config, &id.to_string())?;
        Ok(Exporter::Sends(Box::new(Sender {
            destination: Arc::new(destination.with_credentials(client)),
            queue: config.sending_queue,
            retry: config.retry_on_failure,
        })))
    })
}

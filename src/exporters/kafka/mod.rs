//! Sends spans to Kafka, as messages that hold OTLP requests.
//!
//! Promises: a batch is cut into messages that the topic takes, down to single spans, and one span that is too large
//! costs no other; spans are accepted when the delivery report of their message says so; while it does, each message is in
//! its partition once; what is in flight is bounded in bytes; with the trace id as the key all spans of a trace go to
//! one partition.

mod acks;
mod client;
mod config;
mod destination;
mod hash;
mod lots;
mod message;
mod outcome;
mod plan;
mod properties;
mod topics;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use destination::Kafka;

use std::sync::Arc;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::pipeline::parts::{Exporter, Sender, Surroundings};

/// How configuration sees and builds it.
pub fn factory() -> Factory<Exporter, Surroundings> {
    let about = About {
        name: "kafka",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Sends spans to Kafka, as OTLP in protobuf or JSON.",
    };
    Factory::of::<Config>(Kind::Exporter, about, |config, id, _| {
        Ok(Exporter::Sends(Box::new(Sender {
            destination: Arc::new(Kafka::new(&config, &id.to_string())?),
            queue: config.sending_queue,
            retry: config.retry_on_failure,
        })))
    })
}

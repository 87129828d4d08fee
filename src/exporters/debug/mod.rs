//! Shows batches to a person, in the log or on a standard stream.
//!
//! Promises: what a sender wrote is shown without its control characters; memory for one span's text at a
//! time; a batch is accepted once it has been written, or left out by sampling.

mod config;
mod destination;
mod render;
mod sampler;
mod text;

#[cfg(test)]
mod tests;

pub use config::{Config, Verbosity};
pub use destination::Debug;

use std::sync::Arc;

use super::Exporter;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::pipeline::delivery::RetrySettings;
use crate::pipeline::parts::{Sender, Surroundings};

/// How configuration sees and builds it.
pub fn factory() -> Factory<Exporter, Surroundings> {
    let about = About {
        name: "debug",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Shows batches in the log or on a standard stream.",
    };
    Factory::of::<Config>(Kind::Exporter, about, |config, _, _| {
        Ok(Exporter::Sends(Box::new(Sender {
            destination: Arc::new(Debug::new(&config)),
            queue: config.sending_queue,
            retry: RetrySettings::default(),
        })))
    })
}

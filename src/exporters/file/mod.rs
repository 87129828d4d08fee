//! Writes spans to files, in the format of the Collector's `file` exporter.
//!
//! Promises: a batch is accepted when it is written, never while bytes of it wait in a buffer of ours, and with `fsync` when
//! the disk has it; what could be written of a batch that failed is cut off again, and what a crash left of one is cut off
//! at the next start, so that no record is torn but the last one of a crash; a file has one writer; what attributes say
//! leads to no file outside of the path that was configured.

mod backups;
mod config;
mod destination;
mod disk;
mod failure;
mod groups;
mod records;
mod tail;
mod writer;

#[cfg(test)]
mod tests;

pub use config::Config;

use std::sync::Arc;

use self::destination::Files;
use super::Exporter;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::pipeline::parts::{Sender, Surroundings};

/// How configuration sees and builds it.
pub fn factory() -> Factory<Exporter, Surroundings> {
    let about = About {
        name: "file",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Writes spans to files, as OTLP in JSON or protobuf.",
    };
    Factory::of::<Config>(Kind::Exporter, about, |config, id, _| {
        Ok(Exporter::Sends(Box::new(Sender {
            destination: Arc::new(Files::open(&config, &id.to_string())?),
            queue: config.sending_queue,
            retry: config.retry_on_failure,
        })))
    })
}

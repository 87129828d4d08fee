//! Keeps spans in a store of this gateway's own, where queries find them.
//!
//! Promises: a request is acknowledged when its spans are durable and visible to queries; what the store cannot take is
//! refused with a delay to come back after. A span that is there already is not kept twice, and counts as delivered.
//! Exporters that name the same directory share one store.

mod config;
pub mod door;
mod keeper;
mod shared;
mod told;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::Exporter;
use crate::config::factory::{About, Factory, Kind, Stability};
use crate::pipeline::parts::Surroundings;

pub use config::{Config, DIRECTORY};

/// How configuration sees and builds it.
pub fn factory() -> Factory<Exporter, Surroundings> {
    let about = About {
        name: "store",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Keeps spans on this machine, where queries find them.",
    };
    Factory::of::<Config>(Kind::Exporter, about, |config, _, _| {
        Ok(Exporter::Keeps(Arc::new(config)))
    })
}

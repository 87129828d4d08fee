//! `batch`: larger requests for destinations.
//!
//! Batches are gathered where they are sent, on the exporters' side of the log, wherever this processor stands in
//! the list. So a batch never loses what its destination refuses, and never outlives the requests it answers.

mod config;

#[cfg(test)]
mod tests;

pub use config::BatchSettings;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::pipeline::delivery::BatchSizer;
use crate::pipeline::log::Batching;
use crate::pipeline::stage::Stage;

/// How configuration sees and builds it.
pub fn factory() -> Factory<Stage, ()> {
    let about = About {
        name: "batch",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Gathers spans into larger requests, on the exporters' side.",
    };
    Factory::of::<BatchSettings>(Kind::Processor, about, |settings, _, ()| Ok(stage(&settings)))
}

/// The pipeline's way to gather batches.
fn stage(settings: &BatchSettings) -> Stage {
    Stage::Batch(Batching {
        min: settings.send_batch_size,
        max: settings.send_batch_max_size,
        sizer: BatchSizer::Items,
        timeout: settings.timeout.into(),
        metadata_keys: settings.metadata_keys.clone(),
        metadata_cardinality_limit: settings.metadata_cardinality_limit,
    })
}

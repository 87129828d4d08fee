//! `batch`: larger requests for destinations.
//!
//! Batches are gathered where they are sent, on the exporters' side of the log, wherever this processor stands in
//! the list. So a batch never loses what its destination refuses, and never outlives the requests it answers.

mod config;

#[cfg(test)]
mod tests;

pub use config::BatchSettings;

use crate::pipeline::delivery::BatchSizer;
use crate::pipeline::log::Batching;
use crate::pipeline::stage::Stage;

/// The pipeline's way to gather batches.
pub fn stage(settings: &BatchSettings) -> Stage {
    Stage::Batch(Batching {
        min: settings.send_batch_size,
        max: settings.send_batch_max_size,
        sizer: BatchSizer::Items,
        timeout: settings.timeout.into(),
        metadata_keys: settings.metadata_keys.clone(),
        metadata_cardinality_limit: settings.metadata_cardinality_limit,
    })
}

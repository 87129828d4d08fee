//! What a configured processor contributes to its pipeline.

use super::log::Batching;

/// A processor's part in a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// How the pipeline's exporters gather their batches, wherever the processor stands in the list.
    Batch(Batching),
    /// A bound in bytes on everything that the process holds; the smallest of all pipelines counts.
    Budget(usize),
}

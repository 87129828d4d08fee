//! What a configured processor contributes to its pipeline.

use std::fmt;
use std::sync::Arc;

use super::log::Batching;
use super::processor::Processor;

/// A processor's part in a pipeline.
#[derive(Clone)]
pub enum Stage {
    /// How the pipeline's exporters gather their batches, wherever the processor stands in the list.
    Batch(Batching),
    /// A bound in bytes on everything that the process holds; the smallest of all pipelines counts.
    Budget(usize),
    /// Sees each span, in its place in the list.
    Sees(Arc<dyn Processor>),
}

// === impl Stage ===

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(batching) => f.debug_tuple("Batch").field(batching).finish(),
            Self::Budget(bytes) => f.debug_tuple("Budget").field(bytes).finish(),
            Self::Sees(_) => f.debug_struct("Sees").finish_non_exhaustive(),
        }
    }
}

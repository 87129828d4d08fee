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
    /// Sees each span, in its place in the list: one processor, in one part or in several, each of which gets what the one
    /// before it left.
    Sees(Vec<Arc<dyn Processor>>),
}

// === impl Stage ===

impl Stage {
    /// A processor in one part.
    pub fn sees(processor: impl Processor + 'static) -> Self {
        Self::Sees(vec![Arc::new(processor)])
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Batch(batching) => f.debug_tuple("Batch").field(batching).finish(),
            Self::Budget(bytes) => f.debug_tuple("Budget").field(bytes).finish(),
            Self::Sees(_) => f.debug_struct("Sees").finish_non_exhaustive(),
        }
    }
}

//! When a batch leaves and how large it may be.

use std::time::Duration;

use crate::pipeline::client::Client;
use crate::pipeline::delivery::{BatchSizer, QueueBatchSettings};

/// How records are gathered into batches; the default sends each record by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batching {
    /// A batch is full at this many units; 0 sends each record by itself.
    pub min: usize,
    /// No batch has more units than this; 0 is no bound.
    pub max: usize,
    /// What is counted.
    pub sizer: BatchSizer,
    /// The longest that a record waits for its batch to fill.
    pub timeout: Duration,
    /// Metadata keys whose values a batch has in common.
    pub metadata_keys: Vec<String>,
    /// How many different values of those keys may wait at the same time; 0 is no bound.
    pub metadata_cardinality_limit: usize,
}

/// The values of the partitioning keys; empty where there are none.
pub type PartitionKey = Vec<Vec<String>>;

impl Batching {
    /// Whether records are gathered at all.
    pub fn gathers(&self) -> bool {
        self.min > 0
    }

    /// The units that `spans` spans in `bytes` bytes count.
    pub fn units(&self, spans: usize, bytes: usize) -> usize {
        match self.sizer {
            BatchSizer::Items => spans,
            BatchSizer::Bytes => bytes,
        }
    }

    /// The bounds of a part that is cut to fit, in spans and in bytes; 0 is no bound.
    pub fn part_bounds(&self) -> (usize, usize) {
        match self.sizer {
            BatchSizer::Items => (self.max, 0),
            BatchSizer::Bytes => (0, self.max),
        }
    }

    /// Which partition a client's spans belong to.
    pub fn partition(&self, client: &Client) -> PartitionKey {
        self.metadata_keys
            .iter()
            .map(|key| client.metadata(key).to_vec())
            .collect()
    }
}

impl From<&QueueBatchSettings> for Batching {
    fn from(settings: &QueueBatchSettings) -> Self {
        Self {
            // A batch that is full at nothing is every record by itself.
            min: settings.min_size as usize,
            max: settings.max_size as usize,
            sizer: settings.sizer,
            timeout: settings.flush_timeout.into(),
            metadata_keys: settings.partition.metadata_keys.clone(),
            metadata_cardinality_limit: 0,
        }
    }
}

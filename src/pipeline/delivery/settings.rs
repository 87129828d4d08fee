//! The blocks that every exporter has in common: `sending_queue` and `retry_on_failure`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::settings::{KeyNote, Problems};
use crate::config::types::{GoDuration, Section};

/// How spans wait for this exporter.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueSettings {
    /// Whether the queue has a bound and a number of consumers. `false`: every request is sent as it comes, any
    /// number at the same time, within the memory budget.
    pub enabled: bool,
    /// How many batches are sent at the same time.
    pub num_consumers: usize,
    /// How much may wait, in units of `sizer`. With batches `requests` counts batches, as they are cut here and
    /// not before the queue.
    pub queue_size: u64,
    /// The unit of `queue_size`: `requests`, `items` (spans) or `bytes`.
    pub sizer: QueueSizer,
    /// What a full queue does to a new request: refuse it with a delay to come back after (`false`), or keep it
    /// waiting as long as its client does (`true`).
    pub block_on_overflow: bool,
    /// Whether a client is answered when this exporter's destination has accepted its spans (`true`, so that
    /// nothing acknowledged is lost) or as soon as they are queued here (`false`, the Collector's default).
    pub wait_for_result: bool,
    /// Batches of this exporter; prevails over a `batch` processor of the pipeline.
    pub batch: Section<QueueBatchSettings>,
}

/// The unit in which a queue is bounded.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueSizer {
    /// Requests of clients, or batches where batching is on.
    #[default]
    Requests,
    /// Spans.
    Items,
    /// Encoded bytes.
    Bytes,
}

/// How an exporter cuts its batches.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueBatchSettings {
    /// The longest that spans wait for a batch to fill.
    pub flush_timeout: GoDuration,
    /// A batch is sent once it has this many units of `sizer`.
    pub min_size: u64,
    /// No batch has more than this many units of `sizer`; 0 is no bound.
    pub max_size: u64,
    /// The unit of `min_size` and `max_size`.
    pub sizer: BatchSizer,
    /// What keeps spans of different senders in batches of their own.
    pub partition: PartitionSettings,
}

/// The unit in which a batch is measured.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchSizer {
    /// Spans.
    #[default]
    Items,
    /// Encoded bytes.
    Bytes,
}

/// What keeps spans of different senders apart.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PartitionSettings {
    /// Metadata keys whose values a batch has in common; needs `include_metadata` on the receiver.
    pub metadata_keys: Vec<String>,
}

/// What happens after a failure that may pass.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetrySettings {
    /// Whether a batch is sent again after a failure that may pass.
    pub enabled: bool,
    /// The wait before the second attempt.
    pub initial_interval: GoDuration,
    /// How much chance varies each wait: 0.5 is between half and one and a half of it.
    pub randomization_factor: f64,
    /// What each wait is multiplied with for the next.
    pub multiplier: f64,
    /// The longest wait between attempts.
    pub max_interval: GoDuration,
    /// After this long a batch expires, which is counted; `0s` is never.
    pub max_elapsed_time: GoDuration,
}

// === impl QueueSettings ===

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            num_consumers: 10,
            queue_size: 1000,
            sizer: QueueSizer::Requests,
            block_on_overflow: false,
            wait_for_result: true,
            batch: Section::Off,
        }
    }
}

impl QueueSettings {
    /// Keys below `sending_queue` that are an error here.
    pub fn unsupported() -> Vec<KeyNote> {
        vec![KeyNote::new(
            "storage",
            "queues on disk are not available in this version; remove the key to queue in memory",
        )]
    }

    /// Where a default below `sending_queue` differs from the Collector's.
    pub fn differing_defaults() -> Vec<KeyNote> {
        let note =
            "true, where the Collector has false: a client's answer tells that its spans were delivered";
        vec![KeyNote::new("wait_for_result", note)]
    }

    /// Warns of settings that can lose what was acknowledged.
    pub fn warn(&self, warnings: &mut Problems) {
        if !self.wait_for_result {
            warnings.add(
                "wait_for_result",
                "is false: clients are answered before their spans are delivered, and a crash loses those in memory",
            );
        }
    }

    /// Checks what the types cannot say.
    pub fn validate(&self, problems: &mut Problems) {
        if self.num_consumers == 0 {
            problems.add("num_consumers", "must be at least 1");
        }
        if self.queue_size == 0 {
            problems.add("queue_size", "must be at least 1");
        }
        if let Some(batch) = self.batch.on() {
            problems.below("batch", |problems| batch.validate(problems));
        }
    }
}

// === impl QueueBatchSettings ===

impl Default for QueueBatchSettings {
    fn default() -> Self {
        Self {
            flush_timeout: GoDuration::millis(200),
            min_size: 8192,
            max_size: 0,
            sizer: BatchSizer::Items,
            partition: PartitionSettings::default(),
        }
    }
}

impl QueueBatchSettings {
    fn validate(&self, problems: &mut Problems) {
        if self.max_size != 0 && self.max_size < self.min_size {
            let (max, min) = (self.max_size, self.min_size);
            problems.add(
                "max_size",
                format!("is {max}, but must be 0 or at least min_size, which is {min}"),
            );
        }
    }
}

// === impl RetrySettings ===

impl Default for RetrySettings {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_interval: GoDuration::secs(5),
            randomization_factor: 0.5,
            multiplier: 1.5,
            max_interval: GoDuration::secs(30),
            max_elapsed_time: GoDuration::secs(300),
        }
    }
}

impl RetrySettings {
    /// Checks what the types cannot say.
    pub fn validate(&self, problems: &mut Problems) {
        if !(0.0..=1.0).contains(&self.randomization_factor) {
            problems.add(
                "randomization_factor",
                format!("is {}, but must be between 0 and 1", self.randomization_factor),
            );
        }
        if self.multiplier.is_nan() || self.multiplier < 1.0 {
            problems.add(
                "multiplier",
                format!("is {}, but must be at least 1", self.multiplier),
            );
        }
    }
}

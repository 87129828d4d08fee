//! The blocks that every exporter has in common: `sending_queue` and `retry_on_failure`.

#[cfg(test)]
mod tests;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::id::ComponentId;
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
    /// How much may wait, in units of `sizer`; unless written 1000, and with a journal what its disk budget holds.
    /// With batches `requests` counts batches, as they are cut here and not before the queue.
    pub queue_size: Option<u64>,
    /// The unit of `queue_size`: `requests`, `items` (spans) or `bytes`.
    pub sizer: QueueSizer,
    /// What a full queue does to a new request: refuse it with a delay to come back after (`false`), or keep it
    /// waiting as long as its client does (`true`).
    pub block_on_overflow: bool,
    /// Whether a client is answered when this exporter's destination has accepted its spans (`true`, so that
    /// nothing acknowledged is lost) or as soon as they are queued here (`false`, the Collector's default). With a
    /// journal clients are answered when their spans are in it, either way.
    pub wait_for_result: bool,
    /// The extension that keeps spans on disk until they are delivered, such as `file_storage`. A client is then
    /// answered when its spans are in the pipeline's journal, from which all exporters of the pipeline are fed, each
    /// at its own pace. Without it spans wait in memory.
    pub storage: Option<ComponentId>,
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
    /// After this long a batch expires, which is counted; `0s` is never. Unless written 5m, and with a journal never.
    pub max_elapsed_time: Option<GoDuration>,
}

// === impl QueueSettings ===

impl Default for QueueSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            num_consumers: 10,
            queue_size: None,
            sizer: QueueSizer::Requests,
            block_on_overflow: false,
            wait_for_result: true,
            storage: None,
            batch: Section::Off,
        }
    }
}

impl QueueSettings {
    /// Where a default below `sending_queue` differs from the Collector's.
    pub fn differing_defaults(journaled: bool) -> Vec<KeyNote> {
        let note = match journaled {
            true => KeyNote::new(
                "queue_size",
                "with a journal what its disk budget holds, where the Collector has 1000: the disk is there to be used",
            ),
            false => KeyNote::new(
                "wait_for_result",
                "true, where the Collector has false: a client's answer tells that its spans were delivered",
            ),
        };
        vec![note.below("sending_queue")]
    }

    /// Warns of settings that can lose what was acknowledged, and of a storage that is not used.
    pub fn warn(&self, journaled: bool, warnings: &mut Problems) {
        if !self.wait_for_result && !journaled {
            warnings.add(
                "wait_for_result",
                "is false: clients are answered before their spans are delivered, and a crash loses those in memory",
            );
        }
        if !self.enabled && self.storage.is_some() {
            warnings.add(
                "storage",
                "has no effect while `enabled` is false: as in the Collector, an exporter without a queue keeps \
                 nothing on disk",
            );
        }
    }

    /// The key of the storage that it names, seen from the exporter, and that storage; none while the queue is off.
    pub fn storage(&self) -> Option<(&'static str, &ComponentId)> {
        let storage = self.storage.as_ref().filter(|_| self.enabled);
        storage.map(|storage| ("sending_queue.storage", storage))
    }

    /// How much may wait, in units of `sizer`. `u64::MAX` leaves the bound to the journal's disk budget.
    pub fn size(&self, journaled: bool) -> u64 {
        let unset = if journaled { u64::MAX } else { 1000 };
        self.queue_size.unwrap_or(unset)
    }

    /// Writes out the defaults that depend on a journal.
    pub fn settle(&mut self, journaled: bool) {
        if !journaled {
            self.queue_size = Some(self.size(journaled));
        }
    }

    /// Checks what the types cannot say.
    pub fn validate(&self, problems: &mut Problems) {
        if self.num_consumers == 0 {
            problems.add("num_consumers", "must be at least 1");
        }
        if self.queue_size == Some(0) {
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
            max_elapsed_time: None,
        }
    }
}

impl RetrySettings {
    /// Where a default below `retry_on_failure` differs from the Collector's.
    pub fn differing_defaults(journaled: bool) -> Vec<KeyNote> {
        let note = "with a journal 0s, which is never, where the Collector has 5m: what was acknowledged is delivered";
        let note = KeyNote::new("retry_on_failure.max_elapsed_time", note);
        journaled.then_some(note).into_iter().collect()
    }

    /// Warns of settings that can lose what was acknowledged, which is so only with a journal: without one a client
    /// is told when its spans expire.
    pub fn warn(&self, journaled: bool, warnings: &mut Problems) {
        let most = self.gives_up_after(journaled);
        if journaled && !self.enabled {
            warnings.add(
                "enabled",
                "is false: acknowledged spans expire at the first failure of the destination, which is counted",
            );
        } else if journaled && !most.is_zero() {
            let most = GoDuration(most);
            warnings.add(
                "max_elapsed_time",
                format!("is {most}: acknowledged spans expire when the destination fails for longer, which is counted"),
            );
        }
    }

    /// How long a batch is tried before it expires; zero is for ever.
    pub fn gives_up_after(&self, journaled: bool) -> Duration {
        let unset = GoDuration::secs(if journaled { 0 } else { 300 });
        self.max_elapsed_time.unwrap_or(unset).into()
    }

    /// Writes out the defaults that depend on a journal.
    pub fn settle(&mut self, journaled: bool) {
        self.max_elapsed_time = Some(GoDuration(self.gives_up_after(journaled)));
    }

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

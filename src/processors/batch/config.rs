//! Keys of the `batch` processor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::settings::{Problems, Settings};
use crate::config::types::GoDuration;

/// How the exporters of this pipeline gather spans into batches.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct BatchSettings {
    /// The longest that spans wait for a batch to fill; `0s` sends at once. A batch also leaves early, as soon as
    /// the exporter is idle and clients wait for the result.
    pub timeout: GoDuration,
    /// A batch is sent once it has this many spans; 0 sends every request by itself.
    pub send_batch_size: usize,
    /// No batch has more spans than this, larger requests are cut; 0 is no bound.
    pub send_batch_max_size: usize,
    /// Metadata keys whose values a batch has in common; needs `include_metadata` on the receiver.
    pub metadata_keys: Vec<String>,
    /// How many different values of `metadata_keys` may wait at the same time; more are refused with a delay.
    pub metadata_cardinality_limit: usize,
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self {
            timeout: GoDuration::millis(200),
            send_batch_size: 8192,
            send_batch_max_size: 0,
            metadata_keys: Vec::new(),
            metadata_cardinality_limit: 1000,
        }
    }
}

impl Settings for BatchSettings {
    fn validate(&self, problems: &mut Problems) {
        let (max, size) = (self.send_batch_max_size, self.send_batch_size);
        if max != 0 && max < size {
            problems.add(
                "send_batch_max_size",
                format!("is {max}, but must be 0 or at least send_batch_size, which is {size}"),
            );
        }
        for (at, key) in self.metadata_keys.iter().enumerate() {
            if self
                .metadata_keys
                .iter()
                .take(at)
                .any(|other| other.eq_ignore_ascii_case(key))
            {
                problems.add("metadata_keys", format!("names `{key}` twice"));
            }
        }
    }
}

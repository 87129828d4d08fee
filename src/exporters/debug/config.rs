//! The keys of `debug`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::id::ComponentId;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::pipeline::delivery::QueueSettings;

/// Shows batches to a person.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `basic`: a line with counts a batch; `normal`: and a line a span; `detailed`: all fields of each span.
    pub verbosity: Verbosity,
    /// So many batches are shown in each second, before sampling begins.
    pub sampling_initial: u64,
    /// After those every so manieth batch of the second is shown: 1 is all, 0 is none.
    pub sampling_thereafter: u64,
    /// Whether to write to the log (`true`) or to `output_paths`.
    pub use_internal_logger: bool,
    /// Where to write without the log: `stdout`, `stderr`.
    pub output_paths: Vec<String>,
    /// How spans wait for this exporter.
    pub sending_queue: QueueSettings,
}

/// How much is shown.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verbosity {
    /// Counts.
    #[default]
    Basic,
    /// And a line a span.
    Normal,
    /// And all fields.
    Detailed,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            verbosity: Verbosity::Basic,
            sampling_initial: 2,
            sampling_thereafter: 1,
            use_internal_logger: true,
            output_paths: vec!["stdout".into()],
            sending_queue: QueueSettings::default(),
        }
    }
}

impl Settings for Config {
    fn differing_defaults(journaled: bool) -> Vec<KeyNote> {
        QueueSettings::differing_defaults(journaled)
    }

    fn warn(&self, journaled: bool, warnings: &mut Problems) {
        warnings.below("sending_queue", |warnings| {
            self.sending_queue.warn(journaled, warnings);
        });
    }

    fn storage(&self) -> Option<(&'static str, &ComponentId)> {
        self.sending_queue.storage()
    }

    fn settle(&mut self, journaled: bool) {
        self.sending_queue.settle(journaled);
    }

    fn validate(&self, problems: &mut Problems) {
        for path in &self.output_paths {
            if path != "stdout" && path != "stderr" {
                problems.add(
                    "output_paths",
                    format!("`{path}`: files are not available in this version; use `stdout` or `stderr`"),
                );
            }
        }
        if !self.use_internal_logger && self.output_paths.is_empty() {
            problems.add(
                "output_paths",
                "is empty, so that nothing would be shown; use `stdout` or `stderr`",
            );
        }
        problems.below("sending_queue", |problems| self.sending_queue.validate(problems));
    }
}

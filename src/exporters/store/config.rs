//! The keys of `store`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::settings::{Problems, Settings};
use crate::config::types::GoDuration;
use crate::store;

/// Where spans lie unless the configuration says otherwise.
pub const DIRECTORY: &str = "./spanway-data/spans";

const MIB: u64 = 1 << 20;

/// The most memory that the head may be given: spans wait there three times over.
const MOST_MIB: u64 = 1024;

/// The most spans of a segment.
const MOST_SPANS: usize = 1 << 20;

/// How long the start waits for another process to let go of the directory.
const LOCK_TIMEOUT: Duration = Duration::from_secs(1);

/// Keeps spans on this machine, where queries find them.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The folder; exporters that name the same one share what is in it.
    pub directory: String,
    /// When spans are deleted.
    pub retention: RetentionConfig,
    /// When spans go from memory into a file.
    pub segment: SegmentConfig,
    /// Whether a client is answered only when the disk has its spans (`true`), so that they survive a crash of the
    /// machine, or as soon as the system has them (`false`), so that they survive a crash of this process only.
    pub fsync: bool,
}

/// When spans are deleted: always whole files, the oldest first.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetentionConfig {
    /// So long after they came; `0s` is never.
    pub max_age: GoDuration,
    /// When all files together are larger, in MiB; 0 is no bound.
    pub max_bytes_mib: u64,
}

/// When spans go from memory into a file: at whichever comes first.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmentConfig {
    /// So many spans, at most 1048576.
    pub max_spans: usize,
    /// So many MiB of memory, at most 1024. Up to three times as much waits to be written before clients are refused.
    pub max_bytes_mib: u64,
    /// So long after the first of them came.
    pub max_age: GoDuration,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            directory: DIRECTORY.into(),
            retention: RetentionConfig::default(),
            segment: SegmentConfig::default(),
            fsync: true,
        }
    }
}

impl Config {
    /// What the store is told.
    pub fn settings(&self) -> store::Settings {
        store::Settings {
            segment: store::SegmentSettings {
                max_spans: self.segment.max_spans,
                max_bytes: usize::try_from(self.segment.max_bytes_mib.saturating_mul(MIB))
                    .unwrap_or(usize::MAX),
                max_age: self.segment.max_age.into(),
            },
            retention: store::Retention {
                max_age: self.retention.max_age.into(),
                max_bytes: self.retention.max_bytes_mib.saturating_mul(MIB),
            },
            fsync: self.fsync,
            lock_timeout: LOCK_TIMEOUT,
            ..store::Settings::new(&self.directory)
        }
    }
}

impl Settings for Config {
    fn validate(&self, problems: &mut Problems) {
        if self.directory.is_empty() {
            problems.add(
                "directory",
                "is empty; name a folder, such as `./spanway-data/spans`",
            );
        }
        let segment = &self.segment;
        if !(1..=MOST_SPANS).contains(&segment.max_spans) {
            let message = format!("`{}` is not between 1 and {MOST_SPANS}", segment.max_spans);
            problems.add("segment.max_spans", message);
        }
        if !(1..=MOST_MIB).contains(&segment.max_bytes_mib) {
            let message = format!("`{}` is not between 1 and {MOST_MIB}", segment.max_bytes_mib);
            problems.add("segment.max_bytes_mib", message);
        }
        if segment.max_age.0.is_zero() {
            problems.add(
                "segment.max_age",
                "`0s` would write a file for each request; use `1s` or more",
            );
        }
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        if !self.fsync {
            warnings.add(
                "fsync",
                "`false`: spans that were acknowledged are lost when the machine crashes",
            );
        }
    }
}

// === impl RetentionConfig ===

impl Default for RetentionConfig {
    fn default() -> Self {
        Self {
            max_age: GoDuration(Duration::from_hours(15 * 24)),
            max_bytes_mib: 0,
        }
    }
}

// === impl SegmentConfig ===

impl Default for SegmentConfig {
    fn default() -> Self {
        let settings = store::SegmentSettings::default();
        Self {
            max_spans: settings.max_spans,
            max_bytes_mib: settings.max_bytes as u64 / MIB,
            max_age: GoDuration(settings.max_age),
        }
    }
}

//! Keys of the `file_storage` extension.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::GoDuration;
use crate::pipeline::storage::{OnFull, StorageSettings};

/// The least budget of a journal: room for some segments.
const LEAST_LIMIT_MIB: u64 = 16;

/// Longer than any process waits for another: the Collector's `timeout: 0s`.
const FOR_EVER: Duration = Duration::from_hours(24 * 365 * 10);

/// Keeps the spans of pipelines on disk. An exporter names it in `sending_queue.storage`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FileStorageSettings {
    /// The folder; each pipeline that keeps a journal has one of its own in it.
    pub directory: String,
    /// Whether the folder is made when it is not there.
    pub create_directory: bool,
    /// Permissions of the folders that are made, octal and in quotes.
    pub directory_permissions: String,
    /// How long the start waits for another process to let go of a pipeline's folder; `0s` is for ever.
    pub timeout: GoDuration,
    /// Whether a client is answered only when the disk has its spans (`true`), so that they survive a crash of the
    /// machine, or as soon as the system has them (`false`, the Collector's default), so that they survive a crash
    /// of this process only.
    pub fsync: bool,
    /// How much disk, in MiB, the journal of each pipeline may take (ours), spans included that are set aside
    /// to be retried; at least 16.
    pub limit_mib: u64,
    /// What happens when that is used up (ours): `block` refuses new requests with a delay to come back after,
    /// `shed` moves the oldest spans of the slowest exporter to its dead letters.
    pub on_full: OnFull,
    /// How much disk, in MiB, the dead letters of one exporter in one pipeline may take (ours): spans that its
    /// destination refuses for good, kept to be looked at and sent again; at least 1.
    pub dead_letter_limit_mib: u64,
}

// === impl FileStorageSettings ===

impl Default for FileStorageSettings {
    fn default() -> Self {
        Self {
            directory: "/var/lib/otelcol/file_storage".into(),
            create_directory: true,
            directory_permissions: "0750".into(),
            timeout: GoDuration::secs(1),
            fsync: true,
            limit_mib: 10 * 1024,
            on_full: OnFull::Block,
            dead_letter_limit_mib: 1024,
        }
    }
}

impl Settings for FileStorageSettings {
    fn no_effect() -> Vec<KeyNote> {
        vec![
            KeyNote::new(
                "compaction",
                "a file whose spans have all been delivered is deleted, so that there is nothing to compact",
            ),
            KeyNote::new(
                "recreate",
                "a damaged file is always set aside, and what is readable around it is delivered",
            ),
        ]
    }

    fn differing_defaults(_journaled: bool) -> Vec<KeyNote> {
        let note =
            "true, where the Collector has false: what was acknowledged survives a crash of the machine";
        vec![KeyNote::new("fsync", note)]
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        if !self.fsync {
            warnings.add(
                "fsync",
                "is false: a crash of the machine loses acknowledged spans that the system had not yet written to disk",
            );
        }
        if self.on_full == OnFull::Shed {
            warnings.add(
                "on_full",
                "is shed: when limit_mib is used up, acknowledged spans go to the dead letters and are not delivered \
                 unless `spanway journal replay` sends them again",
            );
        }
    }

    fn validate(&self, problems: &mut Problems) {
        if self.directory.is_empty() {
            problems.add("directory", "is empty, but must be the path of a folder");
        }
        if let Err(problem) = self.permissions() {
            problems.add("directory_permissions", problem);
        }
        let limits = [
            ("limit_mib", self.limit_mib, LEAST_LIMIT_MIB),
            ("dead_letter_limit_mib", self.dead_letter_limit_mib, 1),
        ];
        for (key, limit, least) in limits {
            if limit < least {
                problems.add(key, format!("is {limit}, but must be at least {least}"));
            }
        }
    }
}

impl FileStorageSettings {
    /// What the graph reads; says what is wrong with the permissions.
    pub(super) fn storage_settings(&self) -> Result<StorageSettings, String> {
        const MIB: u64 = 1024 * 1024;
        Ok(StorageSettings {
            directory: self.directory.clone().into(),
            create_directory: self.create_directory,
            directory_permissions: self.permissions()?,
            lock_timeout: match self.timeout.0 {
                Duration::ZERO => FOR_EVER,
                timeout => timeout.min(FOR_EVER),
            },
            fsync: self.fsync,
            limit: self.limit_mib.saturating_mul(MIB),
            on_full: self.on_full,
            dead_letter_limit: self.dead_letter_limit_mib.saturating_mul(MIB),
        })
    }

    fn permissions(&self) -> Result<u32, String> {
        let text = self.directory_permissions.as_str();
        let octal = !text.is_empty() && text.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
        u32::from_str_radix(text, 8)
            .ok()
            .filter(|bits| octal && *bits <= 0o777)
            .ok_or_else(|| {
                format!("is `{text}`, but must be octal from \"0000\" to \"0777\", as in \"0750\"")
            })
    }
}

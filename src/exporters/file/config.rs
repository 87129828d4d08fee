//! The keys of `file`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::id::ComponentId;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::Section;
use crate::net::compress::{self, CompressionParams, Compressor};
use crate::pipeline::delivery::{QueueSettings, RetrySettings};

/// Writes spans to files.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The file; with `group_by` one `*` in it stands for the value of the attribute.
    pub path: String,
    /// Whether what is in the file stays at a start (`true`), or is thrown away (`false`, the Collector's default).
    /// With `rotation` or `group_by` it always stays.
    pub append: bool,
    /// When the file is renamed and a new one begun, when this is written; never without it.
    pub rotation: Section<Rotation>,
    /// `json`, a line for each batch, or `proto`, which has the length before each.
    pub format: Format,
    /// `zstd` compresses each batch for itself and writes its length before it, `none` does not.
    pub compression: Compression,
    /// How hard to compress.
    pub compression_params: CompressionParams,
    /// Several files, by an attribute of the resource.
    pub group_by: GroupBy,
    /// Whether the folder is made when it is not there; with `rotation` or `group_by` it always is.
    pub create_directory: bool,
    /// Permissions of folders that are made, octal and in quotes; `0755` unless written. Needs `create_directory`.
    pub directory_permissions: String,
    /// Whether spans count as delivered only when the disk has them (ours), so that they survive a crash of the
    /// machine, and not only one of this process.
    pub fsync: bool,
    /// How spans wait for this exporter.
    pub sending_queue: QueueSettings,
    /// What happens after a failure that may pass.
    pub retry_on_failure: RetrySettings,
}

/// When a file is renamed, and which of the renamed ones are kept.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rotation {
    /// The most MiB of a file; 0 is 100. A single batch may be larger, and then is in a file of its own.
    pub max_megabytes: u64,
    /// Days after which a renamed file is removed, by the time in its name; 0 is never.
    pub max_days: u64,
    /// How many renamed files are kept; 0 is all of them.
    pub max_backups: usize,
    /// Whether the time in names is this machine's, and not UTC.
    pub localtime: bool,
}

/// How a batch is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A line of OTLP's JSON.
    #[default]
    Json,
    /// Its length in four bytes, most significant first, and the protobuf.
    Proto,
}

/// How a batch is compressed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    #[serde(alias = "")]
    None,
    /// Zstandard, a frame for each batch.
    Zstd,
}

/// Several files, by an attribute.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct GroupBy {
    /// Whether there are several.
    pub enabled: bool,
    /// The resource attribute, a text, that stands for the `*` in `path`. Spans without it cannot be delivered.
    pub resource_attribute: String,
    /// How many files are open at a time; the one that was written to longest ago is closed.
    pub max_open_files: usize,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            path: String::new(),
            append: true,
            rotation: Section::Off,
            format: Format::Json,
            compression: Compression::None,
            compression_params: CompressionParams::default(),
            group_by: GroupBy::default(),
            create_directory: false,
            directory_permissions: String::new(),
            fsync: false,
            sending_queue: QueueSettings::default(),
            retry_on_failure: RetrySettings::default(),
        }
    }
}

impl Settings for Config {
    fn no_effect() -> Vec<KeyNote> {
        vec![KeyNote::new(
            "flush_interval",
            "spans are written before they count as delivered, so that nothing waits to be flushed",
        )]
    }

    fn unsupported() -> Vec<KeyNote> {
        vec![KeyNote::new(
            "encoding",
            "encoding extensions are not available in this version; use `format`",
        )]
    }

    fn differing_defaults(journaled: bool) -> Vec<KeyNote> {
        let mut notes = vec![KeyNote::new(
            "append",
            "true, where the Collector has false: a restart throws away nothing that was delivered",
        )];
        notes.extend(QueueSettings::differing_defaults(journaled));
        notes.extend(RetrySettings::differing_defaults(journaled));
        notes
    }

    fn warn(&self, journaled: bool, warnings: &mut Problems) {
        if self.empties() {
            warnings.add("append", "is false: each start empties the file");
        } else if !self.append {
            warnings.add(
                "append",
                "is false, and what is in files stays all the same beside `rotation` or `group_by`",
            );
        }
        warnings.below("sending_queue", |warnings| {
            self.sending_queue.warn(journaled, warnings);
        });
        warnings.below("retry_on_failure", |warnings| {
            self.retry_on_failure.warn(journaled, warnings);
        });
    }

    fn storage(&self) -> Option<(&'static str, &ComponentId)> {
        self.sending_queue.storage()
    }

    fn settle(&mut self, journaled: bool) {
        self.sending_queue.settle(journaled);
        self.retry_on_failure.settle(journaled);
    }

    fn validate(&self, problems: &mut Problems) {
        self.validate_path(problems);
        if let Err(problem) = self.level() {
            problems.add("compression_params.level", problem);
        }
        if let Err(problem) = self.permissions() {
            problems.add("directory_permissions", problem);
        } else if !self.create_directory && !self.directory_permissions.is_empty() {
            problems.add("directory_permissions", "needs `create_directory: true`");
        }
        problems.below("sending_queue", |problems| self.sending_queue.validate(problems));
        problems.below("retry_on_failure", |problems| {
            self.retry_on_failure.validate(problems)
        });
    }
}

impl Config {
    fn validate_path(&self, problems: &mut Problems) {
        if self.path.is_empty() {
            return problems.add("path", "is empty, but must be the path of a file");
        }
        if !self.group_by.enabled {
            return;
        }
        if self.path.matches('*').count() != 1 {
            problems.add("path", "must have one `*` in it when `group_by` is enabled");
        } else if self.path.starts_with('*') {
            problems.add("path", "must not begin with `*` when `group_by` is enabled");
        }
        if self.group_by.resource_attribute.is_empty() {
            problems.add(
                "group_by.resource_attribute",
                "is empty, but must name an attribute",
            );
        }
        if self.group_by.max_open_files == 0 {
            problems.add("group_by.max_open_files", "is 0, but must be at least 1");
        }
    }

    /// Whether a start throws away what is in the file.
    pub(super) fn empties(&self) -> bool {
        !self.append && self.rotation.on().is_none() && !self.group_by.enabled
    }

    /// Whether folders that are not there are made.
    pub(super) fn makes_directories(&self) -> bool {
        self.create_directory || self.rotation.on().is_some() || self.group_by.enabled
    }

    /// The level of zstd, where that is used; says what is wrong with it.
    pub(super) fn level(&self) -> Result<Option<i32>, String> {
        if self.compression == Compression::None {
            return Ok(None);
        }
        Compressor::new(compress::Compression::Zstd, &self.compression_params)?;
        Ok(Some(self.compression_params.level.max(1)))
    }

    /// The permissions of folders that are made.
    pub(super) fn permissions(&self) -> Result<u32, String> {
        let text = match self.directory_permissions.as_str() {
            "" => "0755",
            text => text,
        };
        let is_octal = text.bytes().all(|digit| (b'0'..=b'7').contains(&digit));
        let bits = u32::from_str_radix(text, 8).ok();
        bits.filter(|bits| is_octal && *bits <= 0o777).ok_or_else(|| {
            format!("is `{text}`, but must be octal from \"0000\" to \"0777\", as in \"0755\"")
        })
    }
}

// === impl Rotation ===

impl Default for Rotation {
    fn default() -> Self {
        Self {
            max_megabytes: 100,
            max_days: 0,
            max_backups: 100,
            localtime: false,
        }
    }
}

impl Rotation {
    /// The most bytes of a file.
    pub(super) fn most(&self) -> u64 {
        match self.max_megabytes {
            0 => 100 << 20,
            megabytes => megabytes.saturating_mul(1 << 20),
        }
    }
}

// === impl GroupBy ===

impl Default for GroupBy {
    fn default() -> Self {
        Self {
            enabled: false,
            resource_attribute: "fileexporter.path_segment".into(),
            max_open_files: 100,
        }
    }
}

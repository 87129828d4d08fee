//! The keys of `otlp_json_file`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::glob::Glob;
use crate::config::id::ComponentId;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::{ByteSize, GoDuration};

/// Reads spans from files.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The files, as in `/var/spans/*.json`: `*` and `?` stand for letters of a name, `**` for any folders, `[a-z]` for one
    /// letter of several, `{a,b}` for one text of several.
    pub include: Vec<String>,
    /// Files of these that are not read.
    pub exclude: Vec<String>,
    /// Files that were not written to for so long are not read; `0s` reads them all.
    pub exclude_older_than: GoDuration,
    /// Where files are begun that are there at the very first start: at their `beginning`, or at their `end`. Files that
    /// come later are read from their beginning.
    pub start_at: StartAt,
    /// How often files are looked for and looked at.
    pub poll_interval: GoDuration,
    /// By how many bytes at its beginning a file is recognised; at least 16.
    pub fingerprint_size: ByteSize,
    /// A record of more bytes is passed over.
    pub max_log_size: ByteSize,
    /// How many files are open at a time; at least 2.
    pub max_concurrent_files: usize,
    /// How long after the last change of a file its last line is read, where it has no line break but is a whole JSON text;
    /// `0s` waits for the line break.
    pub force_flush_period: GoDuration,
    /// The encoding of files; JSON is in `utf-8`.
    pub encoding: String,
    /// What becomes of a file that is shorter than what was read of it: `read_whole_file`, `read_new` to go on with what is
    /// written from now on, `ignore` to wait until it is longer again.
    pub on_truncate: OnTruncate,
    /// Whether a file is deleted when all of it was accepted and nobody writes to it. Needs `start_at: beginning`.
    pub delete_after_read: bool,
    /// Whether files are read again and again, from their beginning.
    pub replay_file: bool,
    /// `gzip`, `auto` for files some of which are, `zstd` (ours) for what the exporter `file` compresses.
    pub compression: Compression,
    /// How records are written (ours): `json`, or `proto` with the length before each, as the exporter `file` does.
    pub format: Format,
    /// The extension where it is written down how far files are. Without it a restart begins anew.
    pub storage: Option<ComponentId>,
    /// Whether spans get the attribute `log.file.name`.
    pub include_file_name: bool,
    /// Whether spans get the attribute `log.file.path`.
    pub include_file_path: bool,
    /// Whether spans get the attribute `log.file.record_offset`, the place of their record in the file.
    pub include_file_record_offset: bool,
    /// The most MiB of records that the pipelines have not answered yet (ours).
    pub max_in_flight_mib: usize,
}

/// Where files are begun.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StartAt {
    /// With what is there.
    Beginning,
    /// With what comes.
    #[default]
    End,
}

/// What becomes of a file that got shorter.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnTruncate {
    /// Nothing, until it is longer again.
    Ignore,
    /// It is read from its beginning.
    #[default]
    ReadWholeFile,
    /// It is read from its end.
    ReadNew,
}

/// How files or records are compressed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    #[serde(alias = "")]
    None,
    /// The file with gzip.
    Gzip,
    /// Some files with gzip, others not.
    Auto,
    /// Each record with Zstandard, its length before it.
    Zstd,
}

/// How records are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// OTLP's JSON.
    #[default]
    Json,
    /// Protobuf.
    Proto,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            exclude_older_than: GoDuration::default(),
            start_at: StartAt::default(),
            poll_interval: GoDuration::millis(200),
            fingerprint_size: ByteSize(1000),
            max_log_size: ByteSize(64 << 20),
            max_concurrent_files: 1024,
            force_flush_period: GoDuration::millis(500),
            encoding: "utf-8".into(),
            on_truncate: OnTruncate::default(),
            delete_after_read: false,
            replay_file: false,
            compression: Compression::None,
            format: Format::Json,
            storage: None,
            include_file_name: true,
            include_file_path: false,
            include_file_record_offset: false,
            max_in_flight_mib: 64,
        }
    }
}

impl Settings for Config {
    fn no_effect() -> Vec<KeyNote> {
        let trimmed = "JSON has no meaning for spaces around it";
        vec![
            KeyNote::new(
                "max_batches",
                "what is in flight is bounded by `max_in_flight_mib`",
            ),
            KeyNote::new("initial_buffer_size", "the buffer grows with the records"),
            KeyNote::new(
                "polls_to_archive",
                "files that are gone are remembered all the same",
            ),
            KeyNote::new("preserve_leading_whitespaces", trimmed),
            KeyNote::new("preserve_trailing_whitespaces", trimmed),
            KeyNote::new(
                "max_log_size_behavior",
                "a part of a record is no OTLP; one that is too long is passed over, and counted",
            ),
            KeyNote::new("file_cache_advise", "the system decides what it keeps in memory"),
        ]
    }

    fn unsupported() -> Vec<KeyNote> {
        let other = "is not available in this version; `include_file_name` and `include_file_path` are";
        let mut notes = vec![
            KeyNote::new("header", "records of OTLP have no header before them"),
            KeyNote::new("multiline", "a record of OTLP is one line"),
            KeyNote::new(
                "ordering_criteria",
                "is not available in this version; files are begun in the order of their last change",
            ),
            KeyNote::new("acquire_fs_lock", "is not available in this version"),
        ];
        notes.extend(
            [
                "include_file_name_resolved",
                "include_file_path_resolved",
                "include_file_owner_name",
                "include_file_owner_group_name",
                "include_file_permissions",
                "include_file_record_number",
            ]
            .map(|key| KeyNote::new(key, other)),
        );
        notes
    }

    fn differing_defaults(_journaled: bool) -> Vec<KeyNote> {
        vec![
            KeyNote::new(
                "max_log_size",
                "64MiB, where the Collector has 1MiB and tears longer lines: those of large batches can be read",
            ),
            KeyNote::new(
                "on_truncate",
                "read_whole_file, where the Collector has ignore: what is written after a `copytruncate` is read",
            ),
        ]
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        if self.storage.is_none() && !self.replay_file && !self.delete_after_read {
            let then = match self.start_at {
                StartAt::Beginning => "a restart reads all files again",
                StartAt::End => {
                    "what is written while the gateway is down, or is not accepted when it stops, is not read"
                }
            };
            warnings.add("storage", format!("is not set: {then}"));
        }
    }

    fn storage(&self) -> Option<(&'static str, &ComponentId)> {
        self.storage.as_ref().map(|storage| ("storage", storage))
    }

    fn validate(&self, problems: &mut Problems) {
        if self.include.is_empty() {
            problems.add(
                "include",
                "is empty, but must name files, as in `/var/spans/*.json`",
            );
        }
        for (key, patterns) in [("include", &self.include), ("exclude", &self.exclude)] {
            for (number, pattern) in patterns.iter().enumerate() {
                if let Err(problem) = Glob::parse(pattern) {
                    problems.add(format!("{key}.{number}"), problem);
                }
            }
        }
        if self.poll_interval.0.is_zero() {
            problems.add("poll_interval", "is 0s, but must be longer");
        }
        if self.fingerprint_size.0 < 16 || self.fingerprint_size.0 > 1 << 20 {
            let size = self.fingerprint_size;
            problems.add("fingerprint_size", format!("is {size}, but must be 16 to 1MiB"));
        }
        if self.max_log_size.0 == 0 || self.max_log_size.0 > 1 << 30 {
            let size = self.max_log_size;
            problems.add("max_log_size", format!("is {size}, but must be 1 to 1GiB"));
        }
        if self.max_concurrent_files < 2 {
            let files = self.max_concurrent_files;
            problems.add(
                "max_concurrent_files",
                format!("is {files}, but must be at least 2"),
            );
        }
        if self.max_in_flight_mib == 0 || self.max_in_flight_mib > 1 << 20 {
            let most = self.max_in_flight_mib;
            problems.add(
                "max_in_flight_mib",
                format!("is {most}, but must be 1 to 1048576"),
            );
        }
        if !["", "utf-8", "utf8", "utf-8-raw", "nop", "ascii", "us-ascii"]
            .contains(&self.encoding.to_ascii_lowercase().as_str())
        {
            let encoding = &self.encoding;
            problems.add("encoding", format!("is `{encoding}`, but JSON is in `utf-8`"));
        }
        if self.delete_after_read && self.start_at == StartAt::End {
            problems.add("delete_after_read", "cannot be used with `start_at: end`");
        }
        if self.delete_after_read && self.replay_file {
            problems.add("delete_after_read", "cannot be used with `replay_file`");
        }
    }
}

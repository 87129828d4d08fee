//! What is told about files that spans are written to and read from.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use metrics::{Counter, Gauge, counter, gauge};
use tracing::{debug, error, info, warn};

use super::health::{Health, Trouble};
use super::quiet::Quiet;

/// The events of one `file` exporter.
#[derive(Debug)]
pub struct WriterEvents {
    exporter: String,
    rotated: Counter,
    removed: Counter,
    mended: Counter,
}

/// The events of one `otlp_json_file` receiver.
#[derive(Debug)]
pub struct ReaderEvents {
    receiver: String,
    records: Counter,
    bytes: Counter,
    passed_over: Counter,
    retries: Counter,
    deleted: Counter,
    open: Gauge,
    in_flight: Gauge,
    quiet: Mutex<Quiet>,
    health: Health,
}

/// Where a record is.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its first byte.
    pub offset: u64,
}

// === impl WriterEvents ===

impl WriterEvents {
    /// The events of the exporter with this id.
    pub fn new(exporter: &str) -> Self {
        let count = |name| counter!(name, "exporter" => exporter.to_owned());
        Self {
            rotated: count("spanway_file_exporter_rotations"),
            removed: count("spanway_file_exporter_removed_backups"),
            mended: count("spanway_file_exporter_cut_bytes"),
            exporter: exporter.to_owned(),
        }
    }

    /// A file was full and has another name now.
    pub fn rotated(&self, path: &Path, backup: &Path) {
        self.rotated.increment(1);
        let (path, backup) = (path.display(), backup.display());
        info!(exporter = self.exporter, %path, %backup, "a file is full and was renamed");
    }

    /// A renamed file was removed, as the settings ask.
    pub fn removed(&self, backup: &Path) {
        self.removed.increment(1);
        let backup = backup.display();
        info!(exporter = self.exporter, %backup, "a renamed file was removed: there are too many, or it is too old");
    }

    /// Renamed files could not be looked through.
    pub fn unpruned(&self, path: &Path, error: &str) {
        let path = path.display();
        warn!(exporter = self.exporter, %path, error, "cannot remove old files");
    }

    /// The beginning of a record, which a crash had left, was cut off.
    pub fn mended(&self, path: &Path, bytes: u64) {
        self.mended.increment(bytes);
        let path = path.display();
        warn!(exporter = self.exporter, %path, bytes, "cut off a record that was not written to its end");
    }
}

// === impl ReaderEvents ===

impl ReaderEvents {
    /// The events of the receiver with this id.
    pub fn new(receiver: &str, health: Health) -> Self {
        let label = receiver.to_owned();
        let count = |name| counter!(name, "receiver" => receiver.to_owned());
        Self {
            records: count("spanway_file_receiver_records"),
            bytes: count("spanway_file_receiver_bytes"),
            passed_over: count("spanway_file_receiver_passed_over_records"),
            retries: count("spanway_file_receiver_retries"),
            deleted: count("spanway_file_receiver_deleted_files"),
            open: gauge!("spanway_file_receiver_open_files", "receiver" => label.clone()),
            in_flight: gauge!("spanway_file_receiver_in_flight_bytes", "receiver" => label.clone()),
            quiet: Mutex::default(),
            health,
            receiver: label,
        }
    }

    /// A record was read.
    pub fn read(&self, bytes: usize) {
        self.records.increment(1);
        self.bytes.increment(bytes as u64);
    }

    /// Files that are open, and bytes of records that the pipelines have not answered yet.
    pub fn holding(&self, files: usize, bytes: usize) {
        self.open.set(files as f64);
        self.in_flight.set(bytes as f64);
    }

    /// A file is read from here on.
    pub fn begun(&self, at: Place<'_>) {
        let (path, offset) = (at.path.display(), at.offset);
        info!(receiver = self.receiver, %path, offset, "reading a file");
    }

    /// A file was cut or written anew, and is read from here on.
    pub fn truncated(&self, at: Place<'_>) {
        let (path, offset) = (at.path.display(), at.offset);
        info!(receiver = self.receiver, %path, offset, "a file was truncated");
    }

    /// A file was read to its end and deleted.
    pub fn deleted(&self, path: &Path) {
        self.deleted.increment(1);
        let path = path.display();
        info!(receiver = self.receiver, %path, "a file was read and deleted");
    }

    /// A file that was read is not deleted, for this reason.
    pub fn kept(&self, path: &Path, reason: &str) {
        let path = path.display();
        warn!(receiver = self.receiver, %path, reason, "a file that was read is not deleted");
    }

    /// The pipelines did not take a record now; it is tried again.
    pub fn retried(&self, at: Place<'_>, reason: &str) {
        self.retries.increment(1);
        self.speak(|held_back| {
            let (path, offset) = (at.path.display(), at.offset);
            warn!(receiver = self.receiver, %path, offset, reason, held_back, "a record is not taken now and is tried again");
        });
    }

    /// Nobody can take a record, or a part of it.
    pub fn passed_over(&self, at: Place<'_>, reason: &str) {
        self.passed_over.increment(1);
        self.speak(|held_back| {
            let (path, offset) = (at.path.display(), at.offset);
            error!(receiver = self.receiver, %path, offset, reason, held_back, "a record is passed over");
        });
    }

    /// A file cannot be read now.
    pub fn unreadable(&self, path: &Path, error: &str) {
        self.speak(|held_back| {
            let path = path.display();
            warn!(receiver = self.receiver, %path, error, held_back, "cannot read a file");
        });
    }

    /// How far files are was written down.
    pub fn saved(&self, files: usize) {
        debug!(receiver = self.receiver, files, "wrote down how far files are");
        self.health.trouble(&self.key(), None);
    }

    /// How far files are could not be written down; it is tried again.
    pub fn unsaved(&self, path: &Path, error: &str) {
        let path = path.display();
        let trouble = Trouble::degrades(format!("it cannot write `{path}`: {error}"));
        self.health.trouble(&self.key(), Some(trouble));
        self.speak(|held_back| {
            error!(receiver = self.receiver, %path, error, held_back, "cannot write down how far files are");
        });
    }

    fn key(&self) -> String {
        format!("receiver `{}`", self.receiver)
    }

    fn speak(&self, line: impl FnOnce(u64)) {
        let held_back = self.quiet.lock().unwrap_or_else(PoisonError::into_inner).speak();
        if let Some(held_back) = held_back {
            line(held_back);
        }
    }
}

//! Messages that are set aside: each a file, as long as there is room.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::config::DeadLetters;
use crate::telemetry::kafka::Coordinates;

/// The directory of dead letters.
#[derive(Debug)]
pub struct Letters {
    directory: PathBuf,
    /// Bytes that it may hold, and holds.
    most: u64,
    used: AtomicU64,
}

// === impl Letters ===

impl Letters {
    /// Makes the directory where it is not there, and sees how full it is.
    pub fn open(config: &DeadLetters) -> io::Result<Self> {
        fs::create_dir_all(&config.directory)?;
        let mut used = 0;
        for entry in fs::read_dir(&config.directory)? {
            used += entry?.metadata()?.len();
        }
        Ok(Self {
            directory: config.directory.clone(),
            most: config.max_mib << 20,
            used: AtomicU64::new(used),
        })
    }

    /// Where it is.
    pub fn directory(&self) -> String {
        self.directory.display().to_string()
    }

    /// Writes a message, and says where. Blocks.
    pub fn put(&self, at: Coordinates<'_>, message: &Bytes) -> io::Result<String> {
        let bytes = message.len() as u64;
        let fits = |used: u64| used.checked_add(bytes).filter(|sum| *sum <= self.most);
        if self
            .used
            .try_update(Ordering::Relaxed, Ordering::Relaxed, fits)
            .is_err()
        {
            return Err(io::Error::other(format!(
                "it may hold {} bytes and is full",
                self.most
            )));
        }
        // Kafka lets topics have names of letters, digits, `.`, `_` and `-`.
        let name = format!("{}-{}-{}.bin", at.topic, at.partition, at.offset);
        let path = self.directory.join(name);
        let written = fs::write(&path, message);
        if written.is_err() {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
        }
        written.map(|()| path.display().to_string())
    }
}

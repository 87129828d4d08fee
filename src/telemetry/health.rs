//! Whether this process is fit to take spans, for whoever asks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

/// The state of the process; clones share it.
#[derive(Clone, Debug)]
pub struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    stage: AtomicU8,
    /// Why spans cannot be taken, by who says so.
    troubles: Mutex<BTreeMap<String, String>>,
    since: SystemTime,
    clock: Instant,
}

/// Where the process is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Not listening yet.
    Starting,
    /// Takes spans.
    Ready,
    /// Finishes what it has.
    Stopping,
}

// === impl Health ===

impl Default for Health {
    fn default() -> Self {
        Self(Arc::new(Inner {
            stage: AtomicU8::new(0),
            troubles: Mutex::default(),
            since: SystemTime::now(),
            clock: Instant::now(),
        }))
    }
}

impl Health {
    /// The stage now.
    pub fn stage(&self) -> Stage {
        match self.0.stage.load(Ordering::Relaxed) {
            0 => Stage::Starting,
            1 => Stage::Ready,
            _ => Stage::Stopping,
        }
    }

    /// Every receiver listens.
    pub fn ready(&self) {
        self.0.stage.store(1, Ordering::Relaxed);
    }

    /// The process was told to stop.
    pub fn stopping(&self) {
        self.0.stage.store(2, Ordering::Relaxed);
    }

    /// Somebody cannot take spans, for this reason, or can again.
    pub fn trouble(&self, who: &str, reason: Option<String>) {
        let mut troubles = self.0.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match reason {
            Some(reason) => drop(troubles.insert(who.to_owned(), reason)),
            None => drop(troubles.remove(who)),
        }
    }

    /// Why spans cannot be taken, a sentence each; none when all is well.
    pub fn troubles(&self) -> Vec<String> {
        let troubles = self.0.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        troubles
            .iter()
            .map(|(who, reason)| format!("{who}: {reason}"))
            .collect()
    }

    /// When the process started.
    pub fn since(&self) -> SystemTime {
        self.0.since
    }

    /// How long ago that is.
    pub fn uptime(&self) -> std::time::Duration {
        self.0.clock.elapsed()
    }
}

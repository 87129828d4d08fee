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
    /// By who says so.
    troubles: Mutex<BTreeMap<String, Trouble>>,
    since: SystemTime,
    clock: Instant,
}

/// What is wrong somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// A sentence about it.
    pub reason: String,
    /// Spans cannot be taken because of it; else somebody should have a look.
    pub stops: bool,
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

// === impl Trouble ===

impl Trouble {
    /// Spans cannot be taken.
    pub fn stops(reason: String) -> Self {
        Self { reason, stops: true }
    }

    /// Spans are taken, but somebody should have a look.
    pub fn degrades(reason: String) -> Self {
        Self { reason, stops: false }
    }
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

    /// Something is wrong with `who`, or no longer.
    pub fn trouble(&self, who: &str, trouble: Option<Trouble>) {
        let mut troubles = self.0.troubles.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble {
            Some(trouble) => drop(troubles.insert(who.to_owned(), trouble)),
            None => drop(troubles.remove(who)),
        }
    }

    /// All that is wrong, by who says so.
    pub fn troubles(&self) -> BTreeMap<String, Trouble> {
        self.0
            .troubles
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
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

//! How fast a cursor drains, and so how long a new request would wait.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A sample is taken over at least this long, so that destinations which settle in lumps look steady.
const WINDOW: Duration = Duration::from_millis(500);

/// What a new sample weighs against what was known.
const WEIGHT: f64 = 0.3;

/// Below this backlog in bytes nobody waits for long, and no prediction is made.
const SMALL: usize = 256 * 1024;

/// The drain of one cursor, sampled when somebody asks.
#[derive(Debug)]
pub struct Rate {
    backlog: AtomicUsize,
    drained: AtomicU64,
    /// The backlog was empty at a moment of this window: the sample shows demand, not capacity.
    idled: AtomicBool,
    window: Mutex<Window>,
}

#[derive(Debug)]
struct Window {
    start: Instant,
    drained: u64,
    bytes_per_second: Option<f64>,
}

// === impl Rate ===

impl Rate {
    pub(in crate::pipeline) fn new() -> Self {
        Self {
            backlog: AtomicUsize::new(0),
            drained: AtomicU64::new(0),
            idled: AtomicBool::new(true),
            window: Mutex::new(Window {
                start: Instant::now(),
                drained: 0,
                bytes_per_second: None,
            }),
        }
    }

    pub(in crate::pipeline) fn added(&self, bytes: usize) {
        self.backlog.fetch_add(bytes, Ordering::Relaxed);
    }

    /// `delivered` bytes show what the destination takes; withdrawn ones only leave the backlog.
    pub(in crate::pipeline) fn left(&self, bytes: usize, delivered: bool) {
        if delivered {
            self.drained.fetch_add(bytes as u64, Ordering::Relaxed);
        }
        if self.backlog.fetch_sub(bytes, Ordering::Relaxed) == bytes {
            self.idled.store(true, Ordering::Relaxed);
        }
    }

    /// Bytes not yet settled.
    pub fn backlog(&self) -> usize {
        self.backlog.load(Ordering::Relaxed)
    }

    /// How long bytes that come in now will wait; zero while that cannot be known.
    pub fn predicted_wait(&self, now: Instant) -> Duration {
        let backlog = self.backlog();
        if backlog < SMALL {
            return Duration::ZERO;
        }
        match self.sample(now) {
            Some(rate) if rate > 0.0 => {
                Duration::try_from_secs_f64(backlog as f64 / rate).unwrap_or(Duration::MAX)
            }
            _ => Duration::ZERO,
        }
    }

    fn sample(&self, now: Instant) -> Option<f64> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = now.saturating_duration_since(window.start);
        if elapsed < WINDOW {
            return window.bytes_per_second;
        }
        let drained = self.drained.load(Ordering::Relaxed);
        let measured = drained.saturating_sub(window.drained) as f64 / elapsed.as_secs_f64();
        let idled = self.idled.swap(false, Ordering::Relaxed);
        window.bytes_per_second = match window.bytes_per_second {
            Some(known) if idled => Some(known.max(measured)),
            Some(known) => Some(known + WEIGHT * (measured - known)),
            None if measured > 0.0 && !idled => Some(measured),
            None => None,
        };
        window.start = now;
        window.drained = drained;
        window.bytes_per_second
    }
}

//! Which batches are shown: in each second the first few, then every so manieth.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// Counts the batches of the running second.
#[derive(Debug)]
pub struct Sampler {
    initial: u64,
    thereafter: u64,
    /// When the second began, and the batches since.
    second: Mutex<Option<(Instant, u64)>>,
}

// === impl Sampler ===

impl Sampler {
    /// Shows `initial` batches a second, then every `thereafter`-th (0: none).
    pub fn new(initial: u64, thereafter: u64) -> Self {
        Self {
            initial,
            thereafter,
            second: Mutex::default(),
        }
    }

    /// Whether the batch that comes `now` is shown.
    pub fn shows(&self, now: Instant) -> bool {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, count) = match *second {
            Some((began, count)) if now.saturating_duration_since(began) < SECOND => (began, count + 1),
            _ => (now, 1),
        };
        *second = Some((began, count));
        match count.checked_sub(self.initial) {
            None | Some(0) => true,
            Some(beyond) => self.thereafter != 0 && beyond.is_multiple_of(self.thereafter),
        }
    }
}

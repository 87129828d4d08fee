//! A partition that is assigned to us: what of it is in flight, and when that ends.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::offsets::Offsets;

/// A partition as long as it is ours. When it comes back after it was revoked, it is another one.
#[derive(Debug, Default)]
pub struct Partition {
    offsets: Mutex<Offsets>,
    /// Messages that somebody is at work with.
    at_work: Mutex<usize>,
    idle: Condvar,
    /// Cancelled when it is no longer ours, and nobody waits for what is in flight.
    pub gone: CancellationToken,
}

/// Somebody is at work with a message of the partition, as long as this lives.
#[derive(Debug)]
pub struct Work(Arc<Partition>);

// === impl Partition ===

impl Partition {
    /// What is known of its messages.
    pub fn offsets(&self) -> MutexGuard<'_, Offsets> {
        self.offsets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins work with a message.
    pub fn work(self: &Arc<Self>) -> Work {
        *self.at_work() += 1;
        Work(self.clone())
    }

    /// Blocks until nobody is at work, or the deadline.
    pub fn wait(&self, deadline: Instant) {
        let mut at_work = self.at_work();
        while *at_work > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.idle.wait_timeout(at_work, left);
            at_work = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn at_work(&self) -> MutexGuard<'_, usize> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Work ===

impl Work {
    /// The partition.
    pub fn partition(&self) -> &Partition {
        &self.0
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        *self.0.at_work() -= 1;
        self.0.idle.notify_all();
    }
}

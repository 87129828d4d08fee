//! The one budget in bytes that everything which holds spans draws on.
//!
//! Promise: what is asked for is granted only while the sum stays within the limit, and asking never waits.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use crate::wire::Traces;

/// How many times the free room somebody may hold who shares a budget with others: alone four fifths of it all, two of them
/// four ninths each, and so on. What is left is for those who hold nothing yet.
const FAIR: usize = 4;

/// A process-wide bound in bytes; clones share it.
#[derive(Clone, Debug)]
pub struct Budget {
    inner: Arc<Inner>,
    share: Option<Share>,
}

/// What one of those who share a budget has taken of it; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Share(Arc<AtomicUsize>);

#[derive(Debug)]
struct Inner {
    limit: AtomicUsize,
    used: AtomicUsize,
}

/// Bytes taken from a [`Budget`], given back on drop.
#[derive(Debug)]
pub struct Reservation {
    budget: Budget,
    bytes: usize,
}

/// The budget had no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("memory budget of {limit} bytes is in use: {wanted} more bytes were wanted, {used} are taken")]
pub struct OverBudget {
    /// Bytes asked for.
    pub wanted: usize,
    /// Bytes taken when asked.
    pub used: usize,
    /// The bound.
    pub limit: usize,
}

// === impl Budget ===

impl Budget {
    /// A budget of `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            inner: Arc::new(Inner {
                limit: AtomicUsize::new(limit),
                used: AtomicUsize::new(0),
            }),
            share: None,
        }
    }

    /// The same budget for one of those who share it: what is taken counts as theirs, and they are refused what would leave
    /// too little for others. Whoever holds nothing is never refused for that.
    pub fn shared(&self, share: &Share) -> Self {
        Self {
            inner: self.inner.clone(),
            share: Some(share.clone()),
        }
    }

    /// The bound in bytes.
    pub fn limit(&self) -> usize {
        self.inner.limit.load(Ordering::Relaxed)
    }

    /// Changes the bound. What exceeds it stays granted.
    pub fn set_limit(&self, limit: usize) {
        self.inner.limit.store(limit, Ordering::Relaxed);
    }

    /// Bytes taken now.
    pub fn used(&self) -> usize {
        self.inner.used.load(Ordering::Relaxed)
    }

    /// Takes `bytes`, or says at once that there is no room.
    pub fn reserve(&self, bytes: usize) -> Result<Reservation, OverBudget> {
        self.take(bytes)?;
        Ok(Reservation {
            budget: self.clone(),
            bytes,
        })
    }

    /// Takes `bytes` that are there already, whether or not there is room.
    pub fn overdraw(&self, bytes: usize) -> Reservation {
        self.inner.used.fetch_add(bytes, Ordering::Relaxed);
        self.count(bytes);
        Reservation {
            budget: self.clone(),
            bytes,
        }
    }

    /// Ties the bytes of `traces` to this budget, which they may exceed for a moment: they stand for others that
    /// were paid for and go now.
    pub fn cover(&self, traces: Traces) -> Traces {
        let paid = self.overdraw(traces.bytes().len());
        traces.keeping(paid)
    }

    fn take(&self, wanted: usize) -> Result<(), OverBudget> {
        let limit = self.limit();
        let used = self.used();
        if self.is_unfair(wanted, limit.saturating_sub(used)) {
            return Err(OverBudget { wanted, used, limit });
        }
        let fits = |used: usize| used.checked_add(wanted).filter(|sum| *sum <= limit);
        let taken = self
            .inner
            .used
            .try_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.map_err(|used| OverBudget { wanted, used, limit })?;
        self.count(wanted);
        Ok(())
    }

    /// Whether so much more would be too much for one who shares.
    fn is_unfair(&self, wanted: usize, free: usize) -> bool {
        let Some(Share(held)) = &self.share else {
            return false;
        };
        let held = held.load(Ordering::Relaxed);
        held > 0 && held.saturating_add(wanted) > free.saturating_mul(FAIR)
    }

    fn count(&self, bytes: usize) {
        if let Some(Share(held)) = &self.share {
            held.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    fn give_back(&self, bytes: usize) {
        self.inner.used.fetch_sub(bytes, Ordering::Relaxed);
        if let Some(Share(held)) = &self.share {
            held.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

// === impl Reservation ===

impl Reservation {
    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Takes `more` bytes; on refusal keeps what it has.
    pub fn grow(&mut self, more: usize) -> Result<(), OverBudget> {
        self.budget.take(more)?;
        self.bytes += more;
        Ok(())
    }

    /// Gives back what exceeds `bytes`.
    pub fn shrink_to(&mut self, bytes: usize) {
        let excess = self.bytes.saturating_sub(bytes);
        self.bytes -= excess;
        self.budget.give_back(excess);
    }

    /// Ties this reservation to `buffer`: it returns with the buffer's last slice. What exceeds the buffer's
    /// capacity returns at once.
    pub fn bind(mut self, buffer: Vec<u8>) -> Bytes {
        self.shrink_to(buffer.capacity());
        Bytes::from_owner(Reserved {
            buffer,
            _reservation: self,
        })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

/// A buffer with the reservation that pays for it.
struct Reserved {
    buffer: Vec<u8>,
    _reservation: Reservation,
}

impl AsRef<[u8]> for Reserved {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

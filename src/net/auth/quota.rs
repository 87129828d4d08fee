//! Quotas: how much a caller may send in a time, and what they pay with.
//!
//! A bucket holds what may come at once, a few seconds' worth, and fills at its rate. A request that is larger than the bucket
//! passes when it is full, and what it takes too much has to flow in before the next.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::pipeline::budget::{Budget, Share};
use crate::telemetry::auth::{CallerEvents, Over};

/// How much somebody may send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// Requests in a second; any number, when absent.
    pub requests_per_second: Option<u64>,
    /// Bytes of requests in a second, as they are sent; any number, when absent.
    pub bytes_per_second: Option<u64>,
    /// As much as in this time may come at once.
    pub burst: Duration,
}

/// What one caller may send, and has sent.
#[derive(Debug, Default)]
pub struct Allowance {
    name: String,
    requests: Option<Bucket>,
    bytes: Option<Bucket>,
    share: Share,
    events: Option<CallerEvents>,
}

/// What a request is paid with: memory, in which its sender has a share, and its sender's quota.
#[derive(Clone, Debug)]
pub struct Purse {
    /// Memory.
    pub budget: Budget,
    allowance: Option<Arc<Allowance>>,
}

/// Somebody sends too much.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` sends more {what} than its quota lets it; come back in {wait:?}")]
pub struct OverQuota {
    /// Who.
    pub name: String,
    /// Too much of what, `requests` or `bytes`.
    pub what: &'static str,
    /// When there is room again.
    pub wait: Duration,
}

/// So much in a time.
#[derive(Debug)]
struct Bucket {
    per_second: u64,
    burst: u64,
    start: Instant,
    /// When it will be full, in nanoseconds since `start`.
    full: AtomicU64,
}

// === impl Allowance ===

impl Allowance {
    /// What a caller of an authenticator may send.
    pub fn new(authenticator: &str, name: &str, quota: Quota) -> Arc<Self> {
        let bucket = |per_second: u64| Bucket::new(per_second, quota.burst);
        Arc::new(Self {
            name: name.to_owned(),
            requests: quota.requests_per_second.map(bucket),
            bytes: quota.bytes_per_second.map(bucket),
            share: Share::default(),
            events: Some(CallerEvents::new(authenticator, name)),
        })
    }

    /// Counts a request, or says that it is one too many; such a one is not counted.
    pub fn request(&self) -> Result<(), OverQuota> {
        self.take(self.requests.as_ref(), 1, Over::Requests)
    }

    /// Counts bytes of a request, or says that they are too many; then they are not counted.
    pub fn bytes(&self, bytes: usize) -> Result<(), OverQuota> {
        self.take(self.bytes.as_ref(), bytes as u64, Over::Bytes)
    }

    /// A request found no room in memory.
    pub fn over_budget(&self) {
        if let Some(events) = &self.events {
            events.refused(Over::Memory);
        }
    }

    fn take(&self, bucket: Option<&Bucket>, amount: u64, over: Over) -> Result<(), OverQuota> {
        let Some(bucket) = bucket else {
            return Ok(());
        };
        bucket.take(amount, Instant::now()).map_err(|wait| {
            if let Some(events) = &self.events {
                events.refused(over);
            }
            OverQuota {
                name: self.name.clone(),
                what: over.label(),
                wait,
            }
        })
    }
}

// === impl Purse ===

impl Purse {
    /// The purse of somebody with this allowance, if any, who draws on this budget.
    pub fn new(budget: &Budget, allowance: Option<&Arc<Allowance>>) -> Self {
        let shared = |allowance: &Arc<Allowance>| budget.shared(&allowance.share);
        Self {
            budget: allowance.map_or_else(|| budget.clone(), shared),
            allowance: allowance.cloned(),
        }
    }

    /// Pays for bytes that are to come, or are there, from the quota.
    pub fn charge(&self, bytes: usize) -> Result<(), OverQuota> {
        match &self.allowance {
            Some(allowance) => allowance.bytes(bytes),
            None => Ok(()),
        }
    }
}

impl From<&Budget> for Purse {
    fn from(budget: &Budget) -> Self {
        Self::new(budget, None)
    }
}

// === impl Bucket ===

impl Bucket {
    fn new(per_second: u64, burst: Duration) -> Self {
        Self {
            per_second: per_second.max(1),
            burst: nanos(burst),
            start: Instant::now(),
            full: AtomicU64::new(0),
        }
    }

    /// Takes an amount, or says how long it will be until it is there.
    fn take(&self, amount: u64, now: Instant) -> Result<(), Duration> {
        let now = nanos(now.saturating_duration_since(self.start));
        let costs = u128::from(amount) * 1_000_000_000;
        let costs = u64::try_from(costs.div_ceil(u128::from(self.per_second))).unwrap_or(u64::MAX);
        // What may be missing from a full bucket at most.
        let most = self.burst.saturating_sub(costs.min(self.burst));
        let take = |full: u64| {
            let missing = full.saturating_sub(now);
            (missing <= most).then(|| full.max(now).saturating_add(costs))
        };
        let taken = self.full.try_update(Ordering::Relaxed, Ordering::Relaxed, take);
        let wait = |full: u64| Duration::from_nanos(full.saturating_sub(now) - most);
        taken.map(drop).map_err(wait)
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

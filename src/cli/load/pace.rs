//! When the next request may go: at once, or evenly spaced. Spacing is done by a thread of its own, because the
//! runtime's timer ticks in milliseconds and six thousand requests a second want 160 us.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

/// How far the pace may fall behind before what was missed is let go rather than made up for.
const CATCH_UP: Duration = Duration::from_millis(100);

/// So many requests that time bounds the run; far from where counting on would begin anew.
pub(super) const UNBOUNDED: u64 = u64::MAX / 2;

/// Hands out request numbers until the run's end.
pub(super) struct Pace {
    next: AtomicU64,
    /// One past the last request.
    requests: u64,
    until: Option<Instant>,
    permits: Option<Arc<Semaphore>>,
}

// === impl Pace ===

impl Pace {
    /// `interval` is the time between requests; zero means as fast as they are taken.
    pub(super) fn new(requests: u64, until: Option<Instant>, interval: Duration, in_flight: usize) -> Self {
        let permits = (!interval.is_zero()).then(|| {
            let permits = Arc::new(Semaphore::new(0));
            let tick = permits.clone();
            std::thread::spawn(move || pulse(&tick, interval, in_flight));
            permits
        });
        Self {
            next: AtomicU64::new(0),
            requests,
            until,
            permits,
        }
    }

    /// The next request's number, when it is its time; none after the end.
    pub(super) async fn next(&self) -> Option<u64> {
        if self.is_over() {
            return None;
        }
        if let Some(permits) = &self.permits {
            permits.acquire().await.ok()?.forget();
        }
        if self.is_over() {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.requests).then_some(number)
    }

    /// Ends the run: no further request is handed out.
    pub(super) fn stop(&self) {
        self.next.store(self.requests, Ordering::Relaxed);
        if let Some(permits) = &self.permits {
            permits.close();
        }
    }

    fn is_over(&self) -> bool {
        let over = self.next.load(Ordering::Relaxed) >= self.requests
            || self.until.is_some_and(|until| Instant::now() >= until);
        if over && let Some(permits) = &self.permits {
            permits.close();
        }
        over
    }
}

fn pulse(permits: &Semaphore, interval: Duration, in_flight: usize) {
    let mut due = Instant::now();
    while !permits.is_closed() {
        let now = Instant::now();
        if due > now {
            std::thread::sleep(due - now);
            continue;
        }
        if permits.available_permits() < in_flight {
            permits.add_permits(1);
        }
        due = (due + interval).max(now - CATCH_UP.min(now - due));
    }
}

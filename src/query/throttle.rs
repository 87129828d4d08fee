//! A product's rate limits: so many requests of one caller within a time.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many requests within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The most requests.
    pub requests: usize,
    /// Within any time of this length.
    pub within: Duration,
}

/// Counts requests by caller. Callers are names of keys, so there are few.
pub struct Throttle {
    rates: &'static [Rate],
    callers: Mutex<HashMap<String, VecDeque<Instant>>>,
}

// === impl Throttle ===

impl Throttle {
    /// Lets pass what fits all of `rates`.
    pub fn new(rates: &'static [Rate]) -> Self {
        Self {
            rates,
            callers: Mutex::default(),
        }
    }

    /// Counts a request, or says how long its caller had better wait; a request that must wait is not counted.
    pub fn take(&self, caller: &str, now: Instant) -> Result<(), Duration> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = callers.entry(caller.to_owned()).or_default();
        let longest = self
            .rates
            .iter()
            .map(|rate| rate.within)
            .max()
            .unwrap_or_default();
        while taken
            .front()
            .is_some_and(|first| now.duration_since(*first) >= longest)
        {
            taken.pop_front();
        }
        let waits = self.rates.iter().filter_map(|rate| {
            let place = taken.len().checked_sub(rate.requests)?;
            let passed = now.duration_since(*taken.get(place)?);
            rate.within.checked_sub(passed).filter(|wait| !wait.is_zero())
        });
        match waits.max() {
            Some(wait) => Err(wait),
            None => {
                taken.push_back(now);
                Ok(())
            }
        }
    }
}

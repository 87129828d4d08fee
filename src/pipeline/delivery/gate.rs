//! What is known of a destination's state, shared by everything that is sent to it.
//!
//! Open: anything may be sent. Throttled: nothing until the moment that the destination named. Failing (three
//! failures in a row, or one that only a person can mend): nothing but one probe each interval, and new requests
//! are refused, so that clients keep what is theirs and no half-delivered copies pile up.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::pipeline::destination::Failure;
use crate::pipeline::log::Cursor;
use crate::pipeline::verdict::Refused;

use super::settings::RetrySettings;

/// Failures in a row from which a destination counts as failing.
const FAILING: u32 = 3;

/// How often a destination that refuses us altogether is asked again.
const PAUSE: Duration = Duration::from_secs(30);

/// The gate before one destination.
#[derive(Debug)]
pub struct Gate {
    retry: RetrySettings,
    state: Mutex<State>,
    cursors: Mutex<Vec<Arc<Cursor>>>,
}

#[derive(Debug, Default)]
struct State {
    closed_until: Option<Instant>,
    /// Failures that may pass, since the last success.
    failures: u32,
    /// The destination refuses us altogether.
    paused: bool,
    probing: bool,
    /// How often the destination has come back.
    recoveries: u64,
    message: String,
}

/// Whether something may be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Anything.
    Open,
    /// One batch, to see whether the destination is back.
    Probe,
    /// Nothing before this moment.
    Closed(Instant),
    /// Nothing until the probe under way has ended.
    Probing,
}

/// How a destination's state changed; worth a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// As it was.
    None,
    /// It has begun to fail.
    Failing,
    /// It takes spans again.
    Recovered,
}

// === impl Gate ===

impl Gate {
    /// An open gate.
    pub fn new(retry: RetrySettings) -> Arc<Self> {
        Arc::new(Self {
            retry,
            state: Mutex::default(),
            cursors: Mutex::default(),
        })
    }

    /// Wakes this cursor's reader whenever the gate changes.
    pub fn tell(&self, cursor: Arc<Cursor>) {
        self.cursors
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(cursor);
    }

    /// Whether something may be sent now. A probe must be followed by `succeeded` or `failed`.
    pub fn pass(&self, now: Instant) -> Pass {
        let mut state = self.state();
        match state.closed_until {
            Some(until) if until > now => Pass::Closed(until),
            _ if !state.failing() => Pass::Open,
            _ if state.probing => Pass::Probing,
            _ => {
                state.probing = true;
                Pass::Probe
            }
        }
    }

    /// A probe that `pass` allowed was not sent after all.
    pub fn probe_unused(&self) {
        self.state().probing = false;
    }

    /// A send was answered, if only by a refusal of its data.
    pub fn succeeded(&self) -> Change {
        let mut state = self.state();
        if !state.failing() {
            state.failures = 0;
            return Change::None;
        }
        *state = State {
            recoveries: state.recoveries + 1,
            ..State::default()
        };
        drop(state);
        self.wake();
        Change::Recovered
    }

    /// A send failed. Returns when the same batch may be tried again, too.
    pub fn failed(&self, failure: &Failure, attempt: u32, now: Instant) -> (Duration, Change) {
        let mut state = self.state();
        let was_failing = state.failing();
        let (delay, closes) = match failure {
            Failure::Destination(_) => {
                state.paused = true;
                (PAUSE, true)
            }
            // The destination lives and says when; nobody else may ask earlier.
            Failure::NotNow {
                retry_after: Some(wait),
                ..
            } => (*wait, true),
            Failure::NotNow {
                retry_after: None, ..
            }
            | Failure::Data(_) => {
                state.failures = state.failures.saturating_add(1);
                let delay = self.backoff(
                    attempt
                        .max(state.failures.saturating_sub(FAILING) + 1)
                        .saturating_sub(1),
                );
                (delay, state.failing())
            }
        };
        if closes {
            let until = now + delay;
            state.closed_until = Some(state.closed_until.map_or(until, |known| known.max(until)));
        }
        state.probing = false;
        state.message = failure.to_string();
        let change = if state.failing() && !was_failing {
            Change::Failing
        } else {
            Change::None
        };
        drop(state);
        self.wake();
        (delay, change)
    }

    /// Why a new request, whose client waits for `patience`, would not be taken now.
    pub fn refusal(&self, now: Instant, patience: Duration) -> Option<Refused> {
        let state = self.state();
        let retry_after = state
            .closed_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let refuses = state.failing() || retry_after > patience;
        refuses.then(|| Refused {
            message: state.message.clone(),
            retry_after,
        })
    }

    /// Changes when the destination comes back: then everything that rests is due.
    pub fn recoveries(&self) -> u64 {
        self.state().recoveries
    }

    /// Lets everything be tried at once: the process is stopping.
    pub fn hurry(&self) {
        let mut state = self.state();
        state.closed_until = None;
        state.recoveries += 1;
        drop(state);
        self.wake();
    }

    fn backoff(&self, step: u32) -> Duration {
        let retry = &self.retry;
        let initial = retry.initial_interval.0.as_secs_f64();
        let base =
            (initial * retry.multiplier.powi(step.min(64) as i32)).min(retry.max_interval.0.as_secs_f64());
        let spread = 1.0 + retry.randomization_factor * rand::random_range(-1.0..=1.0);
        Duration::try_from_secs_f64(base * spread).unwrap_or(retry.max_interval.0)
    }

    /// Wakes the readers of all cursors to look again.
    pub fn wake(&self) {
        for cursor in self.cursors.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            cursor.wake();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    fn failing(&self) -> bool {
        self.paused || self.failures >= FAILING
    }
}

//! What is known of a destination's state, shared by everything that is sent to it.
//!
//! Open: anything may be sent. Throttled: nothing until the moment that the destination named. Failing (three
//! failures in a row, or one that only a person can mend): nothing but one probe each interval, and new requests
//! are refused, so that clients keep what is theirs and no half-delivered copies pile up.
//!
//! A probe is a request without spans. It costs nothing and can lose nothing, so it need not wait as long as
//! `retry_on_failure` has batches wait: what fails for a moment is found again in a moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use crate::pipeline::destination::Failure;
use crate::pipeline::log::Cursor;
use crate::pipeline::verdict::Refused;

use super::settings::RetrySettings;

/// Failures in a row from which a destination counts as failing.
const FAILING: u32 = 3;

/// The wait before the first probe; each further one waits twice as long, up to the longest.
const FIRST_PROBE: Duration = Duration::from_millis(250);
const LONGEST_PROBE: Duration = Duration::from_secs(5);

/// How often a destination that refuses us altogether is asked again.
const PAUSE: Duration = Duration::from_secs(30);

/// The longest wait of a process that is stopping.
pub(super) const HURRY: Duration = Duration::from_secs(1);

/// The gate before one destination.
#[derive(Debug)]
pub struct Gate {
    retry: Mutex<RetrySettings>,
    state: Mutex<State>,
    /// Their readers are woken when the gate changes.
    cursors: Mutex<Vec<Weak<Cursor>>>,
}

#[derive(Debug, Default)]
struct State {
    closed_until: Option<Instant>,
    /// When to ask next whether the destination is back.
    probe_at: Option<Instant>,
    /// Failures that may pass, since the last success.
    failures: u32,
    /// The destination refuses us altogether.
    paused: bool,
    probing: bool,
    /// Waits for probes since spans were last accepted. A destination that takes probes and no spans is asked ever
    /// more rarely.
    probes: u32,
    /// The process is stopping: no wait of ours is long.
    hurried: bool,
    /// How often the destination has come back.
    recoveries: u64,
    /// Batches with spans that it has taken.
    taken: u64,
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
            retry: Mutex::new(retry),
            state: Mutex::default(),
            cursors: Mutex::default(),
        })
    }

    /// Forgets what was learned of a destination, since there is another one now; says whether it was failing.
    pub fn renew(&self, retry: RetrySettings) -> bool {
        *self.retry.lock().unwrap_or_else(PoisonError::into_inner) = retry;
        let mut state = self.state();
        let was_failing = state.failing();
        *state = State {
            hurried: state.hurried,
            // What rests is tried at once.
            recoveries: state.recoveries + 1,
            taken: state.taken,
            ..State::default()
        };
        drop(state);
        self.wake();
        was_failing
    }

    fn retry(&self) -> RetrySettings {
        self.retry.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Wakes this cursor's reader whenever the gate changes.
    pub fn tell(&self, cursor: &Arc<Cursor>) {
        let mut cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        cursors.retain(|known| known.strong_count() > 0);
        cursors.push(Arc::downgrade(cursor));
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

    /// Whether a batch that rests may find out by a probe that it need not rest any longer: asked when nothing else
    /// is sent that would tell.
    pub fn doubt(&self, now: Instant) -> Pass {
        let mut state = self.state();
        match state.probe_at {
            _ if state.failures == 0 || state.failing() => Pass::Open,
            _ if state.probing => Pass::Probing,
            Some(at) if at > now => Pass::Closed(at),
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

    /// A send was answered, if only by a refusal of its data; `spans` is none for a probe.
    pub fn succeeded(&self, spans: usize) -> Change {
        let mut state = self.state();
        let failing = state.failing();
        if spans > 0 {
            (state.probes, state.probe_at) = (0, None);
            state.taken += 1;
        }
        if !failing && (spans > 0 || state.failures == 0) {
            state.failures = 0;
            return Change::None;
        }
        let (recoveries, probes, hurried) = (state.recoveries + 1, state.probes, state.hurried);
        let taken = state.taken;
        *state = State {
            recoveries,
            probes,
            hurried,
            taken,
            ..State::default()
        };
        drop(state);
        self.wake();
        if failing { Change::Recovered } else { Change::None }
    }

    /// A send failed. Returns when the same batch may be tried again, too.
    pub fn failed(&self, failure: &Failure, attempt: u32, now: Instant) -> (Duration, Change) {
        let mut state = self.state();
        let was_failing = state.failing();
        // When this batch may be tried again, and until when nothing may be sent.
        let (delay, closed) = match failure {
            Failure::Destination(_) => {
                state.paused = true;
                (PAUSE, Some(PAUSE))
            }
            // The destination lives and says when; nobody else may ask earlier.
            Failure::NotNow {
                retry_after: Some(wait),
                ..
            } => (*wait, Some(*wait)),
            Failure::NotNow {
                retry_after: None, ..
            }
            | Failure::Data(_)
            | Failure::Partly(_) => {
                state.failures = state.failures.saturating_add(1);
                let wait = self.probe_wait(&mut state);
                let wait = if state.hurried { wait.min(HURRY) } else { wait };
                state.probe_at = Some(now + wait);
                let closed = state.failing().then_some(wait);
                (self.backoff(attempt), closed)
            }
        };
        if let Some(closed) = closed {
            let until = now + if state.hurried { closed.min(HURRY) } else { closed };
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

    /// How many batches with spans the destination has taken.
    pub fn taken(&self) -> u64 {
        self.state().taken
    }

    /// Whether nothing but probes is sent.
    pub fn is_failing(&self) -> bool {
        self.state().failing()
    }

    /// Lets everything be tried at once: the process is stopping.
    pub fn hurry(&self) {
        let mut state = self.state();
        state.closed_until = None;
        state.hurried = true;
        state.recoveries += 1;
        drop(state);
        self.wake();
    }

    /// Somebody says that the destination has changed: what rests is due, and nothing waits to ask it.
    pub fn hasten(&self) {
        let mut state = self.state();
        state.closed_until = None;
        state.recoveries += 1;
        drop(state);
        self.wake();
    }

    /// When spans that were not taken while others were may be tried again.
    pub fn after(&self, failure: &Failure, attempt: u32) -> Duration {
        match failure {
            Failure::Destination(_) => PAUSE,
            Failure::NotNow {
                retry_after: Some(wait),
                ..
            } => *wait,
            _ => self.backoff(attempt),
        }
    }

    fn backoff(&self, step: u32) -> Duration {
        let retry = self.retry();
        let initial = retry.initial_interval.0.as_secs_f64();
        self.spread(initial * retry.multiplier.powi(step.min(64) as i32))
    }

    /// Sends that were under way when the gate closed add nothing to the wait.
    fn probe_wait(&self, state: &mut State) -> Duration {
        if state.probing || state.probe_at.is_none() {
            state.probes = state.probes.saturating_add(1);
        }
        let doubled = FIRST_PROBE.as_secs_f64() * 2f64.powi(state.probes.clamp(1, 64) as i32 - 1);
        self.spread(doubled.min(LONGEST_PROBE.as_secs_f64()))
    }

    fn spread(&self, seconds: f64) -> Duration {
        let retry = self.retry();
        let most = retry.max_interval.0;
        let spread = 1.0 + retry.randomization_factor * rand::random_range(-1.0..=1.0);
        Duration::try_from_secs_f64(seconds.min(most.as_secs_f64()) * spread).unwrap_or(most)
    }

    /// Wakes the readers of all cursors to look again.
    pub fn wake(&self) {
        let cursors = self.cursors.lock().unwrap_or_else(PoisonError::into_inner);
        for cursor in cursors.iter().filter_map(Weak::upgrade) {
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

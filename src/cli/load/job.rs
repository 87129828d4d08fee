//! What becomes of each request: sent, perhaps sent again, and counted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::client::{Answer, Connection};
use super::encoder::Encoder;
use super::pace::Pace;
use super::report::{self, Tally};

/// What all workers of a run share.
pub(super) struct Job {
    pub(super) pace: Pace,
    /// Spans in a request.
    pub(super) spans: u64,
    /// Every Nth request is poisoned; 0: none is.
    pub(super) poison_every: u64,
    /// For how long after its first attempt a request is sent again.
    pub(super) retry_for: Duration,
    pub(super) tally: Mutex<Tally>,
}

// === impl Job ===

/// The first wait before resending when the gateway named none; doubles up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

impl Job {
    /// Sends one request after another until the run is over.
    pub(super) async fn work(self: Arc<Self>, connection: Arc<Connection>, mut encoder: Encoder) {
        while let Some(number) = self.pace.next().await {
            let first = number * self.spans;
            let poisoned = self.is_poisoned(number);
            let body = encoder.encode(first, poisoned);
            self.deliver(&connection, first, &body).await;
            encoder.give_back(body, poisoned);
        }
    }

    /// The last of every `poison_every` requests.
    fn is_poisoned(&self, number: u64) -> bool {
        self.poison_every > 0 && (number + 1).is_multiple_of(self.poison_every)
    }

    /// Sends a request until it is answered for good or its time for resending is over.
    async fn deliver(&self, connection: &Connection, first: u64, body: &Bytes) {
        let started = Instant::now();
        let mut wait = FIRST_WAIT;
        self.tally(|tally| tally.requests_sent += 1);
        loop {
            let answer = connection.send(body.clone()).await;
            let pause = match &answer {
                Answer::Refused {
                    retry_after: Some(delay),
                    ..
                } => *delay,
                // Spread, so that those who were refused together do not come back together.
                _ => wait.mul_f64(rand::random_range(0.5..1.5)),
            };
            wait = (wait * 2).min(LONGEST_WAIT);
            let again = self.settle(first, body.len() as u64, &answer, started);
            if !again || started.elapsed() + pause > self.retry_for {
                self.tally(|tally| tally.requests_given_up += u64::from(!answer.is_acknowledged()));
                return;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Counts an attempt's answer; says whether it may be tried again.
    fn settle(&self, first: u64, bytes: u64, answer: &Answer, started: Instant) -> bool {
        self.tally(|tally| {
            tally.attempts += 1;
            if !matches!(answer, Answer::Failed(_)) {
                tally.bytes_answered += bytes;
            }
            match answer {
                Answer::Acknowledged { rejected } => {
                    tally.acknowledge(first, self.spans, *rejected, started.elapsed());
                    false
                }
                Answer::Refused {
                    code,
                    message,
                    retryable,
                    ..
                } => {
                    tally.last_refusal.clone_from(message);
                    report::count(&mut tally.refused, code);
                    *retryable
                }
                Answer::Failed(reason) => {
                    report::count(&mut tally.failed, reason);
                    true
                }
            }
        })
    }

    fn tally<T>(&self, change: impl FnOnce(&mut Tally) -> T) -> T {
        change(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

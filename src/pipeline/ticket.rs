//! The answer that one client request waits for.
//!
//! A request becomes one record for each exporter it goes to; large records are cut into more. Each of those
//! that the client waits for is a leaf of its ticket. The answer is ready when no leaf is open.

use std::sync::{Arc, Mutex, PoisonError};

use smallvec::SmallVec;
use tokio::sync::oneshot;

use super::verdict::{Accepted, Refused};

/// Collects what became of a request's leaves; shared by them.
#[derive(Debug)]
pub struct Ticket(Mutex<State>);

#[derive(Debug)]
struct State {
    open: usize,
    /// Spans refused for good, by branch.
    rejected: SmallVec<[(Branch, u64); 2]>,
    message: String,
    refused: Option<Refused>,
    /// The client has given up: what is not being sent is withdrawn rather than tried again.
    abandoned: bool,
    answer: Option<oneshot::Sender<Result<Accepted, Refused>>>,
}

/// Which of the exporters that a request goes to. A span that two of them refuse counts once for its client.
pub type Branch = u16;

/// What became of one leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted by the destination, perhaps with a warning (else empty).
    Delivered {
        /// Spans of this leaf that were refused for good.
        rejected: u64,
        /// Why, or a warning; empty when there is nothing to say.
        message: String,
    },
    /// Not accepted; the client may send it again.
    NotNow(Refused),
}

// === impl Ticket ===

impl Ticket {
    /// A ticket with one open leaf, which the maker closes when it has opened all others.
    pub fn new() -> (Arc<Self>, oneshot::Receiver<Result<Accepted, Refused>>) {
        let (answer, receiver) = oneshot::channel();
        let state = State {
            open: 1,
            rejected: SmallVec::new(),
            message: String::new(),
            refused: None,
            abandoned: false,
            answer: Some(answer),
        };
        (Arc::new(Self(Mutex::new(state))), receiver)
    }

    /// Adds `leaves` that the answer waits for.
    pub fn open(&self, leaves: usize) {
        self.state().open += leaves;
    }

    /// Closes the leaf that `new` opened.
    pub fn close(&self) {
        self.settle(
            0,
            Outcome::Delivered {
                rejected: 0,
                message: String::new(),
            },
        );
    }

    /// Closes one leaf; the last one sends the answer.
    pub fn settle(&self, branch: Branch, outcome: Outcome) {
        let mut state = self.state();
        state.add(branch, outcome);
        state.open = state.open.saturating_sub(1);
        if state.open > 0 {
            return;
        }
        let answer = state.answer();
        if let Some(sender) = state.answer.take() {
            drop(state);
            // The client may be gone; then nobody listens.
            drop(sender.send(answer));
        }
    }

    /// From now on nothing of this request is tried again.
    pub fn abandon(&self) {
        self.state().abandoned = true;
    }

    /// Whether the client has given up.
    pub fn abandoned(&self) -> bool {
        self.state().abandoned
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    fn add(&mut self, branch: Branch, outcome: Outcome) {
        match outcome {
            Outcome::Delivered { rejected, message } => {
                if rejected > 0 {
                    self.reject(branch, rejected);
                }
                if self.message.is_empty() {
                    self.message = message;
                }
            }
            Outcome::NotNow(refused) => {
                let later = self
                    .refused
                    .as_ref()
                    .is_none_or(|known| known.retry_after < refused.retry_after);
                if later {
                    self.refused = Some(refused);
                }
            }
        }
    }

    fn reject(&mut self, branch: Branch, spans: u64) {
        match self.rejected.iter_mut().find(|(known, _)| *known == branch) {
            Some((_, sum)) => *sum += spans,
            None => self.rejected.push((branch, spans)),
        }
    }

    fn answer(&mut self) -> Result<Accepted, Refused> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        let rejected_spans = self.rejected.iter().map(|(_, sum)| *sum).max().unwrap_or(0);
        Ok(Accepted {
            rejected_spans,
            message: std::mem::take(&mut self.message),
        })
    }
}

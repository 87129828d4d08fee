//! The connections of one client: kept open to every address behind the endpoint's name, in the background,
//! so that a call only picks one that stands.
//!
//! Promises: calls spread over addresses by least calls in flight; an address that is down takes none; a
//! connection that closes is replaced, at growing intervals (with jitter) while that fails, or as soon as a call
//! wants one; the name is looked up again now and then, and when a connection fails. Everything ends when
//! `Connections` is dropped.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper::client::conn::http2::SendRequest;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;

use super::keeper;
use crate::net::parts::Parts;
use crate::net::resolve::{Address, Target};
use crate::net::tls::Connector;

/// How calls spread over the addresses of a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// Over all of them.
    #[default]
    RoundRobin,
    /// To the first that answers.
    PickFirst,
}

/// Pings that notice a dead peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeepAlive {
    /// A ping is sent after this long without a sign of life.
    pub time: Duration,
    /// How long it may stay unanswered.
    pub timeout: Duration,
    /// Whether to ping while no call is in flight.
    pub permit_without_stream: bool,
}

/// What connections are made to, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The host.
    pub target: Target,
    /// What makes TLS of a connection; in the clear, when absent.
    pub tls: Option<Connector>,
    /// The name by which the server is called, without a port.
    pub host: String,
    /// How calls spread over its addresses.
    pub spread: Spread,
    /// Connections to each address.
    pub connections: usize,
    /// Pings; none unless set.
    pub keep_alive: Option<KeepAlive>,
}

/// Connections to the addresses behind one name.
#[derive(Debug)]
pub struct Connections {
    shared: Arc<Shared>,
    /// Started by the first call, since there is no runtime before.
    keeper: OnceLock<AbortOnDrop>,
}

/// One call's hold on a connection.
#[derive(Debug)]
pub struct Lease {
    /// The connection.
    pub sender: SendRequest<Parts>,
    usage: Arc<Usage>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) plan: Plan,
    pub(super) view: watch::Sender<View>,
    pub(super) resolve_again: Notify,
    /// Changes when a call finds that every connection has failed.
    pub(super) wanted: watch::Sender<()>,
    pub(super) turn: AtomicUsize,
}

/// What calls see.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) slots: Vec<Slot>,
    /// Why the name was not found, when last asked.
    pub(super) unresolved: Option<String>,
}

/// The place of one connection.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) id: u64,
    pub(super) addresses: Vec<Address>,
    pub(super) state: State,
    pub(super) usage: Arc<Usage>,
    /// Ends the task that keeps the connection.
    pub(super) _task: AbortOnDrop,
}

/// What calls have done with a slot's connection.
#[derive(Debug, Default)]
pub(super) struct Usage {
    in_flight: AtomicUsize,
    /// Whether the server has answered on it.
    pub(super) answered: AtomicBool,
}

#[derive(Debug)]
pub(super) enum State {
    Connecting,
    Ready(SendRequest<Parts>),
    Failed(String),
}

#[derive(Debug)]
pub(super) struct AbortOnDrop(pub(super) AbortHandle);

/// What a look at the view tells a call.
enum Pick {
    Taken(Lease),
    /// Something may become ready at any moment.
    Wait,
    /// Nothing stands and nothing is being tried; it is no use to ask for that when there is no address.
    Failed {
        problem: String,
        final_word: bool,
    },
}

// === impl Connections ===

impl Connections {
    /// Connects nowhere before the first call.
    pub fn new(plan: Plan) -> Self {
        let shared = Shared {
            plan,
            view: watch::Sender::default(),
            resolve_again: Notify::new(),
            wanted: watch::Sender::default(),
            turn: AtomicUsize::new(0),
        };
        Self {
            shared: Arc::new(shared),
            keeper: OnceLock::new(),
        }
    }

    /// As if the target's name stood for these addresses.
    #[cfg(test)]
    pub fn fixed(plan: Plan, addresses: Vec<Address>) -> Self {
        let connections = Self::new(plan);
        let shared = connections.shared.clone();
        let keeper = tokio::spawn(async move {
            let mut tasks = tokio::task::JoinSet::new();
            shared
                .view
                .send_modify(|view| keeper::renew(view, &shared, addresses, &mut tasks, &mut 0));
            std::future::pending::<()>().await
        });
        connections
            .keeper
            .set(AbortOnDrop(keeper.abort_handle()))
            .unwrap();
        connections
    }

    /// A connection for one call; waits while one is being opened. When all have failed they are tried once more;
    /// unless `wait_for_ready`, it then says why none can be had.
    pub async fn lease(&self, wait_for_ready: bool) -> Result<Lease, String> {
        self.keeper.get_or_init(|| {
            AbortOnDrop(tokio::spawn(keeper::keep_resolved(self.shared.clone())).abort_handle())
        });
        let mut view = self.shared.view.subscribe();
        let mut tried = false;
        loop {
            let turn = self.shared.turn.fetch_add(1, Ordering::Relaxed);
            let pick = view.borrow_and_update().pick(turn);
            match pick {
                Pick::Taken(lease) => return Ok(lease),
                Pick::Failed { problem, final_word } if !wait_for_ready && (tried || final_word) => {
                    return Err(problem);
                }
                Pick::Failed { .. } => {
                    tried = true;
                    self.shared.wanted.send_replace(());
                }
                Pick::Wait => {}
            }
            if view.changed().await.is_err() {
                return Err("the exporter has been shut down".into());
            }
        }
    }

    /// What stands in the way of a connection, for a person; empty when nothing is known.
    pub fn trouble(&self) -> String {
        let view = self.shared.view.borrow();
        let failed = view.slots.iter().filter_map(Slot::failure).next_back();
        failed
            .or(view.unresolved.as_deref())
            .unwrap_or_default()
            .to_owned()
    }
}

// === impl View ===

impl View {
    fn pick(&self, turn: usize) -> Pick {
        // Among equals the turn decides, so that idle connections take calls one after the other.
        let (before, after) = self
            .slots
            .split_at(turn.checked_rem(self.slots.len()).unwrap_or(0));
        let ready = after.iter().chain(before).filter_map(Slot::ready);
        let in_flight = |usage: &Usage| usage.in_flight.load(Ordering::Relaxed);
        if let Some((sender, usage)) = ready.min_by_key(|(_, usage)| in_flight(usage)) {
            return Pick::Taken(Lease::new(sender, usage));
        }
        let failures: Vec<&str> = self.slots.iter().filter_map(Slot::failure).collect();
        match (&self.unresolved, failures.last()) {
            (_, Some(problem)) if failures.len() == self.slots.len() => Pick::Failed {
                problem: (*problem).to_owned(),
                final_word: false,
            },
            (Some(problem), None) if self.slots.is_empty() => Pick::Failed {
                problem: problem.clone(),
                final_word: true,
            },
            _ => Pick::Wait,
        }
    }

    pub(super) fn set(&mut self, id: u64, state: State) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == id) {
            slot.state = state;
        }
    }
}

// === impl Slot ===

impl Slot {
    fn ready(&self) -> Option<(&SendRequest<Parts>, &Arc<Usage>)> {
        match &self.state {
            State::Ready(sender) if !sender.is_closed() => Some((sender, &self.usage)),
            _ => None,
        }
    }

    fn failure(&self) -> Option<&str> {
        match &self.state {
            State::Failed(problem) => Some(problem),
            _ => None,
        }
    }
}

// === impl Lease ===

impl Lease {
    fn new(sender: &SendRequest<Parts>, usage: &Arc<Usage>) -> Self {
        usage.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            sender: sender.clone(),
            usage: usage.clone(),
        }
    }

    /// Notes that the server has answered on this connection.
    pub fn answered(&self) {
        self.usage.answered.store(true, Ordering::Relaxed);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.usage.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

//! The connections of one client: kept open to every address behind the endpoint's name, in the background,
//! so that a call only picks one that stands.
//!
//! Promises: calls spread over addresses by least calls in flight; an address that is down takes none; a
//! connection that closes is replaced, at growing intervals (with jitter) while that fails, or as soon as a call
//! wants one; the name is looked up again now and then, and when a connection fails. Everything ends when
//! `Connections` is dropped.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use crate::net::causes::chain;
use crate::net::io::Coalesced;
use crate::net::parts::Parts;
use crate::net::resolve::{self, Target};

/// One window of a stream and of a connection: OTLP's answers are small, this is never reached.
const WINDOW: u32 = 1024 * 1024;

/// Data frames that we accept.
const MAX_FRAME: u32 = 256 * 1024;

/// How much of a request lies in the connection's own buffer.
const SEND_BUFFER: usize = 1024 * 1024;

/// The first wait after a connection has failed; grows by [`BACKOFF_GROWTH`] up to [`BACKOFF_MAX`].
const BACKOFF_FIRST: Duration = Duration::from_millis(250);
const BACKOFF_GROWTH: f64 = 1.6;
const BACKOFF_MAX: Duration = Duration::from_secs(20);

/// The least wait, however many calls want a connection.
const BACKOFF_LEAST: Duration = Duration::from_millis(100);

/// A connection that lived this long had not failed.
const LIVED: Duration = Duration::from_secs(10);

/// How old a lookup of the name may become, and how soon it may be repeated after a failure.
const RESOLVE_EVERY: Duration = Duration::from_secs(30);
const RESOLVE_AT_MOST_EVERY: Duration = Duration::from_secs(2);

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
    /// How calls spread over its addresses.
    pub spread: Spread,
    /// Connections to each address.
    pub connections: usize,
    /// Pings; none unless set.
    pub keep_alive: Option<KeepAlive>,
}

/// See the module.
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
    in_flight: Arc<AtomicUsize>,
}

#[derive(Debug)]
struct Shared {
    plan: Plan,
    view: watch::Sender<View>,
    resolve_again: Notify,
    /// Changes when a call finds that every connection has failed.
    wanted: watch::Sender<()>,
    turn: AtomicUsize,
}

/// What calls see.
#[derive(Debug, Default)]
struct View {
    slots: Vec<Slot>,
    /// Why the name was not found, when last asked.
    unresolved: Option<String>,
}

/// The place of one connection.
#[derive(Debug)]
struct Slot {
    id: u64,
    addresses: Vec<SocketAddr>,
    state: State,
    in_flight: Arc<AtomicUsize>,
    /// Ends the task that keeps the connection.
    _task: AbortOnDrop,
}

#[derive(Debug)]
enum State {
    Connecting,
    Ready(SendRequest<Parts>),
    Failed(String),
}

#[derive(Debug)]
struct AbortOnDrop(AbortHandle);

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
    pub fn fixed(plan: Plan, addresses: Vec<SocketAddr>) -> Self {
        let connections = Self::new(plan);
        let shared = connections.shared.clone();
        let keeper = tokio::spawn(async move {
            let mut tasks = JoinSet::new();
            shared
                .view
                .send_modify(|view| renew(view, &shared, addresses, &mut tasks, &mut 0));
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
        self.keeper
            .get_or_init(|| AbortOnDrop(tokio::spawn(keep_resolved(self.shared.clone())).abort_handle()));
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
        if let Some((sender, in_flight)) =
            ready.min_by_key(|(_, in_flight)| in_flight.load(Ordering::Relaxed))
        {
            return Pick::Taken(Lease::new(sender, in_flight));
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

    fn set(&mut self, id: u64, state: State) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.id == id) {
            slot.state = state;
        }
    }
}

// === impl Slot ===

impl Slot {
    fn ready(&self) -> Option<(&SendRequest<Parts>, &Arc<AtomicUsize>)> {
        match &self.state {
            State::Ready(sender) if !sender.is_closed() => Some((sender, &self.in_flight)),
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
    fn new(sender: &SendRequest<Parts>, in_flight: &Arc<AtomicUsize>) -> Self {
        in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            sender: sender.clone(),
            in_flight: in_flight.clone(),
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Keeps the slots in step with the addresses behind the name.
async fn keep_resolved(shared: Arc<Shared>) {
    let target = &shared.plan.target;
    // Owns the slots' tasks, which end with it.
    let mut tasks = JoinSet::new();
    let mut next_id = 0;
    loop {
        while tasks.try_join_next().is_some() {}
        match target.resolve().await {
            Ok(addresses) => shared.view.send_modify(|view| {
                view.unresolved = None;
                renew(view, &shared, addresses, &mut tasks, &mut next_id);
            }),
            Err(error) => shared.view.send_modify(|view| {
                view.unresolved = Some(format!("cannot look up {}: {error}", target.host));
            }),
        }
        if target.is_address() {
            return std::future::pending().await;
        }
        tokio::time::sleep(RESOLVE_AT_MOST_EVERY).await;
        if shared.view.borrow().unresolved.is_none() {
            let soon = RESOLVE_EVERY.mul_f64(rand::random_range(0.8..1.2));
            // A timeout is the ordinary case; either way it is time to look again.
            tokio::time::timeout(soon, shared.resolve_again.notified())
                .await
                .ok();
        }
    }
}

/// Keeps the slots whose addresses are still named, drops the others and opens what is missing.
fn renew(
    view: &mut View,
    shared: &Arc<Shared>,
    addresses: Vec<SocketAddr>,
    tasks: &mut JoinSet<()>,
    next_id: &mut u64,
) {
    let groups = match shared.plan.spread {
        Spread::RoundRobin => addresses.into_iter().map(|address| vec![address]).collect(),
        Spread::PickFirst => vec![addresses],
    };
    let mut old = std::mem::take(&mut view.slots);
    for group in groups {
        for _ in 0..shared.plan.connections {
            let slot = match old.iter().position(|slot| slot.addresses == group) {
                Some(place) => old.swap_remove(place),
                None => {
                    *next_id += 1;
                    open_slot(shared, *next_id, group.clone(), tasks)
                }
            };
            view.slots.push(slot);
        }
    }
}

fn open_slot(shared: &Arc<Shared>, id: u64, addresses: Vec<SocketAddr>, tasks: &mut JoinSet<()>) -> Slot {
    let task = tasks.spawn(keep_connected(shared.clone(), id, addresses.clone()));
    Slot {
        id,
        addresses,
        state: State::Connecting,
        in_flight: Arc::default(),
        _task: AbortOnDrop(task),
    }
}

/// Keeps one connection open for as long as its slot exists.
async fn keep_connected(shared: Arc<Shared>, id: u64, addresses: Vec<SocketAddr>) {
    let set = |state| shared.view.send_modify(|view| view.set(id, state));
    let mut failures: u32 = 0;
    loop {
        set(State::Connecting);
        let opened = Instant::now();
        let ended = connect_once(&shared.plan, &addresses, |sender| set(State::Ready(sender))).await;
        match &ended {
            Ok(()) if opened.elapsed() >= LIVED => failures = 0,
            _ => failures += 1,
        }
        let problem = match ended {
            // A first early end may be a server that restarts; one that goes on like this is left alone.
            Ok(()) if failures <= 1 => {
                shared.resolve_again.notify_one();
                continue;
            }
            Ok(()) => "it closes connections as soon as they are open".into(),
            Err(problem) => problem,
        };
        let mut wanted = shared.wanted.subscribe();
        set(State::Failed(format!(
            "cannot connect to {}: {problem}",
            shared.plan.target
        )));
        shared.resolve_again.notify_one();
        tokio::time::sleep(BACKOFF_LEAST).await;
        let rest = backoff(failures).saturating_sub(BACKOFF_LEAST);
        // Wanted or not: it is time to try again.
        drop(tokio::time::timeout(rest, wanted.changed()).await);
    }
}

/// Connects, tells, and returns when the connection has ended.
async fn connect_once(
    plan: &Plan,
    addresses: &[SocketAddr],
    ready: impl FnOnce(SendRequest<Parts>),
) -> Result<(), String> {
    let stream = resolve::connect(addresses)
        .await
        .map_err(|error| error.to_string())?;
    let mut http2 = http2::Builder::new(TokioExecutor::new());
    http2
        .timer(TokioTimer::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_frame_size(MAX_FRAME)
        .max_send_buf_size(SEND_BUFFER);
    if let Some(keep_alive) = plan.keep_alive {
        http2
            .keep_alive_interval(keep_alive.time)
            .keep_alive_timeout(keep_alive.timeout)
            .keep_alive_while_idle(keep_alive.permit_without_stream);
    }
    let (sender, connection) = http2
        .handshake(TokioIo::new(Coalesced::new(stream)))
        .await
        .map_err(|error| chain(&error))?;
    ready(sender);
    // How it ended, its calls have been told; here it only matters that it has.
    connection.await.ok();
    Ok(())
}

fn backoff(failures: u32) -> Duration {
    let exponent = i32::try_from(failures.saturating_sub(1).min(32)).unwrap_or(32);
    let wait = BACKOFF_FIRST
        .mul_f64(BACKOFF_GROWTH.powi(exponent))
        .min(BACKOFF_MAX);
    wait.mul_f64(rand::random_range(0.8..1.2))
}

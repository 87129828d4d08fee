//! The tasks behind a client's connections: one looks the name up and opens a slot for each address, and each
//! slot has one that keeps its connection open. They end when the first is aborted.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::connections::{AbortOnDrop, Plan, Shared, Slot, Spread, State, Usage, View};
use crate::net::causes::chain;
use crate::net::io::Coalesced;
use crate::net::parts::Parts;
use crate::net::resolve::{self, Address};
use crate::net::stream::Stream;

/// One window of a stream and of a connection: OTLP's answers are small, this is never reached.
const WINDOW: u32 = 1024 * 1024;

/// Data frames that we accept.
const MAX_FRAME: u32 = 256 * 1024;

/// How much of a request lies in the connection's own buffer.
const SEND_BUFFER: usize = 1024 * 1024;

/// The first wait after a connection has failed; grows by [`BACKOFF_GROWTH`] up to [`BACKOFF_MAX`].
const BACKOFF_FIRST: Duration = Duration::from_millis(250);
const BACKOFF_GROWTH: f64 = 1.6;
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// Connections that end early are tried again after a wait that has grown this often at most.
const EARLY_ENDS: u32 = 3;

/// The least wait, however many calls want a connection.
const BACKOFF_LEAST: Duration = Duration::from_millis(100);

/// A connection that lived this long, or answered a call, had not failed.
const LIVED: Duration = Duration::from_secs(10);

/// How old a lookup of the name may become, and how soon it may be repeated after a failure.
const RESOLVE_EVERY: Duration = Duration::from_secs(30);
const RESOLVE_AT_MOST_EVERY: Duration = Duration::from_secs(2);

/// Keeps the slots in step with the addresses behind the name.
pub(super) async fn keep_resolved(shared: Arc<Shared>) {
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
                view.unresolved = Some(format!("cannot look up {}: {error}", target.host()));
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
pub(super) fn renew(
    view: &mut View,
    shared: &Arc<Shared>,
    addresses: Vec<Address>,
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

fn open_slot(shared: &Arc<Shared>, id: u64, addresses: Vec<Address>, tasks: &mut JoinSet<()>) -> Slot {
    let usage = Arc::<Usage>::default();
    let task = tasks.spawn(keep_connected(
        shared.clone(),
        id,
        addresses.clone(),
        usage.clone(),
    ));
    Slot {
        id,
        addresses,
        state: State::Connecting,
        usage,
        _task: AbortOnDrop(task),
    }
}

/// Keeps one connection open for as long as its slot exists.
async fn keep_connected(shared: Arc<Shared>, id: u64, addresses: Vec<Address>, usage: Arc<Usage>) {
    let set = |state| shared.view.send_modify(|view| view.set(id, state));
    let mut wanted = shared.wanted.subscribe();
    let mut failures: u32 = 0;
    loop {
        set(State::Connecting);
        let opened = Instant::now();
        let ended = connect_once(&shared.plan, &addresses, |sender| set(State::Ready(sender))).await;
        let useful = usage.answered.swap(false, Ordering::Relaxed) || opened.elapsed() >= LIVED;
        match &ended {
            Ok(()) if useful => failures = 0,
            _ => failures += 1,
        }
        let problem = match ended {
            // A first early end may be a server that restarts; one that goes on like this is left alone.
            Ok(()) if failures <= 1 => {
                shared.resolve_again.notify_one();
                continue;
            }
            // It is there, if not for long: an absence of a moment must not be waited for longer than it lasts.
            Ok(()) => {
                failures = failures.min(EARLY_ENDS);
                "it closes connections as soon as they are open".into()
            }
            Err(problem) => problem,
        };
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
    addresses: &[Address],
    ready: impl FnOnce(SendRequest<Parts>),
) -> Result<(), String> {
    let socket = resolve::connect(addresses)
        .await
        .map_err(|error| error.to_string())?;
    let stream = match &plan.tls {
        Some(tls) => tls
            .connect(&plan.host, socket)
            .await
            .map_err(|error| error.to_string())?,
        None => Stream::Plain(socket),
    };
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

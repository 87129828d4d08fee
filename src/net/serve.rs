//! Serves HTTP on a listener until told to stop: who may connect, what a connection may cost, when it ends.
//!
//! Promises: every connection's receive window is paid for by the budget while it lives, and all connections
//! of a listener together take at most half of it, so that requests find room; when that is taken, a new connection replaces
//! the one that has been idle for longest; after `stop` no connection is accepted, requests in flight are answered, the first of a
//! connection that has just been accepted included, and then [`serve`] returns.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::task::{AbortHandle, Id, JoinSet};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::io::{Coalesced, READ_BUFFER};
use super::listen::Listener;
use super::stream::{Socket, Stream};
use super::tls::Acceptor;
use super::together::{Inbox, Requests};
use crate::pipeline::budget::{Budget, Reservation};
use crate::telemetry::receiver::ConnectionEvents;

/// What a connection costs beside its window, in bytes: the codec's buffers and ours.
const FIXED: usize = READ_BUFFER;

/// The most of a receive window, in bytes: beyond it nothing gets faster on a local network.
const WIDEST: usize = 1024 * 1024;

/// The least of a receive window, in bytes: about what HTTP/2 starts with.
const NARROWEST: usize = 64 * 1024;

/// A new connection gets this part of what connections may still take: a few clients get wide windows, and
/// many clients find room.
const PART: usize = 512;

/// How long a connection without requests in flight may take to agree that it ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long a connection that was accepted has for its first request, though the listener stops: its client could not know.
const FIRST: Duration = Duration::from_millis(500);

/// How often it is looked for that request.
const LOOK: Duration = Duration::from_millis(10);

/// A connection that has been idle for less may be about to send something, and is not ended for another.
const SETTLED: Duration = Duration::from_secs(1);

/// How far an age is moved either way at random, so that clients do not come back all at once.
const JITTER: f64 = 0.1;

/// How connections are treated. `None` where something is not bounded.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether HTTP/1.1 is refused.
    pub http2_only: bool,
    /// Requests in flight on one connection of HTTP/2.
    pub max_concurrent_streams: u32,
    /// How long a connection is silent before it is asked whether it lives, and how long it has to answer.
    pub ping: Option<(Duration, Duration)>,
    /// How long a connection may have no request in flight.
    pub max_idle: Option<Duration>,
    /// How long a connection may live before it is asked to end.
    pub max_age: Option<Duration>,
    /// How long its requests in flight may take after that.
    pub max_age_grace: Option<Duration>,
    /// How long the head of a request of HTTP/1.1 may take, counted from the end of the one before.
    pub header_timeout: Option<Duration>,
    /// Whether a connection of HTTP/1.1 may carry more than one request.
    pub keep_alive: bool,
}

/// What a connection's service is told about it.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The client's address, where it has one.
    pub peer: Option<SocketAddr>,
    /// Counts requests in flight: a service holds [`Activity::request`] for as long as each takes.
    pub activity: Arc<Activity>,
}

/// Whether a connection has requests in flight, and since when it has none.
#[derive(Debug)]
pub struct Activity {
    start: Instant,
    open: AtomicUsize,
    /// Milliseconds after `start` of the last change.
    changed: AtomicU64,
}

/// A request in flight.
#[derive(Debug)]
pub struct InFlight(Arc<Activity>);

/// Serves each connection with what `new_service` makes for it.
pub async fn serve<F, S, B>(
    listener: Listener,
    settings: Settings,
    budget: Budget,
    events: ConnectionEvents,
    new_service: F,
    stop: CancellationToken,
) where
    F: Fn(Connection) -> S,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync,
{
    let settings = Arc::new(settings);
    let tls = listener.tls().cloned();
    let admission = Admission::new(budget, tls.as_ref().map_or(0, |_| Acceptor::COST));
    let mut connections = Connections::default();
    loop {
        let (socket, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(()) = connections.ended() => continue,
            () = stop.cancelled() => break,
        };
        let place = match admission.admit() {
            None if connections.end_idle(&events).await => admission.admit(),
            place => place,
        };
        let Some(place) = place else {
            events.refused(peer);
            continue;
        };
        let activity = Arc::new(Activity::new());
        let service = new_service(Connection {
            peer,
            activity: activity.clone(),
        });
        let (settings, events, stop, tls) = (settings.clone(), events.clone(), stop.clone(), tls.clone());
        let known = activity.clone();
        connections.open(known, async move {
            let _open = events.opened();
            let secured = tokio::select! {
                secured = secure(socket, tls) => secured,
                () = async { stop.cancelled().await; sleep(FIRST).await } => return,
            };
            match secured {
                Ok(stream) => drive(stream, service, &settings, place, &activity, &stop).await,
                Err(error) => events.insecure(peer, &error),
            }
        });
    }
    drop(listener);
    while connections.ended().await.is_some() {}
}

async fn secure(socket: Socket, tls: Option<Acceptor>) -> std::io::Result<Stream> {
    match tls {
        Some(tls) => tls.accept(socket).await,
        None => Ok(Stream::Plain(socket)),
    }
}

/// Serves one connection to its end.
async fn drive<S, B>(
    stream: Stream,
    service: S,
    settings: &Settings,
    place: Place,
    activity: &Activity,
    stop: &CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync,
{
    let mut requests = Requests::default();
    let builder = settings.builder(place.window, requests.inbox());
    let io = TokioIo::new(Coalesced::new(stream));
    let mut connection = std::pin::pin!(builder.serve_connection(io, service));
    // What ends a connection is the client's business, except that we asked for it; either way the
    // requests have had their verdicts.
    let grace = tokio::select! {
        _ = requests.drive(connection.as_mut()) => return,
        grace = settings.end(activity, stop) => grace,
    };
    connection.as_mut().graceful_shutdown();
    tokio::select! {
        _ = requests.drive(connection) => {}
        () = activity.farewell() => {}
        () = after(grace) => {}
    }
}

/// Waits for `limit`, or for ever.
async fn after(limit: Option<Duration>) {
    match limit {
        Some(limit) => sleep(limit).await,
        None => std::future::pending().await,
    }
}

/// The connections that are open.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    open: HashMap<Id, (Arc<Activity>, AbortHandle)>,
}

/// Decides whether there is room for one more connection.
struct Admission {
    budget: Budget,
    /// What a connection costs beside its window, in bytes.
    fixed: usize,
    taken: Arc<AtomicUsize>,
}

/// What a connection has reserved.
struct Place {
    window: u32,
    bytes: usize,
    taken: Arc<AtomicUsize>,
    _reservation: Reservation,
}

// === impl Connections ===

impl Connections {
    fn open(&mut self, activity: Arc<Activity>, task: impl Future<Output = ()> + Send + 'static) {
        let handle = self.tasks.spawn(task);
        self.open.insert(handle.id(), (activity, handle));
    }

    /// Waits for one of them to end; none when there are none.
    async fn ended(&mut self) -> Option<()> {
        let id = match self.tasks.join_next_with_id().await? {
            Ok((id, ())) => id,
            Err(error) => error.id(),
        };
        self.open.remove(&id);
        Some(())
    }

    /// Ends the connection that has had no request for longest, and waits until its place is free; false when all are busy.
    async fn end_idle(&mut self, events: &ConnectionEvents) -> bool {
        let idle = self.open.iter().filter_map(|(id, (activity, handle))| {
            let idle = activity.idle_for().filter(|idle| *idle >= SETTLED)?;
            Some((idle, *id, handle))
        });
        let Some((_, id, handle)) = idle.max_by_key(|(idle, ..)| *idle) else {
            return false;
        };
        handle.abort();
        events.displaced();
        while self.open.contains_key(&id) {
            self.ended().await;
        }
        true
    }
}

// === impl Admission ===

impl Admission {
    fn new(budget: Budget, more: usize) -> Self {
        Self {
            budget,
            fixed: FIXED + more,
            taken: Arc::default(),
        }
    }

    fn admit(&self) -> Option<Place> {
        let share = self.budget.limit() / 2;
        let taken = self.taken.load(Ordering::Relaxed);
        let window = (share.saturating_sub(taken) / PART).clamp(NARROWEST, WIDEST);
        let bytes = window + self.fixed;
        // Only the accept loop adds, so that reading first is enough.
        if taken + bytes > share {
            return None;
        }
        let reservation = self.budget.reserve(bytes).ok()?;
        self.taken.fetch_add(bytes, Ordering::Relaxed);
        Some(Place {
            window: u32::try_from(window).unwrap_or(u32::MAX),
            bytes,
            taken: self.taken.clone(),
            _reservation: reservation,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

// === impl Settings ===

impl Default for Settings {
    fn default() -> Self {
        Self {
            http2_only: false,
            max_concurrent_streams: 1024,
            ping: None,
            max_idle: None,
            max_age: None,
            max_age_grace: None,
            header_timeout: None,
            keep_alive: true,
        }
    }
}

impl Settings {
    fn builder(&self, window: u32, inbox: Inbox) -> auto::Builder<Inbox> {
        let mut builder = auto::Builder::new(inbox);
        if self.http2_only {
            builder = builder.http2_only();
        }
        builder
            .http1()
            .timer(TokioTimer::new())
            .max_buf_size(window as usize)
            .keep_alive(self.keep_alive)
            .header_read_timeout(self.header_timeout);
        let mut http2 = builder.http2();
        http2
            .timer(TokioTimer::new())
            // gRPC has no use for a date.
            .auto_date_header(!self.http2_only)
            .initial_stream_window_size(window)
            .initial_connection_window_size(window)
            .max_frame_size(window)
            .max_concurrent_streams(self.max_concurrent_streams);
        if let Some((time, answer)) = self.ping {
            http2.keep_alive_interval(time).keep_alive_timeout(answer);
        }
        builder
    }

    /// Waits for a reason to end a connection; says how long its requests in flight may still take.
    async fn end(&self, activity: &Activity, stop: &CancellationToken) -> Option<Duration> {
        let age = self
            .max_age
            .map(|age| age.mul_f64(1.0 + JITTER * (2.0 * rand::random::<f64>() - 1.0)));
        let idle = async {
            match self.max_idle {
                Some(limit) => activity.idle(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = async { stop.cancelled().await; activity.begun().await } => None,
            () = idle => None,
            () = after(age) => self.max_age_grace,
        }
    }
}

// === impl Activity ===

impl Activity {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            open: AtomicUsize::new(0),
            changed: AtomicU64::new(0),
        }
    }

    /// Counts a request, until the result is dropped.
    pub fn request(self: &Arc<Self>) -> InFlight {
        self.open.fetch_add(1, Ordering::Relaxed);
        InFlight(self.clone())
    }

    /// Waits until there has been a request, or time enough for one.
    async fn begun(&self) {
        let is_fresh = || self.open.load(Ordering::Relaxed) == 0 && self.changed.load(Ordering::Relaxed) == 0;
        while is_fresh() && self.start.elapsed() < FIRST {
            sleep(LOOK).await;
        }
    }

    /// For how long there has been no request in flight; none while there is one.
    fn idle_for(&self) -> Option<Duration> {
        let changed = self.start + Duration::from_millis(self.changed.load(Ordering::Relaxed));
        (self.open.load(Ordering::Relaxed) == 0).then(|| changed.elapsed())
    }

    /// Waits until a connection that was asked to end has had the time to, and has nothing in flight.
    async fn farewell(&self) {
        sleep(FAREWELL).await;
        self.idle(FAREWELL).await;
    }

    /// Waits until there has been no request in flight for `limit`.
    async fn idle(&self, limit: Duration) {
        loop {
            match self.idle_for() {
                None => sleep(limit).await,
                Some(quiet) if quiet >= limit => return,
                Some(quiet) => sleep(limit - quiet).await,
            }
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let now = u64::try_from(self.0.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.changed.store(now, Ordering::Relaxed);
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

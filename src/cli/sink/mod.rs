//! `spanway sink`: takes OTLP traces over gRPC and HTTP, counts the spans and the distinct ones among them, and
//! misbehaves as told: refuses, delays, throttles, pauses, goes away.
//!
//! It promises: a span is counted as taken only when its request is about to be answered with success; counts
//! outlive the connections it cuts; memory is bounded by the flags. It looks no deeper than a span's ids and name.

mod behaviour;
mod body;
mod control;
mod ledger;
mod listen;
mod reply;
mod service;

use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use self::behaviour::Behaviour;
use self::ledger::{Bounds, Ledger};

/// Takes spans, counts the distinct ones, and misbehaves on request.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Where to listen for gRPC (HTTP is understood here too); port 0 picks a free one.
    #[arg(long, default_value = "localhost:14317")]
    grpc: String,
    /// Where to listen for HTTP (gRPC is understood here too).
    #[arg(long, default_value = "localhost:14318")]
    http: String,
    /// Where to listen for control: GET it for what it knows.
    #[arg(long, default_value = "localhost:14319")]
    control: String,
    /// Count spans without telling them apart, which is cheaper.
    #[arg(long)]
    count_only: bool,
    /// Distinct spans that are told apart, at 9 to 18 bytes of memory each; those beyond are only counted.
    #[arg(long, default_value_t = 100_000_000)]
    max_distinct: u64,
    /// Keep this many of the last requests for GET /requests.pb.
    #[arg(long, default_value_t = 0)]
    keep: usize,
    /// Keep at most this many bytes of them.
    #[arg(long, default_value_t = 256 << 20)]
    keep_bytes: usize,
    /// The largest request taken, in bytes, before and after decompression.
    #[arg(long, default_value_t = 256 << 20)]
    max_request_bytes: usize,
    #[command(flatten)]
    behaviour: Behaviour,
}

/// One sink: what it has seen and how it behaves.
struct Sink {
    started: Instant,
    ledger: Mutex<Ledger>,
    behaviour: Mutex<Arc<Behaviour>>,
    /// Whether the sink is absent; connections end when it becomes so.
    down: watch::Sender<bool>,
    tells_apart: bool,
    max_request_bytes: usize,
    /// When the spans taken so far will have been paid for at the throttle's rate, and the bytes at theirs.
    spans_paid: Mutex<Instant>,
    bytes_paid: Mutex<Instant>,
}

/// How much above its rate the throttle takes at once.
const BURST: Duration = Duration::from_millis(100);
/// Where a sink listens.
#[derive(Clone, Debug, Serialize)]
struct Addresses {
    grpc: SocketAddr,
    http: SocketAddr,
    control: SocketAddr,
}

/// Prints one line of JSON with its addresses, serves until SIGTERM or SIGINT, and prints its counts.
pub async fn run(args: Args) -> Result<(), String> {
    let (sink, addresses) = start(&args).await?;
    print_line(&addresses)?;
    until_signal().await?;
    print_line(&sink.ledger().stats())
}

/// Starts serving; the runtime's end is the sink's.
async fn start(args: &Args) -> Result<(Arc<Sink>, Addresses), String> {
    args.behaviour.validate()?;
    let (grpc, grpc_address) = listen::bind(&args.grpc).await?;
    let (http, http_address) = listen::bind(&args.http).await?;
    let (control, control_address) = listen::bind(&args.control).await?;
    let sink = Arc::new(Sink::new(args));
    tokio::spawn(listen::absences(sink.clone()));
    tokio::spawn(listen::accept(sink.clone(), grpc));
    tokio::spawn(listen::accept(sink.clone(), http));
    tokio::spawn(listen::accept_control(sink.clone(), control));
    let addresses = Addresses {
        grpc: grpc_address,
        http: http_address,
        control: control_address,
    };
    Ok((sink, addresses))
}

fn print_line(what: &impl Serialize) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("cannot print: {error}");
    let line = serde_json::to_string(what).map_err(|error| failed(&error))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| failed(&error))
}

async fn until_signal() -> Result<(), String> {
    let failed = |error| format!("cannot wait for signals: {error}");
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

// === impl Sink ===

impl Sink {
    fn new(args: &Args) -> Self {
        let bounds = Bounds {
            max_distinct: args.max_distinct,
            keep_requests: args.keep,
            keep_bytes: args.keep_bytes,
        };
        let started = Instant::now();
        Self {
            started,
            ledger: Mutex::new(Ledger::new(bounds)),
            behaviour: Mutex::new(Arc::new(args.behaviour.clone())),
            down: watch::Sender::new(args.behaviour.down),
            tells_apart: !args.count_only,
            max_request_bytes: args.max_request_bytes,
            spans_paid: Mutex::new(started),
            bytes_paid: Mutex::new(started),
        }
    }

    fn age(&self) -> Duration {
        self.started.elapsed()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    fn behaviour(&self) -> Arc<Behaviour> {
        lock(&self.behaviour).clone()
    }

    fn behave(&self, behaviour: Behaviour) {
        *lock(&self.behaviour) = Arc::new(behaviour);
    }

    /// Takes these spans at the rate, a little ahead of it; else says when there is room again.
    fn throttle(&self, spans_per_second: u64, spans: u64) -> Result<(), Duration> {
        if spans_per_second == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let mut paid = lock(&self.spans_paid);
        let ahead = paid.saturating_duration_since(now);
        if ahead > BURST {
            return Err(ahead - BURST + Duration::from_millis(1));
        }
        *paid = now + ahead + Duration::from_secs_f64(spans as f64 / spans_per_second as f64);
        Ok(())
    }

    /// How long to wait so that bytes are taken at no more than the rate; none when there is no rate.
    fn slow_down(&self, bytes_per_second: u64, bytes: usize) -> Option<Duration> {
        if bytes_per_second == 0 {
            return None;
        }
        let now = Instant::now();
        let mut paid = lock(&self.bytes_paid);
        *paid = now.max(*paid) + Duration::from_secs_f64(bytes as f64 / bytes_per_second as f64);
        Some(paid.saturating_duration_since(now))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;

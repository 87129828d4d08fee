//! `spanway load`: sends spans over OTLP/gRPC or OTLP/HTTP and says what became of them.
//!
//! It promises: every span has ids of its own over the whole run (resending keeps them), so that a sink can
//! tell lost from repeated; the report counts a span as acknowledged only after a success answer; nothing is
//! built or compressed while sending that could be built before, so that one core saturates a gateway.

mod client;
mod encoder;
mod job;
mod pace;
pub(crate) mod report;
mod template;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use tokio::task::JoinSet;

use self::client::{Connection, Target};
use self::encoder::{Encoder, Encoding};
use self::job::Job;
use self::pace::Pace;
use self::report::{AcknowledgedIds, Report, Tally};
use self::template::{Shape, Template};
use super::duration;
use super::numbering::Run;

/// Sends spans as fast as asked and reports what was acknowledged, how fast, and how late.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Host and port of the gateway; `localhost:4317` for grpc, `localhost:4318` for http unless given.
    #[arg(long)]
    endpoint: Option<String>,
    /// OTLP over gRPC, or protobuf over HTTP/1.1 (where each request in flight has its own connection).
    #[arg(long, value_enum, default_value_t = Protocol::Grpc)]
    protocol: Protocol,
    /// Compression of each request; gzip is at level 1.
    #[arg(long, value_enum, default_value_t = Codec::None)]
    compression: Codec,
    /// Spans in a request.
    #[arg(long, default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    spans_per_request: u32,
    /// Encoded size of a span in bytes; 10 attributes need about 420, which is the least.
    #[arg(long, default_value_t = 500)]
    span_bytes: usize,
    /// Resources (services) that the spans of a request are spread over.
    #[arg(long, default_value_t = 5)]
    resources: usize,
    /// Connections that the requests in flight share (grpc).
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Requests that wait for their answer at a time, over all connections.
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    in_flight: u16,
    /// Spans a second, evenly paced; 0 sends as fast as answers come.
    #[arg(long, default_value_t = 0)]
    rate: u64,
    /// Stop after this many spans, rounded up to whole requests.
    #[arg(long, conflicts_with = "duration")]
    spans: Option<u64>,
    /// Stop sending new requests after this time; 10s when neither this nor --spans is given.
    #[arg(long, value_parser = duration)]
    duration: Option<Duration>,
    /// How long one attempt may take; told to the gateway as grpc-timeout.
    #[arg(long, default_value = "10s", value_parser = duration)]
    timeout: Duration,
    /// Resend what was refused for now (UNAVAILABLE, 503 and their like) or failed, for this long after the first
    /// attempt, waiting as RetryInfo or Retry-After says; 0 never resends.
    #[arg(long, default_value = "1m", value_parser = duration)]
    retry_for: Duration,
    /// Give the first span of every Nth request the name of --poison-name; 0 gives it to none.
    #[arg(long, default_value_t = 0)]
    poison_every: u64,
    /// The name of poisoned spans, for a destination that refuses it.
    #[arg(long, default_value = "poison")]
    poison_name: String,
    /// The number from which all ids of the run follow; random unless given.
    #[arg(long)]
    seed: Option<u64>,
    /// Write which spans were acknowledged into this file, as JSON for the sink's POST /missing.
    #[arg(long, value_name = "FILE")]
    acknowledged_ids: Option<PathBuf>,
    /// Print the report as one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Protocol {
    Grpc,
    Http,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Codec {
    None,
    Gzip,
}

/// Sends, waits for what is in flight, and prints the report. Fails only when it cannot start or write.
pub async fn run(args: Args) -> Result<(), String> {
    let run = Run::new(args.seed.unwrap_or_else(rand::random));
    let started = Instant::now();
    let (tally, request_bytes) = send_all(&args, run, started).await?;
    let elapsed = started.elapsed();
    if let Some(path) = &args.acknowledged_ids {
        let ids = acknowledged_ids(&args, run, &tally);
        let json = serde_json::to_vec(&ids).map_err(|error| error.to_string())?;
        std::fs::write(path, json).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    let report = report(&args, run, &tally, request_bytes, elapsed);
    let text = if args.json {
        serde_json::to_string(&report).map_err(|error| error.to_string())? + "\n"
    } else {
        report.text()
    };
    print!("{text}");
    Ok(())
}

/// Sends what the arguments ask for; returns the counts and a request's size before compression.
pub(super) async fn send_all(args: &Args, run: Run, started: Instant) -> Result<(Tally, u64), String> {
    let (job, encoding) = prepare(args, run, started)?;
    let connections = connections(args)?;
    let request_bytes = encoding.ordinary.len() as u64;
    let mut workers = JoinSet::new();
    for connection in connections.iter().cycle().take(usize::from(args.in_flight)) {
        let encoder = Encoder::new(encoding.clone());
        workers.spawn(job.clone().work(connection.clone(), encoder));
    }
    let finished = async { while workers.join_next().await.is_some() {} };
    tokio::pin!(finished);
    tokio::select! {
        () = &mut finished => {}
        _ = tokio::signal::ctrl_c() => {
            job.pace.stop();
            finished.await;
        }
    }
    let tally = std::mem::take(&mut *job.tally.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((tally, request_bytes))
}

fn prepare(args: &Args, run: Run, started: Instant) -> Result<(Arc<Job>, Encoding), String> {
    let shape = Shape {
        spans: args.spans_per_request as usize,
        span_bytes: args.span_bytes,
        resources: args.resources,
        first_name: None,
    };
    let poisoned = Shape {
        first_name: Some(args.poison_name.clone()),
        ..shape.clone()
    };
    let encoding = Encoding {
        run,
        ordinary: Arc::new(Template::new(&shape)?),
        poisoned: Arc::new(Template::new(&poisoned)?),
        grpc: args.protocol == Protocol::Grpc,
        gzip: args.compression == Codec::Gzip,
    };
    let spans = u64::from(args.spans_per_request);
    let requests = args
        .spans
        .map_or(pace::UNBOUNDED, |wanted| wanted.div_ceil(spans));
    let until = match (args.spans, args.duration) {
        (Some(_), None) => None,
        (_, duration) => Some(started + duration.unwrap_or(Duration::from_secs(10))),
    };
    let interval = match args.rate {
        0 => Duration::ZERO,
        rate => Duration::from_secs_f64(spans as f64 / rate as f64).max(Duration::from_nanos(1)),
    };
    let job = Job {
        pace: Pace::new(requests, until, interval, usize::from(args.in_flight)),
        spans,
        poison_every: args.poison_every,
        retry_for: args.retry_for,
        tally: Mutex::default(),
    };
    Ok((Arc::new(job), encoding))
}

fn connections(args: &Args) -> Result<Vec<Arc<Connection>>, String> {
    let target = Target {
        address: endpoint(args),
        grpc: args.protocol == Protocol::Grpc,
        gzip: args.compression == Codec::Gzip,
        timeout: args.timeout,
    };
    let count = if target.grpc {
        args.connections
    } else {
        args.in_flight
    };
    (0..count)
        .map(|_| Connection::new(target.clone()).map(Arc::new))
        .collect()
}

fn endpoint(args: &Args) -> String {
    let default = match args.protocol {
        Protocol::Grpc => "localhost:4317",
        Protocol::Http => "localhost:4318",
    };
    let endpoint = args.endpoint.as_deref().unwrap_or(default);
    endpoint
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .into()
}

pub(super) fn acknowledged_ids(args: &Args, run: Run, tally: &Tally) -> AcknowledgedIds {
    let spans = u64::from(args.spans_per_request);
    let poisoned = (1..)
        .map(|nth| nth * args.poison_every)
        .take_while(|nth| args.poison_every > 0 && *nth <= tally.requests_sent)
        .map(|nth| (nth - 1) * spans);
    AcknowledgedIds {
        seed: run.seed(),
        ranges: tally.acknowledged.to_vec(),
        partial: tally.partial.clone(),
        poisoned: poisoned.collect(),
    }
}

fn report(args: &Args, run: Run, tally: &Tally, request_bytes: u64, elapsed: Duration) -> Report {
    let spans = u64::from(args.spans_per_request);
    let spans_acknowledged = tally.requests_acknowledged * spans - tally.spans_rejected;
    Report {
        endpoint: endpoint(args),
        protocol: if args.protocol == Protocol::Grpc {
            "grpc"
        } else {
            "http"
        },
        compression: if args.compression == Codec::Gzip {
            "gzip level 1"
        } else {
            "no compression"
        },
        seed: run.seed(),
        spans_per_request: spans,
        request_bytes,
        elapsed_seconds: elapsed.as_secs_f64(),
        requests_sent: tally.requests_sent,
        requests_acknowledged: tally.requests_acknowledged,
        requests_given_up: tally.requests_given_up,
        attempts: tally.attempts,
        attempts_refused: tally.refused.clone(),
        attempts_failed: tally.failed.clone(),
        last_refusal: tally.last_refusal.clone(),
        bytes_answered: tally.bytes_answered,
        spans_sent: tally.requests_sent * spans,
        spans_acknowledged,
        spans_rejected: tally.spans_rejected,
        spans_per_second: spans_acknowledged as f64 / elapsed.as_secs_f64().max(1e-9),
        latency_ms: tally.latency.latency(),
        cpu_seconds: crate::telemetry::process::cpu_seconds().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;

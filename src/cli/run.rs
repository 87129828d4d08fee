//! `spanway run`: the life of the gateway.

mod board;
mod reload;

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use self::board::board;
use self::reload::Reload;
use crate::components;
use crate::config;
use crate::config::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::config::load::Inputs;
use crate::config::service::Telemetry;
use crate::net::listen::{Listener, Place};
use crate::net::pages;
use crate::pipeline::graph::Graph;
use crate::pipeline::lifecycle::Running;
use crate::telemetry::board::Scraper;
use crate::telemetry::exporter::{BATCH_BYTES, BATCH_SPANS};
use crate::telemetry::health::Health;
use crate::telemetry::journal::FSYNC_SECONDS;
use crate::telemetry::logs;
use crate::telemetry::receiver::ConnectionEvents;
use crate::telemetry::store::{COMPACTION_SECONDS, SEAL_SECONDS, STORE_FSYNC_SECONDS};

/// How often measurements are sorted into buckets.
const KEEP_UP: Duration = Duration::from_secs(5);

/// Runs until a signal. An error says why it could not start, or what it had to leave behind.
pub fn run(inputs: &Inputs<'_>, traces_only: bool) -> Result<(), String> {
    let table = components::table();
    let mut diagnostics = Diagnostics::default();
    let Some(config) = config::prepare(inputs, traces_only, &table.catalog(), &mut diagnostics) else {
        return Err(format!(
            "the configuration cannot run\n\n{}",
            diagnostics.render()
        ));
    };
    logs::start(&config.service.telemetry.logs);
    tell(diagnostics.iter());
    // The recorder comes first: handles of metrics are made while the graph is built.
    let recorder = recorder()?;
    let metrics = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| format!("metrics cannot be recorded: {error}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;
    runtime.block_on(async {
        // Before anything else, since a signal that nobody handles ends the process.
        let (signals, hangups) = (Signals::new()?, handle(SignalKind::hangup())?);
        let health = Health::default();
        let graph = Graph::build(&config, &table, &health, None)?;
        tokio::spawn(keep_up(metrics.clone()));
        let scraper = Scraper::new(board(&graph, &health, &config.service.telemetry), metrics);
        serve_metrics(&config.service.telemetry, &scraper).await?;
        let reload = Reload::new(inputs, traces_only, table, health.clone(), scraper, config);
        live(graph, &health, reload, signals, hangups).await
    })
}

/// From the first listener to the last span.
async fn live(
    graph: Graph,
    health: &Health,
    mut reload: Reload<'_>,
    mut signals: Signals,
    mut hangups: Signal,
) -> Result<(), String> {
    let budget = graph.budget.limit();
    let mut running = Running::start(graph).await?;
    health.ready();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        memory_budget_bytes = budget,
        "everything is ready"
    );
    let signal = loop {
        tokio::select! {
            signal = signals.next() => break signal,
            asked = reload.wanted(&mut hangups) => reload.run(&mut running, asked).await,
        }
    };
    health.stopping();
    let within = reload.patience().drain_timeout.into();
    tracing::info!(
        signal,
        ?within,
        "stopping: new requests are refused, what is held leaves"
    );
    let drained = running.stop(within).await;
    for (exporter, spans) in &drained.kept {
        tracing::info!(exporter, spans, "spans stay on disk until the next start");
    }
    if drained.left.is_empty() && !drained.clients_cut_off {
        tracing::info!("stopped; nothing was lost");
        return Ok(());
    }
    let left: Vec<String> = drained
        .left
        .iter()
        .map(|(id, spans)| format!("{spans} spans in `{id}`"))
        .collect();
    Err(format!(
        "stopped after {within:?}, leaving behind: {}",
        left.join(", ")
    ))
}

fn handle(kind: SignalKind) -> Result<Signal, String> {
    signal(kind).map_err(|error| format!("cannot handle signals: {error}"))
}

/// Notes and warnings about the configuration, a log line each.
fn tell<'a>(diagnostics: impl Iterator<Item = &'a Diagnostic>) {
    for diagnostic in diagnostics {
        match diagnostic.severity {
            Severity::Error => tracing::error!("{}", diagnostic.message),
            Severity::Warning => tracing::warn!("{}", diagnostic.message),
            Severity::Note => tracing::info!("{}", diagnostic.message),
        }
    }
}

/// Sizes of batches are counted in buckets, as the Collector does.
fn recorder() -> Result<PrometheusRecorder, String> {
    let spans = [10.0, 100.0, 1e3, 2e3, 5e3, 8192.0, 1e4, 2e4, 5e4, 1e5];
    let bytes = [1e3, 1e4, 1e5, 5e5, 1e6, 2e6, 5e6, 1e7, 2e7, 5e7];
    let seconds = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 5e-2, 0.1, 0.5, 1.0, 5.0];
    let minutes = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 300.0];
    let name = |name: &str| Matcher::Full(name.to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(name(BATCH_SPANS), &spans)
        .and_then(|builder| builder.set_buckets_for_metric(name(BATCH_BYTES), &bytes))
        .and_then(|builder| builder.set_buckets_for_metric(name(FSYNC_SECONDS), &seconds))
        .and_then(|builder| builder.set_buckets_for_metric(name(STORE_FSYNC_SECONDS), &seconds))
        .and_then(|builder| builder.set_buckets_for_metric(name(SEAL_SECONDS), &minutes))
        .and_then(|builder| builder.set_buckets_for_metric(name(COMPACTION_SECONDS), &minutes))
        .map(|builder| builder.build_recorder())
        .map_err(|error| format!("metrics cannot be recorded: {error}"))
}

/// Sorts measurements into their buckets, so that they do not pile up while nobody scrapes.
async fn keep_up(metrics: PrometheusHandle) {
    loop {
        tokio::time::sleep(KEEP_UP).await;
        metrics.run_upkeep();
    }
}

async fn serve_metrics(telemetry: &Telemetry, scraper: &Scraper) -> Result<(), String> {
    const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
    for (host, port) in telemetry.metrics.listen_on() {
        let scraper = scraper.clone();
        let page = move |request: &http::Request<hyper::body::Incoming>| match request.uri().path() {
            "/metrics" => pages::text(StatusCode::OK, FORMAT, scraper.page()),
            _ => pages::text(
                StatusCode::NOT_FOUND,
                "text/plain",
                "metrics are at /metrics\n".into(),
            ),
        };
        let endpoint = match host.contains(':') && !host.starts_with('[') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let events = ConnectionEvents::new("metrics", "http");
        let listener = Listener::bind(Place::tcp(&endpoint)).await;
        let listener = listener.map_err(|error| format!("metrics cannot be served: {error}"))?;
        for address in listener.names().map_err(|error| error.to_string())? {
            tracing::info!(address, "metrics are at /metrics");
        }
        tokio::spawn(pages::serve(
            listener,
            Arc::new(page),
            events,
            CancellationToken::new(),
        ));
    }
    Ok(())
}

/// What ends the process.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

// === impl Signals ===

impl Signals {
    fn new() -> Result<Self, String> {
        Ok(Self {
            terminate: handle(SignalKind::terminate())?,
            interrupt: handle(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

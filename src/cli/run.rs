//! `spanway run`: the life of the gateway.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use metrics::{Label, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::components;
use crate::config;
use crate::config::diagnostic::{Diagnostics, Severity};
use crate::config::document::Config;
use crate::config::load::Inputs;
use crate::config::service::Telemetry;
use crate::net::listen::{Listener, Place};
use crate::net::pages;
use crate::pipeline::disk::Orphan;
use crate::pipeline::graph::{Graph, Kept, KeptFor};
use crate::pipeline::lifecycle::Running;
use crate::telemetry::board::{Board, Scraper};
use crate::telemetry::exporter::{BATCH_BYTES, BATCH_SPANS};
use crate::telemetry::health::Health;
use crate::telemetry::journal::FSYNC_SECONDS;
use crate::telemetry::logs;
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
    tell(&diagnostics);
    // The recorder comes first: handles of metrics are made while the graph is built.
    let recorder = recorder()?;
    let metrics = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| format!("metrics cannot be recorded: {error}"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;
    runtime.block_on(async {
        let health = Health::default();
        let graph = Graph::build(
            &config,
            &table,
            &health,
            config.service.patience.ack_timeout.into(),
        )?;
        tokio::spawn(keep_up(metrics.clone()));
        let scraper = Scraper::new(board(&graph, &health, &config.service.telemetry), metrics);
        serve_metrics(&config.service.telemetry, &scraper).await?;
        live(graph, &health, &config).await
    })
}

/// From the first listener to the last span.
async fn live(graph: Graph, health: &Health, config: &Config) -> Result<(), String> {
    let mut signals = Signals::new()?;
    let budget = graph.budget.limit();
    let running = Running::start(graph).await?;
    health.ready();
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        memory_budget_bytes = budget,
        "everything is ready"
    );
    let signal = signals.next().await;
    health.stopping();
    let within = config.service.patience.drain_timeout.into();
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

/// Notes and warnings about the configuration, a log line each.
fn tell(diagnostics: &Diagnostics) {
    for diagnostic in diagnostics.iter() {
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

fn board(graph: &Graph, health: &Health, telemetry: &Telemetry) -> Board {
    let mut board = Board::new(health.clone());
    board.resource(&telemetry.resource);
    for (id, ledger) in &graph.pipelines {
        board.pipeline(&id.to_string(), ledger.clone());
    }
    for kept in &graph.kept {
        kept_on_disk(&mut board, kept);
    }
    for Orphan { pipeline, bytes } in &graph.orphans {
        gauge!("spanway_journal_orphan_bytes", "pipeline" => pipeline.clone(), "cursor" => "")
            .set(*bytes as f64);
    }
    for (id, cursors) in &graph.exporters {
        let ledgers = cursors.iter().map(|cursor| cursor.ledger().clone());
        board.exporter(&id.to_string(), ledgers.collect());
        let (exporter, cursors) = (id.to_string(), cursors.clone());
        board.reading(move || {
            let (size, capacity) = cursors
                .iter()
                .map(|cursor| cursor.fill())
                .fold((0, 0u64), |sum, fill| {
                    (sum.0 + fill.0, sum.1.saturating_add(fill.1))
                });
            gauge!("otelcol_exporter_queue_size", "exporter" => exporter.clone()).set(size as f64);
            gauge!("otelcol_exporter_queue_capacity", "exporter" => exporter.clone()).set(capacity as f64);
        });
    }
    for (id, keeps) in &graph.keepers {
        board.exporter(&id.to_string(), keeps.ledgers.clone());
        let keeper = keeps.keeper.clone();
        board.reading(move || keeper.measure());
    }
    let budget = graph.budget.clone();
    board.reading(move || {
        gauge!("spanway_memory_budget_bytes").set(budget.limit() as f64);
        gauge!("spanway_memory_reserved_bytes").set(budget.used() as f64);
    });
    board
}

/// What a pipeline keeps on disk, as of each scrape.
fn kept_on_disk(board: &mut Board, kept: &Kept) {
    let pipeline = kept.store.pipeline.clone();
    let store = kept.store.clone();
    board.reading(move || {
        let set = |name: &'static str, value: u64| {
            gauge!(name, "pipeline" => store.pipeline.clone()).set(value as f64);
        };
        set("spanway_journal_bytes", store.space.used());
        set("spanway_journal_limit_bytes", store.limit());
        for orphan in store.orphans() {
            let bytes = orphan.unsettled.bytes as f64;
            gauge!("spanway_journal_orphan_bytes", "pipeline" => store.pipeline.clone(), "cursor" => orphan.name)
                .set(bytes);
        }
    });
    for KeptFor {
        exporter,
        journal,
        parked,
        ..
    } in &kept.exporters
    {
        let labels = [
            Label::new("pipeline", pipeline.clone()),
            Label::new("exporter", exporter.to_string()),
        ];
        let feeds = journal.feed().cloned().zip(parked.feed().cloned());
        let Some((journal, parked)) = feeds else { continue };
        board.reading(move || {
            let set = |name: &'static str, value: f64| gauge!(name, labels.iter()).set(value);
            let (unsettled, set_aside) = (journal.unsettled(), parked.unsettled());
            set(
                "spanway_journal_unsettled_bytes",
                (unsettled.bytes + set_aside.bytes) as f64,
            );
            set(
                "spanway_journal_unsettled_records",
                (unsettled.records + set_aside.records) as f64,
            );
            set("spanway_journal_parked_spans", set_aside.weight as f64);
            let age = journal.oldest_age().max(parked.oldest_age());
            set("spanway_journal_oldest_unsettled_seconds", age as f64 / 1e3);
            set(
                "spanway_journal_dead_letter_bytes",
                journal.aside.dead.on_disk().0 as f64,
            );
        });
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
        let listener = Listener::bind(Place::tcp(&endpoint)).await;
        let listener = listener.map_err(|error| format!("metrics cannot be served: {error}"))?;
        for address in listener.names().map_err(|error| error.to_string())? {
            tracing::info!(address, "metrics are at /metrics");
        }
        tokio::spawn(pages::serve(listener, Arc::new(page)));
    }
    Ok(())
}

/// What ends the process.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

// === impl Signals ===

impl Signals {
    fn new() -> Result<Self, String> {
        use tokio::signal::unix::{SignalKind, signal};
        let handle = |kind| signal(kind).map_err(|error| format!("cannot handle signals: {error}"));
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

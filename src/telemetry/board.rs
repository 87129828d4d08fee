//! The page that Prometheus reads. Ledgers are copied at one moment each, so that a scrape always balances.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{Label, gauge};
use metrics_exporter_prometheus::PrometheusHandle;

use super::health::Health;
use super::ledger::{ExporterColumns, ExporterLedger, PipelineLedger};
use super::process;

/// What every scrape shows beside the counters that events keep.
#[derive(Default)]
pub struct Board {
    health: Health,
    pipelines: Vec<(String, PipelineLedger)>,
    exporters: Vec<(String, Vec<ExporterLedger>)>,
    readings: Vec<Box<dyn Fn() + Send + Sync>>,
    resource: Vec<Label>,
}

/// Renders the board; scrapes take turns.
#[derive(Clone)]
pub struct Scraper {
    board: Arc<Mutex<Board>>,
    handle: PrometheusHandle,
}

// === impl Board ===

impl Board {
    /// An empty board.
    pub fn new(health: Health) -> Self {
        Self {
            health,
            ..Self::default()
        }
    }

    /// Shows which gateway this is: its name, version and a number of its own, and what `attributes` adds, changes or
    /// (without a value) takes out.
    pub fn resource(&mut self, attributes: &BTreeMap<String, Option<String>>) {
        let instance = format!("{:032x}", rand::random::<u128>());
        let mut resource = BTreeMap::from([
            ("service.name", Some("spanway")),
            ("service.version", Some(env!("CARGO_PKG_VERSION"))),
            ("service.instance.id", Some(instance.as_str())),
        ]);
        resource.extend(
            attributes
                .iter()
                .map(|(key, value)| (key.as_str(), value.as_deref())),
        );
        let known = resource
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)));
        self.resource = known
            .map(|(key, value)| Label::new(key.to_owned(), value.to_owned()))
            .collect();
    }

    /// Shows a pipeline's ledger.
    pub fn pipeline(&mut self, id: &str, ledger: PipelineLedger) {
        self.pipelines.push((id.to_owned(), ledger));
    }

    /// Shows the sum of an exporter's ledgers, of which it has one for each pipeline.
    pub fn exporter(&mut self, id: &str, ledgers: Vec<ExporterLedger>) {
        self.exporters.push((id.to_owned(), ledgers));
    }

    /// Calls `reading` before each scrape; it sets gauges.
    pub fn reading(&mut self, reading: impl Fn() + Send + Sync + 'static) {
        self.readings.push(Box::new(reading));
    }

    fn refresh(&self) {
        for (id, ledger) in &self.pipelines {
            let columns = ledger.columns();
            let set = |column: &'static str, spans: u64| {
                gauge!("spanway_pipeline_spans", "pipeline" => id.clone(), "state" => column)
                    .set(spans as f64);
            };
            set("accepted", columns.accepted);
            set("recovered", columns.recovered);
            set("filtered", columns.filtered);
            set("sampled_out", columns.sampled_out);
            set("withdrawn", columns.withdrawn);
            set("handed_over", columns.handed_over);
            set("held", columns.held);
            gauge!("spanway_pipeline_edited_spans", "pipeline" => id.clone()).set(columns.edited as f64);
        }
        for (id, ledgers) in &self.exporters {
            let columns = ledgers.iter().map(ExporterLedger::columns);
            let columns = columns.fold(ExporterColumns::default(), ExporterColumns::plus);
            let set = |column: &'static str, spans: u64| {
                gauge!("spanway_exporter_spans", "exporter" => id.clone(), "state" => column)
                    .set(spans as f64);
            };
            set("handed_over", columns.handed_over);
            set("recovered", columns.recovered);
            set("delivered", columns.delivered);
            set("refused_downstream", columns.refused_downstream);
            set("expired", columns.expired);
            set("dead_lettered", columns.dead_lettered);
            set("withdrawn", columns.withdrawn);
            set("in_flight", columns.in_flight);
            gauge!("spanway_exporter_duplicate_spans", "exporter" => id.clone())
                .set(columns.duplicates as f64);
        }
        for reading in &self.readings {
            reading();
        }
        self.process();
    }

    fn process(&self) {
        gauge!("target_info", self.resource.iter()).set(1.0);
        gauge!("otelcol_process_uptime").set(self.health.uptime().as_secs_f64());
        if let Some(bytes) = process::resident_bytes() {
            gauge!("otelcol_process_memory_rss").set(bytes as f64);
        }
        if let Some(seconds) = process::cpu_seconds() {
            gauge!("otelcol_process_cpu_seconds").set(seconds);
        }
    }
}

// === impl Scraper ===

impl Scraper {
    /// Renders `board` with what `handle`'s recorder keeps.
    pub fn new(board: Board, handle: PrometheusHandle) -> Self {
        Self {
            board: Arc::new(Mutex::new(board)),
            handle,
        }
    }

    /// Renders another board from now on; which gateway this is stays as it was.
    pub fn show(&self, board: Board) {
        let mut shown = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        let resource = std::mem::take(&mut shown.resource);
        *shown = Board { resource, ..board };
    }

    /// The page, in Prometheus' text format.
    pub fn page(&self) -> String {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        board.refresh();
        self.handle.render()
    }
}

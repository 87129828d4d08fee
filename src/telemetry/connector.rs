//! What is told about a connector that decides which pipelines get what.

use std::sync::{Mutex, PoisonError};

use metrics::{Counter, counter};
use tracing::warn;

use super::quiet::Quiet;

/// By what spans are dropped that no pipeline gets.
const NO_ROUTE: &str = "no route";

/// The events of one connector at the end of one pipeline.
#[derive(Debug)]
pub struct ConnectorEvents {
    connector: String,
    pipeline: String,
    dropped: Counter,
    failed: Counter,
    quiet: Mutex<Quiet>,
}

// === impl ConnectorEvents ===

impl ConnectorEvents {
    /// The events of the connector with this id at the end of this pipeline.
    pub fn new(connector: &str, pipeline: &str) -> Self {
        let (connector, pipeline) = (connector.to_owned(), pipeline.to_owned());
        Self {
            dropped: counter!("otelcol_connector_dropped_spans", "connector" => connector.clone(), "pipeline" => pipeline.clone(), "rule" => NO_ROUTE),
            failed: counter!("otelcol_connector_failed_requests", "connector" => connector.clone(), "pipeline" => pipeline.clone()),
            quiet: Mutex::default(),
            connector,
            pipeline,
        }
    }

    /// A request was taken of which no pipeline gets so many spans.
    pub fn unrouted(&self, spans: u64) {
        if spans > 0 {
            self.dropped.increment(spans);
        }
    }

    /// It has rejected a request, all of whose spans are lost to their client.
    pub fn failed(&self, why: &str) {
        self.failed.increment(1);
        let mut quiet = self.quiet.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left_out) = quiet.speak() {
            let (connector, pipeline) = (&self.connector, &self.pipeline);
            warn!(connector, pipeline, left_out, "rejected a request: {why}");
        }
    }
}

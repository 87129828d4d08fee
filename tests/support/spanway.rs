//! The gateway as a user runs it.

use std::net::SocketAddr;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;
use tempfile::NamedTempFile;

use super::child::{Child, spanway, wait_until};
use super::scrape::Scrape;

/// A gateway that is ready.
pub struct Spanway {
    pub child: Child,
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    pub metrics: SocketAddr,
    _file: NamedTempFile,
}

/// A configuration with one `traces` pipeline behind an `otlp` receiver, every address a free one.
#[derive(Clone, Default)]
pub struct Plan {
    processors: Vec<(String, String)>,
    exporters: Vec<(String, String)>,
    service: String,
}

// === impl Spanway ===

impl Spanway {
    /// Starts it on this YAML and waits until it is ready. Logs are JSON, metrics on a free port.
    pub fn start(yaml: &str) -> Self {
        let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        std::fs::write(file.path(), yaml).unwrap();
        let path = file.path().to_str().unwrap();
        let arguments = [
            "--config",
            path,
            "--set",
            "service.telemetry.logs.encoding=json",
            "--set",
            "service.telemetry.metrics.address=127.0.0.1:0",
        ];
        let child = Child::start("the gateway", spanway(arguments));
        child.stderr.wait_for("everything is ready", |line| {
            line.contains("everything is ready").then_some(())
        });
        let listens = |transport| address(&child, "listening", Some(transport));
        Self {
            grpc: listens("grpc"),
            http: listens("http"),
            metrics: address(&child, "metrics are at /metrics", None),
            child,
            _file: file,
        }
    }

    /// What `/metrics` says now.
    pub fn scrape(&self) -> Scrape {
        Scrape::fetch(self.metrics)
    }

    /// Waits until nothing is under way, and returns the ledgers of that moment.
    pub fn settled(&self) -> Scrape {
        let mut scrape = self.scrape();
        wait_until("no span is in flight", || {
            scrape = self.scrape();
            scrape.check();
            scrape.sum("spanway_exporter_spans", "state=\"in_flight\"") == 0
                && scrape.sum("spanway_pipeline_spans", "state=\"held\"") == 0
        });
        scrape
    }

    /// SIGTERM, and how it ended.
    pub fn stop_within(&mut self, patience: Duration) -> ExitStatus {
        self.child.terminate();
        self.child.ended_within(patience)
    }
}

/// The address in the log line with this message (and transport).
pub fn address(child: &Child, message: &str, transport: Option<&str>) -> SocketAddr {
    child.stderr.wait_for(message, |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        let wanted =
            line["message"] == message && transport.is_none_or(|transport| line["transport"] == transport);
        wanted.then(|| line["address"].as_str()?.parse().ok()).flatten()
    })
}

// === impl Plan ===

impl Plan {
    /// Adds a processor; `settings` is YAML in braces.
    pub fn processor(mut self, id: &str, settings: &str) -> Self {
        self.processors.push((id.into(), settings.into()));
        self
    }

    /// Adds an exporter; `settings` is YAML in braces.
    pub fn exporter(mut self, id: &str, settings: &str) -> Self {
        self.exporters.push((id.into(), settings.into()));
        self
    }

    /// Adds a line below `service`.
    pub fn service(mut self, line: &str) -> Self {
        self.service += &format!("  {line}\n");
        self
    }

    /// As YAML.
    pub fn yaml(&self) -> String {
        let section = |name: &str, items: &[(String, String)]| {
            let lines: String = items
                .iter()
                .map(|(id, settings)| format!("  {id}: {settings}\n"))
                .collect();
            if lines.is_empty() {
                String::new()
            } else {
                format!("{name}:\n{lines}")
            }
        };
        let ids = |items: &[(String, String)]| {
            let ids: Vec<&str> = items.iter().map(|(id, _)| id.as_str()).collect();
            ids.join(", ")
        };
        format!(
            "{RECEIVER}{}{}service:\n{}  pipelines:\n    traces:\n      receivers: [otlp]\n      processors: [{}]\n      exporters: [{}]\n",
            section("processors", &self.processors),
            section("exporters", &self.exporters),
            self.service,
            ids(&self.processors),
            ids(&self.exporters),
        )
    }

    /// Starts it.
    pub fn start(&self) -> Spanway {
        Spanway::start(&self.yaml())
    }
}

/// An `otlp` receiver on free ports.
pub const RECEIVER: &str =
    "receivers:\n  otlp: {protocols: {grpc: {endpoint: 127.0.0.1:0}, http: {endpoint: 127.0.0.1:0}}}\n";

//! The gateway as a user runs it.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use serde_json::Value;
use tempfile::NamedTempFile;

use super::child::{Child, spanway, wait_until};
use super::control;
use super::scrape::Scrape;

/// A gateway that is ready.
pub struct Spanway {
    pub child: Child,
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    pub metrics: SocketAddr,
    file: NamedTempFile,
}

/// A configuration with one `traces` pipeline behind an `otlp` receiver, every address a free one.
#[derive(Clone, Default)]
pub struct Plan {
    ports: Option<[u16; 2]>,
    extensions: Vec<(String, String)>,
    processors: Vec<(String, String)>,
    exporters: Vec<(String, String)>,
    service: String,
}

// === impl Spanway ===

impl Spanway {
    /// Starts it on this YAML and waits until it is ready. Logs are JSON, metrics on a free port.
    pub fn start(yaml: &str) -> Self {
        let (child, file) = Self::launch(yaml);
        child.stderr.wait_for("everything is ready", |line| {
            line.contains("everything is ready").then_some(())
        });
        let listens = |transport| address(&child, "listening", Some(transport));
        Self {
            grpc: listens("grpc"),
            http: listens("http"),
            metrics: address(&child, "metrics are at /metrics", None),
            child,
            file,
        }
    }

    /// Starts the process on this YAML and does not wait for it.
    pub fn launch(yaml: &str) -> (Child, NamedTempFile) {
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
        (Child::start("the gateway", spanway(arguments)), file)
    }

    /// Writes another configuration and has it read; waits until it runs or was refused, and says which.
    pub fn reload(&self, yaml: &str) -> Result<(), String> {
        self.write(yaml);
        let before = self.reloads();
        self.child.signal("HUP");
        wait_until("the configuration was read again", || self.reloads() != before);
        let (succeeded, _) = self.reloads();
        match succeeded > before.0 {
            true => Ok(()),
            false => {
                let said = || {
                    let lines = self.child.stderr.all().into_iter();
                    let refused: Vec<String> = lines.filter(|line| line.contains("cannot run")).collect();
                    refused
                };
                // What is counted is written a moment later.
                wait_until("it says why", || said().len() as u64 > before.1);
                Err(said().pop().unwrap_or_default())
            }
        }
    }

    /// Writes another configuration at once, as a tool should, and tells nobody.
    pub fn write(&self, yaml: &str) {
        let new = self.file.path().with_extension("new");
        std::fs::write(&new, yaml).unwrap();
        std::fs::rename(new, self.file.path()).unwrap();
    }

    /// How many configurations were read and ran, and how many were refused, since it started.
    pub fn reloads(&self) -> (u64, u64) {
        let scrape = self.scrape();
        let count = |outcome: &str| scrape.sum("spanway_config_reloads", &format!("outcome=\"{outcome}\""));
        (count("succeeded"), count("failed"))
    }

    /// What the health page says now; for a [`Plan::with_health`].
    pub fn health(&self) -> (u16, String) {
        let page = address(&self.child, "health_check listens", None);
        control::call(page, "GET", "/", b"").unwrap()
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

    /// Takes addresses that stay the same whenever it is started anew.
    pub fn same_ports(mut self) -> Self {
        self.ports = Some([free_port(), free_port()]);
        self
    }

    /// Adds an extension; `settings` is YAML in braces.
    pub fn extension(mut self, id: &str, settings: &str) -> Self {
        self.extensions.push((id.into(), settings.into()));
        self
    }

    /// Adds a journal in this directory for exporters that are [`STORED`], with `more` settings.
    pub fn journal(self, directory: &Path, more: &str) -> Self {
        let directory = directory.display();
        self.extension(
            "file_storage/wal",
            &format!("{{directory: '{directory}', {more}}}"),
        )
    }

    /// Adds a health page.
    pub fn with_health(self) -> Self {
        self.extension("health_check", "{endpoint: 127.0.0.1:0}")
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
        let extensions = match ids(&self.extensions) {
            none if none.is_empty() => none,
            ids => format!("  extensions: [{ids}]\n"),
        };
        let [grpc, http] = self.ports.unwrap_or_default();
        format!(
            "{}{}{}{}service:\n{extensions}{}  pipelines:\n    traces:\n      receivers: [otlp]\n      processors: [{}]\n      exporters: [{}]\n",
            receiver(grpc, http),
            section("extensions", &self.extensions),
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

/// Settings of an exporter that reads from the journal of [`Plan::journal`].
pub const STORED: &str = "sending_queue: {storage: file_storage/wal}";

/// An `otlp` receiver on free ports.
pub const RECEIVER: &str =
    "receivers:\n  otlp: {protocols: {grpc: {endpoint: 127.0.0.1:0}, http: {endpoint: 127.0.0.1:0}}}\n";

fn receiver(grpc: u16, http: u16) -> String {
    RECEIVER
        .replacen("127.0.0.1:0}", &format!("127.0.0.1:{grpc}}}"), 1)
        .replacen("127.0.0.1:0}", &format!("127.0.0.1:{http}}}"), 1)
}

/// A port that nobody has and that no outgoing connection is given, so that it is still free after a restart.
fn free_port() -> u16 {
    let mut ports = std::iter::repeat_with(|| rand::random_range(12_000..32_000));
    let free = ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    free.unwrap()
}

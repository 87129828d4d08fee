//! `service.telemetry`: what the gateway says about itself.

use std::net::IpAddr;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::settings::{KeyNote, Problems, Settings};
use super::types::{GoDuration, Section};

/// How long clients and a stop may take, and when the configuration is read again; keys of our own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Patience {
    /// How long the spans of a client may wait that does not say how long it waits itself; below the 10 s of SDKs.
    pub ack_timeout: GoDuration,
    /// How long a stopping gateway waits for what it holds to leave; below the 30 s that Kubernetes grants.
    pub drain_timeout: GoDuration,
    /// How often it is looked whether the configuration has changed, so that it is read again, once it stays as it is; `0s` is at SIGHUP alone.
    pub reload_interval: GoDuration,
}

/// What the gateway says about itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// Log lines, to standard error.
    pub logs: Logs,
    /// Metrics, for Prometheus to fetch.
    pub metrics: Metrics,
    /// Attributes that say which gateway this is, beside `service.name`, `service.version` and
    /// `service.instance.id`; nothing as a value takes one of these out.
    pub resource: BTreeMap<String, Option<String>>,
}

/// Log lines, to standard error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Logs {
    /// The least that is logged.
    pub level: LogLevel,
    /// `console` for people, `json` for machines.
    pub encoding: Encoding,
    /// Where lines go: `stderr`, the only place there is.
    pub output_paths: Vec<String>,
}

/// The least that is logged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Everything.
    #[serde(alias = "DEBUG", alias = "Debug")]
    Debug,
    /// What an operator wants to know.
    #[default]
    #[serde(alias = "INFO", alias = "Info")]
    Info,
    /// What may need attention.
    #[serde(alias = "WARN", alias = "Warn")]
    Warn,
    /// What does.
    #[serde(alias = "ERROR", alias = "Error")]
    Error,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// For people.
    #[default]
    Console,
    /// One JSON object a line.
    Json,
}

/// Metrics, for Prometheus to fetch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// `none` opens no address; the others are the same here.
    pub level: MetricsLevel,
    /// The old way to say where: `host:port`.
    pub address: Option<String>,
    /// Where metrics can be fetched; when not written, at `localhost:8888`.
    pub readers: Option<Vec<Reader>>,
}

/// How much is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MetricsLevel {
    /// Nothing.
    #[serde(alias = "None")]
    None,
    /// The Collector's least.
    #[serde(alias = "Basic")]
    Basic,
    /// The usual.
    #[default]
    #[serde(alias = "Normal")]
    Normal,
    /// The Collector's most.
    #[serde(alias = "Detailed")]
    Detailed,
}

/// One way to get at the metrics.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reader {
    /// They are fetched.
    pub pull: Pull,
}

/// Metrics that are fetched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Pull {
    /// How they are offered.
    pub exporter: PullExporter,
}

/// How metrics are offered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PullExporter {
    /// In Prometheus' text format under `/metrics`.
    pub prometheus: Section<Prometheus>,
}

/// Prometheus' text format under `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Prometheus {
    /// The address to listen on.
    pub host: String,
    /// The port to listen on.
    pub port: u16,
}

// === impl Patience ===

impl Default for Patience {
    fn default() -> Self {
        Self {
            ack_timeout: GoDuration::secs(5),
            drain_timeout: GoDuration::secs(25),
            reload_interval: GoDuration::default(),
        }
    }
}

impl Settings for Patience {
    fn validate(&self, problems: &mut Problems) {
        if self.ack_timeout == GoDuration::default() {
            problems.add("ack_timeout", "must be above 0");
        }
    }
}

// === impl Telemetry ===

impl Settings for Telemetry {
    fn no_effect() -> Vec<KeyNote> {
        let prometheus = "metrics.readers.*.pull.exporter.prometheus";
        let names = "metric names do not depend on it";
        vec![
            KeyNote::new("traces", "the gateway does not trace itself"),
            KeyNote::new("logs.development", "it steers the Collector's logger"),
            KeyNote::new("logs.disable_caller", "lines never name the code that wrote them"),
            KeyNote::new("logs.disable_stacktrace", "lines never carry a stack trace"),
            KeyNote::new("logs.disable_zap_resource", "it steers the Collector's logger"),
            KeyNote::new(
                "logs.sampling",
                "lines that repeat are held back where they arise",
            ),
            KeyNote::new("logs.error_output_paths", "it steers the Collector's logger"),
            KeyNote::new("logs.initial_fields", "lines carry no fields of your own"),
            KeyNote::new("logs.processors", "log lines are not sent over OTLP"),
            KeyNote::new("metrics.views", "every metric is offered as it is"),
            KeyNote::new(
                "metrics.readers.*.pull.cardinality_limits",
                "cardinality is bounded by the configuration",
            ),
            KeyNote::new(
                format!("{prometheus}.without_scope_info"),
                "there is no scope info",
            ),
            KeyNote::new(format!("{prometheus}.without_type_suffix"), names),
            KeyNote::new(format!("{prometheus}.without_units"), names),
            KeyNote::new(
                format!("{prometheus}.with_resource_constant_labels"),
                "the resource is in `target_info`",
            ),
        ]
    }

    fn unsupported() -> Vec<KeyNote> {
        vec![KeyNote::new(
            "metrics.readers.*.periodic",
            "own metrics are not pushed; have them fetched with `pull.exporter.prometheus`",
        )]
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        let readers = self.metrics.readers.iter().flatten().enumerate();
        let of_reader = readers.filter_map(|(at, reader)| {
            let (host, port) = reader.pull.exporter.prometheus.on()?.clone().into_pair();
            Some((
                format!("metrics.readers.{at}.pull.exporter.prometheus.host"),
                host,
                port,
            ))
        });
        let address = self.metrics.address.as_deref().and_then(split_address);
        let address = address.map(|(host, port)| ("metrics.address".to_owned(), host, port));
        for (key, host, port) in of_reader.chain(address) {
            if self.metrics.level != MetricsLevel::None && !is_local(&host) {
                warnings.add(
                    key,
                    format!(
                        "is `{host}:{port}`, where other machines can read the metrics, and nobody asks them who they \
                         are; keep others away from this port, or listen on `localhost`"
                    ),
                );
            }
        }
    }

    fn validate(&self, problems: &mut Problems) {
        if let Some(other) = self.logs.output_paths.iter().find(|path| *path != "stderr") {
            problems.add(
                "logs.output_paths",
                format!("`{other}` is not `stderr`, where all lines go"),
            );
        }
        if let Some(address) = &self.metrics.address {
            if split_address(address).is_none() {
                problems.add("metrics.address", format!("`{address}` is not `host:port`"));
            }
            if self.metrics.readers.is_some() {
                problems.add(
                    "metrics.address",
                    "`address` is the old form of `readers`; write only one of the two",
                );
            }
        }
    }
}

// === impl Metrics ===

impl Metrics {
    /// Where metrics are to be offered, as host and port.
    pub fn listen_on(&self) -> Vec<(String, u16)> {
        if self.level == MetricsLevel::None {
            return Vec::new();
        }
        match (&self.address, &self.readers) {
            (Some(address), _) => split_address(address).into_iter().collect(),
            (None, None) => vec![Prometheus::default().into_pair()],
            (None, Some(readers)) => readers
                .iter()
                .filter_map(|reader| reader.pull.exporter.prometheus.on())
                .map(|prometheus| prometheus.clone().into_pair())
                .collect(),
        }
    }
}

// === impl Prometheus ===

impl Prometheus {
    fn into_pair(self) -> (String, u16) {
        (self.host, self.port)
    }
}

impl Default for Prometheus {
    fn default() -> Self {
        Self {
            host: "localhost".into(),
            port: 8888,
        }
    }
}

// === impl Logs ===

impl Default for Logs {
    fn default() -> Self {
        Self {
            level: LogLevel::default(),
            encoding: Encoding::default(),
            output_paths: vec!["stderr".into()],
        }
    }
}

/// Whether only this machine reaches a host, by its own words.
fn is_local(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// `host:port`; without a host, every address.
fn split_address(address: &str) -> Option<(String, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = match host.trim_start_matches('[').trim_end_matches(']') {
        "" => "0.0.0.0",
        host => host,
    };
    Some((host.to_owned(), port.parse().ok()?))
}

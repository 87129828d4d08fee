//! The keys of `otlp_grpc`.

use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderValue, header};
use rustls::pki_types::ServerName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::authentication::{Auth, Side};
use crate::config::id::ComponentId;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::{GoDuration, Section};
use crate::net::compress::{Compression, CompressionParams, Compressor};
use crate::net::grpc::client::{KeepAlive, Options, Plan, Spread};
use crate::net::headers::Headers;
use crate::net::listen::is_local;
use crate::net::resolve::Target;
use crate::net::tls::{ClientTls, Connector, HTTP2};
use crate::pipeline::delivery::{QueueSettings, RetrySettings};

/// Sends spans to an OTLP server over gRPC.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where to: `host:port`, `https://host:port`, `dns:///host:port` or `unix:///path`. Required.
    pub endpoint: String,
    /// TLS of the connection, which there is unless `insecure: true` is written.
    pub tls: ClientTls,
    /// How long one attempt may take; `0s` is without bound.
    pub timeout: GoDuration,
    /// How requests are compressed: `none`, `gzip` or `zstd`.
    pub compression: Compression,
    /// How hard to compress (ours).
    pub compression_params: CompressionParams,
    /// Headers of every request.
    pub headers: Headers,
    /// The name that the server is addressed by, where it is not the endpoint's.
    pub authority: String,
    /// The `user-agent` of every request; ours unless set.
    pub user_agent: String,
    /// Pings that notice a dead server; off unless written.
    pub keepalive: Section<KeepAliveConfig>,
    /// How requests spread over the addresses of a name: `round_robin` or `pick_first`. The name is looked up
    /// again every half minute, and when a connection fails.
    pub balancer_name: BalancerName,
    /// Connections to each address (ours); more spread the load where a balancer of connections lies between.
    pub connections: usize,
    /// Whether a request waits for a connection, until its timeout, while the server cannot be reached.
    pub wait_for_ready: bool,
    /// What puts credentials on requests.
    pub auth: Option<Auth>,
    /// How spans wait for this exporter.
    pub sending_queue: QueueSettings,
    /// What happens after a failure that may pass.
    pub retry_on_failure: RetrySettings,
}

/// Pings on an HTTP/2 connection.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeepAliveConfig {
    /// A ping is sent after this long without a sign of life; less than 10s is raised to it.
    pub time: GoDuration,
    /// How long a ping may stay unanswered.
    pub timeout: GoDuration,
    /// Whether to ping while no request is in flight.
    pub permit_without_stream: bool,
}

/// How requests spread over addresses.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BalancerName {
    /// Over all of them, by least requests in flight.
    #[default]
    RoundRobin,
    /// To the first that answers.
    PickFirst,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            tls: ClientTls::default(),
            timeout: GoDuration::secs(5),
            compression: Compression::Gzip,
            compression_params: CompressionParams::default(),
            headers: Headers::default(),
            authority: String::new(),
            user_agent: String::new(),
            keepalive: Section::Off,
            balancer_name: BalancerName::RoundRobin,
            connections: 1,
            wait_for_ready: false,
            auth: None,
            sending_queue: QueueSettings::default(),
            retry_on_failure: RetrySettings::default(),
        }
    }
}

impl Settings for Config {
    fn no_effect() -> Vec<KeyNote> {
        vec![
            KeyNote::new("read_buffer_size", "reads are as large as what has arrived"),
            KeyNote::new("write_buffer_size", "writes gather what is ready, up to 1 MiB"),
        ]
    }

    fn unsupported() -> Vec<KeyNote> {
        let mut notes = vec![KeyNote::new(
            "middlewares",
            "middlewares are not available in this version",
        )];
        notes.extend(ClientTls::unsupported().into_iter().map(|note| note.below("tls")));
        notes
    }

    fn differing_defaults(journaled: bool) -> Vec<KeyNote> {
        let mut notes = QueueSettings::differing_defaults(journaled);
        notes.extend(RetrySettings::differing_defaults(journaled));
        notes
    }

    fn warn(&self, journaled: bool, warnings: &mut Problems) {
        if self.endpoint.starts_with("http://") && self.has_tls() {
            let what = "begins with `http://`, which does not switch TLS off; `tls: {insecure: true}` does";
            warnings.add("endpoint", what);
        }
        if self.auth.is_some() && self.sends_in_the_clear() {
            warnings.add(
                "auth.authenticator",
                "puts credentials on requests that leave this machine without TLS, where others may read them",
            );
        }
        warnings.below("sending_queue", |warnings| {
            self.sending_queue.warn(journaled, warnings);
        });
        warnings.below("retry_on_failure", |warnings| {
            self.retry_on_failure.warn(journaled, warnings);
        });
    }

    fn authenticators(&self) -> Vec<(&'static str, Side, &ComponentId)> {
        let auth = self.auth.iter();
        auth.map(|auth| ("auth.authenticator", Side::Client, &auth.authenticator))
            .collect()
    }

    fn storage(&self) -> Option<(&'static str, &ComponentId)> {
        self.sending_queue.storage()
    }

    fn settle(&mut self, journaled: bool) {
        self.sending_queue.settle(journaled);
        self.retry_on_failure.settle(journaled);
    }

    fn validate(&self, problems: &mut Problems) {
        match Target::parse_grpc(&self.endpoint) {
            Ok(target) if self.has_tls() && ServerName::try_from(self.host(&target)).is_err() => {
                let host = self.host(&target);
                problems.add(
                    "endpoint",
                    format!("has the host `{host}`, which no certificate could have"),
                );
            }
            Ok(_) => {}
            Err(problem) => problems.add("endpoint", problem),
        }
        problems.below("tls", |problems| self.tls.validate(problems));
        if let Err(problem) = self.compressor() {
            let level = problem.starts_with("level");
            problems.add(
                if level {
                    "compression_params.level"
                } else {
                    "compression"
                },
                problem,
            );
        }
        if self.connections == 0 || self.connections > 64 {
            problems.add(
                "connections",
                format!("is {}, but must be 1 to 64", self.connections),
            );
        }
        if !self.authority.is_empty() && self.authority.parse::<Authority>().is_err() {
            problems.add(
                "authority",
                format!("`{}` is not a host, with a port or without", self.authority),
            );
        }
        if HeaderValue::from_str(&self.user_agent).is_err() {
            problems.add("user_agent", "has characters that a header cannot carry");
        }
        problems.below("headers", |problems| self.validate_headers(problems));
        problems.below("sending_queue", |problems| self.sending_queue.validate(problems));
        problems.below("retry_on_failure", |problems| {
            self.retry_on_failure.validate(problems)
        });
    }
}

impl Config {
    fn validate_headers(&self, problems: &mut Problems) {
        self.headers.validate(problems);
        for (name, _) in &self.headers.0 {
            let lower = name.to_ascii_lowercase();
            if lower.starts_with("grpc-") || ["te", "content-type", "host"].contains(&lower.as_str()) {
                problems.add(name.clone(), "belongs to gRPC itself and cannot be set");
            }
            if lower.ends_with("-bin") {
                problems.add(
                    name.clone(),
                    "binary metadata (`-bin`) is not available in this version",
                );
            }
        }
    }

    fn sends_in_the_clear(&self) -> bool {
        let leaves = |target: Target| match target {
            Target::Host { .. } => !is_local(&target.to_string()),
            Target::Unix(_) => false,
        };
        !self.has_tls() && Target::parse_grpc(&self.endpoint).is_ok_and(leaves)
    }

    fn compressor(&self) -> Result<Compressor, String> {
        match self.compression {
            Compression::Zlib | Compression::Deflate => {
                Err("zlib and deflate are not compressions of gRPC; use gzip, zstd or none".into())
            }
            other => Compressor::new(other, &self.compression_params),
        }
    }

    /// One attempt's bound; none when it is zero.
    pub(super) fn attempt_timeout(&self) -> Option<Duration> {
        Some(self.timeout.0).filter(|timeout| !timeout.is_zero())
    }

    /// Whether connections are below TLS.
    fn has_tls(&self) -> bool {
        self.tls.is_on(self.endpoint.starts_with("https://"))
    }

    /// The name by which the server is called.
    fn authority(&self, target: &Target) -> String {
        let set = [&self.authority, &self.tls.server_name_override];
        let set = set.into_iter().find(|name| !name.is_empty());
        set.cloned().unwrap_or_else(|| target.authority())
    }

    /// The same without a port.
    fn host(&self, target: &Target) -> String {
        match self.authority.parse::<Authority>() {
            Ok(authority) => authority.host().trim_matches(['[', ']']).to_owned(),
            Err(_) => target.host().to_owned(),
        }
    }

    /// Where and how to connect, for the exporter `id`; says what is wrong with the settings.
    pub(super) fn plan(&self, id: &str) -> Result<Plan, String> {
        let target = Target::parse_grpc(&self.endpoint)?;
        let keep_alive = self.keepalive.on().map(|keys| KeepAlive {
            // As gRPC does: servers close connections that ping oftener.
            time: keys.time.0.max(Duration::from_secs(10)),
            timeout: keys.timeout.0,
            permit_without_stream: keys.permit_without_stream,
        });
        Ok(Plan {
            tls: match self.has_tls() {
                true => Some(Connector::new(&self.tls, HTTP2, &format!("exporter {id}"))?),
                false => None,
            },
            host: self.host(&target),
            target,
            spread: match self.balancer_name {
                BalancerName::RoundRobin => Spread::RoundRobin,
                BalancerName::PickFirst => Spread::PickFirst,
            },
            connections: self.connections.max(1),
            keep_alive,
        })
    }

    /// What every request has in common; says what is wrong with it.
    pub(super) fn options(&self) -> Result<Options, String> {
        let authority = self.authority(&Target::parse_grpc(&self.endpoint)?);
        Ok(Options {
            scheme: match self.has_tls() {
                true => Scheme::HTTPS,
                false => Scheme::HTTP,
            },
            authority: authority
                .parse()
                .map_err(|_| format!("`{authority}` is not an authority"))?,
            headers: self.header_map(),
            compressor: self.compressor()?,
            wait_for_ready: self.wait_for_ready,
        })
    }

    fn header_map(&self) -> HeaderMap {
        let ours = HeaderValue::from_static(concat!("spanway/", env!("CARGO_PKG_VERSION")));
        let mut headers = self.headers.map();
        match HeaderValue::from_str(&self.user_agent) {
            Ok(theirs) if !theirs.is_empty() => headers.insert(header::USER_AGENT, theirs),
            _ => headers.insert(header::USER_AGENT, ours),
        };
        headers
    }
}

// === impl KeepAliveConfig ===

impl Default for KeepAliveConfig {
    fn default() -> Self {
        Self {
            time: GoDuration::secs(10),
            timeout: GoDuration::secs(10),
            permit_without_stream: false,
        }
    }
}

//! The keys of `otlp_http`.

use std::time::Duration;

use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderValue, Uri, header};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Encoding;
use crate::config::authentication::{Auth, Side};
use crate::config::id::ComponentId;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::GoDuration;
use crate::net::compress::{Compression, CompressionParams, Compressor};
use crate::net::headers::Headers;
use crate::net::http_client::Options;
use crate::net::listen::is_local;
use crate::net::resolve::Target;
use crate::net::tls::{ClientTls, Connector, HTTP1};
use crate::pipeline::delivery::{QueueSettings, RetrySettings};

/// Sends spans to an OTLP server over HTTP.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The server, as in `https://backend:4318`; spans go to `/v1/traces` below it. Required without
    /// `traces_endpoint`.
    pub endpoint: String,
    /// The whole URL for spans, where it is not `endpoint` and `/v1/traces`.
    pub traces_endpoint: String,
    /// `proto` or `json`.
    pub encoding: Encoding,
    /// TLS of the connection, which an `https://` endpoint needs; without effect on an `http://` one.
    pub tls: ClientTls,
    /// How long one attempt may take; `0s` is without bound.
    pub timeout: GoDuration,
    /// How requests are compressed: `none`, `gzip`, `zstd`, `zlib` or `deflate`.
    pub compression: Compression,
    /// How hard to compress.
    pub compression_params: CompressionParams,
    /// Headers of every request.
    pub headers: Headers,
    /// Connections kept open for later requests; 0 is 100.
    pub max_idle_conns: usize,
    /// The same bound, counted for each server, of which there is one; 0 leaves it to `max_idle_conns`.
    pub max_idle_conns_per_host: usize,
    /// Connections at any time; 0 is without bound, that is one a request in flight.
    pub max_conns_per_host: usize,
    /// How long an unused connection is kept; `0s` is until the server closes it.
    pub idle_conn_timeout: GoDuration,
    /// Whether each request gets a connection of its own.
    pub disable_keep_alives: bool,
    /// What puts credentials on requests.
    pub auth: Option<Auth>,
    /// How spans wait for this exporter.
    pub sending_queue: QueueSettings,
    /// What happens after a failure that may pass.
    pub retry_on_failure: RetrySettings,
}

/// A URL, taken apart.
pub(super) struct Url {
    is_secure: bool,
    target: Target,
    authority: Authority,
    pub(super) path: PathAndQuery,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            traces_endpoint: String::new(),
            encoding: Encoding::Proto,
            tls: ClientTls::default(),
            timeout: GoDuration::secs(30),
            compression: Compression::Gzip,
            compression_params: CompressionParams::default(),
            headers: Headers::default(),
            max_idle_conns: 100,
            max_idle_conns_per_host: 0,
            max_conns_per_host: 0,
            idle_conn_timeout: GoDuration::secs(90),
            disable_keep_alives: false,
            auth: None,
            sending_queue: QueueSettings::default(),
            retry_on_failure: RetrySettings::default(),
        }
    }
}

impl Settings for Config {
    fn no_effect() -> Vec<KeyNote> {
        let other = "this gateway takes traces";
        let http2 = "requests go over HTTP/1.1";
        vec![
            KeyNote::new("metrics_endpoint", other),
            KeyNote::new("logs_endpoint", other),
            KeyNote::new("profiles_endpoint", other),
            KeyNote::new("read_buffer_size", "reads are as large as what has arrived"),
            KeyNote::new("write_buffer_size", "writes gather what is ready"),
            KeyNote::new("force_attempt_http2", http2),
            KeyNote::new("http2_read_idle_timeout", http2),
            KeyNote::new("http2_ping_timeout", http2),
        ]
    }

    fn unsupported() -> Vec<KeyNote> {
        let mut notes = vec![
            KeyNote::new("middlewares", "middlewares are not available in this version"),
            KeyNote::new("proxy_url", "proxies are not available in this version"),
            KeyNote::new("cookies", "cookies are not available in this version"),
        ];
        notes.extend(ClientTls::unsupported().into_iter().map(|note| note.below("tls")));
        notes
    }

    fn differing_defaults(journaled: bool) -> Vec<KeyNote> {
        let mut notes = QueueSettings::differing_defaults(journaled);
        notes.extend(RetrySettings::differing_defaults(journaled));
        notes
    }

    fn warn(&self, journaled: bool, warnings: &mut Problems) {
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
        if let Err(problem) = self.url() {
            problems.add(self.url_text().0, problem);
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
        problems.below("headers", |problems| {
            self.headers.validate(problems);
            for (name, _) in &self.headers.0 {
                if ["content-length", "transfer-encoding", "connection"]
                    .contains(&name.to_ascii_lowercase().as_str())
                {
                    problems.add(name.clone(), "belongs to HTTP itself and cannot be set");
                }
            }
        });
        problems.below("sending_queue", |problems| self.sending_queue.validate(problems));
        problems.below("retry_on_failure", |problems| {
            self.retry_on_failure.validate(problems)
        });
    }
}

impl Config {
    /// The key that says where spans go, and the URL.
    fn url_text(&self) -> (&'static str, String) {
        if self.traces_endpoint.is_empty() && !self.endpoint.is_empty() {
            (
                "endpoint",
                format!("{}/v1/traces", self.endpoint.trim_end_matches('/')),
            )
        } else if self.traces_endpoint.is_empty() {
            ("endpoint", String::new())
        } else {
            ("traces_endpoint", self.traces_endpoint.clone())
        }
    }

    /// Where spans go, or what is wrong with it.
    pub(super) fn url(&self) -> Result<Url, String> {
        Url::parse(&self.url_text().1)
    }

    fn sends_in_the_clear(&self) -> bool {
        let (_, url) = self.url_text();
        let url = Url::parse(&url).ok().filter(|_| url.starts_with("http://"));
        url.is_some_and(|url| !is_local(&url.target.to_string()))
    }

    pub(super) fn compressor(&self) -> Result<Compressor, String> {
        Compressor::new(self.compression, &self.compression_params)
    }

    /// One attempt's bound; none when it is zero.
    pub(super) fn attempt_timeout(&self) -> Option<Duration> {
        Some(self.timeout.0).filter(|timeout| !timeout.is_zero())
    }

    /// The connections to the server of `url`, for the exporter `id`; says what is wrong with the settings.
    pub(super) fn connections(&self, url: &Url, id: &str) -> Result<Options, String> {
        let bound = |count: usize| Some(count).filter(|count| *count > 0);
        let max_idle = bound(self.max_idle_conns).unwrap_or(100);
        Ok(Options {
            target: url.target.clone(),
            tls: match url.is_secure {
                true => Some(Connector::new(&self.tls, HTTP1, &format!("exporter {id}"))?),
                false => None,
            },
            max_connections: bound(self.max_conns_per_host),
            max_idle: match self.disable_keep_alives {
                true => 0,
                false => max_idle.min(bound(self.max_idle_conns_per_host).unwrap_or(max_idle)),
            },
            idle_timeout: Some(self.idle_conn_timeout.0).filter(|timeout| !timeout.is_zero()),
        })
    }

    /// The headers of every request to `url`; the user's own prevail over ours where HTTP lets them.
    pub(super) fn header_map(&self, url: &Url) -> Result<HeaderMap, String> {
        let ours = HeaderValue::from_static(concat!("spanway/", env!("CARGO_PKG_VERSION")));
        let host = HeaderValue::from_str(url.authority.as_str()).map_err(|error| error.to_string())?;
        let mut headers = HeaderMap::from_iter([(header::USER_AGENT, ours), (header::HOST, host)]);
        for (name, value) in &self.headers.map() {
            headers.insert(name, value.clone());
        }
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.encoding.content_type()),
        );
        match self.compressor()?.name() {
            Some(name) => headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name)),
            None => headers.remove(header::CONTENT_ENCODING),
        };
        Ok(headers)
    }
}

// === impl Url ===

impl Url {
    fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("is empty, but must be a URL, as in `http://backend:4318`".into());
        }
        let wrong = |why: &str| format!("`{text}` {why}; write it as in `http://backend:4318`");
        let uri: Uri = text.parse().map_err(|_| wrong("is not a URL"))?;
        let (port, is_secure) = match uri.scheme_str() {
            Some("http") => (80, false),
            Some("https") => (443, true),
            _ => return Err(wrong("does not begin with `https://` or `http://`")),
        };
        let parts = uri.into_parts();
        let authority = parts.authority.ok_or_else(|| wrong("names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("has a user name; set an `authorization` header instead"));
        }
        Ok(Self {
            is_secure,
            target: Target::Host {
                host: authority.host().trim_matches(['[', ']']).to_owned(),
                port: authority.port_u16().unwrap_or(port),
            },
            authority,
            path: parts
                .path_and_query
                .unwrap_or_else(|| PathAndQuery::from_static("/")),
        })
    }
}

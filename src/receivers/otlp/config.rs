//! The Collector's `otlp` receiver settings: what each key means here, and its default.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::doors::posthog::PostHogConfig;
use crate::config::authentication::{Auth, Side};
use crate::config::id::ComponentId;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::{GoDuration, Secret, Section};
use crate::net::decompress::Encoding;
use crate::net::listen::{Place, Transport};
use crate::net::serve;
use crate::net::tls::ServerTls;

const MIB: u64 = 1024 * 1024;

/// Takes OTLP traces over gRPC and HTTP.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OtlpConfig {
    /// The protocols to serve; at least one.
    pub protocols: Protocols,
}

/// The protocols of the receiver; one that is not written is not served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Protocols {
    /// OTLP/gRPC.
    #[serde(skip_serializing_if = "is_off")]
    pub grpc: Section<GrpcConfig>,
    /// OTLP/HTTP with protobuf and JSON, over HTTP/1.1 and HTTP/2.
    #[serde(skip_serializing_if = "is_off")]
    pub http: Section<HttpConfig>,
}

/// OTLP/gRPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct GrpcConfig {
    /// Where to listen: `host:port`, or the path of a Unix socket. Only this machine by default, because everybody may call
    /// unless `auth` is there.
    pub endpoint: String,
    /// `tcp`, or `tcp4` and `tcp6` for one family of addresses, or `unix`.
    pub transport: Transport,
    /// Who may use a Unix socket, as `chmod` has it: `"0660"` (ours); the umask decides, when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub socket_mode: String,
    /// TLS of connections; in the clear, when absent.
    pub tls: Option<ServerTls>,
    /// The largest request in MiB, as sent and decompressed; 64 as the OTLP specification recommends.
    pub max_recv_msg_size_mib: u64,
    /// Who may send; everybody, when absent.
    pub auth: Option<Auth>,
    /// Requests in flight on one connection; 1024 by default, so that one client cannot take all memory.
    pub max_concurrent_streams: u32,
    /// When connections are checked and when they end.
    pub keepalive: KeepaliveConfig,
    /// Whether pipelines see the metadata of requests; off by default, since it costs a copy a request.
    pub include_metadata: bool,
}

/// When connections are checked and when they end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeepaliveConfig {
    /// What this side does.
    pub server_parameters: KeepaliveServer,
}

/// What the server does about connections; a duration of 0 stands for the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeepaliveServer {
    /// A connection without requests for this long is asked to end; 0: never.
    pub max_connection_idle: GoDuration,
    /// A connection this old (give or take a tenth) is asked to end, so that clients find new servers; 0: never.
    pub max_connection_age: GoDuration,
    /// How long requests in flight may take after that; 0: as long as they need.
    pub max_connection_age_grace: GoDuration,
    /// A client silent for this long is asked whether it lives; 0: 2h.
    pub time: GoDuration,
    /// How long it has to answer before the connection is closed; 0: 20s.
    pub timeout: GoDuration,
}

/// OTLP/HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HttpConfig {
    /// Where to listen: `host:port`, or the path of a Unix socket. Only this machine by default, because everybody may call
    /// unless `auth` is there.
    pub endpoint: String,
    /// `tcp`, or `tcp4` and `tcp6` for one family of addresses, or `unix`.
    pub transport: Transport,
    /// Who may use a Unix socket, as `chmod` has it: `"0660"` (ours); the umask decides, when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub socket_mode: String,
    /// TLS of connections; in the clear, when absent.
    pub tls: Option<ServerTls>,
    /// The path that takes traces.
    pub traces_url_path: String,
    /// The largest request in bytes, as sent and decompressed; 64 MiB as the OTLP specification recommends.
    pub max_request_body_size: u64,
    /// Who may send; everybody, when absent.
    pub auth: Option<HttpAuth>,
    /// The values of `Content-Encoding` that are taken; the empty one is a body that is not compressed.
    pub compression_algorithms: Vec<String>,
    /// Whether pipelines see the headers of requests; off by default, since it costs a copy a request.
    pub include_metadata: bool,
    /// Headers that every response carries.
    pub response_headers: BTreeMap<String, Secret>,
    /// Which web pages may send traces.
    pub cors: CorsConfig,
    /// PostHog's way in, `POST /i/v1/traces` (ours).
    pub posthog: PostHogConfig,
    /// Whether a connection of HTTP/1.1 may carry more than one request.
    pub keep_alives_enabled: bool,
    /// How long the body of a request may take to arrive; 0: as long as it keeps arriving.
    pub read_timeout: GoDuration,
    /// How long the head of a request of HTTP/1.1 may take, counted from the end of the one before; 0: no bound.
    pub read_header_timeout: GoDuration,
    /// A connection without requests for this long is closed; 0: never.
    pub idle_timeout: GoDuration,
}

/// Who may send over HTTP.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct HttpAuth {
    /// The extension that knows.
    pub authenticator: ComponentId,
    /// Parameters of a request's query that the authenticator takes for headers; they prevail over headers of the same
    /// name.
    #[serde(default)]
    pub request_params: Vec<String>,
}

/// Which web pages may send traces (CORS); none unless origins are named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CorsConfig {
    /// Origins such as `https://*.example.com`; `*` stands for any text.
    pub allowed_origins: Vec<String>,
    /// Request headers that pages may set beside the safelisted ones; `*` is any.
    pub allowed_headers: Vec<String>,
    /// Response headers that pages may read beside the safelisted ones.
    pub exposed_headers: Vec<String>,
    /// Seconds that a browser may remember a preflight's answer; 0: its own default.
    pub max_age: u32,
}

fn is_off<T>(section: &Section<T>) -> bool {
    section.on().is_none()
}

/// Whether TLS asks clients who they are.
fn asks(tls: &Option<ServerTls>) -> bool {
    tls.as_ref().is_some_and(ServerTls::asks_clients)
}

/// A duration that is only meant when it is not 0.
fn meant(duration: GoDuration) -> Option<Duration> {
    (duration.0 > Duration::ZERO).then_some(duration.0)
}

// === impl OtlpConfig ===

impl Settings for OtlpConfig {
    fn no_effect() -> Vec<KeyNote> {
        let buffers = "the size of socket buffers is chosen here";
        let pings = "pings of clients are answered however often they come";
        let signals = "this gateway takes traces only";
        vec![
            KeyNote::new("protocols.grpc.read_buffer_size", buffers),
            KeyNote::new("protocols.grpc.write_buffer_size", buffers),
            KeyNote::new("protocols.grpc.dialer", "a server does not dial"),
            KeyNote::new("protocols.grpc.keepalive.enforcement_policy", pings),
            KeyNote::new("protocols.http.dialer", "a server does not dial"),
            KeyNote::new(
                "protocols.http.write_timeout",
                "responses are small and never block a thread",
            ),
            KeyNote::new("protocols.http.metrics_url_path", signals),
            KeyNote::new("protocols.http.logs_url_path", signals),
            KeyNote::new("protocols.http.profiles_url_path", signals),
        ]
    }

    fn unsupported() -> Vec<KeyNote> {
        let middlewares = "middlewares are not in this version: remove them";
        let mut notes = Vec::new();
        for protocol in ["grpc", "http"] {
            notes.push(KeyNote::new(
                format!("protocols.{protocol}.middlewares"),
                middlewares,
            ));
            let tls = format!("protocols.{protocol}.tls");
            notes.extend(ServerTls::unsupported().into_iter().map(|note| note.below(&tls)));
        }
        notes
    }

    fn differing_defaults(_journaled: bool) -> Vec<KeyNote> {
        let limit = "as the OTLP specification recommends";
        let mut notes = vec![
            KeyNote::new(
                "protocols.grpc.max_recv_msg_size_mib",
                format!("64, not 4: {limit}"),
            ),
            KeyNote::new(
                "protocols.grpc.max_concurrent_streams",
                "1024, not unbounded: memory is a budget",
            ),
            KeyNote::new(
                "protocols.http.max_request_body_size",
                format!("64 MiB, not 20: {limit}"),
            ),
        ];
        for protocol in ["grpc", "http"] {
            let tls = format!("protocols.{protocol}.tls");
            notes.extend(
                ServerTls::differing_defaults()
                    .into_iter()
                    .map(|note| note.below(&tls)),
            );
        }
        notes
    }

    fn authenticators(&self) -> Vec<(&'static str, Side, &ComponentId)> {
        let (grpc, http) = self.protocols.authenticators();
        let named = [
            ("protocols.grpc.auth.authenticator", grpc),
            ("protocols.http.auth.authenticator", http),
        ];
        let named = named.into_iter();
        named
            .filter_map(|(key, id)| Some((key, Side::Server, id?)))
            .collect()
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        let Protocols { grpc, http } = &self.protocols;
        let endpoints = [
            (
                "grpc",
                grpc.on()
                    .map(|grpc| (grpc.place(), grpc.auth.is_some() || asks(&grpc.tls))),
            ),
            (
                "http",
                http.on()
                    .map(|http| (http.place(), http.auth.is_some() || asks(&http.tls))),
            ),
        ];
        for (protocol, serving) in endpoints {
            if let Some((place, false)) = serving
                && !place.is_local()
            {
                let endpoint = place.endpoint;
                warnings.add(
                    format!("protocols.{protocol}.endpoint"),
                    format!(
                        "is `{endpoint}`, where other machines can send spans, and nobody asks them who they are; name an \
                         extension such as `keys` in `protocols.{protocol}.auth.authenticator`, or listen on `localhost`"
                    ),
                );
            }
        }
    }

    fn validate(&self, problems: &mut Problems) {
        let Protocols { grpc, http } = &self.protocols;
        if grpc.on().is_none() && http.on().is_none() {
            problems.add(
                "protocols",
                "names neither `grpc` nor `http`; at least one is needed",
            );
        }
        if let Some(grpc) = grpc.on() {
            problems.below("protocols.grpc", |problems| grpc.validate(problems));
        }
        if let Some(http) = http.on() {
            problems.below("protocols.http", |problems| http.validate(problems));
        }
    }
}

// === impl Protocols ===

impl Protocols {
    /// Who judges senders, on gRPC and on HTTP.
    fn authenticators(&self) -> (Option<&ComponentId>, Option<&ComponentId>) {
        let grpc = self.grpc.on().and_then(|grpc| grpc.auth.as_ref());
        let http = self.http.on().and_then(|http| http.auth.as_ref());
        (
            grpc.map(|auth| &auth.authenticator),
            http.map(|auth| &auth.authenticator),
        )
    }
}

// === impl GrpcConfig ===

impl Default for GrpcConfig {
    fn default() -> Self {
        Self {
            endpoint: "localhost:4317".into(),
            transport: Transport::default(),
            socket_mode: String::new(),
            tls: None,
            max_recv_msg_size_mib: 64,
            auth: None,
            max_concurrent_streams: 1024,
            keepalive: KeepaliveConfig::default(),
            include_metadata: false,
        }
    }
}

impl GrpcConfig {
    /// Where it listens.
    pub fn place(&self) -> Place<'_> {
        Place {
            endpoint: &self.endpoint,
            transport: self.transport,
            mode: &self.socket_mode,
        }
    }

    /// The largest request in bytes.
    pub fn limit(&self) -> usize {
        // As in the Collector, 0 stands for the default.
        let mib = match self.max_recv_msg_size_mib {
            0 => 64,
            mib => mib,
        };
        usize::try_from(mib.saturating_mul(MIB)).unwrap_or(usize::MAX)
    }

    /// How connections are treated.
    pub fn serve(&self) -> serve::Settings {
        let parameters = &self.keepalive.server_parameters;
        let time = meant(parameters.time).unwrap_or(Duration::from_secs(2 * 3600));
        let timeout = meant(parameters.timeout).unwrap_or(Duration::from_secs(20));
        serve::Settings {
            http2_only: true,
            max_concurrent_streams: match self.max_concurrent_streams {
                0 => u32::MAX,
                streams => streams,
            },
            ping: Some((time, timeout)),
            max_idle: meant(parameters.max_connection_idle),
            max_age: meant(parameters.max_connection_age),
            max_age_grace: meant(parameters.max_connection_age_grace),
            ..serve::Settings::default()
        }
    }

    fn validate(&self, problems: &mut Problems) {
        self.place().validate(problems);
        if let Some(tls) = &self.tls {
            problems.below("tls", |problems| tls.validate(problems));
        }
        let mib = self.max_recv_msg_size_mib;
        if mib >= 4096 {
            problems.add(
                "max_recv_msg_size_mib",
                format!("{mib} MiB is more than a gRPC message can have; the most is 4095"),
            );
        }
    }
}

// === impl HttpConfig ===

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            endpoint: "localhost:4318".into(),
            transport: Transport::default(),
            socket_mode: String::new(),
            tls: None,
            traces_url_path: "/v1/traces".into(),
            max_request_body_size: 64 * MIB,
            auth: None,
            compression_algorithms: ["", "gzip", "zstd", "zlib", "snappy", "deflate"]
                .map(String::from)
                .into(),
            include_metadata: false,
            response_headers: BTreeMap::new(),
            cors: CorsConfig::default(),
            posthog: PostHogConfig::default(),
            keep_alives_enabled: true,
            read_timeout: GoDuration::default(),
            read_header_timeout: GoDuration::default(),
            idle_timeout: GoDuration::default(),
        }
    }
}

impl HttpConfig {
    /// Where it listens.
    pub fn place(&self) -> Place<'_> {
        Place {
            endpoint: &self.endpoint,
            transport: self.transport,
            mode: &self.socket_mode,
        }
    }

    /// The largest request in bytes.
    pub fn limit(&self) -> usize {
        // As in the Collector, 0 stands for the default.
        let bytes = match self.max_request_body_size {
            0 => 64 * MIB,
            bytes => bytes,
        };
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// How long a body may take to arrive.
    pub fn read_timeout(&self) -> Option<Duration> {
        meant(self.read_timeout)
    }

    /// How connections are treated.
    pub fn serve(&self) -> serve::Settings {
        serve::Settings {
            max_idle: meant(self.idle_timeout),
            header_timeout: meant(self.read_header_timeout),
            keep_alive: self.keep_alives_enabled,
            ..serve::Settings::default()
        }
    }

    fn validate(&self, problems: &mut Problems) {
        self.place().validate(problems);
        if let Some(tls) = &self.tls {
            problems.below("tls", |problems| tls.validate(problems));
        }
        let parameters = self.auth.iter().flat_map(|auth| &auth.request_params);
        for (at, name) in parameters.enumerate() {
            if name.parse::<HeaderName>().is_err() {
                problems.add(
                    format!("auth.request_params.{at}"),
                    format!("`{name}` cannot stand for a header"),
                );
            }
        }
        if !self.traces_url_path.starts_with('/') {
            let path = &self.traces_url_path;
            problems.add("traces_url_path", format!("`{path}` does not begin with a slash"));
        }
        for name in &self.compression_algorithms {
            if Encoding::from_name(name.as_bytes()).is_none() {
                let message = format!(
                    "`{name}` is not supported; known are gzip, zstd, zlib, deflate, snappy, x-snappy-framed and the empty one"
                );
                problems.add("compression_algorithms", message);
            }
        }
        for (name, value) in &self.response_headers {
            let valid = HeaderName::try_from(name).is_ok() && HeaderValue::try_from(&value.0).is_ok();
            if !valid {
                problems.add(
                    format!("response_headers.{name}"),
                    "is not a header that HTTP can carry",
                );
            }
        }
    }
}

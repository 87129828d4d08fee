//! Keys of the `query` extension.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::authentication::{Auth, Side};
use crate::config::id::ComponentId;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::net::listen::Place;
use crate::net::tls::ServerTls;

const MIB: u64 = 1 << 20;

/// Answers the query APIs of PostHog, Mackerel, Traceloop and Arize Phoenix from the spans of a store.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuerySettings {
    /// Where it listens.
    pub endpoint: String,
    /// TLS of connections; in the clear, when absent.
    pub tls: Option<ServerTls>,
    /// Who may ask; everybody, when absent.
    pub auth: Option<Auth>,
    /// The `directory` of the exporter `store` whose spans are asked for; the only one there is, when absent.
    pub directory: Option<String>,
    /// The largest body of a request, in MiB.
    pub max_request_body_size_mib: u64,
    /// How long a question may take, in milliseconds; then it fails.
    pub max_query_time_ms: u64,
    /// The most memory that a question may take, in MiB; one that needs more fails.
    pub max_query_memory_mib: u64,
    /// PostHog's tracing API, below `/api/environments/` and `/api/projects/`.
    pub posthog: LimitedDialect,
    /// Mackerel's API, below `/api/v0/`.
    pub mackerel: LimitedDialect,
    /// Traceloop's API, below `/v2/` and `/api/v2/`.
    pub traceloop: OpenDialect,
    /// Arize Phoenix's API, below `/v1/`.
    pub phoenix: OpenDialect,
}

/// A product's API that has rate limits.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitedDialect {
    /// Whether it is served.
    pub enabled: bool,
    /// Whether the product's own rate limits hold, for each key.
    pub rate_limit: bool,
}

/// A product's API that has no rate limits.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenDialect {
    /// Whether it is served.
    pub enabled: bool,
}

// === impl QuerySettings ===

impl QuerySettings {
    /// The largest body of a request, in bytes.
    pub fn body_limit(&self) -> usize {
        usize::try_from(self.max_request_body_size_mib.saturating_mul(MIB)).unwrap_or(usize::MAX)
    }

    /// The most memory that a question may take, in bytes.
    pub fn memory_limit(&self) -> u64 {
        self.max_query_memory_mib.saturating_mul(MIB)
    }
}

impl Default for QuerySettings {
    fn default() -> Self {
        Self {
            endpoint: "localhost:4319".into(),
            tls: None,
            auth: None,
            directory: None,
            max_request_body_size_mib: 8,
            max_query_time_ms: 10_000,
            max_query_memory_mib: 256,
            posthog: LimitedDialect::default(),
            mackerel: LimitedDialect::default(),
            traceloop: OpenDialect::default(),
            phoenix: OpenDialect::default(),
        }
    }
}

impl Settings for QuerySettings {
    fn unsupported() -> Vec<KeyNote> {
        let tls = ServerTls::unsupported().into_iter();
        tls.map(|note| note.below("tls")).collect()
    }

    fn authenticators(&self) -> Vec<(&'static str, Side, &ComponentId)> {
        let auth = self.auth.iter();
        auth.map(|auth| ("auth.authenticator", Side::Keys, &auth.authenticator))
            .collect()
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        let endpoint = &self.endpoint;
        let is_asked = self.auth.is_some() || self.tls.as_ref().is_some_and(ServerTls::asks_clients);
        if !is_asked && !Place::tcp(endpoint).is_local() {
            warnings.add(
                "endpoint",
                format!(
                    "is `{endpoint}`, where other machines can read and delete spans, and nobody asks them for a key; \
                     name an extension `keys` in `auth.authenticator`, or listen on `localhost`"
                ),
            );
        }
    }

    fn validate(&self, problems: &mut Problems) {
        Place::tcp(&self.endpoint).validate(problems);
        if let Some(tls) = &self.tls {
            problems.below("tls", |problems| tls.validate(problems));
        }
        for (key, value) in [
            ("max_request_body_size_mib", self.max_request_body_size_mib),
            ("max_query_time_ms", self.max_query_time_ms),
            ("max_query_memory_mib", self.max_query_memory_mib),
        ] {
            if value == 0 {
                problems.add(key, "is 0, which lets nothing through".to_owned());
            }
        }
    }
}

// === impl LimitedDialect, OpenDialect ===

impl Default for LimitedDialect {
    fn default() -> Self {
        Self {
            enabled: true,
            rate_limit: false,
        }
    }
}

impl Default for OpenDialect {
    fn default() -> Self {
        Self { enabled: true }
    }
}

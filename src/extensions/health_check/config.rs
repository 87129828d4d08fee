//! Keys of the `health_check` extension.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::settings::{KeyNote, Problems, Settings};
use crate::net::listen::Place;
use crate::net::tls::ServerTls;

/// A page that says whether this process takes spans.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthCheckSettings {
    /// Where it listens.
    pub endpoint: String,
    /// TLS of connections; in the clear, when absent.
    pub tls: Option<ServerTls>,
    /// The path of the page.
    pub path: String,
    /// What the page says, in place of its own words.
    pub response_body: Option<ResponseBody>,
}

/// Texts of the health page.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResponseBody {
    /// While spans are taken.
    pub healthy: String,
    /// While they are not.
    pub unhealthy: String,
}

impl Default for HealthCheckSettings {
    fn default() -> Self {
        Self {
            endpoint: "localhost:13133".into(),
            tls: None,
            path: "/".into(),
            response_body: None,
        }
    }
}

impl Settings for HealthCheckSettings {
    fn no_effect() -> Vec<KeyNote> {
        vec![KeyNote::new(
            "check_collector_pipeline",
            "the page always speaks of the whole process",
        )]
    }

    fn unsupported() -> Vec<KeyNote> {
        let keys = ["auth", "cors", "use_v2", "http", "grpc", "component_health"];
        let keys = keys.map(|key| KeyNote::new(key, "is not available in this version; remove the key"));
        let mut notes = keys.to_vec();
        notes.extend(ServerTls::unsupported().into_iter().map(|note| note.below("tls")));
        notes
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        let endpoint = &self.endpoint;
        let is_asked = self.tls.as_ref().is_some_and(ServerTls::asks_clients);
        if !is_asked && !Place::tcp(endpoint).is_local() {
            warnings.add(
                "endpoint",
                format!(
                    "is `{endpoint}`, where other machines can read whether spans are taken, and nobody asks them who \
                     they are; keep others away from this port, or listen on `localhost`"
                ),
            );
        }
    }

    fn validate(&self, problems: &mut Problems) {
        Place::tcp(&self.endpoint).validate(problems);
        if let Some(tls) = &self.tls {
            problems.below("tls", |problems| tls.validate(problems));
        }
        if !self.path.starts_with('/') {
            problems.add("path", format!("is `{}`, but must begin with `/`", self.path));
        }
    }
}

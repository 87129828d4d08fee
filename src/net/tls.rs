//! The Collector's `tls` keys of a client. TLS itself is not available in this version: the keys are read, so
//! that `insecure: true` beside others works as it does there, and a connection that would need TLS is an error.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::settings::Problems;
use crate::config::types::{GoDuration, Secret};

/// How a client would use TLS. Beside `insecure: true` the other keys have no effect.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientTls {
    /// Sends in the clear. The Collector's default, false, needs TLS, which is not available in this version.
    pub insecure: bool,
    /// Whether the server's certificate is not checked.
    pub insecure_skip_verify: bool,
    /// The name that the server's certificate must have.
    pub server_name_override: String,
    /// A file with the certificates of trusted authorities.
    pub ca_file: String,
    /// The certificates of trusted authorities themselves.
    pub ca_pem: Secret,
    /// Whether the system's authorities are trusted beside `ca_file`.
    pub include_system_ca_certs_pool: bool,
    /// A file with the client's certificate.
    pub cert_file: String,
    /// The client's certificate itself.
    pub cert_pem: Secret,
    /// A file with the client's key.
    pub key_file: String,
    /// The client's key itself.
    pub key_pem: Secret,
    /// The oldest version of TLS that is spoken.
    pub min_version: String,
    /// The newest version of TLS that is spoken.
    pub max_version: String,
    /// The cipher suites that are spoken.
    pub cipher_suites: Vec<String>,
    /// The curves that are spoken.
    pub curve_preferences: Vec<String>,
    /// How often the files are read again.
    pub reload_interval: GoDuration,
}

// === impl ClientTls ===

impl ClientTls {
    /// Adds a problem when a gRPC `endpoint` with these keys would need TLS, which then is the default.
    pub fn validate_grpc(&self, endpoint: &str, problems: &mut Problems) {
        if endpoint.starts_with("https://") {
            problems.add("endpoint", https(endpoint));
        } else if !self.insecure && !endpoint.starts_with("http://") {
            problems.add(
                "tls.insecure",
                "is false, so that this exporter would use TLS, which is not available in this version; \
                 set `tls: {insecure: true}` to send in the clear",
            );
        }
    }

    /// Adds a problem when an HTTP `endpoint`, found at `key`, needs TLS; only its scheme decides that.
    pub fn validate_http(key: &str, endpoint: &str, problems: &mut Problems) {
        if endpoint.starts_with("https://") {
            problems.add(key, https(endpoint));
        }
    }
}

fn https(endpoint: &str) -> String {
    let plain = endpoint.replacen("https://", "http://", 1);
    format!(
        "`{endpoint}` asks for TLS, which is not available in this version; \
         write `{plain}` (for gRPC with `tls: {{insecure: true}}`) to send in the clear"
    )
}

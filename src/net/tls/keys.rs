//! The Collector's keys of TLS, and what is wrong with them as they are written.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pem::{Pair, Source, Sources};
use super::spoken::Spoken;
use crate::config::settings::{KeyNote, Problems};
use crate::config::types::{GoDuration, Secret};

/// How a client uses TLS.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientTls {
    /// Sends in the clear, unless `ca_file` or `ca_pem` is there. Without effect where the endpoint is a URL that says `https`.
    pub insecure: bool,
    /// Whether any certificate of the server will do: a man in the middle is not noticed.
    pub insecure_skip_verify: bool,
    /// The name that the server's certificate must have, where it is not the endpoint's.
    pub server_name_override: String,
    /// A file with the certificates of the authorities that are trusted; the machine's, when absent.
    pub ca_file: String,
    /// The certificates of the authorities themselves, in place of `ca_file`.
    pub ca_pem: Secret,
    /// Whether the machine's authorities are trusted beside those of `ca_file` or `ca_pem`.
    pub include_system_ca_certs_pool: bool,
    /// A file with the client's certificate, and with those that lead to its authority.
    pub cert_file: String,
    /// The client's certificate itself, in place of `cert_file`.
    pub cert_pem: Secret,
    /// A file with the key of the client's certificate.
    pub key_file: String,
    /// The key itself, in place of `key_file`.
    pub key_pem: Secret,
    /// The oldest version of TLS that is spoken: `1.2`, the default, or `1.3`.
    pub min_version: String,
    /// The newest version of TLS that is spoken: `1.3`, the default, or `1.2`.
    pub max_version: String,
    /// The cipher suites of TLS 1.2 that are spoken, by Go's names; all safe ones, when empty.
    pub cipher_suites: Vec<String>,
    /// How keys are agreed on, in order of preference: `X25519`, `P256`, `P384`, which is also the default.
    pub curve_preferences: Vec<String>,
    /// How often files are looked at, when a connection is made, for whether they have changed; 10s when absent, `0s` is never.
    pub reload_interval: Option<GoDuration>,
}

/// How a server uses TLS. It needs a certificate and its key.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerTls {
    /// A file with the server's certificate, and with those that lead to its authority.
    pub cert_file: String,
    /// The server's certificate itself, in place of `cert_file`.
    pub cert_pem: Secret,
    /// A file with the key of the server's certificate.
    pub key_file: String,
    /// The key itself, in place of `key_file`.
    pub key_pem: Secret,
    /// A file with the authorities of clients; with it, every client must show a certificate of theirs.
    pub client_ca_file: String,
    /// Whether `client_ca_file` is read again when it changes, as the other files are.
    pub client_ca_file_reload: bool,
    /// The oldest version of TLS that is spoken: `1.2`, the default, or `1.3`.
    pub min_version: String,
    /// The newest version of TLS that is spoken: `1.3`, the default, or `1.2`.
    pub max_version: String,
    /// The cipher suites of TLS 1.2 that are spoken, by Go's names; all safe ones, when empty.
    pub cipher_suites: Vec<String>,
    /// How keys are agreed on, in order of preference: `X25519`, `P256`, `P384`, which is also the default.
    pub curve_preferences: Vec<String>,
    /// How often files are looked at, when a connection is made, for whether they have changed; 10s when absent, `0s` is never.
    pub reload_interval: Option<GoDuration>,
}

/// How often files are looked at, unless told otherwise.
const RELOAD: GoDuration = GoDuration::secs(10);

const BOTH: &str =
    "needs both a certificate (`cert_file` or `cert_pem`) and its key (`key_file` or `key_pem`)";

// === impl ClientTls ===

impl ClientTls {
    /// Whether a gRPC client uses TLS; `secure` says that the endpoint is `https`.
    pub fn is_on(&self, secure: bool) -> bool {
        let names_authorities = !self.ca_file.is_empty() || !self.ca_pem.0.is_empty();
        secure || !self.insecure || names_authorities
    }

    /// Keys that there are in the Collector alone.
    pub fn unsupported() -> Vec<KeyNote> {
        vec![KeyNote::new("tpm", TPM)]
    }

    /// Adds what is wrong, each below the key to blame.
    pub fn validate(&self, problems: &mut Problems) {
        if !self.ca_file.is_empty() && !self.ca_pem.0.is_empty() {
            problems.add("ca_pem", "stands beside `ca_file`; write only one of them");
        }
        self.pair().validate(problems);
        if let Err((key, problem)) = self.spoken() {
            problems.add(key, problem);
        }
    }

    pub(super) fn spoken(&self) -> Result<Spoken, (&'static str, String)> {
        let versions = (self.min_version.as_str(), self.max_version.as_str());
        Spoken::new(versions, &self.cipher_suites, &self.curve_preferences)
    }

    pub(super) fn sources(&self) -> Sources {
        Sources {
            authorities: Source::of(("ca_file", &self.ca_file), ("ca_pem", &self.ca_pem)),
            pair: self.pair().sources(),
            is_kept: false,
            interval: self.reload_interval.unwrap_or(RELOAD).0,
        }
    }

    fn pair(&self) -> Pair<'_> {
        Pair {
            cert_file: &self.cert_file,
            cert_pem: &self.cert_pem,
            key_file: &self.key_file,
            key_pem: &self.key_pem,
        }
    }
}

// === impl ServerTls ===

/// What is said of keys on chips.
const TPM: &str = "keys on a chip (TPM) are not available in this version; use `key_file`";

impl Default for ServerTls {
    fn default() -> Self {
        Self {
            cert_file: String::new(),
            cert_pem: Secret::default(),
            key_file: String::new(),
            key_pem: Secret::default(),
            client_ca_file: String::new(),
            client_ca_file_reload: true,
            min_version: String::new(),
            max_version: String::new(),
            cipher_suites: Vec::new(),
            curve_preferences: Vec::new(),
            reload_interval: None,
        }
    }
}

impl ServerTls {
    /// Whether every client must show a certificate.
    pub fn asks_clients(&self) -> bool {
        !self.client_ca_file.is_empty()
    }

    /// Keys that there are in the Collector alone, and those that are for clients.
    pub fn unsupported() -> Vec<KeyNote> {
        let name = "`client_ca_file` names the authorities of clients";
        vec![
            KeyNote::new("tpm", TPM),
            KeyNote::new("ca_file", name),
            KeyNote::new("ca_pem", name),
            KeyNote::new("include_system_ca_certs_pool", name),
        ]
    }

    /// Defaults that are not the Collector's.
    pub fn differing_defaults() -> Vec<KeyNote> {
        vec![
            KeyNote::new(
                "reload_interval",
                "10s, not never: certificates that are renewed are meant to be used",
            ),
            KeyNote::new(
                "client_ca_file_reload",
                "true, not false: an authority that is no longer trusted must not let clients in",
            ),
        ]
    }

    /// Adds what is wrong, each below the key to blame.
    pub fn validate(&self, problems: &mut Problems) {
        let pair = self.pair();
        if pair.is_empty() {
            problems.add("", BOTH);
        }
        pair.validate(problems);
        if let Err((key, problem)) = self.spoken() {
            problems.add(key, problem);
        }
    }

    pub(super) fn spoken(&self) -> Result<Spoken, (&'static str, String)> {
        let versions = (self.min_version.as_str(), self.max_version.as_str());
        Spoken::new(versions, &self.cipher_suites, &self.curve_preferences)
    }

    pub(super) fn sources(&self) -> Sources {
        let none = Secret::default();
        Sources {
            authorities: Source::of(("client_ca_file", &self.client_ca_file), ("", &none)),
            pair: self.pair().sources(),
            is_kept: !self.client_ca_file_reload,
            interval: self.reload_interval.unwrap_or(RELOAD).0,
        }
    }

    fn pair(&self) -> Pair<'_> {
        Pair {
            cert_file: &self.cert_file,
            cert_pem: &self.cert_pem,
            key_file: &self.key_file,
            key_pem: &self.key_pem,
        }
    }
}

// === impl Pair ===

impl Pair<'_> {
    fn validate(&self, problems: &mut Problems) {
        let several = [
            ("cert_pem", self.cert_file, self.cert_pem, "cert_file"),
            ("key_pem", self.key_file, self.key_pem, "key_file"),
        ];
        for (key, file, pem, other) in several {
            if !file.is_empty() && !pem.0.is_empty() {
                problems.add(key, format!("stands beside `{other}`; write only one of them"));
            }
        }
        if !self.is_empty() && !self.is_whole() {
            problems.add("", BOTH);
        }
    }
}

//! The Collector's keys of a connection to Kafka, and what they are to librdkafka.

use rdkafka::ClientConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::settings::{KeyNote, Problems};
use crate::config::types::{GoDuration, Secret, Section};
use crate::net::tls::ClientTls;

/// How the client shows who it is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Authentication {
    /// By a user name and a password.
    pub sasl: Section<Sasl>,
    /// The older way to write `sasl` with the mechanism `PLAIN`.
    pub plain_text: Section<PlainText>,
}

/// A user name and a password.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sasl {
    /// `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`.
    pub mechanism: String,
    /// The user's name.
    pub username: String,
    /// The user's password.
    pub password: Secret,
}

/// A user name and a password for the mechanism `PLAIN`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlainText {
    /// The user's name.
    pub username: String,
    /// The user's password.
    pub password: Secret,
}

/// What is asked about the cluster, and how often.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metadata {
    /// How often the client asks which topics, partitions and brokers there are.
    pub refresh_interval: GoDuration,
    /// What happens after a request that failed.
    pub retry: MetadataRetry,
}

/// What happens after a request that failed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MetadataRetry {
    /// The wait before a request is sent again; each further one is twice as long, up to 5s or this.
    pub backoff: GoDuration,
}

/// The keys of a component that are those of its connection.
#[derive(Clone, Copy, Debug)]
pub struct Connection<'a> {
    /// `brokers`
    pub brokers: &'a [String],
    /// `client_id`
    pub client_id: &'a str,
    /// `rack_id`
    pub rack_id: &'a str,
    /// `resolve_canonical_bootstrap_servers_only`
    pub resolve_canonical: bool,
    /// `dial_timeout`
    pub dial_timeout: GoDuration,
    /// `conn_idle_timeout`
    pub conn_idle_timeout: GoDuration,
    /// `metadata`
    pub metadata: &'a Metadata,
    /// `tls`
    pub tls: &'a Section<ClientTls>,
    /// `auth`
    pub auth: &'a Authentication,
}

/// The mechanisms of `auth.sasl`.
const MECHANISMS: [&str; 3] = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

/// How often a client tells what it knows of brokers and partitions.
const STATISTICS_MS: u128 = 5000;

/// The longest wait before a broker that was lost is tried again.
const RECONNECT_MS: u128 = 2000;

// === impl Metadata ===

impl Default for Metadata {
    fn default() -> Self {
        Self {
            refresh_interval: GoDuration::secs(600),
            retry: MetadataRetry::default(),
        }
    }
}

impl Default for MetadataRetry {
    fn default() -> Self {
        Self {
            backoff: GoDuration::millis(250),
        }
    }
}

// === impl Connection ===

impl Connection<'_> {
    /// Where no brokers are written.
    pub fn default_brokers() -> Vec<String> {
        vec!["localhost:9092".into()]
    }

    /// Keys that steer the Collector's own client.
    pub fn no_effect() -> Vec<KeyNote> {
        let agreed = "the client and each broker agree on versions by themselves";
        vec![
            KeyNote::new("protocol_version", agreed),
            KeyNote::new(
                "use_leader_epoch",
                "the client uses leader epochs where brokers have them",
            ),
            KeyNote::new("metadata.full", "the client asks about the topics that it uses"),
            KeyNote::new(
                "metadata.retry.max",
                "requests are retried as long as they are of use",
            ),
            KeyNote::new(
                "tls.include_system_ca_certs_pool",
                "the system's authorities are trusted where neither `ca_file` nor `ca_pem` is written",
            ),
            KeyNote::new("tls.reload_interval", "files are read when the client is made"),
        ]
    }

    /// Keys that are an error.
    pub fn unsupported() -> Vec<KeyNote> {
        let sasl = "is not available in this version; `auth.sasl` has `PLAIN` and SCRAM";
        let openssl = "is not available for Kafka";
        vec![
            KeyNote::new("auth.kerberos", format!("Kerberos {sasl}")),
            KeyNote::new("auth.sasl.aws_msk", format!("AWS_MSK_IAM_OAUTHBEARER {sasl}")),
            KeyNote::new(
                "auth.sasl.oauthbearer_token_source",
                format!("OAUTHBEARER {sasl}"),
            ),
            KeyNote::new("auth.tls", "is an old place; write `tls` beside `auth`"),
            KeyNote::new("tls.server_name_override", openssl),
            KeyNote::new("tls.min_version", openssl),
            KeyNote::new("tls.max_version", openssl),
            KeyNote::new("tls.cipher_suites", openssl),
            KeyNote::new("tls.curve_preferences", openssl),
        ]
    }

    /// Names what the types alone cannot say.
    pub fn validate(&self, problems: &mut Problems) {
        if self.brokers.iter().all(|broker| broker.trim().is_empty()) {
            problems.add(
                "brokers",
                "is empty, but must name a broker, as in `[kafka:9092]`",
            );
        }
        for (at, broker) in self.brokers.iter().enumerate() {
            if broker.contains(',') || broker.contains("://") {
                problems.add(
                    format!("brokers.{at}"),
                    format!("`{broker}` is not one broker; write it as in `kafka:9092`"),
                );
            }
        }
        if self.dial_timeout < GoDuration::secs(1) {
            problems.add(
                "dial_timeout",
                format!("is {}, but must be at least 1s", self.dial_timeout),
            );
        }
        problems.below("auth", |problems| self.auth.validate(problems));
    }

    /// Sets what the keys are to librdkafka.
    pub fn configure(&self, client: &mut ClientConfig) {
        let millis = |time: GoDuration| time.0.as_millis();
        let backoff = millis(self.metadata.retry.backoff).clamp(1, 300_000);
        client
            .set("bootstrap.servers", self.brokers.join(","))
            .set("client.id", self.client_id)
            .set("client.rack", self.rack_id)
            .set(
                "socket.connection.setup.timeout.ms",
                millis(self.dial_timeout).to_string(),
            )
            .set(
                "connections.max.idle.ms",
                millis(self.conn_idle_timeout).to_string(),
            )
            .set("retry.backoff.ms", backoff.to_string())
            .set("retry.backoff.max.ms", backoff.max(5000).to_string())
            .set("reconnect.backoff.max.ms", RECONNECT_MS.to_string())
            .set("socket.nagle.disable", "true")
            // A connection that was idle is closed: nothing to tell.
            .set("log.connection.close", "false")
            .set("statistics.interval.ms", STATISTICS_MS.to_string());
        let refresh = millis(self.metadata.refresh_interval).clamp(1000, 3_600_000);
        client
            .set("topic.metadata.refresh.interval.ms", refresh.to_string())
            .set("metadata.max.age.ms", (refresh * 3).to_string());
        if self.resolve_canonical {
            client.set("client.dns.lookup", "resolve_canonical_bootstrap_servers_only");
        }
        let tls = self.tls.on().filter(|tls| !tls.insecure);
        let sasl = self.auth.user();
        client.set(
            "security.protocol",
            match (tls.is_some(), sasl.is_some()) {
                (false, false) => "plaintext",
                (true, false) => "ssl",
                (false, true) => "sasl_plaintext",
                (true, true) => "sasl_ssl",
            },
        );
        if let Some((mechanism, username, password)) = sasl {
            client
                .set("sasl.mechanism", mechanism)
                .set("sasl.username", username)
                .set("sasl.password", password);
        }
        if let Some(tls) = tls {
            configure_tls(tls, client);
        }
    }
}

fn configure_tls(tls: &ClientTls, client: &mut ClientConfig) {
    let mut written = |key: &str, value: &str| {
        if !value.is_empty() {
            client.set(key, value);
        }
    };
    written("ssl.ca.location", &tls.ca_file);
    written("ssl.ca.pem", &tls.ca_pem.0);
    written("ssl.certificate.location", &tls.cert_file);
    written("ssl.certificate.pem", &tls.cert_pem.0);
    written("ssl.key.location", &tls.key_file);
    written("ssl.key.pem", &tls.key_pem.0);
    if tls.ca_file.is_empty() && tls.ca_pem.0.is_empty() {
        // Where the system keeps the authorities that it trusts.
        client.set("ssl.ca.location", "probe");
    }
    if tls.insecure_skip_verify {
        client
            .set("enable.ssl.certificate.verification", "false")
            .set("ssl.endpoint.identification.algorithm", "none");
    }
}

// === impl Authentication ===

impl Authentication {
    /// The mechanism, the user and the password.
    fn user(&self) -> Option<(&str, &str, &str)> {
        let sasl = self.sasl.on();
        let sasl = sasl.map(|sasl| {
            (
                sasl.mechanism.as_str(),
                sasl.username.as_str(),
                sasl.password.0.as_str(),
            )
        });
        sasl.or_else(|| {
            let plain = self.plain_text.on()?;
            Some(("PLAIN", &plain.username, &plain.password.0))
        })
    }

    fn validate(&self, problems: &mut Problems) {
        let block = match (&self.sasl, &self.plain_text) {
            (Section::On(_), Section::On(_)) => {
                return problems.add("plain_text", "cannot stand beside `sasl`");
            }
            (Section::On(_), _) => "sasl",
            _ => "plain_text",
        };
        let Some((mechanism, username, password)) = self.user() else {
            return;
        };
        problems.below(block, |problems| {
            if !MECHANISMS.contains(&mechanism) {
                let known = MECHANISMS.join("`, `");
                problems.add(
                    "mechanism",
                    format!("is `{mechanism}`, but must be one of `{known}`"),
                );
            }
            if username.is_empty() {
                problems.add("username", "is empty");
            }
            if password.is_empty() {
                problems.add("password", "is empty");
            }
        });
    }
}

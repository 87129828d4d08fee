//! Keys of the `oauth2client` extension.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::endpoint::Url;
use crate::config::authentication::Side;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::{GoDuration, Secret};
use crate::net::tls::ClientTls;

/// The only grant that is known here.
const CLIENT_CREDENTIALS: &str = "client_credentials";

/// Tokens from an OAuth 2.0 server (RFC 6749, client credentials), which exporters show.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OAuthSettings {
    /// The name under which the server knows this gateway.
    pub client_id: String,
    /// A file with the name, in place of `client_id`; it is read for each token.
    pub client_id_file: String,
    /// The secret that goes with it.
    pub client_secret: Secret,
    /// A file with the secret, in place of `client_secret`; it is read for each token.
    pub client_secret_file: String,
    /// Where tokens are fetched: `http://host:port/path`. Required.
    pub token_url: String,
    /// What the tokens are to be good for.
    pub scopes: Vec<String>,
    /// More parameters of a request for a token, each with a value or several.
    pub endpoint_params: BTreeMap<String, Values>,
    /// How long a request for a token may take; `0s` is for as long as the exporter waits.
    pub timeout: GoDuration,
    /// How long before its end a token is replaced; half of its life at the most, so that one which lives for less than
    /// this is not fetched for each request.
    pub expiry_buffer: GoDuration,
    /// TLS of the connection to the server, which an `https://` URL needs.
    pub tls: ClientTls,
    /// How tokens are asked for: `client_credentials`.
    pub grant_type: String,
}

/// A value, or several.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Values {
    /// One.
    One(Secret),
    /// Several.
    Several(Vec<Secret>),
}

// === impl OAuthSettings ===

impl Default for OAuthSettings {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            client_id_file: String::new(),
            client_secret: Secret::default(),
            client_secret_file: String::new(),
            token_url: String::new(),
            scopes: Vec::new(),
            endpoint_params: BTreeMap::new(),
            timeout: GoDuration::default(),
            expiry_buffer: GoDuration::secs(300),
            tls: ClientTls::default(),
            grant_type: CLIENT_CREDENTIALS.into(),
        }
    }
}

impl Settings for OAuthSettings {
    fn unsupported() -> Vec<KeyNote> {
        let jwt = "belongs to the grant `jwt-bearer`, which is not available in this version; use `client_credentials`";
        [
            "client_certificate_key_id",
            "client_certificate_key",
            "client_certificate_key_file",
            "signature_algorithm",
            "iss",
            "audience",
            "claims",
        ]
        .map(|key| KeyNote::new(key, jwt))
        .to_vec()
    }

    fn authenticates(&self) -> &'static [Side] {
        &[Side::Client]
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        if Url::parse(&self.token_url).is_ok_and(|url| url.is_in_the_clear()) {
            warnings.add(
                "token_url",
                "has the client's secret leave this machine without TLS, where others may read it",
            );
        }
    }

    fn validate(&self, problems: &mut Problems) {
        for (key, is_missing) in [
            (
                "client_id",
                self.client_id.is_empty() && self.client_id_file.is_empty(),
            ),
            (
                "client_secret",
                self.client_secret.0.is_empty() && self.client_secret_file.is_empty(),
            ),
        ] {
            if is_missing {
                problems.add(key, format!("is empty, and there is no `{key}_file`"));
            }
        }
        if let Err(why) = Url::parse(&self.token_url) {
            problems.add("token_url", why);
        }
        problems.below("tls", |problems| self.tls.validate(problems));
        if self.grant_type != CLIENT_CREDENTIALS {
            problems.add(
                "grant_type",
                format!(
                    "is `{}`, which is not available in this version; use `{CLIENT_CREDENTIALS}`",
                    self.grant_type
                ),
            );
        }
        if !self.scopes.is_empty() && self.endpoint_params.contains_key("scope") {
            problems.add(
                "endpoint_params.scope",
                "says the same as `scopes`; write only one of the two",
            );
        }
    }
}

impl OAuthSettings {
    /// How long a request may take.
    pub fn request_timeout(&self) -> Option<Duration> {
        Some(self.timeout.0).filter(|timeout| !timeout.is_zero())
    }
}

// === impl Values ===

impl Values {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let values = match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values,
        };
        values.iter().map(|Secret(value)| value.as_str())
    }
}

//! Keys of the `redaction` processor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::pattern::Pattern;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::Secret;

/// What may pass, and what becomes of the rest.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RedactionSettings {
    /// Whether attributes of every key may pass; `allowed_keys` has no meaning then.
    pub allow_all_keys: bool,
    /// Keys of the attributes that may pass; all others are removed, so that an empty list lets none pass.
    pub allowed_keys: Vec<String>,
    /// Keys of attributes that are not looked at: they pass unchanged, whatever the other keys say.
    pub ignored_keys: Vec<String>,
    /// Regular expressions for keys of attributes that are not looked at.
    pub ignored_key_patterns: Vec<Pattern>,
    /// Regular expressions for keys of attributes whose whole value is masked.
    pub blocked_key_patterns: Vec<Pattern>,
    /// Regular expressions for what is masked in values, one after the other; each match is masked by itself. A long value
    /// with very many matches of an expression without a longest match is masked as a whole, so that the work grows with
    /// the length of the value and not faster.
    pub blocked_values: Vec<Pattern>,
    /// Regular expressions for values, and names of spans, that pass unchanged although they would be masked.
    pub allowed_values: Vec<Pattern>,
    /// Whether values that are no text are looked at, too, as the text that the Collector shows them as. Without it they
    /// count as empty text.
    pub redact_all_types: bool,
    /// What takes the place of what is masked: `md5`, `sha1`, `sha3` (of 256 bits), `hmac-sha256` or `hmac-sha512` of it in
    /// hexadecimal digits; `****` when empty. Where the masked texts of a message would be more than 16 MiB, it is `****` for
    /// the rest.
    pub hash_function: HashFunction,
    /// The key of `hmac-sha256` (at least 32 bytes) and `hmac-sha512` (at least 64 bytes).
    pub hmac_key: Secret,
    /// Which attributes tell what was done: `info` adds `redaction.*.count`, `debug` also `redaction.*.keys`; anything else
    /// adds none.
    pub summary: String,
    /// Masks what varies in paths of URLs.
    pub url_sanitizer: UrlSanitizer,
    /// Takes values out of database statements.
    pub db_sanitizer: DbSanitizer,
}

/// Masks what varies in paths of URLs: segments with digits, identifiers and random letters become `*`, queries and
/// fragments go.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct UrlSanitizer {
    /// Whether it is on.
    pub enabled: bool,
    /// Keys of the attributes that hold URLs.
    pub attributes: Vec<String>,
    /// Whether names of client and server spans of HTTP are sanitized, too.
    pub sanitize_span_name: bool,
}

/// Takes values out of database statements. The attribute `db.system.name`, or else `db.system`, says whose statement it
/// is; without it nothing is changed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DbSanitizer {
    /// Statements of `mysql`, `postgresql`, `mariadb`, `sqlite` and `other_sql`. In attributes double quotes hold
    /// identifiers, and only in span names of `mysql` texts.
    pub sql: Statements,
    /// Commands of `redis`.
    pub redis: Statements,
    /// Commands of `valkey`.
    pub valkey: Statements,
    /// Commands of `memcached`.
    pub memcached: Statements,
    /// JSON of `mongodb`.
    pub mongo: Statements,
    /// JSON of `opensearch`, in names of spans alone.
    pub opensearch: Statements,
    /// JSON of `elasticsearch`, in names of spans alone.
    pub es: Statements,
    /// Whether names of client, server and internal spans are sanitized, too.
    pub sanitize_span_name: bool,
}

/// Which statements of one kind of database are sanitized.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Statements {
    /// Whether they are.
    pub enabled: bool,
    /// Keys of the attributes that hold statements.
    pub attributes: Vec<String>,
}

/// What takes the place of what is masked.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(try_from = "String")]
pub enum HashFunction {
    /// Asterisks.
    #[default]
    #[serde(rename = "")]
    None,
    /// MD5.
    #[serde(rename = "md5")]
    Md5,
    /// SHA-1.
    #[serde(rename = "sha1")]
    Sha1,
    /// SHA3-256.
    #[serde(rename = "sha3")]
    Sha3,
    /// HMAC with SHA-256.
    #[serde(rename = "hmac-sha256")]
    HmacSha256,
    /// HMAC with SHA-512.
    #[serde(rename = "hmac-sha512")]
    HmacSha512,
}

/// Which attributes tell what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Summary {
    Silent,
    Counts,
    KeysAndCounts,
}

// === impl RedactionSettings ===

impl Settings for RedactionSettings {
    fn no_effect() -> Vec<KeyNote> {
        ["es", "opensearch"]
            .map(|database| {
                let key = format!("db_sanitizer.{database}.attributes");
                KeyNote::new(
                    key,
                    "only names of spans of this database are sanitized, as in the Collector",
                )
            })
            .into()
    }

    fn validate(&self, problems: &mut Problems) {
        let (least, name) = match self.hash_function {
            HashFunction::HmacSha256 => (32, "hmac-sha256"),
            HashFunction::HmacSha512 => (64, "hmac-sha512"),
            _ => return,
        };
        let len = self.hmac_key.0.len();
        if len < least {
            let needs =
                format!("must have at least {least} bytes for the hash_function `{name}`, but has {len}");
            problems.add("hmac_key", needs);
        }
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        let nothing_passes = !self.allow_all_keys
            && self.allowed_keys.is_empty()
            && self.ignored_keys.is_empty()
            && self.ignored_key_patterns.is_empty();
        if nothing_passes {
            warnings.add(
                "allowed_keys",
                "is empty and allow_all_keys is false, so that every attribute is removed",
            );
        }
    }
}

// === impl UrlSanitizer ===

impl Default for UrlSanitizer {
    fn default() -> Self {
        Self {
            enabled: false,
            attributes: Vec::new(),
            sanitize_span_name: true,
        }
    }
}

// === impl DbSanitizer ===

impl Default for DbSanitizer {
    fn default() -> Self {
        Self {
            sql: Statements::default(),
            redis: Statements::default(),
            valkey: Statements::default(),
            memcached: Statements::default(),
            mongo: Statements::default(),
            opensearch: Statements::default(),
            es: Statements::default(),
            sanitize_span_name: true,
        }
    }
}

// === impl HashFunction ===

impl TryFrom<String> for HashFunction {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Ok(match text.to_ascii_lowercase().as_str() {
            "" => Self::None,
            "md5" => Self::Md5,
            "sha1" => Self::Sha1,
            "sha3" => Self::Sha3,
            "hmac-sha256" => Self::HmacSha256,
            "hmac-sha512" => Self::HmacSha512,
            _ => {
                return Err(format!(
                    "`{text}` is no hash function; known are md5, sha1, sha3, hmac-sha256 and hmac-sha512"
                ));
            }
        })
    }
}

// === impl Summary ===

impl Summary {
    /// As it is configured.
    pub(super) fn of(text: &str) -> Self {
        match text {
            "debug" => Self::KeysAndCounts,
            "info" => Self::Counts,
            _ => Self::Silent,
        }
    }
}

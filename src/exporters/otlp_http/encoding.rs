//! The two encodings of OTLP over HTTP.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::{Malformed, json};

/// How a request's body is written.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Protobuf: the spans' bytes as they are.
    #[default]
    Proto,
    /// OTLP's JSON.
    Json,
}

// === impl Encoding ===

impl Encoding {
    /// For `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Proto => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }

    /// The body for these encoded requests.
    pub fn encode(self, parts: Vec<Bytes>) -> Result<Vec<Bytes>, Malformed> {
        match self {
            Self::Proto => Ok(parts),
            Self::Json => Ok(vec![json::from_protobuf(&parts.concat())?.into()]),
        }
    }
}

//! How a message holds its spans.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a message holds its spans.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// An `ExportTraceServiceRequest` in protobuf, which is a `TracesData`.
    #[default]
    OtlpProto,
    /// The same in OTLP's JSON.
    OtlpJson,
}

//! `required_acks`, a number or `all`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Who must have a message before it counts as delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequiredAcks {
    /// Nobody.
    Nobody,
    /// The leader of the partition.
    Leader,
    /// All replicas that are in sync.
    #[default]
    All,
}

// === impl RequiredAcks ===

impl fmt::Display for RequiredAcks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "0",
            Self::Leader => "1",
            Self::All => "all",
        })
    }
}

impl Serialize for RequiredAcks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Nobody => serializer.serialize_i64(0),
            Self::Leader => serializer.serialize_i64(1),
            Self::All => serializer.serialize_str("all"),
        }
    }
}

impl<'de> Deserialize<'de> for RequiredAcks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrAll;
        impl Visitor<'_> for NumberOrAll {
            type Value = RequiredAcks;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`all` (or -1), 1 or 0")
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<RequiredAcks, E> {
                match value {
                    -1 => Ok(RequiredAcks::All),
                    0 => Ok(RequiredAcks::Nobody),
                    1 => Ok(RequiredAcks::Leader),
                    other => Err(E::custom(format!("{other} is none of `all` (or -1), 1 and 0"))),
                }
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<RequiredAcks, E> {
                self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
            }

            fn visit_str<E: Error>(self, value: &str) -> Result<RequiredAcks, E> {
                match value {
                    "all" | "-1" => Ok(RequiredAcks::All),
                    "0" => Ok(RequiredAcks::Nobody),
                    "1" => Ok(RequiredAcks::Leader),
                    other => Err(E::custom(format!("`{other}` is none of `all` (or -1), 1 and 0"))),
                }
            }
        }
        deserializer.deserialize_any(NumberOrAll)
    }
}

impl JsonSchema for RequiredAcks {
    fn schema_name() -> Cow<'static, str> {
        "RequiredAcks".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({})
    }
}

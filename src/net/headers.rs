//! Request headers from the configuration: the Collector's map, or its list of names and values.

use std::borrow::Cow;
use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::config::settings::Problems;
use crate::config::types::Secret;

/// Header names with their values, which are secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, Secret)>);

// === impl Headers ===

impl Headers {
    /// Names each header that cannot be sent, below the key that `problems` stands at.
    pub fn validate(&self, problems: &mut Problems) {
        for (name, value) in &self.0 {
            if let Err(problem) = header(name, value) {
                problems.add(name.clone(), problem);
            }
        }
    }

    /// As hyper takes them; those that `validate` complains about are left out.
    pub fn map(&self) -> HeaderMap {
        self.0
            .iter()
            .filter_map(|(name, value)| header(name, value).ok())
            .collect()
    }
}

fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), String> {
    let key = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("`{name}` is not the name of a header"))?;
    let mut value = HeaderValue::from_str(&value.0)
        .map_err(|_| format!("the value of `{name}` has characters that a header cannot carry"))?;
    value.set_sensitive(true);
    Ok((key, value))
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Pair {
            name: String,
            value: Secret,
        }

        struct MapOrList;
        impl<'de> Visitor<'de> for MapOrList {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("headers: a map, or a list of `name` and `value`")
            }

            fn visit_unit<E>(self) -> Result<Headers, E> {
                Ok(Headers::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut headers = Headers::default();
                while let Some(pair) = map.next_entry()? {
                    headers.0.push(pair);
                }
                Ok(headers)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Headers, A::Error> {
                let mut headers = Headers::default();
                while let Some(Pair { name, value }) = list.next_element()? {
                    headers.0.push((name, value));
                }
                Ok(headers)
            }
        }
        deserializer.deserialize_any(MapOrList)
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl JsonSchema for Headers {
    fn schema_name() -> Cow<'static, str> {
        "Headers".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        std::collections::BTreeMap::<String, Secret>::json_schema(generator)
    }
}

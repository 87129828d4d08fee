//! The names of components and pipelines: `otlp`, `otlp/backend`, `traces/errors`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names one component: its type, and a name where there are several of the type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentId {
    /// What it is, `otlp`.
    pub type_name: String,
    /// Which of them, `backend`; empty for the one without a name.
    pub name: String,
}

/// Names one pipeline: what it carries, and a name where there are several.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PipelineId {
    /// What it carries.
    pub signal: Signal,
    /// Which of them; empty for the one without a name.
    pub name: String,
}

/// What the Collector's pipelines may carry. This gateway takes traces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Not taken here.
    Metrics,
    /// Not taken here.
    Logs,
    /// Not taken here.
    Profiles,
}

/// The Collector's bound on the name of a type.
const MAX_TYPE: usize = 63;
/// The Collector's bound on the name behind the slash.
const MAX_NAME: usize = 1024;

// === impl ComponentId ===

impl FromStr for ComponentId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (type_name, name) = halves(text)?;
        let mut letters = type_name.chars();
        let well_formed = letters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
            && type_name.len() <= MAX_TYPE;
        match well_formed {
            true => Ok(Self { type_name, name }),
            false => Err(format!(
                "`{text}` names no component: its type must be a letter, then up to {} letters, digits or `_`",
                MAX_TYPE - 1
            )),
        }
    }
}

impl fmt::Display for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_id(f, &self.type_name, &self.name)
    }
}

impl<'de> Deserialize<'de> for ComponentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for ComponentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for ComponentId {
    fn schema_name() -> Cow<'static, str> {
        "Component".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        json_schema!({ "type": "string", "format": "component" })
    }
}

// === impl PipelineId ===

impl FromStr for PipelineId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (signal, name) = halves(text)?;
        let signal = Signal::ALL
            .into_iter()
            .find(|known| known.as_str() == signal)
            .ok_or_else(|| format!("`{text}` names no pipeline: it must be `traces` or `traces/name`"))?;
        Ok(Self { signal, name })
    }
}

impl fmt::Display for PipelineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_id(f, self.signal.as_str(), &self.name)
    }
}

impl<'de> Deserialize<'de> for PipelineId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for PipelineId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for PipelineId {
    fn schema_name() -> Cow<'static, str> {
        "Pipeline".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        json_schema!({ "type": "string", "format": "pipeline" })
    }
}

// === impl Signal ===

impl Signal {
    const ALL: [Self; 4] = [Self::Traces, Self::Metrics, Self::Logs, Self::Profiles];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
            Self::Profiles => "profiles",
        }
    }
}

/// What stands before and behind the slash.
fn halves(text: &str) -> Result<(String, String), String> {
    let Some((before, name)) = text.split_once('/') else {
        return Ok((text.trim().to_owned(), String::new()));
    };
    let name = name.trim();
    if name.is_empty() {
        return Err(format!("`{text}` has no name behind its `/`"));
    }
    let wrong = |c: char| c.is_whitespace() || c.is_control() || "$+<=>^`|~".contains(c);
    if let Some(wrong) = name.chars().find(|c| wrong(*c)) {
        return Err(format!(
            "`{text}` has {wrong:?} in its name; spaces, control characters and symbols are not allowed"
        ));
    }
    if name.chars().count() > MAX_NAME {
        return Err(format!("a name behind `/` is longer than {MAX_NAME} characters"));
    }
    Ok((before.trim().to_owned(), name.to_owned()))
}

fn write_id(f: &mut fmt::Formatter<'_>, before: &str, name: &str) -> fmt::Result {
    match name {
        "" => f.write_str(before),
        name => write!(f, "{before}/{name}"),
    }
}

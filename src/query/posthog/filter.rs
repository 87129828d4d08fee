//! `filterGroup` in its three forms: a flat list, a group of groups, nothing. Groups of type OR are alternatives.

use serde::Deserialize;
use serde_json::Value;

use super::property::{Place, Property};
use crate::query::model::{Filter, Test, TextOp, TextTest};

/// The most filters in a group.
const FILTERS: usize = 1000;
/// The most regular expressions in a group, wildcards included: each may take a mebibyte.
const PATTERNS: usize = 50;
/// How deep groups may nest.
const DEPTH: usize = 10;

/// Why a group is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupError {
    /// It does not have the form; says where.
    Malformed(String),
    /// A filter in it makes no sense; names it.
    Invalid(String),
}

/// What a breakdown is by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// Whose key.
    pub place: Place,
    /// The key.
    pub key: &'a str,
}

/// How groups are combined.
#[derive(Clone, Copy, Debug, Deserialize)]
enum Junction {
    #[serde(rename = "AND")]
    And,
    #[serde(rename = "OR")]
    Or,
}

/// Reads groups, and counts what is in them.
struct Reader<'a> {
    filters: usize,
    without: Option<&'a Target<'a>>,
}

/// The condition that a group says, but for filters on `without`.
pub fn group(value: &Value, without: Option<&Target<'_>>) -> Result<Filter, GroupError> {
    let mut reader = Reader { filters: 0, without };
    let filter = match value {
        Value::Null => None,
        Value::Array(filters) => reader.all(Junction::And, filters, DEPTH)?,
        Value::Object(object) if object.is_empty() => None,
        _ => reader.node(value, DEPTH)?,
    };
    let filter = filter.unwrap_or_default();
    match patterns(&filter) {
        count if count > PATTERNS => Err(GroupError::Invalid(format!(
            "filterGroup: {count} regular expressions and wildcards, more than {PATTERNS}"
        ))),
        _ => Ok(filter),
    }
}

fn patterns(filter: &Filter) -> usize {
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().map(patterns).sum(),
        Filter::Not(part) => patterns(part),
        Filter::Field {
            test:
                Test::Text(TextTest {
                    op: TextOp::Regex,
                    values,
                    ..
                }),
            ..
        } => values.len(),
        _ => 0,
    }
}

// === impl Target ===

impl Target<'_> {
    /// Whether it is the service's name.
    pub fn is_service(&self) -> bool {
        self.place == Place::Span && self.key == "service_name"
    }
}

// === impl Reader ===

impl Reader<'_> {
    /// A group or a filter; none when it says nothing.
    fn node(&mut self, value: &Value, depth: usize) -> Result<Option<Filter>, GroupError> {
        let Some(depth) = depth.checked_sub(1) else {
            let message = format!("filterGroup: groups nest more than {DEPTH} deep");
            return Err(GroupError::Malformed(message));
        };
        match value.get("values") {
            Some(Value::Array(values)) => {
                let kind = value.get("type").unwrap_or(&Value::Null);
                let junction = Junction::deserialize(kind).map_err(malformed)?;
                self.all(junction, values, depth)
            }
            Some(_) => Err(GroupError::Malformed(
                "filterGroup: `values` must be a list".into(),
            )),
            None if value.is_object() => self.property(value),
            None => Err(GroupError::Malformed(
                "filterGroup: a filter must be an object".into(),
            )),
        }
    }

    fn all(
        &mut self,
        junction: Junction,
        values: &[Value],
        depth: usize,
    ) -> Result<Option<Filter>, GroupError> {
        let mut filters = Vec::new();
        for value in values {
            filters.extend(self.node(value, depth)?);
        }
        Ok(match (filters.is_empty(), junction) {
            (true, _) => None,
            (false, Junction::And) => Some(Filter::All(filters)),
            (false, Junction::Or) => Some(Filter::Any(filters)),
        })
    }

    fn property(&mut self, value: &Value) -> Result<Option<Filter>, GroupError> {
        self.filters += 1;
        if self.filters > FILTERS {
            let message = format!("filterGroup: more than {FILTERS} filters");
            return Err(GroupError::Invalid(message));
        }
        let property = Property::deserialize(value).map_err(malformed)?;
        let is_left_out = |target: &Target<'_>| target.place == property.place && target.key == property.key;
        if self.without.is_some_and(is_left_out) {
            return Ok(None);
        }
        let named = |what| format!("filterGroup: \"{}\": {what}", property.key);
        property.filter().map_err(|what| GroupError::Invalid(named(what)))
    }
}

fn malformed(error: serde_json::Error) -> GroupError {
    GroupError::Malformed(format!("filterGroup: {error}"))
}

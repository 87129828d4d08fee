//! Compares what comes out with what was expected, span by span.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::changes::{Change, How, changes};
use super::report::{Difference, Kind, Report, What};
use super::requests::content;
use crate::wire::Traces;

/// A span with its resource and scope, as one object: its own fields, `resource`, `scope` and their schema URLs.
struct Whole {
    what: What,
    content: Value,
}

/// Every difference; none when both are the same. `report` knows where missing spans went.
pub fn compare(
    expected: Vec<Value>,
    actual: &[Traces],
    is_exact: bool,
    report: &Report,
) -> Result<Vec<Difference>, String> {
    let actual = actual.iter().map(|request| content(request.bytes()).map(plain));
    let actual: Vec<Value> = actual.collect::<Result<_, _>>()?;
    let expected: Vec<Value> = expected.into_iter().map(plain).collect();
    let mut differences = by_span(wholes(&expected, is_exact), wholes(&actual, is_exact));
    for difference in &mut differences {
        let missing = difference.what.as_ref();
        let missing = missing.filter(|_| difference.difference == Kind::Missing);
        difference.dropped = missing.and_then(|span| report.dropped(span));
    }
    if is_exact && differences.is_empty() {
        differences.extend(order(&expected, &actual));
    }
    Ok(differences)
}

/// Without messages that are there and empty, and without ids of zeros: both say the same as none.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(key, value)| (key, plain(value)));
            fields.filter(|(key, value)| !is_idle(key, value)).collect()
        }
        Value::Array(items) => items.into_iter().map(plain).collect(),
        other => other,
    }
}

fn is_idle(key: &str, value: &Value) -> bool {
    match (key, value) {
        ("resource" | "scope" | "status" | "value", Value::Object(fields)) => fields.is_empty(),
        ("traceId" | "spanId" | "parentSpanId", Value::String(id)) => id.bytes().all(|digit| digit == b'0'),
        _ => false,
    }
}

/// All spans of all requests.
fn wholes(requests: &[Value], is_exact: bool) -> Vec<Whole> {
    let mut found = Vec::new();
    for resource in requests
        .iter()
        .flat_map(|request| below(request, "resourceSpans"))
    {
        for scope in below(resource, "scopeSpans") {
            for span in below(scope, "spans") {
                let mut whole = span.as_object().cloned().unwrap_or_default();
                let above = [
                    ("resource", resource, "resource"),
                    ("resourceSchemaUrl", resource, "schemaUrl"),
                    ("scope", scope, "scope"),
                    ("scopeSchemaUrl", scope, "schemaUrl"),
                ];
                for (key, of, field) in above {
                    whole.extend(of.get(field).map(|value| (key.to_owned(), value.clone())));
                }
                let mut content = Value::Object(whole);
                if !is_exact {
                    sort_maps(&mut content);
                }
                found.push(Whole {
                    what: What::span(span),
                    content,
                });
            }
        }
    }
    found
}

fn below<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

/// Puts attributes, and the pairs of maps that are values, in the order of their keys; of one key in the order they had.
fn sort_maps(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let pairs = match key.as_str() {
                    "attributes" => Some(&mut *value),
                    "kvlistValue" => value.get_mut("values"),
                    _ => None,
                };
                if let Some(Value::Array(pairs)) = pairs {
                    pairs.sort_by_key(|pair| pair.get("key").map(Value::to_string));
                }
                sort_maps(value);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(sort_maps),
        _ => {}
    }
}

/// Spans with the same ids are compared: where there are several, first those that are the same, then the rest in order.
fn by_span(expected: Vec<Whole>, actual: Vec<Whole>) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut waiting: HashMap<(String, String), Vec<Whole>> = HashMap::new();
    let mut order = Vec::new();
    for whole in actual {
        order.push(whole.ids());
        waiting.entry(whole.ids()).or_default().push(whole);
    }
    let mut unlike = Vec::new();
    for whole in expected {
        let candidates = waiting.entry(whole.ids()).or_default();
        let same = candidates
            .iter()
            .position(|candidate| is_alike(&whole.content, &candidate.content));
        match same {
            Some(place) => drop(candidates.remove(place)),
            None => unlike.push(whole),
        }
    }
    for whole in unlike {
        let candidates = waiting.entry(whole.ids()).or_default();
        let (kind, changes) = match candidates.is_empty() {
            true => (Kind::Missing, Vec::new()),
            false => (
                Kind::Different,
                changes(&whole.content, &candidates.remove(0).content),
            ),
        };
        found.push(whole.difference(kind, changes));
    }
    for ids in order {
        let unexpected = waiting.remove(&ids).into_iter().flatten();
        found.extend(unexpected.map(|whole| whole.difference(Kind::Unexpected, Vec::new())));
    }
    found
}

fn is_alike(left: &Value, right: &Value) -> bool {
    left == right || changes(left, right).is_empty()
}

/// What differs in requests whose spans are all the same: their order and grouping.
fn order(expected: &[Value], actual: &[Value]) -> Option<Difference> {
    let mut changes = Vec::new();
    positions(&mut changes, "request", &json!(expected), &json!(actual));
    let difference = Difference {
        what: None,
        difference: Kind::Order,
        dropped: None,
        changes,
    };
    (!difference.changes.is_empty()).then_some(difference)
}

/// Compares lists place by place. Where what stands in a list differs, this is told, and not what is below.
fn positions(found: &mut Vec<Change>, path: &str, expected: &Value, actual: &Value) {
    match (expected, actual) {
        (expected, actual) if expected == actual => {}
        (Value::Object(expected), Value::Object(actual)) => {
            let new = actual.keys().filter(|key| !expected.contains_key(*key));
            for key in expected.keys().chain(new) {
                let (expected, actual) = (expected.get(key), actual.get(key));
                let path = format!("{path}.{key}");
                let nothing = Value::Array(Vec::new());
                positions(
                    found,
                    &path,
                    expected.unwrap_or(&nothing),
                    actual.unwrap_or(&nothing),
                );
            }
        }
        (Value::Array(expected), Value::Array(actual)) if labels(expected) == labels(actual) => {
            for (number, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                positions(found, &format!("{path}[{number}]"), expected, actual);
            }
        }
        (expected, actual) => {
            let label = |value: &Value| match value {
                Value::Array(items) => json!(labels(items)),
                other => other.clone(),
            };
            found.push(Change {
                field: path.to_owned(),
                how: How::Changed {
                    from: label(expected),
                    to: label(actual),
                },
            });
        }
    }
}

/// What the items of a list are told apart by.
fn labels(items: &[Value]) -> Vec<String> {
    let label = |item: &Value| {
        let mut known = ["key", "spanId", "name"].into_iter();
        known.find_map(|key| item.get(key)?.as_str().map(str::to_owned))
    };
    items.iter().map(|item| label(item).unwrap_or_default()).collect()
}

// === impl Whole ===

impl Whole {
    fn ids(&self) -> (String, String) {
        let id = |key| {
            let id = self.content.get(key).and_then(Value::as_str);
            id.unwrap_or_default().to_owned()
        };
        (id("traceId"), id("spanId"))
    }

    fn difference(self, difference: Kind, changes: Vec<Change>) -> Difference {
        Difference {
            what: Some(self.what),
            difference,
            dropped: None,
            changes,
        }
    }
}

// === impl What ===

impl What {
    /// The span of this content; an id that is not there is one of zeros.
    pub fn span(content: &Value) -> Self {
        let text = |key| content.get(key).and_then(Value::as_str).unwrap_or_default();
        Self::Span {
            name: text("name").to_owned(),
            trace_id: format!("{:0>32}", text("traceId")),
            span_id: format!("{:0>16}", text("spanId")),
        }
    }
}

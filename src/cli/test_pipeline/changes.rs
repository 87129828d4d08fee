//! What differs between two contents: resources, scopes or spans as OTLP/JSON in its strict form.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Where: `name`, `status.code`, `attributes["http.route"]`, `events[0].name`.
    pub field: String,
    /// What.
    #[serde(flatten)]
    pub how: How,
}

/// How a field changes. Values are OTLP/JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum How {
    /// It was not there.
    Added {
        /// What it is.
        to: Value,
    },
    /// It is no longer there.
    Removed {
        /// What it was.
        from: Value,
    },
    /// It has another value.
    Changed {
        /// What it was.
        from: Value,
        /// What it is.
        to: Value,
    },
    /// The same things in another order.
    Moved {
        /// Their names as they stood.
        from: Value,
        /// Their names as they stand.
        to: Value,
    },
}

/// An attribute's key, and which of those with this key it is, from 0 on.
type Name<'a> = (&'a str, usize);

/// The value of an attribute that has none.
static EMPTY: Value = Value::Null;

/// All differences, field by field. What is empty is the same as what is absent.
pub fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare(&mut found, "", before, after);
    found
}

fn compare(found: &mut Vec<Change>, path: &str, before: &Value, after: &Value) {
    match (before, after) {
        (before, after) if before == after => {}
        (Value::Object(before), Value::Object(after)) => objects(found, path, before, after),
        (Value::Object(before), after) if is_nothing(after) => objects(found, path, before, &Map::new()),
        (before, Value::Object(after)) if is_nothing(before) => objects(found, path, &Map::new(), after),
        (before, after) => leaf(found, path.to_owned(), before, after),
    }
}

/// A value that is shown whole.
fn leaf(found: &mut Vec<Change>, field: String, before: &Value, after: &Value) {
    let (from, to) = (before.clone(), after.clone());
    let how = match (is_nothing(before), is_nothing(after)) {
        (true, true) => return,
        (true, false) => How::Added { to },
        (false, true) => How::Removed { from },
        (false, false) => How::Changed { from, to },
    };
    found.push(Change { field, how });
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

fn objects(found: &mut Vec<Change>, path: &str, before: &Map<String, Value>, after: &Map<String, Value>) {
    let new = after.keys().filter(|key| !before.contains_key(*key));
    for key in before.keys().chain(new) {
        let field = match path {
            "" => key.clone(),
            path => format!("{path}.{key}"),
        };
        let (before, after) = (
            before.get(key).unwrap_or(&EMPTY),
            after.get(key).unwrap_or(&EMPTY),
        );
        match key.as_str() {
            "attributes" => attributes(found, &field, items(before), items(after)),
            "events" | "links" => lists(found, &field, items(before), items(after)),
            _ => compare(found, &field, before, after),
        }
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Attributes are told apart by key; of those with the same key by their order.
fn attributes(found: &mut Vec<Change>, path: &str, before: &[Value], after: &[Value]) {
    if before == after {
        return;
    }
    let (before, after) = (named(before), named(after));
    let field = |(key, number): Name<'_>| match number {
        0 => format!("{path}[{key:?}]"),
        number => format!("{path}[{key:?}] (number {})", number + 1),
    };
    let (old, new): (HashMap<_, _>, HashMap<_, _>) =
        (before.iter().copied().collect(), after.iter().copied().collect());
    for (name, from) in &before {
        match new.get(name) {
            Some(to) if same_value(from, to) => {}
            Some(to) => found.push(Change {
                field: field(*name),
                how: How::Changed {
                    from: (*from).clone(),
                    to: (*to).clone(),
                },
            }),
            None => found.push(Change {
                field: field(*name),
                how: How::Removed {
                    from: (*from).clone(),
                },
            }),
        }
    }
    for (name, to) in after.iter().filter(|(name, _)| !old.contains_key(name)) {
        found.push(Change {
            field: field(*name),
            how: How::Added { to: (*to).clone() },
        });
    }
    let stood = before.iter().filter(|(name, _)| new.contains_key(name));
    let stand = after.iter().filter(|(name, _)| old.contains_key(name));
    if !stood.map(|(name, _)| name).eq(stand.map(|(name, _)| name)) {
        let keys =
            |pairs: &[(Name<'_>, &Value)]| json!(pairs.iter().map(|((key, _), _)| key).collect::<Vec<_>>());
        found.push(Change {
            field: path.to_owned(),
            how: How::Moved {
                from: keys(&before),
                to: keys(&after),
            },
        });
    }
}

/// No value and one of no kind are the same.
fn same_value(left: &Value, right: &Value) -> bool {
    left == right || (is_nothing(left) && is_nothing(right))
}

fn named(pairs: &[Value]) -> Vec<(Name<'_>, &Value)> {
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    pairs
        .iter()
        .map(|pair| {
            let key = pair.get("key").and_then(Value::as_str).unwrap_or_default();
            let number = numbers.entry(key).or_default();
            *number += 1;
            ((key, *number - 1), pair.get("value").unwrap_or(&EMPTY))
        })
        .collect()
}

/// Events and links. Where some came or went, the others are found again by what they are of.
fn lists(found: &mut Vec<Change>, path: &str, before: &[Value], after: &[Value]) {
    let field = |number: usize| format!("{path}[{number}]");
    let mut rest = after.iter().enumerate();
    for (number, old) in before.iter().enumerate() {
        let is_here = |new: &Value| before.len() == after.len() || is_same(old, new);
        let Some(between) = rest.clone().position(|(_, new)| is_here(new)) else {
            leaf(found, field(number), old, &EMPTY);
            continue;
        };
        for (number, new) in rest.by_ref().take(between) {
            leaf(found, field(number), &EMPTY, new);
        }
        if let Some((number, new)) = rest.next() {
            compare(found, &field(number), old, new);
        }
    }
    for (number, new) in rest {
        leaf(found, field(number), &EMPTY, new);
    }
}

/// Whether both are the same event at the same time, or links to the same span.
fn is_same(left: &Value, right: &Value) -> bool {
    ["timeUnixNano", "name", "traceId", "spanId"]
        .into_iter()
        .all(|key| left.get(key) == right.get(key))
}

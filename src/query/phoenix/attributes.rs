//! Attributes as Phoenix keeps them: dotted keys become nested objects, and are dotted again on the way out.
//!
//! A number between dots that has more after it is the place in a list of objects; at the end of a key it is a name. A key
//! that has a value and others below it keeps both. How deep keys nest is bounded.

use indexmap::{IndexMap, IndexSet};
use serde_json::{Map, Number, Value};

use super::json_text;
use crate::query::model::text;
use crate::wire::ValueView;

/// Names below which the rest of a key stays in one piece.
const DEEPEST: usize = 60;

/// Attributes whose text is read as JSON, by the end of their keys.
const JSON_TEXTS: [&str; 4] = [
    "document.metadata",
    "llm.prompt_template.variables",
    "metadata",
    "tool.parameters",
];

/// Attributes that are whole numbers whatever they come as.
const TOKEN_COUNTS: [&str; 3] = [
    "llm.token_count.prompt",
    "llm.token_count.completion",
    "llm.token_count.total",
];

/// How a key is cut: its first part, and the rest, empty at its end.
pub type Cut = fn(&str) -> (&str, &str);

/// A key's part, with all that lies below it.
#[derive(Default)]
struct Node {
    value: Option<Value>,
    /// The children that are places in a list.
    places: IndexSet<String>,
    /// The children that are names.
    names: IndexSet<String>,
    children: IndexMap<String, Node>,
}

/// A value of OTLP as JSON; bytes are base64, and what JSON has no number for is null.
pub fn json(value: &ValueView<'_>) -> Value {
    match value {
        ValueView::Empty | ValueView::StringIndex(_) => Value::Null,
        ValueView::String(text) => Value::from(*text),
        ValueView::Bool(truth) => Value::from(*truth),
        ValueView::Int(number) => Value::from(*number),
        ValueView::Double(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        ValueView::Bytes(_) => Value::from(text(value)),
        ValueView::Array(items) => items.iter().map(|item| json(&item)).collect(),
        ValueView::KeyValueList(pairs) => {
            let pairs = pairs
                .iter()
                .map(|pair| (pair.key().to_owned(), json(&pair.value())));
            Value::Object(pairs.collect())
        }
    }
}

/// The nested form of what a span came with.
pub fn nested(flat: Map<String, Value>) -> Map<String, Value> {
    let read = flat.into_iter().filter_map(|(key, value)| {
        let value = read(&key, value)?;
        Some((key, value))
    });
    let mut nested = unflatten(read, at_dot);
    let input = nested.get_mut("input").and_then(Value::as_object_mut);
    if let Some(input) = input
        && let Some(value) = input
            .get("value")
            .filter(|value| json_text::is_truthy(value) && !value.is_string())
    {
        let text = json_text::dumps(value, true);
        input.insert("value".into(), text.into());
        input.insert("mime_type".into(), "application/json".into());
    }
    nested
}

/// The value that is kept of what came under a key.
fn read(key: &str, value: Value) -> Option<Value> {
    if TOKEN_COUNTS.contains(&key) {
        return Some(json_text::whole(&value).map_or(value, Value::from));
    }
    let is_json = JSON_TEXTS.iter().any(|end| key.ends_with(end));
    match value.as_str().filter(|_| is_json).map(serde_json::from_str) {
        Some(Ok(Value::Null)) => None,
        Some(Ok(parsed)) => Some(parsed),
        _ => Some(value),
    }
}

/// Cuts a key at its first dot.
pub fn at_dot(key: &str) -> (&str, &str) {
    key.split_once('.').unwrap_or((key, ""))
}

/// Nests by the parts of the keys; nulls are left out.
pub fn unflatten(flat: impl Iterator<Item = (String, Value)>, cut: Cut) -> Map<String, Value> {
    let mut root = Node::default();
    for (key, value) in flat.filter(|(_, value)| !value.is_null()) {
        root.put(&key, value, cut);
    }
    let mut out = Map::new();
    root.walk("", &mut out);
    out
}

/// Dots the keys again. Lists of objects become numbers in keys, other lists stay; nulls and what is empty are left out.
pub fn flatten(nested: Map<String, Value>) -> Map<String, Value> {
    let mut out = Map::new();
    flatten_map(nested, "", &mut out);
    out
}

fn flatten_map(map: Map<String, Value>, prefix: &str, out: &mut Map<String, Value>) {
    for (key, value) in map {
        flatten_value(value, joined(prefix, &key), out);
    }
}

fn flatten_value(value: Value, key: String, out: &mut Map<String, Value>) {
    match value {
        Value::Null => {}
        Value::Object(map) => flatten_map(map, &key, out),
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (place, item) in items.into_iter().enumerate() {
                if let Value::Object(map) = item {
                    flatten_map(map, &joined(&key, &place.to_string()), out);
                }
            }
        }
        value => drop(out.insert(key, value)),
    }
}

fn joined(prefix: &str, key: &str) -> String {
    match prefix.is_empty() {
        true => key.to_owned(),
        false => format!("{prefix}.{key}"),
    }
}

/// The value at a path through objects.
pub fn at<'a>(nested: &'a Map<String, Value>, path: &[impl AsRef<str>]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let mut value = nested.get(first.as_ref())?;
    for part in rest {
        value = value.as_object()?.get(part.as_ref())?;
    }
    Some(value)
}

// === impl Node ===

impl Node {
    fn put(&mut self, key: &str, value: Value, cut: Cut) {
        let (mut node, mut rest) = (self, key);
        for depth in 0.. {
            let (part, after) = match depth < DEEPEST {
                true => cut(rest),
                false => (rest, ""),
            };
            node = node.child(part.trim(), after.is_empty());
            if after.is_empty() {
                break;
            }
            rest = after;
        }
        node.value = Some(value);
        node.names.extend(node.places.drain(..));
    }

    fn child(&mut self, part: &str, is_last: bool) -> &mut Self {
        let is_number =
            !part.is_empty() && part.len() <= 18 && part.bytes().all(|byte| byte.is_ascii_digit());
        let part = match is_number {
            true => match part.trim_start_matches('0') {
                "" => "0",
                digits => digits,
            },
            false => part,
        };
        let is_place = is_number && !is_last && self.value.is_none() && !self.names.contains(part);
        match is_place {
            true => drop(self.places.insert(part.to_owned())),
            false => {
                self.places.shift_remove(part);
                self.names.insert(part.to_owned());
            }
        }
        self.children.entry(part.to_owned()).or_default()
    }

    fn walk(mut self, prefix: &str, out: &mut Map<String, Value>) {
        let mut places: Vec<String> = self.places.drain(..).collect();
        places.sort_by_key(|place| place.parse::<u64>().unwrap_or(u64::MAX));
        if let Some(value) = self.value.take() {
            out.insert(prefix.to_owned(), value);
        } else if !prefix.is_empty() && !places.is_empty() {
            let items = places.iter().filter_map(|place| self.children.swap_remove(place));
            let items: Vec<Value> = items.map(Self::object).collect();
            out.insert(prefix.to_owned(), Value::Array(items));
        } else if prefix.is_empty() {
            for place in places {
                if let Some(child) = self.children.swap_remove(&place) {
                    child.walk(&place, out);
                }
            }
        } else {
            out.insert(prefix.to_owned(), self.object());
            return;
        }
        for name in std::mem::take(&mut self.names) {
            if let Some(child) = self.children.swap_remove(&name) {
                child.walk(&joined(prefix, &name), out);
            }
        }
    }

    fn object(self) -> Value {
        let mut out = Map::new();
        self.walk("", &mut out);
        Value::Object(out)
    }
}

//! The actions on decoded objects, as plainly as they can be written.

use sha2::{Digest as _, Sha256};

use super::*;

type Attributes = Vec<KeyValue>;

/// One action on a list of attributes.
pub(super) fn apply(action: &ActionSettings, attributes: &mut Attributes) {
    let at = first(attributes, &action.key);
    let matches = |pair: &KeyValue| {
        let pattern = action.pattern.as_ref();
        pattern.is_some_and(|pattern| !pattern.as_str().is_empty() && pattern.is_match(&pair.key))
    };
    match (action.action.as_str(), at) {
        ("insert", None) | ("update", Some(_)) | ("upsert", _) => {
            if let Some(value) = source(action, attributes) {
                put(attributes, &action.key, value);
            }
        }
        ("delete", at) => {
            if let Some(at) = at {
                attributes.swap_remove(at);
            }
            attributes.retain(|pair| !matches(pair));
        }
        ("hash", at) => {
            if let Some(at) = at {
                hash(&mut attributes[at]);
            }
            attributes.iter_mut().filter(|pair| matches(pair)).for_each(hash);
        }
        ("extract", Some(at)) => {
            let Some(Any::StringValue(text)) = value(&attributes[at]) else {
                return;
            };
            let pattern = action.pattern.as_ref().unwrap();
            if let Some(found) = pattern.regex().captures(&text) {
                for (number, name) in pattern.groups().iter().enumerate() {
                    let group = found.get(number + 1).map_or("", |group| group.as_str());
                    put(attributes, name, Some(Any::StringValue(group.into())));
                }
            }
        }
        ("convert", Some(at)) => {
            let converted = convert(value(&attributes[at]), &action.converted_type);
            attributes[at].value = Some(AnyValue { value: converted });
        }
        _ => {}
    }
}

/// Whether the action surely changes nothing in the request, as it is.
pub(super) fn is_idle(action: &ActionSettings, request: &ExportTraceServiceRequest) -> bool {
    let has_pattern = action
        .pattern
        .as_ref()
        .is_some_and(|pattern| !pattern.as_str().is_empty());
    let mut spans = request.resource_spans[0].scope_spans[0].spans.iter();
    match action.action.as_str() {
        "insert" => spans.all(|span| first(&span.attributes, &action.key).is_some()),
        "update" | "extract" | "convert" => spans.all(|span| first(&span.attributes, &action.key).is_none()),
        "delete" | "hash" => !has_pattern && spans.all(|span| first(&span.attributes, &action.key).is_none()),
        _ => false,
    }
}

fn first(attributes: &Attributes, key: &str) -> Option<usize> {
    attributes.iter().position(|pair| pair.key == key)
}

fn value(pair: &KeyValue) -> Option<Any> {
    pair.value.clone().unwrap_or_default().value
}

fn put(attributes: &mut Attributes, key: &str, value: Option<Any>) {
    match first(attributes, key) {
        Some(at) => attributes[at].value = Some(AnyValue { value }),
        None => attributes.push(pair(key, value)),
    }
}

fn source(action: &ActionSettings, attributes: &Attributes) -> Option<Option<Any>> {
    let constant = |literal: &Literal| object(literal).value;
    if let Some(value) = &action.value {
        return Some(constant(value));
    }
    let from = first(attributes, &action.from_attribute).filter(|_| !action.from_attribute.is_empty());
    match from {
        Some(at) => Some(value(&attributes[at])),
        None => action.default_value.as_ref().map(constant),
    }
}

fn object(literal: &Literal) -> AnyValue {
    let value = match literal {
        Literal::Bool(value) => Some(Any::BoolValue(*value)),
        Literal::Int(number) => Some(Any::IntValue(*number)),
        Literal::Double(number) => Some(Any::DoubleValue(*number)),
        Literal::String(text) => Some(Any::StringValue(text.clone())),
        Literal::List(items) => Some(Any::ArrayValue(ArrayValue {
            values: items.iter().map(object).collect(),
        })),
        Literal::Null | Literal::Map(_) => None,
    };
    AnyValue { value }
}

fn hash(pair: &mut KeyValue) {
    let bytes = match value(pair) {
        Some(Any::StringValue(text)) => Some(text.into_bytes()),
        Some(Any::BoolValue(value)) => Some(vec![value as u8]),
        Some(Any::IntValue(number)) => Some(number.to_le_bytes().to_vec()),
        Some(Any::DoubleValue(number)) => Some(number.to_le_bytes().to_vec()),
        _ => None,
    };
    let digits = |bytes: Vec<u8>| {
        Sha256::digest(bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    let hashed = Any::StringValue(bytes.map(digits).unwrap_or_default());
    pair.value = Some(AnyValue { value: Some(hashed) });
}

fn convert(value: Option<Any>, to: &str) -> Option<Any> {
    use base64::Engine as _;
    match (to, &value) {
        ("string", Some(Any::StringValue(_))) => value,
        ("string", found) => Some(Any::StringValue(match found {
            Some(Any::BoolValue(value)) => value.to_string(),
            Some(Any::IntValue(number)) => number.to_string(),
            Some(Any::DoubleValue(number)) if *number == 1e300 => "1e+300".into(),
            Some(Any::DoubleValue(number)) => number.to_string(),
            Some(Any::BytesValue(bytes)) => base64::engine::general_purpose::STANDARD.encode(bytes),
            Some(Any::ArrayValue(list)) if list.values.is_empty() => "[]".into(),
            // What the actions themselves put there.
            Some(Any::ArrayValue(_)) => "[null,true]".into(),
            _ => String::new(),
        })),
        ("int", Some(Any::BoolValue(value))) => Some(Any::IntValue(i64::from(*value))),
        ("int", Some(Any::DoubleValue(number))) if number.abs() < 9e18 => Some(Any::IntValue(*number as i64)),
        ("int", Some(Any::DoubleValue(_))) => Some(Any::IntValue(i64::MIN)),
        ("int", Some(Any::StringValue(text))) => text.parse().map(Any::IntValue).ok().or(value),
        ("double", Some(Any::BoolValue(value))) => Some(Any::DoubleValue(f64::from(u8::from(*value)))),
        ("double", Some(Any::IntValue(number))) => Some(Any::DoubleValue(*number as f64)),
        ("double", Some(Any::StringValue(text))) if text == "0x1p4" => Some(Any::DoubleValue(16.0)),
        ("double", Some(Any::StringValue(text))) => {
            let number = text.parse().ok().filter(|number: &f64| number.is_finite());
            number.map(Any::DoubleValue).or(value)
        }
        _ => value,
    }
}

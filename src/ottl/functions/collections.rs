//! Converters of lists and maps.

use super::super::call::Given;
use super::super::coerce::Accepts;
use super::super::compare::equal;
use super::super::fault::{Error, Outcome};
use super::super::go;
use super::super::parsers;
use super::super::scene::Scene;
use super::super::value::Value;
use super::{Function, Takes, converter, optional, required};
use crate::wire::Value as Stored;

pub(super) const FUNCTIONS: &[Function] = &[
    converter(
        "Keys",
        &[required("target", Takes::Value(Accepts::Map))],
        |given, _| {
            let keys = given.map(0).into_iter().map(|(key, _)| Stored::String(key));
            Ok(Value::List(keys.collect()))
        },
    ),
    converter(
        "Values",
        &[required("target", Takes::Value(Accepts::Map))],
        |given, _| {
            let values = given.map(0).into_iter().map(|(_, value)| value);
            Ok(Value::List(values.collect()))
        },
    ),
    converter("Len", &[required("target", Takes::Value(Accepts::Any))], len),
    converter(
        "Index",
        &[
            required("target", Takes::Value(Accepts::Any)),
            required("value", Takes::Value(Accepts::Any)),
        ],
        index,
    ),
    converter(
        "ContainsValue",
        &[
            required("target", Takes::Value(Accepts::List)),
            required("item", Takes::Value(Accepts::Any)),
        ],
        |given, _| {
            let list = given.list(0);
            let is_there = list
                .iter()
                .any(|item| equal(&Value::copied(item), given.value(1)));
            Ok(Value::Bool(is_there))
        },
    ),
    converter("Coalesce", &[required("values", Takes::Deferred)], coalesce).prepared(
        |literals| match literals.count(0) {
            0 => Err("`Coalesce` needs at least one value".into()),
            _ => Ok(None),
        },
    ),
    converter(
        "Sort",
        &[
            required("target", Takes::Value(Accepts::Any)),
            optional("order", Takes::LiteralText),
        ],
        sort,
    )
    .prepared(|literals| match literals.text(1) {
        None | Some("asc" | "desc") => Ok(None),
        Some(other) => Err(format!("the order must be \"asc\" or \"desc\", not {other:?}")),
    }),
    converter(
        "SliceToMap",
        &[
            required("target", Takes::Value(Accepts::List)),
            optional("key_path", Takes::LiteralTexts),
            optional("value_path", Takes::LiteralTexts),
        ],
        slice_to_map,
    ),
];

fn len<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let len = match given.value(0) {
        Value::Text(text) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) => items.len(),
        Value::Map(pairs) => pairs.len(),
        Value::Events(list) | Value::Links(list) => list.len(),
        other => return Err(Error::new(format!("{} has no length", other.kind()))),
    };
    Ok(Value::Int(len as i64))
}

fn index<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let place = match (given.value(0), given.value(1)) {
        (Value::Text(text), Value::Text(part)) => text.find(part.as_ref()),
        (Value::Text(_), other) => {
            return Err(Error::new(format!(
                "expected a string to look for but got {}",
                other.kind()
            )));
        }
        (Value::List(items), value) => items.iter().position(|item| equal(&Value::copied(item), value)),
        (other, _) => return Err(Error::new(format!("expected a list but got {}", other.kind()))),
    };
    Ok(Value::Int(place.map_or(-1, |place| place as i64)))
}

fn coalesce<'v>(given: &mut Given<'v>, scene: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    for expression in given.deferred(0) {
        let value = expression.value(scene)?;
        if !value.is_nil() {
            return Ok(value);
        }
    }
    Ok(Value::Nil)
}

fn sort<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let is_descending = given.text(1) == "desc";
    match given.take(0) {
        Value::List(items) => Ok(Value::List(go::sort::sort(items, is_descending))),
        other => Err(Error::new(format!("expected a list but got {}", other.kind()))),
    }
}

fn slice_to_map<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let path = |given: &mut Given<'v>, at| {
        let texts = given.values(at).into_iter().filter_map(|value| match value {
            Value::Text(text) => Some(text.into_owned()),
            _ => None,
        });
        given.has(at).then(|| texts.collect::<Vec<String>>())
    };
    let (keys, values) = (path(given, 1), path(given, 2));
    let list = given.list(0);
    let map = parsers::slice_to_map(list, keys.as_deref(), values.as_deref())?;
    Ok(Value::Map(map))
}

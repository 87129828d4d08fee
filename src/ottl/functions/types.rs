//! Converters that tell what a value is, and those that make one type of another.

use super::super::call::Given;
use super::super::coerce::Accepts;
use super::super::fault::{Error, Outcome};
use super::super::go;
use super::super::path::hex;
use super::super::scene::Scene;
use super::super::value::Value;
use super::{Function, Known, Literals, Takes, converter, required};

const ANY: &[super::Parameter] = &[required("target", Takes::Value(Accepts::Any))];

pub(super) const FUNCTIONS: &[Function] = &[
    converter("IsString", ANY, |given, _| {
        is(given, |value| matches!(value, Value::Text(_)))
    })
    .prepared(|literals| kind(literals, |value| matches!(value, Value::Text(_)), "a string")),
    converter("IsInt", ANY, |given, _| {
        is(given, |value| matches!(value, Value::Int(_)))
    })
    .prepared(|literals| kind(literals, |value| matches!(value, Value::Int(_)), "an int")),
    converter("IsDouble", ANY, |given, _| {
        is(given, |value| matches!(value, Value::Float(_)))
    })
    .prepared(|literals| kind(literals, |value| matches!(value, Value::Float(_)), "a double")),
    converter("IsBool", ANY, |given, _| {
        is(given, |value| matches!(value, Value::Bool(_)))
    })
    .prepared(|literals| kind(literals, |value| matches!(value, Value::Bool(_)), "a bool")),
    converter("IsMap", ANY, |given, _| {
        is(given, |value| matches!(value, Value::Map(_)))
    })
    .prepared(|literals| kind(literals, |value| matches!(value, Value::Map(_)), "a map")),
    converter("IsList", ANY, |given, _| {
        is(given, |value| {
            matches!(value, Value::List(_) | Value::Events(_) | Value::Links(_))
        })
    }),
    converter("IsEmpty", ANY, |given, _| is(given, is_empty)),
    converter("IsRootSpan", &[], |_, scene| is_root(scene))
        .known(Known::AboutSpans)
        .varying(),
    converter(
        "String",
        &[required("target", Takes::Value(Accepts::TextLike))],
        |given, _| Ok(given.take(0)),
    ),
    converter(
        "Int",
        &[required("target", Takes::Value(Accepts::IntLike))],
        |given, _| Ok(given.take(0)),
    ),
    converter(
        "Double",
        &[required("target", Takes::Value(Accepts::FloatLike))],
        |given, _| Ok(given.take(0)),
    ),
    converter(
        "Bool",
        &[required("target", Takes::Value(Accepts::BoolLike))],
        |given, _| Ok(given.take(0)),
    ),
    converter(
        "Hex",
        &[required("target", Takes::Value(Accepts::BytesLike))],
        |given, _| match given.value(0) {
            Value::Bytes(bytes) => Ok(Value::Text(hex(bytes))),
            _ => Ok(Value::text("")),
        },
    ),
    converter(
        "ParseInt",
        &[
            required("target", Takes::Value(Accepts::Text)),
            required("base", Takes::Value(Accepts::Int)),
        ],
        parse_int,
    ),
    converter(
        "Log",
        &[required("target", Takes::Value(Accepts::FloatLike))],
        |given, _| match given.value(0) {
            Value::Float(number) if *number > 0.0 => Ok(Value::Float(number.ln())),
            Value::Float(number) if number.is_nan() => Ok(Value::Float(*number)),
            Value::Float(number) => Err(Error::new(format!("{number} is not greater than zero"))),
            _ => Err(Error::new("expected a number but got nil")),
        },
    ),
];

fn is<'v>(given: &Given<'v>, test: impl Fn(&Value<'_>) -> bool) -> Outcome<Value<'v>> {
    Ok(Value::Bool(test(given.value(0))))
}

/// A literal of another type is a mistake, not an answer.
fn kind(
    literals: &Literals<'_>,
    test: impl Fn(&Value<'_>) -> bool,
    wanted: &str,
) -> Result<super::super::call::Prepared, String> {
    match literals.value(0) {
        Some(value) if !test(value) => Err(format!("expected {wanted} but got {}", value.kind())),
        _ => Ok(None),
    }
}

fn is_empty(value: &Value<'_>) -> bool {
    match value {
        Value::Nil => true,
        Value::Bool(value) => !value,
        Value::Int(number) | Value::Duration(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::Text(text) => text.is_empty(),
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(pairs) => pairs.is_empty(),
        Value::TraceId(id) => *id == [0; 16],
        Value::SpanId(id) => *id == [0; 8],
        // What stands behind these in the Collector is never nothing.
        Value::Time(_) | Value::Events(_) | Value::Links(_) | Value::Status(_) => false,
    }
}

fn is_root<'v>(scene: &Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let parent = scene.span()?.parent_span_id();
    Ok(Value::Bool(parent.iter().all(|byte| *byte == 0)))
}

fn parse_int<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let base = u32::try_from(given.int(1));
    let base = base.map_err(|_| Error::new(format!("{} is no base of numbers", given.int(1))))?;
    Ok(Value::Int(go::number::parse_int(given.text(0), base)?))
}

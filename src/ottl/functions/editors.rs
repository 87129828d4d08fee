//! Editors of single values and lists.

use jiff::tz::TimeZone;

use super::super::call::Call;
use super::super::coerce::Accepts;
use super::super::fault::{Error, Outcome};
use super::super::scene::Scene;
use super::super::value::{Time, Value};
use super::{Function, Known, Takes, editor, optional, required};
use crate::wire::Value as Stored;

pub(super) const FUNCTIONS: &[Function] = &[
    editor(
        "set",
        &[
            required("target", Takes::Path),
            required("value", Takes::Value(Accepts::Any)),
        ],
        set,
    ),
    editor(
        "append",
        &[
            required("target", Takes::Path),
            optional("value", Takes::Value(Accepts::Any)),
            optional("values", Takes::Values(Accepts::Any)),
        ],
        append,
    )
    .prepared(|literals| match literals.has(1) || literals.has(2) {
        true => Ok(None),
        false => Err("`append` needs `value` or `values`".into()),
    }),
    editor(
        "delete_index",
        &[
            required("target", Takes::ListPath),
            required("start_index", Takes::Value(Accepts::Int)),
            optional("end_index", Takes::Value(Accepts::Int)),
        ],
        delete_index,
    ),
    editor("clear", &[required("target", Takes::Path)], clear),
    // What it routes is said by its condition alone.
    editor("route", &[], |_, _| Ok(())).known(Known::InRouting),
];

fn set(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    // What is known is not borrowed from the scene, and so need not be copied.
    if let Some(value) = call.constant(1) {
        return call.path(0)?.write(scene, value.borrowed());
    }
    let value = call.argument(1, scene)?.into_owned();
    call.path(0)?.write(scene, value)
}

fn append(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    let path = call.path(0)?;
    let mut list = match path.read(scene)? {
        Value::Nil => Vec::new(),
        Value::List(items) => items,
        other => vec![element(other, false)?],
    };
    if call.has(1) {
        list.push(element(
            call.argument(1, scene)?,
            call.written_lists(1) == [true],
        )?);
    }
    for (value, is_written) in call.values(2, scene)?.into_iter().zip(call.written_lists(2)) {
        list.push(element(value, is_written)?);
    }
    path.write(scene, Value::List(list))
}

/// Maps, and lists that hold some or are not written out, the Collector does not append.
fn element(value: Value<'_>, is_written: bool) -> Outcome<Stored> {
    let holds_map = |items: &[Stored]| items.iter().any(|item| matches!(item, Stored::KeyValueList(_)));
    match value {
        Value::List(items) if is_written && !holds_map(&items) => Ok(Stored::Array(items)),
        Value::Map(_) | Value::List(_) => Err(Error::new(format!("{} cannot be appended", value.kind()))),
        value => value.into_stored(),
    }
}

fn delete_index(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    let path = call.path(0)?;
    let mut list = match path.read(scene)? {
        Value::List(items) => items,
        other => return Err(Error::new(format!("expected a list but got {}", other.kind()))),
    };
    let int = |at| match call.argument(at, scene) {
        Ok(Value::Int(number)) => Ok(number),
        Ok(_) => Ok(0),
        Err(error) => Err(error),
    };
    let start = int(1)?;
    let end = if call.has(2) {
        int(2)?
    } else {
        start.wrapping_add(1)
    };
    let len = list.len() as i64;
    if start == 0 && end == len {
        return path.write(scene, Value::List(Vec::new()));
    }
    let range = match (usize::try_from(start), usize::try_from(end)) {
        (Ok(from), Ok(to)) if start < len && start <= end && end <= len => from..to,
        _ => {
            let message = format!("{start} to {end} is out of bounds for a list of length {len}");
            return Err(Error::new(message));
        }
    };
    if range.is_empty() {
        return Ok(());
    }
    list.drain(range);
    path.write(scene, Value::List(list))
}

/// Writes the empty value of what is there.
fn clear(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    let path = call.path(0)?;
    let empty = match path.read(scene)? {
        Value::Bool(_) => Value::Bool(false),
        Value::Int(_) => Value::Int(0),
        Value::Float(_) => Value::Float(0.0),
        Value::Text(_) => Value::text(""),
        Value::Bytes(_) => Value::Bytes(Vec::new().into()),
        Value::List(_) => Value::List(Vec::new()),
        Value::Map(_) => Value::Map(Vec::new()),
        Value::Duration(_) => Value::Duration(0),
        Value::TraceId(_) => Value::TraceId([0; 16]),
        Value::SpanId(_) => Value::SpanId([0; 8]),
        Value::Events(_) => Value::Events(Vec::new()),
        Value::Links(_) => Value::Links(Vec::new()),
        // The Collector leaves it as it is.
        Value::Status(status) => Value::Status(status),
        // The first instant of Go's calendar.
        Value::Time(_) => Value::Time(Time::from_unix(-62_135_596_800, 0, TimeZone::UTC)),
        Value::Nil => Value::Nil,
    };
    path.write(scene, empty)
}

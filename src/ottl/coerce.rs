//! Which values a parameter accepts, and what becomes of others.

use std::borrow::Cow;

use super::fault::{Error, Outcome};
use super::go;
use super::path::hex;
use super::value::Value;

/// What a parameter accepts. What ends in `Like` converts where it can, and passes nothing on as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Everything.
    Any,
    /// A text.
    Text,
    /// A whole number.
    Int,
    /// A floating point number.
    Float,
    /// A truth value.
    Bool,
    /// What has a text.
    TextLike,
    /// What has a whole number.
    IntLike,
    /// What has a floating point number.
    FloatLike,
    /// What has a truth value.
    BoolLike,
    /// What has bytes.
    BytesLike,
    /// A map.
    Map,
    /// A list.
    List,
    /// A time.
    Time,
    /// A duration.
    Duration,
}

/// The value as the parameter sees it.
pub(super) fn coerced(value: Value<'_>, accepts: Accepts) -> Outcome<Value<'_>> {
    let fits = matches!(
        (accepts, &value),
        (Accepts::Any, _)
            | (Accepts::Text | Accepts::TextLike, Value::Text(_))
            | (Accepts::Int, Value::Int(_))
            | (Accepts::Float, Value::Float(_))
            | (Accepts::Bool, Value::Bool(_))
            | (Accepts::Map, Value::Map(_))
            | (Accepts::List, Value::List(_))
            | (Accepts::Time, Value::Time(_))
            | (Accepts::Duration, Value::Duration(_))
            | (
                Accepts::TextLike
                    | Accepts::IntLike
                    | Accepts::FloatLike
                    | Accepts::BoolLike
                    | Accepts::BytesLike,
                Value::Nil,
            )
    );
    if fits {
        return Ok(value);
    }
    match accepts {
        Accepts::TextLike => text(value),
        Accepts::IntLike => int(&value),
        Accepts::FloatLike => float(&value),
        Accepts::BoolLike => bool(&value),
        Accepts::BytesLike => bytes(value),
        _ => Err(Error::new(format!(
            "expected {} but got {}",
            accepts.kind(),
            value.kind()
        ))),
    }
}

fn text(value: Value<'_>) -> Outcome<Value<'_>> {
    Ok(match value {
        Value::Bytes(bytes) => Value::Text(hex(&bytes)),
        other => Value::text(go::json::json_text(&other)?),
    })
}

fn int(value: &Value<'_>) -> Outcome<Value<'static>> {
    Ok(Value::Int(match value {
        Value::Int(number) => *number,
        Value::Float(number) => go::number::whole(*number),
        Value::Bool(value) => i64::from(*value),
        Value::Text(text) => go::number::parse_int(text, 10)?,
        other => return Err(no("int", other)),
    }))
}

fn float(value: &Value<'_>) -> Outcome<Value<'static>> {
    Ok(Value::Float(match value {
        Value::Float(number) => *number,
        Value::Int(number) => *number as f64,
        Value::Bool(value) => f64::from(u8::from(*value)),
        Value::Text(text) => go::number::parse_float(text)?,
        other => return Err(no("double", other)),
    }))
}

fn bool(value: &Value<'_>) -> Outcome<Value<'static>> {
    Ok(Value::Bool(match value {
        Value::Bool(value) => *value,
        Value::Int(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::Text(text) => {
            let read = go::number::parse_bool(text);
            read.ok_or_else(|| Error::new(format!("{text:?} is no bool")))?
        }
        other => return Err(no("bool", other)),
    }))
}

fn bytes(value: Value<'_>) -> Outcome<Value<'_>> {
    Ok(Value::Bytes(match value {
        Value::Bytes(bytes) => bytes,
        Value::Text(Cow::Borrowed(text)) => Cow::Borrowed(text.as_bytes()),
        Value::Text(Cow::Owned(text)) => Cow::Owned(text.into_bytes()),
        Value::Int(number) => Cow::Owned(number.to_be_bytes().to_vec()),
        Value::Float(number) => Cow::Owned(number.to_be_bytes().to_vec()),
        Value::Bool(value) => Cow::Owned(vec![u8::from(value)]),
        other => return Err(no("bytes", &other)),
    }))
}

fn no(wanted: &str, got: &Value<'_>) -> Error {
    Error::new(format!("{} has no {wanted}", got.kind()))
}

// === impl Accepts ===

impl Accepts {
    /// In a word or two.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Any => "a value",
            Self::Text | Self::TextLike => "a string",
            Self::Int | Self::IntLike => "an int",
            Self::Float | Self::FloatLike => "a double",
            Self::Bool | Self::BoolLike => "a bool",
            Self::BytesLike => "bytes",
            Self::Map => "a map",
            Self::List => "a list",
            Self::Time => "a time",
            Self::Duration => "a duration",
        }
    }
}

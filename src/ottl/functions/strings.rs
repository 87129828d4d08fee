//! Converters of texts.

use std::borrow::Cow;

use super::super::call::{Given, MAX_TEXT};
use super::super::coerce::Accepts;
use super::super::fault::{Error, Outcome};
use super::super::go::{case, format::sprintf};
use super::super::scene::Scene;
use super::super::value::Value;
use super::{Function, Parameter, Takes, converter, optional, required};
use crate::wire::Value as Stored;

const TARGET: Parameter = required("target", Takes::Value(Accepts::Text));
const ONE: &[Parameter] = &[TARGET];

pub(super) const FUNCTIONS: &[Function] = &[
    converter(
        "Concat",
        &[
            required("vals", Takes::Dynamic(Accepts::TextLike)),
            required("delimiter", Takes::Value(Accepts::Text)),
        ],
        concat,
    ),
    converter(
        "ConvertCase",
        &[TARGET, required("to_case", Takes::LiteralText)],
        |given, _| {
            let text = given.text(0);
            let text = match given.text(1) {
                "lower" => case::lower(text),
                "upper" => case::upper(text),
                "snake" => case::snake(text),
                _ => case::camel(text),
            };
            Ok(Value::text(text))
        },
    )
    .prepared(|literals| match literals.text(1) {
        Some("lower" | "upper" | "snake" | "camel") => Ok(None),
        other => {
            let other = other.unwrap_or_default();
            Err(format!(
                "the case must be \"lower\", \"upper\", \"snake\" or \"camel\", not {other:?}"
            ))
        }
    }),
    converter("ToLowerCase", ONE, |given, _| {
        Ok(Value::text(case::lower(given.text(0))))
    }),
    converter("ToUpperCase", ONE, |given, _| {
        Ok(Value::text(case::upper(given.text(0))))
    }),
    converter("ToSnakeCase", ONE, |given, _| {
        Ok(Value::text(case::snake(given.text(0))))
    }),
    converter("ToCamelCase", ONE, |given, _| {
        Ok(Value::text(case::camel(given.text(0))))
    }),
    converter(
        "Format",
        &[
            required("format", Takes::LiteralText),
            required("vals", Takes::Values(Accepts::Any)),
        ],
        |given, _| {
            let values = given.values(1);
            Ok(Value::text(sprintf(given.text(0), &values)?))
        },
    ),
    converter(
        "HasPrefix",
        &[TARGET, required("prefix", Takes::Value(Accepts::Text))],
        |given, _| Ok(Value::Bool(given.text(0).starts_with(given.text(1)))),
    ),
    converter(
        "HasSuffix",
        &[TARGET, required("suffix", Takes::Value(Accepts::Text))],
        |given, _| Ok(Value::Bool(given.text(0).ends_with(given.text(1)))),
    ),
    converter(
        "IsMatch",
        &[
            required("target", Takes::Value(Accepts::TextLike)),
            required("pattern", Takes::Pattern),
        ],
        |given, scene| {
            let pattern = given.pattern(1, scene)?;
            Ok(Value::Bool(match given.value(0) {
                Value::Text(text) => pattern.is_match(text),
                _ => false,
            }))
        },
    ),
    converter(
        "Split",
        &[TARGET, required("delimiter", Takes::Value(Accepts::Text))],
        |given, _| {
            let part = |part: &str| Stored::String(part.to_owned());
            let parts = match given.text(1) {
                "" => given
                    .text(0)
                    .chars()
                    .map(|letter| Stored::String(letter.into()))
                    .collect(),
                delimiter => given.text(0).split(delimiter).map(part).collect(),
            };
            Ok(Value::List(parts))
        },
    ),
    converter(
        "Substring",
        &[
            TARGET,
            required("start", Takes::Value(Accepts::Int)),
            required("length", Takes::Value(Accepts::Int)),
            optional("utf8_safe", Takes::LiteralBool),
        ],
        substring,
    ),
    converter(
        "Trim",
        &[TARGET, optional("replacement", Takes::LiteralText)],
        |given, _| {
            let set = if given.has(1) {
                given.text(1).to_owned()
            } else {
                " ".to_owned()
            };
            Ok(part(given, |text| {
                text.trim_matches(|letter| set.contains(letter))
            }))
        },
    ),
    converter(
        "TrimPrefix",
        &[TARGET, required("prefix", Takes::Value(Accepts::Text))],
        |given, _| {
            let prefix = given.text(1).to_owned();
            Ok(part(given, |text| {
                text.strip_prefix(prefix.as_str()).unwrap_or(text)
            }))
        },
    ),
    converter(
        "TrimSuffix",
        &[TARGET, required("suffix", Takes::Value(Accepts::Text))],
        |given, _| {
            let suffix = given.text(1).to_owned();
            Ok(part(given, |text| {
                text.strip_suffix(suffix.as_str()).unwrap_or(text)
            }))
        },
    ),
];

/// A part of the first argument, borrowed where that is.
fn part<'v>(given: &mut Given<'v>, part: impl Fn(&str) -> &str) -> Value<'v> {
    match given.take(0) {
        Value::Text(Cow::Borrowed(text)) => Value::Text(Cow::Borrowed(part(text))),
        Value::Text(Cow::Owned(text)) => Value::text(part(&text).to_owned()),
        other => other,
    }
}

fn concat<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let mut text = String::new();
    for (number, value) in given.values(0).iter().enumerate() {
        if number > 0 {
            text.push_str(given.text(1));
        }
        text.push_str(match value {
            Value::Text(part) => part,
            _ => "<nil>",
        });
        if text.len() > MAX_TEXT {
            return Err(Error::new(format!("the text is longer than {MAX_TEXT} bytes")));
        }
    }
    Ok(Value::text(text))
}

fn substring<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let (start, length, len) = (given.int(1), given.int(2), given.text(0).len());
    let end = start.checked_add(length).filter(|_| start >= 0 && length > 0);
    let places = (usize::try_from(start), end.map(usize::try_from));
    let (Ok(from), Some(Ok(to))) = places else {
        return Err(Error::new(format!(
            "{length} bytes from {start} on are no part of a text"
        )));
    };
    if to > len {
        let message = format!("{length} bytes from {start} on are more than a text of {len} bytes has");
        return Err(Error::new(message));
    }
    let is_safe = given.bool(3);
    Ok(match given.take(0) {
        Value::Text(Cow::Borrowed(text)) => Value::Text(cut(text, from, to, is_safe)),
        Value::Text(Cow::Owned(text)) => Value::text(cut(&text, from, to, is_safe).into_owned()),
        other => other,
    })
}

/// Bytes of a text; what is left of characters that are cut in two is shown as such.
fn cut(text: &str, from: usize, to: usize, is_safe: bool) -> Cow<'_, str> {
    let (from, to) = match is_safe {
        false => (from, to),
        true => {
            let from = text.ceil_char_boundary(from);
            (from, text.floor_char_boundary(to).max(from))
        }
    };
    String::from_utf8_lossy(text.as_bytes().get(from..to).unwrap_or_default())
}

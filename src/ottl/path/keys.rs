//! Keys in brackets: into maps by text, into lists by number.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::super::fault::{Error, Outcome};
use super::super::scene::Scene;
use super::super::value::Value;
use super::{Key, Path};
use crate::wire::{Value as Stored, ValueView};

/// Elements that writing behind the end of an empty value may make.
const MAX_NEW_ELEMENTS: i64 = 65_536;

/// A key, once it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<'c> {
    /// Into a map.
    Text(Cow<'c, str>),
    /// Into a list.
    Int(i64),
    /// It cannot be had. That matters to nobody who does not get so far.
    Failed(Error),
}

/// All keys of a path.
pub(in crate::ottl) type Steps<'c> = SmallVec<[Step<'c>; 2]>;

impl Path {
    /// The keys, once they are known.
    pub(super) fn steps(&self, scene: &Scene<'_, '_, '_>) -> Steps<'_> {
        self.keys.iter().map(|key| key.step(scene)).collect()
    }
}

// === impl Key ===

impl Key {
    /// The key, once it is known.
    pub(in crate::ottl) fn step(&self, scene: &Scene<'_, '_, '_>) -> Step<'_> {
        match self {
            Self::Text(text) => Step::Text(Cow::Borrowed(text)),
            Self::Int(number) => Step::Int(*number),
            Self::Value(expression) => match expression.value(scene) {
                Ok(Value::Text(text)) => Step::Text(Cow::Owned(text.into_owned())),
                Ok(Value::Int(number)) => Step::Int(number),
                Ok(other) => {
                    let kind = other.kind();
                    Step::Failed(Error::new(format!(
                        "a key must be a string or an int, but is {kind}"
                    )))
                }
                Err(error) => Step::Failed(error),
            },
        }
    }
}

// === impl Step ===

impl Step<'_> {
    /// The key of a map.
    pub(super) fn text(&self) -> Outcome<&str> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Int(number) => Err(Error::new(format!(
                "the key of a map must be a string, but is {number}"
            ))),
            Self::Failed(error) => Err(error.clone()),
        }
    }

    /// A place in a list of so many.
    fn place(&self, len: usize) -> Outcome<usize> {
        match self {
            Self::Text(text) => Err(Error::new(format!(
                "the index of a list must be an int, but is {text:?}"
            ))),
            Self::Failed(error) => Err(error.clone()),
            Self::Int(number) => {
                let place = usize::try_from(*number).ok().filter(|place| *place < len);
                place.ok_or_else(|| Error::new(format!("index {number} out of bounds")))
            }
        }
    }
}

/// What keys find in a value: nothing where a map lacks one.
pub(super) fn found(view: ValueView<'_>, steps: &[Step<'_>]) -> Outcome<Value<'static>> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(Value::of(view).into_owned());
    };
    match view {
        ValueView::KeyValueList(list) => {
            let key = step.text()?;
            let pair = list.iter().find(|pair| pair.key() == key);
            pair.map_or(Ok(Value::Nil), |pair| found(pair.value(), rest))
        }
        ValueView::Array(list) => {
            let place = step.place(list.iter().count())?;
            let item = list.iter().nth(place);
            item.map_or(Ok(Value::Nil), |item| found(item, rest))
        }
        other => Err(no_keys(&Value::of(other))),
    }
}

/// The same, in what is stored.
pub(super) fn found_stored(stored: &Stored, steps: &[Step<'_>]) -> Outcome<Value<'static>> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(Value::copied(stored));
    };
    match stored {
        Stored::KeyValueList(pairs) => {
            let key = step.text()?;
            let pair = pairs.iter().find(|(known, _)| known == key);
            pair.map_or(Ok(Value::Nil), |(_, value)| found_stored(value, rest))
        }
        Stored::Array(items) => {
            let place = step.place(items.len())?;
            let item = items.get(place);
            item.map_or(Ok(Value::Nil), |item| found_stored(item, rest))
        }
        other => Err(no_keys(&Value::copied(other))),
    }
}

/// What a key finds in a converter's result; there a map must have it.
pub(in crate::ottl) fn indexed<'v>(value: Value<'v>, step: &Step<'_>) -> Outcome<Value<'v>> {
    match value {
        Value::Map(pairs) => {
            let key = step.text()?;
            let pair = pairs.into_iter().find(|(known, _)| known == key);
            pair.map(|(_, value)| Value::owned(value))
                .ok_or_else(|| Error::new(format!("key {key:?} not found in map")))
        }
        Value::List(items) => {
            let place = step.place(items.len())?;
            let item = items.into_iter().nth(place);
            Ok(item.map_or(Value::Nil, Value::owned))
        }
        Value::Bytes(bytes) => {
            let place = step.place(bytes.len())?;
            let byte = bytes.get(place).copied().unwrap_or_default();
            Ok(Value::Int(i64::from(byte)))
        }
        other => Err(no_keys(&other)),
    }
}

/// The place in `stored` to which the keys lead; what is missing on the way is made.
pub(super) fn place<'v>(stored: &'v mut Stored, steps: &[Step<'_>]) -> Outcome<&'v mut Stored> {
    let Some((step, rest)) = steps.split_first() else {
        return Ok(stored);
    };
    let was_empty = *stored == Stored::Empty;
    if was_empty {
        *stored = match step {
            Step::Text(_) => Stored::KeyValueList(Vec::new()),
            Step::Int(number) => Stored::Array(new_list(*number)?),
            Step::Failed(error) => return Err(error.clone()),
        };
    }
    let inner = match (stored, step) {
        (Stored::KeyValueList(pairs), step) => entry(pairs, step.text()?),
        (Stored::Array(items), step) => {
            let last = items.len().saturating_sub(1);
            let place = if was_empty { last } else { step.place(items.len())? };
            items.get_mut(place)
        }
        (other, _) => return Err(no_keys(&Value::copied(other))),
    };
    match inner {
        Some(inner) => place(inner, rest),
        None => Err(Error::new("there is no such place")),
    }
}

/// Elements up to the one of this number; a negative one makes the first.
fn new_list(number: i64) -> Outcome<Vec<Stored>> {
    match usize::try_from(number) {
        Ok(last) if number < MAX_NEW_ELEMENTS => Ok(vec![Stored::Empty; last + 1]),
        Ok(_) => Err(Error::new(format!("index {number} would make too long a list"))),
        Err(_) => Ok(vec![Stored::Empty]),
    }
}

/// The value of the first entry with this key, which is made where there is none.
pub(super) fn entry<'v>(pairs: &'v mut Vec<(String, Stored)>, key: &str) -> Option<&'v mut Stored> {
    let at = pairs.iter().position(|(known, _)| known == key);
    let at = at.unwrap_or_else(|| {
        pairs.push((key.to_owned(), Stored::Empty));
        pairs.len() - 1
    });
    pairs.get_mut(at).map(|(_, value)| value)
}

fn no_keys(value: &Value<'_>) -> Error {
    Error::new(format!("{} has no keys", value.kind()))
}

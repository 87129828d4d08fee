//! JSON requests, read member by member: what does not fit is named, with its value.

use std::fmt;

use serde_json::{Map, Value};

/// What does not fit in a request; names it and its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub String);

/// The members of a JSON object. One that is `null` is as good as absent.
#[derive(Clone, Copy, Debug)]
pub struct Members<'a>(&'a Map<String, Value>);

/// The beginning of a value, for messages.
struct Short<'a>(&'a Value);

/// The beginning of a text, in quotes, for messages.
pub struct Quoted<'a>(pub &'a str);

// === impl Unfit ===

impl Unfit {
    /// A value that is not what is expected.
    pub fn value(name: &str, value: &Value, expected: &str) -> Self {
        Self(format!("`{name}` is {}; {expected} is expected", Short(value)))
    }

    /// Something that must be there, and is not.
    pub fn missing(name: &str) -> Self {
        Self(format!("`{name}` is missing"))
    }
}

// === impl Members ===

impl<'a> Members<'a> {
    /// The members of `value`, which is called `name`.
    pub fn of(name: &str, value: &'a Value) -> Result<Self, Unfit> {
        let object = value.as_object();
        object
            .map(Self)
            .ok_or_else(|| Unfit::value(name, value, "an object"))
    }

    /// A member, whatever it is.
    pub fn get(self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A member that is text.
    pub fn text(self, name: &str) -> Result<Option<&'a str>, Unfit> {
        self.read(name, "text", Value::as_str)
    }

    /// A member that is a whole number; `2.0` is one.
    pub fn whole(self, name: &str) -> Result<Option<i64>, Unfit> {
        self.read(name, "a whole number", |value| {
            let whole = |number: f64| {
                let whole = number.fract() == 0.0 && number.abs() < i64::MAX as f64;
                whole.then_some(number as i64)
            };
            value.as_i64().or_else(|| value.as_f64().and_then(whole))
        })
    }

    /// A member that is a list; empty when absent.
    pub fn list(self, name: &str) -> Result<&'a [Value], Unfit> {
        let list = self.read(name, "a list", |value| value.as_array().map(Vec::as_slice))?;
        Ok(list.unwrap_or_default())
    }

    /// A member that is an object.
    pub fn object(self, name: &str) -> Result<Option<Self>, Unfit> {
        self.read(name, "an object", |value| value.as_object().map(Self))
    }

    fn read<T>(
        self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Unfit> {
        let value = self.get(name);
        let read = value.map(|value| read(value).ok_or_else(|| Unfit::value(name, value, expected)));
        read.transpose()
    }
}

// === impl Short ===

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Array(_) => f.write_str("a list"),
            Value::Object(_) => f.write_str("an object"),
            Value::String(text) => Quoted(text).fmt(f),
            other => write!(f, "{other}"),
        }
    }
}

// === impl Quoted ===

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 60;
        let text = self.0;
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => write!(f, "`{}...`", text.get(..end).unwrap_or_default()),
            None => write!(f, "`{text}`"),
        }
    }
}

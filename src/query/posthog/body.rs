//! Bodies of requests: JSON objects, most with all that matters under `query`.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::dates::{DateRange, Window};
use super::error::ApiError;
use super::filter::{self, GroupError, Target};
use crate::query::model::{Field, Filter, Scalar, Test, TextOp, TextTest};

/// What every body may say about which spans are meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Shared {
    date_range: DateRange,
    service_names: Option<Vec<String>>,
    status_codes: Option<Vec<Whole>>,
    filter_group: Value,
}

/// What becomes of a `filterGroup` that does not have the form of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMalformed {
    /// The request is refused.
    Refuse,
    /// It counts as none at all, as these endpoints of the product have it.
    Ignore,
}

/// A whole number, also as text or with a fraction of zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole(pub i64);

/// The whole body; an empty one says nothing.
pub fn object(body: &[u8]) -> Result<Value, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    let value: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::Malformed(format!("the body is not JSON: {error}")))?;
    match value {
        Value::Object(_) => Ok(value),
        _ => Err(ApiError::Malformed("the body must be an object".into())),
    }
}

/// The member `query` of the body; without one, nothing is said.
pub fn query(body: &[u8]) -> Result<Value, ApiError> {
    let mut body = object(body)?;
    match body.get_mut("query").map(Value::take) {
        None | Some(Value::Null) => Ok(Value::Object(Map::new())),
        Some(query @ Value::Object(_)) => Ok(query),
        Some(_) => Err(ApiError::Malformed("`query` must be an object".into())),
    }
}

/// Reads the members that `T` knows.
pub fn read<'a, T: Deserialize<'a>>(object: &'a Value) -> Result<T, ApiError> {
    T::deserialize(object).map_err(|error| ApiError::Malformed(error.to_string()))
}

/// A number of rows: `default` when absent, cut to `most`; refuses what is negative.
pub fn rows(name: &str, value: Option<Whole>, default: usize, most: usize) -> Result<usize, ApiError> {
    let Some(Whole(value)) = value else {
        return Ok(default);
    };
    match usize::try_from(value) {
        Ok(rows) => Ok(rows.min(most)),
        Err(_) => Err(ApiError::Invalid(format!("`{name}` is {value}, less than 0"))),
    }
}

/// An offset: 0 when absent; refuses what is negative.
pub fn offset(value: Option<Whole>) -> Result<u64, ApiError> {
    let Whole(value) = value.unwrap_or(Whole(0));
    u64::try_from(value).map_err(|_| ApiError::Invalid(format!("`offset` is {value}, less than 0")))
}

// === impl Shared ===

impl Shared {
    /// The time that is meant; `default` is the beginning when none is given.
    pub fn window(&self, default: &str, now: u64) -> Result<Window, ApiError> {
        self.date_range.window(default, now)
    }

    /// As [`window`](Self::window); all of time when no range is given.
    pub fn window_or_ever(&self, default: &str, now: u64) -> Result<Window, ApiError> {
        match self.date_range.is_given() {
            true => self.window(default, now),
            false => Ok(Window::EVER),
        }
    }

    /// Which spans are meant.
    pub fn filter(&self, on_malformed: OnMalformed) -> Result<Filter, ApiError> {
        self.filter_without(on_malformed, None)
    }

    /// Which spans are meant, but for conditions on `target`.
    pub fn filter_without(
        &self,
        on_malformed: OnMalformed,
        target: Option<&Target<'_>>,
    ) -> Result<Filter, ApiError> {
        let mut parts = Vec::new();
        if let Some(names) = self.service_names.as_ref().filter(|names| !names.is_empty())
            && !target.is_some_and(Target::is_service)
        {
            parts.push(services(names));
        }
        if let Some(codes) = self.status_codes.as_ref().filter(|codes| !codes.is_empty()) {
            let codes = codes.iter().map(|code| Scalar::Int(code.0)).collect();
            parts.push(Filter::Field {
                field: Field::StatusCode,
                test: Test::Equals(codes),
                missing: false,
            });
        }
        match filter::group(&self.filter_group, target) {
            Ok(group) => parts.push(group),
            Err(GroupError::Malformed(_)) if on_malformed == OnMalformed::Ignore => {}
            Err(GroupError::Malformed(what)) => return Err(ApiError::Malformed(what)),
            Err(GroupError::Invalid(what)) => return Err(ApiError::Invalid(what)),
        }
        Ok(Filter::All(parts))
    }

    /// As [`Shared`], with a flat list of filters counting as none: the product's `trace` does not know it.
    pub fn without_flat_list(mut self) -> Self {
        if self.filter_group.is_array() {
            self.filter_group = Value::Null;
        }
        self
    }
}

/// What an absent member says that is true unless it is given: null is false.
pub fn yes() -> Option<bool> {
    Some(true)
}

/// Whether a text is bytes in hexadecimal.
pub fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Spans of these services; a span without a service has the empty name.
fn services(names: &[String]) -> Filter {
    Filter::Field {
        field: Field::Service,
        test: Test::Text(TextTest {
            op: TextOp::Equals,
            values: names.to_vec(),
            ignore_case: false,
        }),
        missing: names.iter().any(String::is_empty),
    }
}

// === impl Whole ===

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let whole = match &value {
            Value::Number(number) => number.as_i64().or_else(|| {
                let number = number.as_f64()?;
                let fits = number.fract() == 0.0 && number.abs() < 9.2e18;
                fits.then_some(number as i64)
            }),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        whole
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom(format!("{value} is not a whole number")))
    }
}

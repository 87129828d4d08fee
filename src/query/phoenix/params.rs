//! The parameters of a request's query, read as Phoenix's validation reads them.

use std::fmt::Display;

use axum::extract::Query;
use http::Uri;
use serde_json::{Value, json};

use super::error::Fault;
use super::{body, time};
use crate::query::model::Direction;

/// The most values that one parameter may have.
const MOST_VALUES: usize = 1000;

/// The parameters, in their order. What is wrong with them is gathered until [`Params::checked`].
pub struct Params {
    pairs: Vec<(String, String)>,
    faults: Vec<Value>,
}

/// A range of time, nanoseconds since 1970: from the first on, before the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    /// Included.
    pub from: Option<i128>,
    /// Not included.
    pub to: Option<i128>,
}

// === impl Params ===

impl Params {
    /// The parameters of a request.
    pub fn of(uri: &Uri) -> Result<Self, Fault> {
        let pairs: Result<Query<Vec<(String, String)>>, _> = Query::try_from_uri(uri);
        let Query(pairs) =
            pairs.map_err(|error| Fault::Text(http::StatusCode::BAD_REQUEST, error.to_string()))?;
        Ok(Self {
            pairs,
            faults: Vec::new(),
        })
    }

    /// Fails when something was wrong.
    pub fn checked(self) -> Result<(), Fault> {
        match self.faults.is_empty() {
            true => Ok(()),
            false => Err(Fault::Invalid(self.faults)),
        }
    }

    /// A parameter; of several the last.
    pub fn one(&self, name: &str) -> Option<String> {
        let mut found = self.pairs.iter().rev().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.clone())
    }

    /// All values of a parameter.
    pub fn all(&mut self, name: &str) -> Vec<String> {
        let found = self.pairs.iter().filter(|(known, _)| known == name);
        let values: Vec<String> = found.map(|(_, value)| value.clone()).collect();
        if values.len() > MOST_VALUES {
            let message = format!("List should have at most {MOST_VALUES} items after validation");
            self.fault(
                "too_long",
                name,
                &message,
                "",
                json!({ "max_length": MOST_VALUES }),
            );
        }
        values
    }

    /// All values of a parameter, none of them empty.
    pub fn all_not_empty(&mut self, name: &str) -> Vec<String> {
        let values = self.all(name);
        for (place, _) in values.iter().enumerate().filter(|(_, value)| value.is_empty()) {
            self.faults.push(json!({
                "type": "string_too_short", "loc": ["query", name, place],
                "msg": "String should have at least 1 character", "input": "", "ctx": { "min_length": 1 },
            }));
        }
        values
    }

    /// How many rows are wanted.
    pub fn limit(&mut self, default: usize, most: Option<usize>) -> usize {
        let Some(text) = self.one("limit") else {
            return default;
        };
        let Ok(limit) = text.trim().parse::<i128>() else {
            let message = "Input should be a valid integer, unable to parse string as an integer";
            self.fault("int_parsing", "limit", message, &text, Value::Null);
            return default;
        };
        if limit <= 0 {
            let message = "Input should be greater than 0";
            self.fault("greater_than", "limit", message, &text, json!({ "gt": 0 }));
        }
        match most {
            Some(most) if limit > most as i128 => {
                let message = format!("Input should be less than or equal to {most}");
                self.fault("less_than_equal", "limit", &message, &text, json!({ "le": most }));
            }
            _ => {}
        }
        usize::try_from(limit).unwrap_or(usize::MAX)
    }

    /// The order that is wanted.
    pub fn direction(&mut self, default: Direction) -> Direction {
        match self.optional_word("order", &["asc", "desc"]) {
            Some("asc") => Direction::Ascending,
            Some(_) => Direction::Descending,
            None => default,
        }
    }

    /// One of several words, or nothing.
    pub fn optional_word(&mut self, name: &str, words: &[&'static str]) -> Option<&'static str> {
        let text = self.one(name)?;
        let found = words.iter().find(|word| **word == text).copied();
        if found.is_none() {
            let expected = body::listed(words);
            let message = format!("Input should be {expected}");
            self.fault(
                "literal_error",
                name,
                &message,
                &text,
                json!({ "expected": expected }),
            );
        }
        found
    }

    /// True or false.
    pub fn flag(&mut self, name: &str) -> Option<bool> {
        let text = self.one(name)?;
        match text.to_lowercase().as_str() {
            "true" | "1" | "yes" | "y" | "on" | "t" => Some(true),
            "false" | "0" | "no" | "n" | "off" | "f" => Some(false),
            _ => {
                let message = "Input should be a valid boolean, unable to interpret input";
                self.fault("bool_parsing", name, message, &text, Value::Null);
                None
            }
        }
    }

    /// A number that is not negative.
    pub fn number(&mut self, name: &str) -> Option<f64> {
        let text = self.one(name)?;
        let number = text.trim().parse::<f64>().ok().filter(|number| !number.is_nan());
        match number {
            None => {
                let message = "Input should be a valid number, unable to parse string as a number";
                self.fault("float_parsing", name, message, &text, Value::Null);
            }
            Some(number) if number < 0.0 => {
                let message = "Input should be greater than or equal to 0";
                self.fault("greater_than_equal", name, message, &text, json!({ "ge": 0.0 }));
            }
            Some(_) => {}
        }
        number
    }

    /// A text of at least one character.
    pub fn not_empty(&mut self, name: &str) -> Option<String> {
        let text = self.one(name)?;
        if text.is_empty() {
            let message = "String should have at least 1 character";
            self.fault("string_too_short", name, message, "", json!({ "min_length": 1 }));
        }
        Some(text)
    }

    /// The range of time between `start_time` and `end_time`.
    pub fn range(&mut self) -> Range {
        Range {
            from: self.time("start_time"),
            to: self.time("end_time"),
        }
    }

    /// Notes that a parameter must be there.
    pub fn require(&mut self, name: &str) {
        if self.one(name).is_none() {
            let detail =
                json!({ "type": "missing", "loc": ["query", name], "msg": "Field required", "input": null });
            self.faults.push(detail);
        }
    }

    fn time(&mut self, name: &str) -> Option<i128> {
        let text = self.one(name)?;
        match time::parse(&text) {
            Ok(moment) => Some(moment.nanos),
            Err(why) => {
                let message = format!("Input should be a valid datetime or date, {why}");
                self.fault(
                    "datetime_from_date_parsing",
                    name,
                    &message,
                    &text,
                    json!({ "error": why }),
                );
                None
            }
        }
    }

    fn fault(&mut self, kind: &str, name: &str, message: &str, input: impl Display, context: Value) {
        let mut detail = json!({
            "type": kind, "loc": ["query", name], "msg": message, "input": input.to_string(),
        });
        if let (Some(members), false) = (detail.as_object_mut(), context.is_null()) {
            members.insert("ctx".into(), context);
        }
        self.faults.push(detail);
    }
}

// === impl Range ===

impl Range {
    /// As the store has it; none when nothing can lie in it.
    pub fn bounds(self) -> Option<(Option<u64>, Option<u64>)> {
        let from = match self.from {
            Some(from) if from > 0 => Some(u64::try_from(from).ok()?),
            _ => None,
        };
        let to = match self.to {
            Some(to) if to <= 0 => return None,
            Some(to) => u64::try_from(to).ok(),
            None => None,
        };
        match (from, to) {
            (Some(from), Some(to)) if from >= to => None,
            _ => Some((from, to)),
        }
    }

    /// Whether a time lies in it.
    pub fn holds(self, nanos: u64) -> bool {
        let nanos = i128::from(nanos);
        self.from.is_none_or(|from| nanos >= from) && self.to.is_none_or(|to| nanos < to)
    }
}

//! The body of a request, read as Phoenix's validation reads it: every fault is told with its place, type and input.

use serde_json::{Map, Value, json};

use super::error::Fault;
use super::time::{self, Moment};

/// The most bytes of a text that names something.
pub const NAME_BYTES: usize = 4 << 10;
/// The most bytes of a text that explains something, and of a map of metadata.
pub const TEXT_BYTES: usize = 1 << 20;

/// Reads the members of an object and gathers what is wrong with them.
pub struct Reader<'a> {
    members: &'a Map<String, Value>,
    place: Vec<Value>,
    faults: &'a mut Vec<Value>,
}

/// Reads a body: `read` takes what it needs from the object that it is.
pub fn read<T>(bytes: &[u8], read: impl FnOnce(&mut Reader<'_>) -> T) -> Result<T, Fault> {
    let value = parsed(bytes)?;
    let Value::Object(members) = &value else {
        let message = "Input should be a valid dictionary or object to extract fields from";
        let detail = detail("model_attributes_type", &[json!("body")], message, &value, None);
        return Err(Fault::Invalid(vec![detail]));
    };
    let mut faults = Vec::new();
    let mut reader = Reader {
        members,
        place: vec![json!("body")],
        faults: &mut faults,
    };
    let result = read(&mut reader);
    match faults.is_empty() {
        true => Ok(result),
        false => Err(Fault::Invalid(faults)),
    }
}

fn parsed(bytes: &[u8]) -> Result<Value, Fault> {
    if bytes.is_empty() {
        let missing = detail("missing", &[json!("body")], "Field required", &Value::Null, None);
        return Err(Fault::Invalid(vec![missing]));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let lines = bytes
            .split(|byte| *byte == b'\n')
            .take(error.line().saturating_sub(1));
        let before: usize = lines.map(|line| line.len() + 1).sum();
        let place = [json!("body"), json!(before + error.column().saturating_sub(1))];
        let context = json!({ "error": error.to_string() });
        let fault = detail(
            "json_invalid",
            &place,
            "JSON decode error",
            &json!({}),
            Some(context),
        );
        Fault::Invalid(vec![fault])
    })
}

/// What is wrong, in the form of Phoenix's validation.
pub fn detail(kind: &str, place: &[Value], message: &str, input: &Value, context: Option<Value>) -> Value {
    let mut detail = json!({ "type": kind, "loc": place, "msg": message, "input": input });
    if let (Some(members), Some(context)) = (detail.as_object_mut(), context) {
        members.insert("ctx".into(), context);
    }
    detail
}

/// `'a', 'b' or 'c'`
pub fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

// === impl Reader ===

impl<'a> Reader<'a> {
    /// A text that must be there, of at most so many bytes.
    pub fn text(&mut self, name: &str, most: usize) -> String {
        match self.required(name) {
            Some(value) => self.text_of(name, value, most).unwrap_or_default(),
            None => String::new(),
        }
    }

    /// As [`text`](Self::text), and not empty.
    pub fn not_empty(&mut self, name: &str, most: usize) -> String {
        let Some(value) = self.required(name) else {
            return String::new();
        };
        let text = self.text_of(name, value, most);
        if text.as_deref() == Some("") {
            let message = "String should have at least 1 character";
            self.fault(
                "string_too_short",
                name,
                message,
                value,
                Some(json!({ "min_length": 1 })),
            );
        }
        text.unwrap_or_default()
    }

    /// A text that may be missing, but not null.
    pub fn text_or_empty(&mut self, name: &str, most: usize) -> String {
        let value = self.members.get(name);
        value
            .and_then(|value| self.text_of(name, value, most))
            .unwrap_or_default()
    }

    /// A text that may be missing or null.
    pub fn optional_text(&mut self, name: &str, most: usize) -> Option<String> {
        let value = self.present(name)?;
        self.text_of(name, value, most)
    }

    /// One of several words.
    pub fn word(&mut self, name: &str, words: &[&str]) -> String {
        let Some(value) = self.required(name) else {
            return String::new();
        };
        match value.as_str().filter(|text| words.contains(text)) {
            Some(text) => text.to_owned(),
            None => {
                let expected = listed(words);
                let message = format!("Input should be {expected}");
                self.fault(
                    "literal_error",
                    name,
                    &message,
                    value,
                    Some(json!({ "expected": expected })),
                );
                String::new()
            }
        }
    }

    /// A number that may be missing or null.
    pub fn optional_number(&mut self, name: &str) -> Option<f64> {
        let value = self.present(name)?;
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::Bool(truth) => Some(f64::from(u8::from(*truth))),
            Value::String(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        };
        if number.is_none() {
            let (kind, message) = match value {
                Value::String(_) => (
                    "float_parsing",
                    "Input should be a valid number, unable to parse string as a number",
                ),
                _ => ("float_type", "Input should be a valid number"),
            };
            self.fault(kind, name, message, value, None);
        }
        number
    }

    /// A whole number that must be there.
    pub fn whole(&mut self, name: &str) -> i64 {
        match self.required(name) {
            Some(value) => self.whole_of(name, value).unwrap_or_default(),
            None => 0,
        }
    }

    /// A whole number that may be missing.
    pub fn whole_or(&mut self, name: &str, default: i64) -> i64 {
        let value = self.members.get(name);
        value
            .and_then(|value| self.whole_of(name, value))
            .unwrap_or(default)
    }

    /// A map that may be missing or null.
    pub fn optional_map(&mut self, name: &str) -> Option<&'a Map<String, Value>> {
        let value = self.present(name)?;
        if value.as_object().is_none() {
            self.fault(
                "dict_type",
                name,
                "Input should be a valid dictionary",
                value,
                None,
            );
        }
        value.as_object()
    }

    /// A time that must be there.
    pub fn time(&mut self, name: &str) -> Option<Moment> {
        let value = self.required(name)?;
        self.time_of(name, value)
    }

    /// A time that may be missing or null.
    pub fn optional_time(&mut self, name: &str) -> Option<Moment> {
        let value = self.present(name)?;
        self.time_of(name, value)
    }

    /// What `read` takes from an object that must be there.
    pub fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Reader<'_>) -> T) -> Option<T> {
        let value = self.required(name)?;
        self.within(name, value, read)
    }

    /// What `read` takes from an object that may be missing or null.
    pub fn optional_object<T>(&mut self, name: &str, read: impl FnOnce(&mut Reader<'_>) -> T) -> Option<T> {
        let value = self.present(name)?;
        self.within(name, value, read)
    }

    /// What `read` takes from each object of a list that must be there.
    pub fn objects<T>(&mut self, name: &str, read: impl FnMut(&mut Reader<'_>) -> T) -> Vec<T> {
        match self.required(name) {
            Some(value) => self.each(name, value, read),
            None => Vec::new(),
        }
    }

    /// What `read` takes from each object of a list that may be missing.
    pub fn optional_objects<T>(&mut self, name: &str, read: impl FnMut(&mut Reader<'_>) -> T) -> Vec<T> {
        match self.members.get(name) {
            Some(value) => self.each(name, value, read),
            None => Vec::new(),
        }
    }

    /// The texts of a list that must be there.
    pub fn texts(&mut self, name: &str) -> Vec<String> {
        let Some(value) = self.required(name) else {
            return Vec::new();
        };
        let Some(items) = self.list(name, value) else {
            return Vec::new();
        };
        let texts = items
            .iter()
            .filter_map(|item| self.text_of(name, item, NAME_BYTES));
        texts.collect()
    }

    /// Notes a fault of the whole object.
    pub fn wrong(&mut self, message: &str) {
        let input = Value::Object(self.members.clone());
        let context = Some(json!({ "error": {} }));
        let fault = detail("value_error", &self.place, message, &input, context);
        self.faults.push(fault);
    }

    fn required(&mut self, name: &str) -> Option<&'a Value> {
        let value = self.members.get(name);
        if value.is_none() {
            let input = Value::Object(self.members.clone());
            self.fault("missing", name, "Field required", &input, None);
        }
        value
    }

    fn present(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn text_of(&mut self, name: &str, value: &Value, most: usize) -> Option<String> {
        match value {
            Value::String(text) if text.len() <= most => Some(text.clone()),
            Value::String(_) => {
                let message = format!("String should have at most {most} bytes");
                let context = Some(json!({ "max_length": most }));
                self.fault("string_too_long", name, &message, &json!("..."), context);
                None
            }
            _ => {
                self.fault("string_type", name, "Input should be a valid string", value, None);
                None
            }
        }
    }

    fn whole_of(&mut self, name: &str, value: &Value) -> Option<i64> {
        let of_double = |number: f64| (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64);
        let number = match value {
            Value::Number(number) => number.as_i64().or_else(|| of_double(number.as_f64()?)),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            let (kind, message) = match value {
                Value::String(_) => (
                    "int_parsing",
                    "Input should be a valid integer, unable to parse string as an integer",
                ),
                _ => ("int_type", "Input should be a valid integer"),
            };
            self.fault(kind, name, message, value, None);
        }
        number
    }

    fn time_of(&mut self, name: &str, value: &Value) -> Option<Moment> {
        let read = match value {
            Value::String(text) => time::parse(text),
            Value::Number(number) => time::of_number(number.as_f64().unwrap_or(f64::NAN)),
            _ => {
                self.fault(
                    "datetime_type",
                    name,
                    "Input should be a valid datetime",
                    value,
                    None,
                );
                return None;
            }
        };
        match read {
            Ok(moment) => Some(moment),
            Err(why) => {
                let message = format!("Input should be a valid datetime or date, {why}");
                let context = Some(json!({ "error": why }));
                self.fault("datetime_from_date_parsing", name, &message, value, context);
                None
            }
        }
    }

    fn list(&mut self, name: &str, value: &'a Value) -> Option<&'a Vec<Value>> {
        if value.as_array().is_none() {
            self.fault("list_type", name, "Input should be a valid list", value, None);
        }
        value.as_array()
    }

    fn each<T>(
        &mut self,
        name: &str,
        value: &'a Value,
        mut read: impl FnMut(&mut Reader<'_>) -> T,
    ) -> Vec<T> {
        let items = self.list(name, value).into_iter().flatten().enumerate();
        let mut place = self.place.clone();
        place.push(json!(name));
        let read = items.filter_map(|(index, item)| {
            let mut place = place.clone();
            place.push(json!(index));
            self.inside(place, item, &mut read)
        });
        read.collect()
    }

    fn within<T>(&mut self, name: &str, value: &Value, read: impl FnOnce(&mut Reader<'_>) -> T) -> Option<T> {
        let mut place = self.place.clone();
        place.push(json!(name));
        self.inside(place, value, read)
    }

    fn inside<T>(
        &mut self,
        place: Vec<Value>,
        value: &Value,
        read: impl FnOnce(&mut Reader<'_>) -> T,
    ) -> Option<T> {
        match value {
            Value::Object(members) => Some(read(&mut Reader {
                members,
                place,
                faults: self.faults,
            })),
            _ => {
                let message = "Input should be a valid dictionary or object to extract fields from";
                let fault = detail("model_attributes_type", &place, message, value, None);
                self.faults.push(fault);
                None
            }
        }
    }

    fn fault(&mut self, kind: &str, name: &str, message: &str, input: &Value, context: Option<Value>) {
        let mut place = self.place.clone();
        place.push(json!(name));
        let fault = detail(kind, &place, message, input, context);
        self.faults.push(fault);
    }
}

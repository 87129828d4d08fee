//! Tables in the form that pandas reads: `orient="table"` JSON, each column's name led by its place.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::conventions;
use super::seen::{Event, Seen};
use super::{attributes, time};

/// A column.
pub struct Column {
    name: String,
    values: Vec<Value>,
    is_time: bool,
}

/// The columns of whole spans, in their order; an attribute has one named after its convention, or after its first part.
pub fn of_spans(spans: Vec<Seen>) -> Vec<Column> {
    let text = |of: fn(&Seen) -> Value| spans.iter().map(of);
    let mut columns = vec![
        Column::new("name", text(|seen| seen.name.clone().into())),
        Column::new("span_kind", text(|seen| seen.kind.into())),
        Column::new("parent_id", text(|seen| seen.parent_id.clone().into())),
        Column::new("start_time", text(|seen| time::pandas(seen.start).into())).of_times(),
        Column::new("end_time", text(|seen| time::pandas(seen.end).into())).of_times(),
        Column::new("status_code", text(|seen| seen.status.into())),
        Column::new("status_message", text(|seen| seen.message.clone().into())),
        Column::new(
            "events",
            text(|seen| seen.events.iter().cloned().map(Event::row).collect()),
        ),
        Column::new("context.span_id", text(|seen| seen.span_id.clone().into())),
        Column::new("context.trace_id", text(|seen| seen.trace_id.clone().into())),
    ];
    let rows = spans.len();
    let mut wide: IndexMap<String, Vec<Value>> = IndexMap::new();
    for (row, seen) in spans.into_iter().enumerate() {
        let flat = attributes::flatten(seen.attributes);
        for (key, value) in attributes::unflatten(flat.into_iter(), conventions::cut) {
            let values = wide.entry(format!("attributes.{key}")).or_default();
            values.resize(row, Value::Null);
            values.push(value);
        }
    }
    for (name, mut values) in wide {
        values.resize(rows, Value::Null);
        columns.push(Column::new(&name, values.into_iter()));
    }
    columns
}

/// The table of columns, of which the first is the index.
pub fn written(columns: Vec<Column>) -> String {
    let columns: Vec<Column> = columns
        .into_iter()
        .enumerate()
        .map(|(place, column)| column.placed(place))
        .collect();
    let fields: Vec<Value> = columns.iter().map(Column::field).collect();
    let rows = columns.first().map_or(0, |index| index.values.len());
    let key: Vec<&str> = columns
        .first()
        .map(|index| index.name.as_str())
        .into_iter()
        .collect();
    let schema = json!({ "fields": fields, "primaryKey": key, "pandas_version": "1.4.0" });
    let mut values: Vec<_> = columns
        .into_iter()
        .map(|column| (column.name, column.values.into_iter()))
        .collect();
    let data = (0..rows).map(|_| {
        let row = values
            .iter_mut()
            .map(|(name, values)| (name.clone(), values.next().unwrap_or_default()));
        Value::Object(row.collect::<Map<_, _>>())
    });
    json!({ "schema": schema, "data": data.collect::<Vec<_>>() }).to_string()
}

// === impl Column ===

impl Column {
    /// A column of values.
    pub fn new(name: &str, values: impl Iterator<Item = Value>) -> Self {
        Self {
            name: name.to_owned(),
            values: values.collect(),
            is_time: false,
        }
    }

    /// Its values are times.
    pub fn of_times(self) -> Self {
        Self {
            is_time: true,
            ..self
        }
    }

    /// Gives it another name, if this is its name.
    pub fn rename(&mut self, old: &str, new: &str) {
        if self.name == old {
            new.clone_into(&mut self.name);
        }
    }

    /// Its name led by its place; numbers among which some are missing or no whole numbers are all doubles.
    fn placed(mut self, place: usize) -> Self {
        self.name = format!("{place}_{}", self.name);
        if self.kind() == "number" {
            let double = |value: &mut Value| *value = value.as_f64().map_or(Value::Null, Value::from);
            self.values.iter_mut().for_each(double);
        }
        self
    }

    fn kind(&self) -> &'static str {
        let all = |is: fn(&Value) -> bool| self.values.iter().all(is);
        let all_given = |is: fn(&Value) -> bool| self.values.iter().all(|value| value.is_null() || is(value));
        if all(Value::is_null) {
            "string"
        } else if self.is_time {
            "datetime"
        } else if all(|value| value.is_i64() || value.is_u64()) {
            "integer"
        } else if all(Value::is_boolean) {
            "boolean"
        } else if all_given(Value::is_number) {
            "number"
        } else {
            "string"
        }
    }

    fn field(&self) -> Value {
        let kind = self.kind();
        let mut values = self.values.iter().filter(|value| !value.is_null()).peekable();
        let is_text = kind == "string" && values.peek().is_some() && values.all(Value::is_string);
        match kind {
            "datetime" => json!({ "name": self.name, "type": kind, "tz": "UTC" }),
            _ if is_text => json!({ "name": self.name, "type": kind, "extDtype": "str" }),
            _ => json!({ "name": self.name, "type": kind }),
        }
    }
}

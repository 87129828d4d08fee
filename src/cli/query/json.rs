//! Answers for scripts.

use serde_json::{Map, Value, json};

use crate::query::model::{FoundSpan, GroupPage, KeyPage, Measured, Part};
use crate::wire;

/// Spans as OTLP/JSON, in the order in which they were found.
pub(super) fn spans<'a>(spans: impl Iterator<Item = &'a FoundSpan>) -> Result<String, String> {
    let spans = spans.map(|found| (&found.resource[..], &found.scope[..], &found.span[..]));
    let request = wire::assemble(spans);
    let json = wire::json::from_protobuf(&request).map_err(|error| error.to_string())?;
    let text = String::from_utf8(json).map_err(|error| error.to_string())?;
    Ok(text + "\n")
}

/// Groups as a list of objects.
pub(super) fn groups(page: &GroupPage, columns: &[&str]) -> Result<String, String> {
    let rows = page.groups.iter().map(|group| {
        let keys = group.keys.iter().map(|key| match key {
            Part::Missing => Value::Null,
            Part::Text(text) => json!(text),
            Part::Time(nanos) => json!(nanos),
            Part::Duration(nanos) => json!(nanos),
        });
        let measures = group.measures.iter().map(|measure| match measure {
            Measured::Count(count) => json!(count),
            Measured::Nanos(nanos) => json!(nanos),
            Measured::Number(number) => json!(number),
        });
        let names = columns.iter().map(|name| match *name {
            "p50" => "p50_nanos".to_owned(),
            "p99" => "p99_nanos".to_owned(),
            name => name.to_owned(),
        });
        Value::Object(names.zip(keys.chain(measures)).collect::<Map<_, _>>())
    });
    Ok(format!("{:#}\n", Value::Array(rows.collect())))
}

/// Keys as a list of objects.
pub(super) fn keys(page: &KeyPage) -> Result<String, String> {
    let rows = page
        .keys
        .iter()
        .map(|found| json!({ "key": found.key, "spans": found.spans }));
    Ok(format!("{:#}\n", Value::Array(rows.collect())))
}

//! A span that a client made, as OTLP bytes.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use serde_json::{Map, Value};

use super::ids;
use super::log::{Given, GivenEvent};
use super::seen::KIND;
use super::time::Moment;

/// Lists and maps within each other, more than which OTLP's readers refuse.
const DEEPEST: usize = 30;

/// A request with these spans.
pub fn request(spans: Vec<Span>) -> Vec<u8> {
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// The span; an error says why it cannot be kept. An id that is no hexadecimal keeps its text in an attribute.
pub fn span(given: &Given) -> Result<Span, String> {
    let mut attributes = pairs(&given.attributes, DEEPEST)?;
    if !given.kind.is_empty() && given.kind != "UNKNOWN" && !given.attributes.contains_key(KIND) {
        attributes.push(text(KIND, &given.kind));
    }
    let mut keep = |key: &str, id: &str, is_plain: bool| {
        if !is_plain {
            attributes.push(text(key, id));
        }
    };
    let Given {
        trace_id, span_id, ..
    } = given;
    keep(ids::TRACE_ID, trace_id, ids::is_plain::<16>(trace_id));
    keep(ids::SPAN_ID, span_id, ids::is_plain::<8>(span_id));
    if let Some(parent) = &given.parent_id {
        keep(ids::PARENT_ID, parent, ids::is_plain::<8>(parent));
    }
    let parent = given
        .parent_id
        .as_ref()
        .map(|parent| ids::span_bytes(parent).to_vec());
    let code = match given.status.to_uppercase().as_str() {
        "OK" => 1,
        "ERROR" => 2,
        _ => 0,
    };
    Ok(Span {
        trace_id: ids::trace_bytes(trace_id).to_vec(),
        span_id: ids::span_bytes(span_id).to_vec(),
        parent_span_id: parent.unwrap_or_default(),
        name: given.name.clone(),
        kind: 1,
        start_time_unix_nano: nanos("start_time", given.start)?,
        end_time_unix_nano: nanos("end_time", given.end)?,
        attributes,
        events: given.events.iter().map(event).collect::<Result<_, _>>()?,
        status: Some(Status {
            message: given.message.clone(),
            code,
        }),
        ..Span::default()
    })
}

fn event(given: &GivenEvent) -> Result<Event, String> {
    Ok(Event {
        time_unix_nano: nanos("timestamp", given.at)?,
        name: given.name.clone(),
        attributes: pairs(&given.attributes, DEEPEST)?,
        ..Event::default()
    })
}

fn nanos(name: &str, moment: Option<Moment>) -> Result<u64, String> {
    let nanos = moment.map_or(0, |moment| moment.nanos);
    u64::try_from(nanos).map_err(|_| format!("{name} lies before 1970 or after 2554"))
}

fn text(key: &str, text: &str) -> KeyValue {
    pair(key, Any::StringValue(text.to_owned()))
}

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// Nulls are left out.
fn pairs(map: &Map<String, Value>, deep: usize) -> Result<Vec<KeyValue>, String> {
    let given = map.iter().filter(|(_, value)| !value.is_null());
    let pairs = given.map(|(key, value)| {
        Ok(pair(
            key,
            any(value, deep)?.unwrap_or(Any::StringValue(String::new())),
        ))
    });
    pairs.collect()
}

fn any(value: &Value, deep: usize) -> Result<Option<Any>, String> {
    let Some(inside) = deep.checked_sub(1) else {
        return Err(format!("attributes nest more than {DEEPEST} deep"));
    };
    Ok(Some(match value {
        Value::Null => return Ok(None),
        Value::Bool(truth) => Any::BoolValue(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Any::IntValue(whole),
            None => Any::DoubleValue(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Any::StringValue(text.clone()),
        Value::Array(items) => {
            let values = items.iter().map(|item| {
                Ok(AnyValue {
                    value: any(item, inside)?,
                })
            });
            Any::ArrayValue(ArrayValue {
                values: values.collect::<Result<_, String>>()?,
            })
        }
        Value::Object(map) => Any::KvlistValue(KeyValueList {
            values: pairs(map, inside)?,
        }),
    }))
}

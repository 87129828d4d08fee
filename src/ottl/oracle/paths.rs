//! What paths read and write on decoded objects.

use jiff::tz::TimeZone;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status as ProtoStatus};
use prost::Message;

use super::super::Context;
use super::super::path::shallow;
use super::super::syntax::{Key, Path};
use super::super::value::{Status, Time, Value};
use super::ours::{address, metadata};
use super::texts::{from_hex, member, to_hex, with_member};
use super::world::{Pairs, V, World};
use super::{Fail, Yields};
use crate::wire::Value as Stored;

const KINDS: [&str; 6] = [
    "Unspecified",
    "Internal",
    "Server",
    "Client",
    "Producer",
    "Consumer",
];

/// What a path names: of what, which field, and the keys behind it.
type Named<'p> = (Option<Context>, String, &'p [Key]);

impl World<'_> {
    fn named<'p>(&self, path: &'p Path) -> Named<'p> {
        let names: Vec<&str> = path.fields.iter().map(|field| field.name.as_str()).collect();
        let keys = path.fields.last().map_or(&[][..], |last| &last.keys);
        let (of, rest) = match names.as_slice() {
            ["resource", rest @ ..] if !rest.is_empty() => (Some(Context::Resource), rest),
            ["scope" | "instrumentation_scope", rest @ ..] if !rest.is_empty() => {
                (Some(Context::Scope), rest)
            }
            ["span", rest @ ..] if !rest.is_empty() => (Some(Context::Span), rest),
            ["spanevent", rest @ ..] if !rest.is_empty() => (Some(Context::SpanEvent), rest),
            ["otelcol", rest @ ..] if !rest.is_empty() => (None, rest),
            all => (Some(self.context), all),
        };
        (of, rest.join("."), keys)
    }

    fn span(&self) -> Yields<&Span> {
        self.span.as_deref().ok_or(Fail)
    }

    fn span_mut(&mut self) -> Yields<&mut Span> {
        self.span.as_deref_mut().ok_or(Fail)
    }

    fn event(&self) -> Yields<&Event> {
        self.span()?.events.get(self.event.ok_or(Fail)?).ok_or(Fail)
    }

    fn event_mut(&mut self) -> Yields<&mut Event> {
        let number = self.event.ok_or(Fail)?;
        self.span_mut()?.events.get_mut(number).ok_or(Fail)
    }

    fn attributes(&mut self, of: Context) -> Yields<&mut Vec<KeyValue>> {
        Ok(match of {
            Context::Resource => &mut self.resource.0.attributes,
            Context::Scope => &mut self.scope.as_mut().ok_or(Fail)?.0.attributes,
            Context::Span => &mut self.span_mut()?.attributes,
            Context::SpanEvent => &mut self.event_mut()?.attributes,
        })
    }

    fn pairs(&self, of: Context) -> Yields<Pairs> {
        Ok(pairs(match of {
            Context::Resource => &self.resource.0.attributes,
            Context::Scope => &self.scope.as_ref().ok_or(Fail)?.0.attributes,
            Context::Span => &self.span()?.attributes,
            Context::SpanEvent => &self.event()?.attributes,
        }))
    }

    /// What a path reads.
    pub fn read(&self, path: &Path) -> Yields<V> {
        let (of, name, keys) = self.named(path);
        let Some(of) = of else {
            return self.read_request(&name, keys);
        };
        Ok(match (of, name.as_str()) {
            (_, "cache") => self.map_or_found(self.cache.clone(), keys)?,
            (_, "attributes") => self.map_or_found(self.pairs(of)?, keys)?,
            (Context::Resource, "dropped_attributes_count") => int(self.resource.0.dropped_attributes_count),
            (Context::Resource, "schema_url") => text(&*self.resource.1),
            (Context::Scope, _) => {
                let (scope, url) = self.scope.as_ref().ok_or(Fail)?;
                match name.as_str() {
                    "name" => text(&scope.name),
                    "version" => text(&scope.version),
                    "schema_url" => text(&**url),
                    "dropped_attributes_count" => int(scope.dropped_attributes_count),
                    _ => return Err(Fail),
                }
            }
            (Context::SpanEvent, _) => {
                let event = self.event()?;
                match name.as_str() {
                    "name" => text(&event.name),
                    "time_unix_nano" => Value::Int(event.time_unix_nano as i64),
                    "time" => time(event.time_unix_nano),
                    "dropped_attributes_count" => int(event.dropped_attributes_count),
                    _ => return Err(Fail),
                }
            }
            (Context::Span, "trace_state") if !keys.is_empty() => {
                let Some(members) = super::texts::members(&self.span()?.trace_state) else {
                    return Ok(Value::Nil);
                };
                text(member(&members, &self.state_key(keys)?))
            }
            (Context::Span, _) => of_span(self.span()?, &name)?,
            _ => return Err(Fail),
        })
    }

    fn map_or_found(&self, map: Pairs, keys: &[Key]) -> Yields<V> {
        match keys {
            [] => Ok(Value::Map(map)),
            keys => self.found(&map, keys),
        }
    }

    fn state_key(&self, keys: &[Key]) -> Yields<String> {
        self.text_key(keys.first().ok_or(Fail)?)
    }

    fn read_request(&self, name: &str, keys: &[Key]) -> Yields<V> {
        match name {
            "client.addr" => Ok(text(address().to_string())),
            "client.metadata" | "grpc.metadata" => {
                let list =
                    |values: Vec<String>| Stored::Array(values.into_iter().map(Stored::String).collect());
                let all: Pairs = metadata()
                    .into_iter()
                    .map(|(key, values)| (key, list(values)))
                    .collect();
                match keys {
                    [] => Ok(Value::Map(all)),
                    [first, rest @ ..] => {
                        // Here the letters of the first key may be of any case.
                        let lower =
                            Key::Text(self.state_key(std::slice::from_ref(first))?.to_ascii_lowercase());
                        self.found(&all, &[&[lower], rest].concat())
                    }
                }
            }
            "client.auth.attributes" => Ok(Value::Nil),
            _ => Err(Fail),
        }
    }

    /// Writes what fits.
    pub fn write(&mut self, path: &Path, value: V) -> Yields<()> {
        let (of, name, keys) = self.named(path);
        let of = of.ok_or(Fail)?;
        match (of, name.as_str()) {
            (_, "cache") => {
                let mut map = std::mem::take(&mut self.cache);
                let written = self.write_map(&mut map, keys, value);
                self.cache = map;
                return written;
            }
            (_, "attributes") => {
                let before = self.pairs(of)?;
                let mut map = before.clone();
                let mut written = self.write_map(&mut map, keys, value);
                if is_deep(&map) {
                    (map, written) = (before, Err(Fail));
                }
                *self.attributes(of)? = key_values(map);
                return written;
            }
            (Context::Resource, "dropped_attributes_count") => {
                self.resource.0.dropped_attributes_count = as_int(&value)? as u32;
            }
            (Context::Resource, "schema_url") => *self.resource.1 = as_text(value)?,
            (Context::Scope, _) => {
                let (scope, url) = self.scope.as_mut().ok_or(Fail)?;
                match name.as_str() {
                    "name" => scope.name = as_text(value)?,
                    "version" => scope.version = as_text(value)?,
                    "schema_url" => **url = as_text(value)?,
                    "dropped_attributes_count" => scope.dropped_attributes_count = as_int(&value)? as u32,
                    _ => return Err(Fail),
                }
            }
            (Context::SpanEvent, _) => {
                let event = self.event_mut()?;
                match name.as_str() {
                    "name" => event.name = as_text(value)?,
                    "time_unix_nano" => event.time_unix_nano = as_int(&value)? as u64,
                    "time" => event.time_unix_nano = as_nanos(&value)?,
                    "dropped_attributes_count" => event.dropped_attributes_count = as_int(&value)? as u32,
                    _ => return Err(Fail),
                }
            }
            (Context::Span, "trace_state") if !keys.is_empty() => {
                let value = as_text(value)?;
                if super::texts::members(&self.span()?.trace_state).is_none() {
                    return Ok(());
                }
                let key = self.state_key(keys)?;
                let span = self.span_mut()?;
                if let Some(state) = with_member(&span.trace_state, &key, &value) {
                    span.trace_state = state;
                }
            }
            (Context::Span, _) => to_span(self.span_mut()?, &name, value)?,
            _ => return Err(Fail),
        }
        Ok(())
    }

    fn write_map(&self, map: &mut Pairs, keys: &[Key], value: V) -> Yields<()> {
        match (keys, value) {
            ([], Value::Nil) => map.clear(),
            ([], Value::Map(pairs)) if is_deep(&pairs) => return Err(Fail),
            ([], Value::Map(pairs)) => *map = pairs,
            ([], _) => return Err(Fail),
            (keys, value) => return self.put(map, keys, value),
        }
        Ok(())
    }
}

fn of_span(span: &Span, name: &str) -> Yields<V> {
    let trace_id: [u8; 16] = span.trace_id.clone().try_into().unwrap_or_default();
    let span_id: [u8; 8] = span.span_id.clone().try_into().unwrap_or_default();
    let parent: [u8; 8] = span.parent_span_id.clone().try_into().unwrap_or_default();
    let kind = usize::try_from(span.kind).ok().and_then(|kind| KINDS.get(kind));
    let status = span.status.clone().unwrap_or_default();
    Ok(match name {
        "trace_id" => Value::TraceId(trace_id),
        "trace_id.string" => text(to_hex(&trace_id)),
        "span_id" => Value::SpanId(span_id),
        "span_id.string" => text(to_hex(&span_id)),
        "parent_span_id" => Value::SpanId(parent),
        "parent_span_id.string" => text(to_hex(&parent)),
        "trace_state" => text(&span.trace_state),
        "name" => text(&span.name),
        "kind" => Value::Int(i64::from(span.kind)),
        "kind.string" => text(kind.copied().unwrap_or_default()),
        "kind.deprecated_string" => text(
            kind.map(|kind| format!("SPAN_KIND_{}", kind.to_uppercase()))
                .unwrap_or_default(),
        ),
        "start_time_unix_nano" => Value::Int(span.start_time_unix_nano as i64),
        "end_time_unix_nano" => Value::Int(span.end_time_unix_nano as i64),
        "start_time" => time(span.start_time_unix_nano),
        "end_time" => time(span.end_time_unix_nano),
        "dropped_attributes_count" => int(span.dropped_attributes_count),
        "dropped_events_count" => int(span.dropped_events_count),
        "dropped_links_count" => int(span.dropped_links_count),
        "events" => Value::Events(span.events.iter().map(Message::encode_to_vec).collect()),
        "links" => Value::Links(span.links.iter().map(Message::encode_to_vec).collect()),
        "status" => Value::Status(Status {
            code: status.code,
            message: status.message,
        }),
        "status.code" => Value::Int(i64::from(status.code)),
        "status.message" => text(status.message),
        "flags" => int(span.flags),
        _ => return Err(Fail),
    })
}

fn to_span(span: &mut Span, name: &str, value: V) -> Yields<()> {
    match (name, value) {
        ("trace_id", Value::TraceId(id)) => span.trace_id = id.to_vec(),
        ("trace_id.string", value) => span.trace_id = from_hex(&as_text(value)?, 16).ok_or(Fail)?,
        ("span_id", Value::SpanId(id)) => span.span_id = id.to_vec(),
        ("span_id.string", value) => span.span_id = from_hex(&as_text(value)?, 8).ok_or(Fail)?,
        ("parent_span_id", Value::SpanId(id)) => span.parent_span_id = id.to_vec(),
        ("parent_span_id.string", value) => {
            span.parent_span_id = from_hex(&as_text(value)?, 8).ok_or(Fail)?
        }
        ("trace_state", value) => span.trace_state = as_text(value)?,
        ("name", value) => span.name = as_text(value)?,
        ("kind", value) => span.kind = as_int(&value)? as i32,
        ("kind.string", value) => {
            let wanted = as_text(value)?;
            span.kind = KINDS.iter().position(|kind| *kind == wanted).ok_or(Fail)? as i32;
        }
        ("kind.deprecated_string", value) => {
            let wanted = as_text(value)?;
            let is_it = |kind: &&str| format!("SPAN_KIND_{}", kind.to_uppercase()) == wanted;
            span.kind = KINDS.iter().position(is_it).ok_or(Fail)? as i32;
        }
        ("start_time_unix_nano", value) => span.start_time_unix_nano = as_int(&value)? as u64,
        ("end_time_unix_nano", value) => span.end_time_unix_nano = as_int(&value)? as u64,
        ("start_time", value) => span.start_time_unix_nano = as_nanos(&value)?,
        ("end_time", value) => span.end_time_unix_nano = as_nanos(&value)?,
        ("dropped_attributes_count", value) => span.dropped_attributes_count = as_int(&value)? as u32,
        ("dropped_events_count", value) => span.dropped_events_count = as_int(&value)? as u32,
        ("dropped_links_count", value) => span.dropped_links_count = as_int(&value)? as u32,
        ("events", Value::Nil) => span.events.clear(),
        ("events", Value::Events(events)) => {
            let events = events
                .iter()
                .map(|event| Event::decode(event.as_slice()).map_err(|_| Fail));
            span.events = events.collect::<Yields<_>>()?;
        }
        ("links", Value::Nil) => span.links.clear(),
        ("links", Value::Links(links)) => {
            let links = links
                .iter()
                .map(|link| Link::decode(link.as_slice()).map_err(|_| Fail));
            span.links = links.collect::<Yields<_>>()?;
        }
        ("status", Value::Status(Status { code, message })) => {
            span.status = Some(ProtoStatus { message, code })
        }
        ("status.code", value) => {
            let code = as_int(&value)? as i32;
            span.status.get_or_insert_default().code = code;
        }
        ("status.message", value) => {
            let message = as_text(value)?;
            span.status.get_or_insert_default().message = message;
        }
        ("flags", value) => span.flags = u32::try_from(as_int(&value)?).map_err(|_| Fail)?,
        _ => return Err(Fail),
    }
    Ok(())
}

fn int(number: u32) -> V {
    Value::Int(i64::from(number))
}

fn text(text: impl Into<String>) -> V {
    Value::text(text.into())
}

fn time(nanos: u64) -> V {
    Value::Time(Time::from_unix(0, nanos as i64, TimeZone::UTC))
}

fn as_int(value: &V) -> Yields<i64> {
    match value {
        Value::Int(number) => Ok(*number),
        _ => Err(Fail),
    }
}

fn as_text(value: V) -> Yields<String> {
    match value {
        Value::Text(text) => Ok(text.into_owned()),
        _ => Err(Fail),
    }
}

fn as_nanos(value: &V) -> Yields<u64> {
    match value {
        Value::Time(time) => Ok(time.unix_nanos() as u64),
        _ => Err(Fail),
    }
}

// === attributes ===

fn is_deep(map: &Pairs) -> bool {
    map.iter().any(|(_, value)| shallow(value).is_err())
}

fn pairs(attributes: &[KeyValue]) -> Pairs {
    let pair = |pair: &KeyValue| (pair.key.clone(), stored(pair.value.as_ref()));
    attributes.iter().map(pair).collect()
}

fn stored(value: Option<&AnyValue>) -> Stored {
    match value.and_then(|value| value.value.as_ref()) {
        None => Stored::Empty,
        Some(Any::StringValue(text)) => Stored::String(text.clone()),
        Some(Any::BoolValue(value)) => Stored::Bool(*value),
        Some(Any::IntValue(number)) => Stored::Int(*number),
        Some(Any::DoubleValue(number)) => Stored::Double(*number),
        Some(Any::BytesValue(bytes)) => Stored::Bytes(bytes.clone()),
        Some(Any::ArrayValue(list)) => {
            Stored::Array(list.values.iter().map(|item| stored(Some(item))).collect())
        }
        Some(Any::KvlistValue(list)) => Stored::KeyValueList(pairs(&list.values)),
        Some(Any::StringValueStrindex(index)) => Stored::Int(i64::from(*index)),
    }
}

fn key_values(pairs: Pairs) -> Vec<KeyValue> {
    let pair = |(key, value)| KeyValue {
        key,
        value: Some(any_value(value)),
        ..KeyValue::default()
    };
    pairs.into_iter().map(pair).collect()
}

fn any_value(value: Stored) -> AnyValue {
    let value = match value {
        Stored::Empty => None,
        Stored::String(text) => Some(Any::StringValue(text)),
        Stored::Bool(value) => Some(Any::BoolValue(value)),
        Stored::Int(number) => Some(Any::IntValue(number)),
        Stored::Double(number) => Some(Any::DoubleValue(number)),
        Stored::Bytes(bytes) => Some(Any::BytesValue(bytes)),
        Stored::Array(items) => Some(Any::ArrayValue(ArrayValue {
            values: items.into_iter().map(any_value).collect(),
        })),
        Stored::KeyValueList(pairs) => Some(Any::KvlistValue(KeyValueList {
            values: key_values(pairs),
        })),
    };
    AnyValue { value }
}

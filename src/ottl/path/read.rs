//! What a path reads.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::super::context::Context;
use super::super::fault::{Error, Outcome};
use super::super::scene::Scene;
use super::super::value::{Status, Time, Value, stored};
use super::keys::{Steps, found, found_stored};
use super::{Clock, Field, Form, Key, Path, trace_state};
use crate::wire::{AttributeView, Value as Stored, ValueView};

/// Names of `SPAN_KIND_*` by number.
pub(super) const KINDS: [(&str, &str); 6] = [
    ("Unspecified", "SPAN_KIND_UNSPECIFIED"),
    ("Internal", "SPAN_KIND_INTERNAL"),
    ("Server", "SPAN_KIND_SERVER"),
    ("Client", "SPAN_KIND_CLIENT"),
    ("Producer", "SPAN_KIND_PRODUCER"),
    ("Consumer", "SPAN_KIND_CONSUMER"),
];

impl Path {
    /// What is there now.
    pub(in crate::ottl) fn read<'v>(&'v self, scene: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
        Ok(match self.field {
            Field::Attributes(of) => return self.attributes(of, scene),
            Field::DroppedAttributes(of) => Value::Int(i64::from(match of {
                Context::Resource => scene.resource().dropped_attributes_count(),
                Context::Scope => scene.scope()?.dropped_attributes_count(),
                Context::Span => scene.span()?.dropped_attributes_count(),
                Context::SpanEvent => scene.event()?.dropped_attributes_count(),
            })),
            Field::SchemaUrl(Context::Resource) => Value::text(scene.resource().schema_url()),
            Field::SchemaUrl(_) => Value::text(scene.scope()?.schema_url()),
            Field::Name(Context::Scope) => Value::text(scene.scope()?.name()),
            Field::Name(Context::SpanEvent) => Value::text(scene.event()?.name()),
            Field::Name(_) => Value::text(scene.span()?.name()),
            Field::Version => Value::text(scene.scope()?.version()),
            Field::TraceId(form) => {
                let id: [u8; 16] = scene.span()?.trace_id().try_into().unwrap_or_default();
                match form {
                    Form::Id => Value::TraceId(id),
                    Form::Text => Value::text(hex(&id)),
                }
            }
            Field::SpanId(form) => span_id(scene.span()?.span_id(), form),
            Field::ParentSpanId(form) => span_id(scene.span()?.parent_span_id(), form),
            Field::TraceState => return self.trace_state(scene),
            Field::Kind => Value::Int(i64::from(scene.span()?.kind())),
            Field::KindText => Value::text(kind(scene)?.map_or("", |(text, _)| text)),
            Field::KindSymbol => Value::text(kind(scene)?.map_or("", |(_, symbol)| symbol)),
            Field::Start(clock) => instant(scene.span()?.start_time_unix_nano(), clock),
            Field::End(clock) => instant(scene.span()?.end_time_unix_nano(), clock),
            Field::DroppedEvents => Value::Int(i64::from(scene.span()?.dropped_events_count())),
            Field::DroppedLinks => Value::Int(i64::from(scene.span()?.dropped_links_count())),
            Field::Events => Value::Events(
                scene
                    .span()?
                    .events()
                    .map(|event| event.bytes().to_vec())
                    .collect(),
            ),
            Field::Links => Value::Links(scene.span()?.links().map(|link| link.bytes().to_vec()).collect()),
            Field::Status => {
                let status = scene.span()?.status();
                Value::Status(Status {
                    code: status.code,
                    message: status.message.to_owned(),
                })
            }
            Field::StatusCode => Value::Int(i64::from(scene.span()?.status().code)),
            Field::StatusMessage => Value::text(scene.span()?.status().message),
            Field::Flags => Value::Int(i64::from(scene.span()?.flags())),
            Field::EventTime(clock) => instant(scene.event()?.time_unix_nano(), clock),
            // The Collector knows the path and never its value.
            Field::EventIndex => return Err(Error::new("no event_index is known here")),
            Field::Cache if self.keys.is_empty() => Value::Map(scene.cache.pairs.clone()),
            Field::Cache => {
                let steps = self.steps(scene);
                let (first, rest) = steps
                    .split_first()
                    .map_or((None, &[][..]), |(first, rest)| (Some(first), rest));
                let key = first.map_or(Ok(""), |first| first.text())?;
                let pair = scene.cache.pairs.iter().find(|(known, _)| known == key);
                return pair.map_or(Ok(Value::Nil), |(_, value)| found_stored(value, rest));
            }
            Field::ClientAddress => {
                let address = scene.request.address;
                address.map_or(Value::Nil, |address| Value::text(address.to_string()))
            }
            Field::ClientMetadata => return self.metadata(scene),
            Field::ClientAuth => return self.client_auth(scene),
        })
    }

    #[inline]
    fn attributes<'v>(&'v self, of: Context, scene: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
        // One key that is written out is what nearly all have.
        if let [Key::Text(key)] = self.keys.as_slice() {
            return Ok(attribute(of, key, scene)?.map_or(Value::Nil, Value::of));
        }
        if self.keys.is_empty() {
            return all(of, scene).map(Value::Map);
        }
        let steps: Steps<'_> = self.steps(scene);
        let Some((first, rest)) = steps.split_first() else {
            return Ok(Value::Nil);
        };
        let attribute = attribute(of, first.text()?, scene)?;
        attribute.map_or(Ok(Value::Nil), |view| found(view, rest))
    }

    fn trace_state<'v>(&'v self, scene: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
        let state = scene.span()?.trace_state();
        let steps = self.steps(scene);
        let Some(first) = steps.first() else {
            return Ok(Value::text(state));
        };
        Ok(match trace_state::members(state) {
            None => Value::Nil,
            Some(members) => Value::text(trace_state::member(&members, first.text()?).to_owned()),
        })
    }

    fn metadata<'v>(&'v self, scene: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
        let list = |values: &[String]| Stored::Array(values.iter().cloned().map(Stored::String).collect());
        let metadata = scene.request.metadata;
        let steps = self.steps(scene);
        let Some((first, rest)) = steps.split_first() else {
            let all = metadata.iter().map(|(key, values)| (key.clone(), list(values)));
            return Ok(Value::Map(all.collect()));
        };
        let key = first.text()?;
        let pair = metadata.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
        pair.map_or(Ok(Value::Nil), |(_, values)| found_stored(&list(values), rest))
    }

    fn client_auth<'v>(&'v self, scene: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
        let attributes = scene.request.attributes;
        let steps = self.steps(scene);
        let Some((first, rest)) = steps.split_first() else {
            let all = attributes.iter();
            let all = all.map(|(name, value)| (name.clone(), Stored::String(value.0.clone())));
            return Ok(Value::Map(all.collect()));
        };
        let name = first.text()?;
        let found = attributes.iter().find(|(known, _)| known == name);
        found.map_or(Ok(Value::Nil), |(_, value)| {
            found_stored(&Stored::String(value.0.clone()), rest)
        })
    }
}

#[inline]
fn attribute<'v>(of: Context, key: &str, scene: &'v Scene<'_, '_, '_>) -> Outcome<Option<ValueView<'v>>> {
    Ok(match of {
        Context::Resource => scene.resource().attribute(key),
        Context::Scope => scene.scope()?.attribute(key),
        Context::Span => scene.span()?.attribute(key),
        Context::SpanEvent => scene.event()?.attribute(key),
    })
}

/// Copies of all attributes.
pub(in crate::ottl) fn all(of: Context, scene: &Scene<'_, '_, '_>) -> Outcome<Vec<(String, Stored)>> {
    let copy = |pair: AttributeView<'_>| (pair.key().to_owned(), stored(&pair.value()));
    Ok(match of {
        Context::Resource => scene.resource().attributes().map(copy).collect(),
        Context::Scope => scene.scope()?.attributes().map(copy).collect(),
        Context::Span => scene.span()?.attributes().map(copy).collect(),
        Context::SpanEvent => scene.event()?.attributes().map(copy).collect(),
    })
}

fn span_id(bytes: &[u8], form: Form) -> Value<'static> {
    let id: [u8; 8] = bytes.try_into().unwrap_or_default();
    match form {
        Form::Id => Value::SpanId(id),
        Form::Text => Value::text(hex(&id)),
    }
}

fn kind(scene: &Scene<'_, '_, '_>) -> Outcome<Option<(&'static str, &'static str)>> {
    let number = usize::try_from(scene.span()?.kind()).ok();
    Ok(number.and_then(|number| KINDS.get(number)).copied())
}

/// The Collector counts nanoseconds in 63 bits and a sign.
fn instant(nanos: u64, clock: Clock) -> Value<'static> {
    let nanos = nanos.cast_signed();
    match clock {
        Clock::Nanos => Value::Int(nanos),
        Clock::Time => Value::Time(Time::from_unix(0, nanos, TimeZone::UTC)),
    }
}

/// Lower-case hexadecimal digits.
pub(in crate::ottl) fn hex(bytes: &[u8]) -> Cow<'static, str> {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digit = |number: u8| DIGITS.get(usize::from(number & 15)).copied().unwrap_or('0');
    Cow::Owned(
        bytes
            .iter()
            .flat_map(|byte| [digit(byte >> 4), digit(*byte)])
            .collect(),
    )
}

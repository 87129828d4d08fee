//! What can be written to a path.

use super::super::context::Context;
use super::super::fault::{Error, Outcome};
use super::super::scene::Scene;
use super::super::value::{Status, Value, stored};
use super::keys::{Step, Steps, entry, place};
use super::read::KINDS;
use super::{Clock, Field, Form, Path, trace_state};
use crate::wire::{Amendment, Message, Value as Stored};

/// Bytes, about, that a cache may take which outlives what statements are about.
const MAX_LASTING: usize = 64 << 10;

impl Path {
    /// Writes a value that fits; nothing is converted.
    pub(in crate::ottl) fn write(&self, scene: &mut Scene<'_, '_, '_>, value: Value<'_>) -> Outcome<()> {
        match self.field {
            Field::Attributes(of) => return self.write_attributes(of, scene, value),
            Field::Cache => return self.write_cache(scene, value),
            Field::TraceState if !self.keys.is_empty() => return self.write_member(scene, value),
            Field::DroppedAttributes(of) => {
                let count = int(value)? as u32;
                match of {
                    Context::Resource => scene.resource_mut()?.set_dropped_attributes_count(count),
                    Context::Scope => scene.scope_mut()?.set_dropped_attributes_count(count),
                    Context::Span => scene.span_mut()?.set_dropped_attributes_count(count),
                    Context::SpanEvent => scene.event_mut()?.set_dropped_attributes_count(count),
                }
            }
            Field::SchemaUrl(Context::Resource) => scene.resource_mut()?.set_schema_url(&text(value)?),
            Field::SchemaUrl(_) => scene.scope_mut()?.set_schema_url(&text(value)?),
            Field::Name(Context::Scope) => scene.scope_mut()?.set_name(&text(value)?),
            Field::Name(Context::SpanEvent) => scene.event_mut()?.set_name(&text(value)?),
            Field::Name(_) => scene.span_mut()?.set_name(&text(value)?),
            Field::Version => scene.scope_mut()?.set_version(&text(value)?),
            Field::TraceId(form) => scene.span_mut()?.set_trace_id(trace_id(value, form)?),
            Field::SpanId(form) => scene.span_mut()?.set_span_id(span_id(value, form)?),
            Field::ParentSpanId(form) => {
                let id = span_id(value, form)?;
                // No parent is written as nothing.
                scene.span_mut()?.set_parent_span_id((id != [0; 8]).then_some(id));
            }
            Field::TraceState => scene.span_mut()?.set_trace_state(&text(value)?),
            Field::Kind => scene.span_mut()?.set_kind(int(value)? as i32),
            Field::KindText => scene.span_mut()?.set_kind(kind(&text(value)?, |(name, _)| name)?),
            Field::KindSymbol => scene
                .span_mut()?
                .set_kind(kind(&text(value)?, |(_, symbol)| symbol)?),
            Field::Start(clock) => scene.span_mut()?.set_start_time(nanos(value, clock)?),
            Field::End(clock) => scene.span_mut()?.set_end_time(nanos(value, clock)?),
            Field::DroppedEvents => scene.span_mut()?.set_dropped_events_count(int(value)? as u32),
            Field::DroppedLinks => scene.span_mut()?.set_dropped_links_count(int(value)? as u32),
            Field::Events => match value {
                Value::Nil => scene.span_mut()?.set_events(&[] as &[&[u8]]),
                Value::Events(events) => scene.span_mut()?.set_events(&events),
                other => return Err(unfit("events", &other)),
            },
            Field::Links => match value {
                Value::Nil => scene.span_mut()?.set_links(&[] as &[&[u8]]),
                Value::Links(links) => scene.span_mut()?.set_links(&links),
                other => return Err(unfit("links", &other)),
            },
            Field::Status => match value {
                Value::Status(Status { code, message }) => scene.span_mut()?.set_status(code, &message),
                other => return Err(unfit("a status", &other)),
            },
            Field::StatusCode => {
                let code = int(value)? as i32;
                let span = scene.span_mut()?;
                let message = span.status().message.to_owned();
                span.set_status(code, &message);
            }
            Field::StatusMessage => {
                let message = text(value)?;
                let span = scene.span_mut()?;
                span.set_status(span.status().code, &message);
            }
            Field::Flags => {
                let number = int(value)?;
                let flags = u32::try_from(number);
                let flags =
                    flags.map_err(|_| Error::new(format!("value {number} is out of range for flags")))?;
                scene.span_mut()?.set_flags(flags);
            }
            Field::EventTime(clock) => scene.event_mut()?.set_time(nanos(value, clock)?),
            Field::EventIndex | Field::ClientAddress | Field::ClientMetadata | Field::ClientAuth => {
                return Err(Error::new(format!("`{}` can only be read", self.text)));
            }
        }
        Ok(())
    }

    fn write_attributes(&self, of: Context, scene: &mut Scene<'_, '_, '_>, value: Value<'_>) -> Outcome<()> {
        if self.keys.is_empty() {
            let pairs = pairs(value)?;
            pairs.iter().try_for_each(|(_, value)| shallow(value))?;
            match of {
                Context::Resource => scene.resource_mut()?.set_attributes(pairs),
                Context::Scope => scene.scope_mut()?.set_attributes(pairs),
                Context::Span => scene.span_mut()?.set_attributes(pairs),
                Context::SpanEvent => scene.event_mut()?.set_attributes(pairs),
            }
            return Ok(());
        }
        let steps = self.steps(scene);
        match of {
            Context::Resource => set_one(scene.resource_mut()?, &steps, value),
            Context::Scope => set_one(scene.scope_mut()?, &steps, value),
            Context::Span => set_one(scene.span_mut()?, &steps, value),
            Context::SpanEvent => set_one(scene.event_mut()?, &steps, value),
        }
    }

    fn write_cache(&self, scene: &mut Scene<'_, '_, '_>, value: Value<'_>) -> Outcome<()> {
        let steps: Steps<'_> = self.steps(scene);
        let is_lasting = scene.cache.is_lasting;
        let mut written = match is_lasting {
            // It must fit before it takes the place of what is there.
            true => scene.cache.pairs.clone(),
            false => std::mem::take(&mut scene.cache.pairs),
        };
        let done = match steps.split_first() {
            None => pairs(value).and_then(|pairs| {
                pairs.iter().try_for_each(|(_, value)| shallow(value))?;
                written = pairs;
                Ok(())
            }),
            Some((first, rest)) => first.text().and_then(|key| match entry(&mut written, key) {
                Some(root) => place(root, rest).and_then(|place| {
                    let value = value.into_stored()?;
                    shallow(&value)?;
                    *place = value;
                    Ok(())
                }),
                None => Ok(()),
            }),
        };
        if is_lasting && size(&written) > MAX_LASTING {
            return Err(Error::new(format!(
                "a shared cache holds at most {MAX_LASTING} bytes"
            )));
        }
        scene.cache.pairs = written;
        done
    }

    /// A trace state that is none, and a key or value that cannot be in one, are left alone.
    fn write_member(&self, scene: &mut Scene<'_, '_, '_>, value: Value<'_>) -> Outcome<()> {
        let value = text(value)?;
        let steps = self.steps(scene);
        let span = scene.span_mut()?;
        if trace_state::members(span.trace_state()).is_none() {
            return Ok(());
        }
        let key = steps.first().map_or(Ok(""), |first| first.text())?;
        if let Some(state) = trace_state::with_member(span.trace_state(), key, &value)
            && state != span.trace_state()
        {
            span.set_trace_state(&state);
        }
        Ok(())
    }
}

fn set_one<'a, V: Message<'a>>(
    edit: &mut Amendment<'a, V>,
    steps: &[Step<'_>],
    value: Value<'_>,
) -> Outcome<()> {
    let Some((first, rest)) = steps.split_first() else {
        return Ok(());
    };
    let key = first.text()?;
    if rest.is_empty() {
        match value {
            Value::Text(text) => edit.upsert(key, text.as_ref()),
            Value::Int(number) => edit.upsert(key, &number),
            Value::Float(number) => edit.upsert(key, &number),
            value => match value
                .into_stored()
                .and_then(|value| shallow(&value).map(|()| value))
            {
                Ok(value) => edit.upsert(key, &value),
                Err(error) => {
                    // The key is made before the value is looked at, as users of the Collector know it.
                    edit.insert(key, &Stored::Empty);
                    return Err(error);
                }
            },
        }
        return Ok(());
    }
    let before = edit.attribute(key).map(|view| stored(&view));
    let mut root = before.clone().unwrap_or(Stored::Empty);
    let written = place(&mut root, rest).and_then(|place| {
        let value = value.into_stored()?;
        shallow(&value)?;
        *place = value;
        Ok(())
    });
    shallow(&root)?;
    // By their bytes, since zeros with and without a sign are equal.
    let root = root.encoded();
    if before.map(|before| before.encoded()).as_ref() != Some(&root) {
        edit.upsert(key, &root);
    }
    written
}

/// Lists and maps within each other that whoever receives the span will take.
const MAX_DEPTH: usize = 30;

/// Bytes, about, that a value may take. Without a bound, statements could double it one after the other.
const MAX_SIZE: usize = 64 << 20;

/// A value that is nested too deeply, or too large, is not written.
pub(in crate::ottl) fn shallow(value: &Stored) -> Outcome<()> {
    fn is_shallow(value: &Stored, levels: usize) -> bool {
        match (value, levels.checked_sub(1)) {
            (Stored::Array(items), Some(left)) => items.iter().all(|item| is_shallow(item, left)),
            (Stored::KeyValueList(pairs), Some(left)) => {
                pairs.iter().all(|(_, value)| is_shallow(value, left))
            }
            (Stored::Array(_) | Stored::KeyValueList(_), None) => false,
            _ => true,
        }
    }
    match is_shallow(value, MAX_DEPTH) {
        true if matches!(value, Stored::Array(_) | Stored::KeyValueList(_))
            && size_of_value(value) > MAX_SIZE =>
        {
            Err(Error::new(format!("a value may take at most {MAX_SIZE} bytes")))
        }
        true => Ok(()),
        false => Err(Error::new(format!(
            "lists and maps are more than {MAX_DEPTH} deep"
        ))),
    }
}

/// Bytes, about, that these take.
fn size(pairs: &[(String, Stored)]) -> usize {
    let of = |(key, value): &(String, Stored)| size_of::<String>() + key.len() + size_of_value(value);
    pairs.iter().map(of).sum()
}

fn size_of_value(value: &Stored) -> usize {
    size_of::<Stored>()
        + match value {
            Stored::String(text) => text.len(),
            Stored::Bytes(bytes) => bytes.len(),
            Stored::Array(items) => items.iter().map(size_of_value).sum(),
            Stored::KeyValueList(pairs) => size(pairs),
            _ => 0,
        }
}

/// A map, or none at all.
fn pairs(value: Value<'_>) -> Outcome<Vec<(String, Stored)>> {
    match value {
        Value::Nil => Ok(Vec::new()),
        Value::Map(pairs) => Ok(pairs),
        other => Err(unfit("a map", &other)),
    }
}

fn unfit(wanted: &str, got: &Value<'_>) -> Error {
    Error::new(format!("expected {wanted} but got {}", got.kind()))
}

fn int(value: Value<'_>) -> Outcome<i64> {
    match value {
        Value::Int(number) => Ok(number),
        other => Err(unfit("an int", &other)),
    }
}

fn text(value: Value<'_>) -> Outcome<std::borrow::Cow<'_, str>> {
    match value {
        Value::Text(text) => Ok(text),
        other => Err(unfit("a string", &other)),
    }
}

fn nanos(value: Value<'_>, clock: Clock) -> Outcome<u64> {
    match (value, clock) {
        (Value::Int(number), Clock::Nanos) => Ok(number.cast_unsigned()),
        (Value::Time(time), Clock::Time) => Ok(time.unix_nanos().cast_unsigned()),
        (other, Clock::Nanos) => Err(unfit("an int", &other)),
        (other, Clock::Time) => Err(unfit("a time", &other)),
    }
}

fn trace_id(value: Value<'_>, form: Form) -> Outcome<[u8; 16]> {
    match (value, form) {
        (Value::TraceId(id), Form::Id) => Ok(id),
        (other, Form::Id) => Err(unfit("a trace id", &other)),
        (value, Form::Text) => {
            let text = text(value)?;
            digits(&text).ok_or_else(|| Error::new("trace ids must be 32 hex characters"))
        }
    }
}

fn span_id(value: Value<'_>, form: Form) -> Outcome<[u8; 8]> {
    match (value, form) {
        (Value::SpanId(id), Form::Id) => Ok(id),
        (other, Form::Id) => Err(unfit("a span id", &other)),
        (value, Form::Text) => {
            let text = text(value)?;
            digits(&text).ok_or_else(|| Error::new("span ids must be 16 hex characters"))
        }
    }
}

/// So many bytes in hexadecimal digits.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.bytes().all(|letter| letter.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

fn kind(text: &str, name: impl Fn(&(&'static str, &'static str)) -> &'static str) -> Outcome<i32> {
    let number = KINDS.iter().position(|known| name(known) == text);
    let number = number.and_then(|number| i32::try_from(number).ok());
    number.ok_or_else(|| Error::new(format!("there is no span kind {text:?}")))
}

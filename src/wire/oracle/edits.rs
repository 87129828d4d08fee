//! A script of edits, made both on bytes and on decoded objects.

use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, Status};

use super::super::{
    Amendment, Decision, Editor, Message, ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit, Traces,
    Value,
};
use super::seen::{any_value, normal};
use super::{decoded, retain, same, spans};

/// Edits by `script` on the bytes are the same edits on decoded objects, and nothing else changes.
pub fn edit(traces: &Traces, script: [u8; 8]) {
    let script = script.map(Op::of);
    let edited = traces.edit(&mut Script { script, count: 0 });
    let mut expected = decoded(traces);
    let mut script = Script { script, count: 0 };
    for resource in &mut expected.resource_spans {
        script.on_resource(resource);
        for scope in &mut resource.scope_spans {
            script.on_scope(scope.scope.get_or_insert_default());
        }
    }
    retain(&mut expected, |_| script.stays());
    for resource in &mut expected.resource_spans {
        for span in resource.scope_spans.iter_mut().flat_map(|scope| &mut scope.spans) {
            script.on_span(span);
        }
    }
    assert_eq!(edited.spans(), spans(&expected));
    same(&normal(decoded(&edited)), &normal(expected));
    let checked = Traces::check(edited.bytes().clone());
    assert_eq!(checked.map(|checked| checked.traces).ok(), Some(edited));
}

/// An edit, and a number that it makes of what it likes.
#[derive(Clone, Copy)]
struct Op {
    kind: u8,
    number: u8,
}

/// Edits in order: the same for each resource, scope and span.
struct Script {
    script: [Op; 8],
    count: usize,
}

/// What has attributes, as bytes or as objects.
trait Attributes {
    fn keys(&self) -> Vec<String>;
    fn insert(&mut self, key: &str, value: &Value);
    fn update(&mut self, key: &str, value: &Value);
    fn upsert(&mut self, key: &str, value: &Value);
    fn remove(&mut self, key: &str);
    fn retain(&mut self, wanted: impl Fn(&str) -> bool);
}

// === impl Op ===

impl Op {
    fn of(byte: u8) -> Self {
        Self {
            kind: byte & 15,
            number: byte >> 4,
        }
    }

    fn is_odd(self) -> bool {
        self.number % 2 == 1
    }

    fn value(self) -> Value {
        match self.number % 4 {
            0 => Value::String("text".into()),
            1 => Value::Int(-i64::from(self.number)),
            2 => Value::Array(vec![Value::Bool(true), Value::Bytes(vec![self.number; 200])]),
            _ => Value::KeyValueList(vec![("".into(), Value::Double(0.5))]),
        }
    }

    fn on_attributes(self, list: &mut impl Attributes) {
        let keys = list.keys();
        let known = usize::from(self.number)
            .checked_rem(keys.len())
            .and_then(|at| keys.get(at));
        let known = known.map_or("absent", String::as_str);
        match self.kind {
            0 => list.insert(known, &self.value()),
            1 => list.update(known, &self.value()),
            2 => list.upsert(known, &self.value()),
            3 => list.upsert(&"n".repeat(usize::from(self.number % 3)), &self.value()),
            4 | 5 => list.remove(known),
            6 => list.retain(|key| (key.len() % 2 == 1) == self.is_odd()),
            _ => {}
        }
    }
}

// === impl Script ===

impl Script {
    /// Whether the next span stays.
    fn stays(&mut self) -> bool {
        self.count += 1;
        let drops = |op: &Op| op.kind == 7 && (self.count + usize::from(op.number)).is_multiple_of(3);
        !self.script.iter().any(drops)
    }

    fn on_resource(&self, resource: &mut ResourceSpans) {
        for op in self.script {
            match op.kind {
                14 => Op::of(op.number)
                    .on_attributes(&mut resource.resource.get_or_insert_with(Resource::default).attributes),
                15 if op.is_odd() => resource.schema_url = "https://new".into(),
                _ => {}
            }
        }
    }

    fn on_scope(&self, scope: &mut InstrumentationScope) {
        for op in self.script {
            match op.kind {
                13 if op.number == 15 => scope.name = "renamed".into(),
                13 => Op::of(op.number).on_attributes(&mut scope.attributes),
                _ => {}
            }
        }
    }

    fn on_span(&self, span: &mut Span) {
        for op in self.script {
            match op.kind {
                8 => span.name = text(op, "renamed").into(),
                9 => span.trace_state = text(op, "a=b").into(),
                10 => {
                    span.status = Some(Status {
                        code: i32::from(op.number % 3),
                        message: text(op, "set").into(),
                    })
                }
                11 if op.is_odd() => span.start_time_unix_nano = u64::from(op.number),
                11 => span.end_time_unix_nano = u64::from(op.number),
                12 => {
                    let mut number = 0..;
                    span.events.retain_mut(|event| {
                        let number = number.next().unwrap_or_default();
                        Op::of(op.number).on_attributes(&mut event.attributes);
                        !drops_event(op, number)
                    });
                }
                _ => op.on_attributes(&mut span.attributes),
            }
        }
    }
}

fn text(op: Op, text: &str) -> &str {
    if op.is_odd() { text } else { "" }
}

fn drops_event(op: Op, number: usize) -> bool {
    op.number > 8 && (number + usize::from(op.number)).is_multiple_of(3)
}

impl Editor for Script {
    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        for op in self.script {
            match op.kind {
                14 => Op::of(op.number).on_attributes(resource),
                15 if op.is_odd() => resource.set_schema_url("https://new"),
                _ => {}
            }
        }
        Decision::Keep
    }

    fn scope(&mut self, _: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Decision {
        for op in self.script {
            match op.kind {
                13 if op.number == 15 => scope.set_name("renamed"),
                13 => Op::of(op.number).on_attributes(scope),
                _ => {}
            }
        }
        Decision::Keep
    }

    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: &mut SpanEdit<'_>) -> Decision {
        if !self.stays() {
            return Decision::Drop;
        }
        for op in self.script {
            match op.kind {
                8 => span.set_name(text(op, "renamed")),
                9 => span.set_trace_state(text(op, "a=b")),
                10 => span.set_status(i32::from(op.number % 3), text(op, "set")),
                11 if op.is_odd() => span.set_start_time(u64::from(op.number)),
                11 => span.set_end_time(u64::from(op.number)),
                12 => {
                    let mut number = 0..;
                    span.edit_events(|event| {
                        let number = number.next().unwrap_or_default();
                        Op::of(op.number).on_attributes(event);
                        match drops_event(op, number) {
                            true => Decision::Drop,
                            false => Decision::Keep,
                        }
                    });
                }
                _ => op.on_attributes(span),
            }
            read_back(span);
        }
        Decision::Keep
    }
}

/// What an amendment shows is what it writes.
fn read_back(span: &SpanEdit<'_>) {
    let mut body = Vec::new();
    span.put(&mut body);
    let written = crate::wire::SpanView::over(&body);
    assert_eq!(
        (span.name(), span.kind(), span.trace_state(), span.status()),
        (
            written.name(),
            written.kind(),
            written.trace_state(),
            written.status()
        )
    );
    let shown: Vec<&str> = span.attributes().map(|attribute| attribute.key()).collect();
    let there: Vec<&str> = written.attributes().map(|attribute| attribute.key()).collect();
    assert_eq!(shown, there);
    assert_eq!(span.events().count(), written.events().count());
}

// === impl Attributes ===

impl<'a, V: Message<'a>> Attributes for Amendment<'a, V> {
    fn keys(&self) -> Vec<String> {
        self.attributes()
            .map(|attribute| attribute.key().to_owned())
            .collect()
    }

    fn insert(&mut self, key: &str, value: &Value) {
        Amendment::insert(self, key, value);
    }

    fn update(&mut self, key: &str, value: &Value) {
        Amendment::update(self, key, &value.encoded());
    }

    fn upsert(&mut self, key: &str, value: &Value) {
        match value {
            Value::String(text) => Amendment::upsert(self, key, text.as_str()),
            Value::Int(number) => Amendment::upsert(self, key, number),
            value => Amendment::upsert(self, key, value),
        }
    }

    fn remove(&mut self, key: &str) {
        Amendment::remove(self, key);
    }

    fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        Amendment::retain(self, |attribute| wanted(attribute.key()));
    }
}

impl Attributes for Vec<KeyValue> {
    fn keys(&self) -> Vec<String> {
        self.iter().map(|attribute| attribute.key.clone()).collect()
    }

    fn insert(&mut self, key: &str, value: &Value) {
        if !self.iter().any(|attribute| attribute.key == key) {
            Attributes::upsert(self, key, value);
        }
    }

    fn update(&mut self, key: &str, value: &Value) {
        if let Some(attribute) = self.iter_mut().find(|attribute| attribute.key == key) {
            let encoded = value.encoded();
            let view = crate::wire::values::merged(std::iter::once(encoded.0.as_slice()));
            attribute.value = Some(any_value(view));
        }
    }

    fn upsert(&mut self, key: &str, value: &Value) {
        if !self.iter().any(|attribute| attribute.key == key) {
            self.push(KeyValue {
                key: key.into(),
                ..KeyValue::default()
            });
        }
        self.update(key, value);
    }

    fn remove(&mut self, key: &str) {
        if let Some(at) = self.iter().position(|attribute| attribute.key == key) {
            self.swap_remove(at);
        }
    }

    fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        Vec::retain(self, |attribute| wanted(&attribute.key));
    }
}

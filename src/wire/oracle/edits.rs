//! A script of edits, made both on bytes and on decoded objects.

mod above;
mod attributes;

use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use self::attributes::Attributes;
use super::super::{
    Decision, Editor, EventEdit, EventView, ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit,
    SpanView, Traces, Value,
};
use super::seen::normal;
use super::{decoded, retain, same, spans};

pub use above::edit_above;

/// Edits by `script` on the bytes are the same edits on decoded objects, and nothing else changes.
pub fn edit(traces: &Traces, script: [u16; 8]) {
    let script = script.map(Op::of);
    let edited = traces.edit(&mut Script { script, count: 0 });
    let mut expected = decoded(traces);
    let mut script = Script { script, count: 0 };
    for resource in &mut expected.resource_spans {
        script.on_resource(resource);
        for scope in &mut resource.scope_spans {
            script.on_scope(scope);
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

// === impl Op ===

impl Op {
    fn of(word: u16) -> Self {
        let [kind, number] = word.to_le_bytes();
        Self {
            kind: kind % 23,
            number: number & 15,
        }
    }

    /// An edit of the attributes of something else than a span.
    fn inner(self) -> Self {
        Self {
            kind: self.number,
            number: self.number / 2,
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
            8 => list.clear(),
            9 | 22 => {
                let keys = keys.into_iter().rev().chain(["".into(), "new".into()]);
                list.set(keys.map(|key| (key, self.value())).collect());
            }
            _ => {}
        }
    }

    /// A small number, now and then the default.
    fn count(self) -> u32 {
        u32::from(self.number / 4) * 77
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
        self.script.iter().for_each(|op| on_resource(*op, resource));
    }

    fn on_scope(&self, scope: &mut ScopeSpans) {
        self.script.iter().for_each(|op| on_scope(*op, scope));
    }

    fn on_span(&self, span: &mut Span) {
        self.script.iter().for_each(|op| on_span(*op, span));
    }
}

fn on_resource(op: Op, resource: &mut ResourceSpans) {
    let inner = &mut resource.resource;
    match op.kind {
        14 => op
            .inner()
            .on_attributes(&mut inner.get_or_insert_with(Resource::default).attributes),
        15 if op.is_odd() => resource.schema_url = url(op).into(),
        15 => inner.get_or_insert_default().dropped_attributes_count = op.count(),
        _ => {}
    }
}

fn on_scope(op: Op, scope: &mut ScopeSpans) {
    let inner = scope.scope.get_or_insert_default();
    match op.kind {
        13 => op.inner().on_attributes(&mut inner.attributes),
        16 => match op.number % 4 {
            0 => inner.name = text(op, "renamed").into(),
            1 => inner.version = text(op, "2").into(),
            2 => inner.dropped_attributes_count = op.count(),
            _ => scope.schema_url = url(op).into(),
        },
        _ => {}
    }
}

fn on_span(op: Op, span: &mut Span) {
    match op.kind {
        7 | 13..=16 => {}
        8 => span.name = text(op, "renamed").into(),
        9 => span.trace_state = text(op, "a=b").into(),
        10 => {
            span.status = Some(Status {
                code: i32::from(op.number % 3),
                message: text(op, "set").into(),
            })
        }
        11 if op.is_odd() => span.start_time_unix_nano = u64::from(op.number / 2),
        11 => span.end_time_unix_nano = u64::from(op.number / 2),
        12 => {
            let (mut number, name) = (0.., span.name.clone());
            span.events.retain_mut(|event| {
                let number = number.next().unwrap_or_default();
                op.inner().on_attributes(&mut event.attributes);
                if number == 1 {
                    event.name.clone_from(&name);
                }
                !drops_event(op, number)
            });
        }
        17 => match op.number % 4 {
            0 => span.trace_id = vec![op.number; 16],
            1 => span.span_id = vec![op.number; 8],
            2 => span.parent_span_id = vec![op.number; 8],
            _ => span.parent_span_id.clear(),
        },
        18 => match op.number % 4 {
            0 => span.kind = op.count() as i32 - 77,
            1 => span.flags = op.count(),
            2 => span.dropped_attributes_count = op.count(),
            _ => span.dropped_events_count = op.count(),
        },
        19 => span.dropped_links_count = op.count(),
        20 => {
            let number = usize::from(op.number / 4);
            match span.events.get_mut(number) {
                None => {}
                Some(_) if op.number % 4 == 3 => drop(span.events.remove(number)),
                Some(event) => event_object(op, event),
            }
        }
        21 if op.is_odd() => span.events.reverse(),
        21 => span.links.reverse(),
        _ => op.on_attributes(&mut span.attributes),
    }
}

fn text(op: Op, text: &str) -> &str {
    if op.number & 4 == 0 { text } else { "" }
}

fn url(op: Op) -> &'static str {
    if op.number & 4 == 0 { "https://new" } else { "" }
}

fn drops_event(op: Op, number: usize) -> bool {
    op.number > 8 && (number + usize::from(op.number)).is_multiple_of(3)
}

/// An edit of an event's own fields.
fn event_object(op: Op, event: &mut Event) {
    match op.number % 4 {
        0 => event.name = text(op, "renamed").into(),
        1 => event.time_unix_nano = u64::from(op.count()),
        _ => event.dropped_attributes_count = op.count(),
    }
}

fn event_bytes(op: Op, event: &mut EventEdit<'_>) {
    match op.number % 4 {
        0 => event.set_name(text(op, "renamed")),
        1 => event.set_time(u64::from(op.count())),
        _ => event.set_dropped_attributes_count(op.count()),
    }
    let body = event.encoded();
    let written = EventView::over(&body);
    assert_eq!(
        (
            event.name(),
            event.time_unix_nano(),
            event.dropped_attributes_count()
        ),
        (
            written.name(),
            written.time_unix_nano(),
            written.dropped_attributes_count()
        )
    );
}

impl Editor for Script {
    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        self.script.iter().for_each(|op| on_resource_bytes(*op, resource));
        Decision::Keep
    }

    fn scope(&mut self, _: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Decision {
        self.script.iter().for_each(|op| on_scope_bytes(*op, scope));
        Decision::Keep
    }

    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: &mut SpanEdit<'_>) -> Decision {
        if !self.stays() {
            return Decision::Drop;
        }
        for op in self.script {
            on_span_bytes(op, span);
            read_back(span);
        }
        Decision::Keep
    }
}

fn on_resource_bytes(op: Op, resource: &mut ResourceEdit<'_>) {
    match op.kind {
        14 => op.inner().on_attributes(resource),
        15 if op.is_odd() => resource.set_schema_url(url(op)),
        15 => resource.set_dropped_attributes_count(op.count()),
        _ => {}
    }
    let body = resource.envelope();
    let written = ResourceView::over(&body);
    assert_eq!(
        (resource.schema_url(), resource.dropped_attributes_count()),
        (written.schema_url(), written.dropped_attributes_count())
    );
}

fn on_scope_bytes(op: Op, scope: &mut ScopeEdit<'_>) {
    match op.kind {
        13 => op.inner().on_attributes(scope),
        16 => match op.number % 4 {
            0 => scope.set_name(text(op, "renamed")),
            1 => scope.set_version(text(op, "2")),
            2 => scope.set_dropped_attributes_count(op.count()),
            _ => scope.set_schema_url(url(op)),
        },
        _ => {}
    }
    let body = scope.envelope();
    let written = ScopeView::over(&body);
    assert_eq!(
        (
            scope.name(),
            scope.version(),
            scope.schema_url(),
            scope.dropped_attributes_count()
        ),
        (
            written.name(),
            written.version(),
            written.schema_url(),
            written.dropped_attributes_count()
        )
    );
}

fn on_span_bytes(op: Op, span: &mut SpanEdit<'_>) {
    match op.kind {
        7 | 13..=16 => {}
        8 => span.set_name(text(op, "renamed")),
        9 => span.set_trace_state(text(op, "a=b")),
        10 => span.set_status(i32::from(op.number % 3), text(op, "set")),
        11 if op.is_odd() => span.set_start_time(u64::from(op.number / 2)),
        11 => span.set_end_time(u64::from(op.number / 2)),
        12 => span.edit_events(|span, number, event| {
            op.inner().on_attributes(event);
            if number == 1 {
                event.set_name(span.name());
            }
            match drops_event(op, number) {
                true => Decision::Drop,
                false => Decision::Keep,
            }
        }),
        17 => match op.number % 4 {
            0 => span.set_trace_id([op.number; 16]),
            1 => span.set_span_id([op.number; 8]),
            2 => span.set_parent_span_id(Some([op.number; 8])),
            _ => span.set_parent_span_id(None),
        },
        18 => match op.number % 4 {
            0 => span.set_kind(op.count() as i32 - 77),
            1 => span.set_flags(op.count()),
            2 => span.set_dropped_attributes_count(op.count()),
            _ => span.set_dropped_events_count(op.count()),
        },
        19 => span.set_dropped_links_count(op.count()),
        20 => {
            let number = usize::from(op.number / 4);
            let body = span.event_body(number);
            let body = body.filter(|_| op.number % 4 != 3).map(|body| {
                let mut event = EventView::over(&body).amend();
                event_bytes(op, &mut event);
                event.encoded()
            });
            span.replace_event(number, body.as_deref());
        }
        21 if op.is_odd() => {
            let mut bodies: Vec<_> = span.events().map(|event| event.bytes().to_vec()).collect();
            bodies.reverse();
            span.set_events(bodies);
        }
        21 => {
            let mut bodies: Vec<_> = span.links().map(|link| link.bytes().to_vec()).collect();
            bodies.reverse();
            span.set_links(bodies);
        }
        _ => op.on_attributes(span),
    }
}

/// What an amendment shows is what it writes.
fn read_back(span: &SpanEdit<'_>) {
    let body = span.encoded();
    let written = SpanView::over(&body);
    assert_eq!(
        (
            span.name(),
            span.kind(),
            span.trace_state(),
            span.status(),
            span.flags()
        ),
        (
            written.name(),
            written.kind(),
            written.trace_state(),
            written.status(),
            written.flags()
        )
    );
    assert_eq!(
        (span.trace_id(), span.span_id(), span.parent_span_id()),
        (written.trace_id(), written.span_id(), written.parent_span_id())
    );
    assert_eq!(
        (span.start_time_unix_nano(), span.end_time_unix_nano()),
        (written.start_time_unix_nano(), written.end_time_unix_nano())
    );
    assert_eq!(
        [
            span.dropped_attributes_count(),
            span.dropped_events_count(),
            span.dropped_links_count()
        ],
        [
            written.dropped_attributes_count(),
            written.dropped_events_count(),
            written.dropped_links_count()
        ]
    );
    let shown: Vec<&str> = span.attributes().map(|attribute| attribute.key()).collect();
    let there: Vec<&str> = written.attributes().map(|attribute| attribute.key()).collect();
    assert_eq!(shown, there);
    assert!(
        span.events()
            .map(EventView::bytes)
            .eq(written.events().map(EventView::bytes))
    );
    assert_eq!(span.links().count(), written.links().count());
}

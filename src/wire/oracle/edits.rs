//! A handful of edits, made both on bytes and on decoded objects.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::super::{Decision, Editor, ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit, Traces};
use super::seen::normal;
use super::{decoded, retain, same, spans};

/// Edits by `ways` on the bytes are the same edits on decoded objects, and nothing else changes.
pub fn edit(traces: &Traces, ways: u8) {
    let edited = traces.edit(&mut Ways { ways, count: 0 });
    let mut expected = decoded(traces);
    let mut ways = Ways { ways, count: 0 };
    for resource in &mut expected.resource_spans {
        ways.on_resource(resource.resource.get_or_insert_default());
        for scope in &mut resource.scope_spans {
            ways.on_scope(scope.scope.get_or_insert_default());
        }
    }
    retain(&mut expected, |_| ways.stays());
    for resource in &mut expected.resource_spans {
        for span in resource.scope_spans.iter_mut().flat_map(|scope| &mut scope.spans) {
            ways.on_span(span);
        }
    }
    assert_eq!(edited.spans(), spans(&expected));
    same(&normal(decoded(&edited)), &normal(expected));
    let checked = Traces::check(edited.bytes().clone());
    assert_eq!(checked.map(|checked| checked.traces).ok(), Some(edited));
}

/// Which edits are made, by bits: the same on views and on objects.
struct Ways {
    ways: u8,
    count: usize,
}

impl Ways {
    fn has(&self, bit: u8) -> bool {
        self.ways & 1 << bit != 0
    }

    /// Whether the next span stays.
    fn stays(&mut self) -> bool {
        self.count += 1;
        !(self.has(0) && self.count.is_multiple_of(3))
    }

    fn on_resource(&self, resource: &mut Resource) {
        if self.has(1) {
            upsert(&mut resource.attributes, "added", "resource");
        }
    }

    fn on_scope(&self, scope: &mut InstrumentationScope) {
        if self.has(2) {
            scope.name = "renamed".into();
        }
    }

    fn on_span(&self, span: &mut Span) {
        let first = span.attributes.first().map(|first| first.key.clone());
        let last = span.attributes.last().map(|last| last.key.clone());
        if let Some(first) = first.filter(|_| self.has(3)) {
            upsert(&mut span.attributes, &first, "updated");
        }
        if let Some(last) = last.filter(|_| self.has(4)) {
            remove(&mut span.attributes, &last);
        }
        if self.has(5) {
            upsert(&mut span.attributes, "added", "span");
        }
        if self.has(6) {
            span.name = "renamed".into();
        }
        if self.has(7) {
            span.status = Some(Status {
                code: 2,
                message: "set".into(),
            });
        }
    }
}

impl Editor for Ways {
    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        if self.has(1) {
            resource.upsert("added", "resource");
        }
        Decision::Keep
    }

    fn scope(&mut self, _: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Decision {
        if self.has(2) {
            scope.set_name("renamed");
        }
        Decision::Keep
    }

    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: &mut SpanEdit<'_>) -> Decision {
        if !self.stays() {
            return Decision::Drop;
        }
        let before = span.before();
        if let Some(first) = before.attributes().next().filter(|_| self.has(3)) {
            span.update(first.key(), "updated");
        }
        if let Some(last) = before.attributes().last().filter(|_| self.has(4)) {
            span.remove(last.key());
        }
        if self.has(5) {
            span.upsert("added", "span");
        }
        if self.has(6) {
            span.set_name("renamed");
        }
        if self.has(7) {
            span.set_status(2, "set");
        }
        Decision::Keep
    }
}

/// Sets the first attribute of the key, or adds one.
fn upsert(attributes: &mut Vec<KeyValue>, key: &str, text: &str) {
    let value = Some(AnyValue {
        value: Some(Any::StringValue(text.into())),
    });
    match attributes.iter_mut().find(|attribute| attribute.key == key) {
        Some(attribute) => attribute.value = value,
        None => attributes.push(KeyValue {
            key: key.into(),
            value,
            key_strindex: 0,
        }),
    }
}

/// Removes the first attribute of the key; the last takes its place.
fn remove(attributes: &mut Vec<KeyValue>, key: &str) {
    if let Some(at) = attributes.iter().position(|attribute| attribute.key == key) {
        attributes.swap_remove(at);
    }
}

//! A request as its views show it, copied into the objects that `prost` would make.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::super::{
    AttributeView, Decision, Editor, ResourceEdit, ResourceView, ScopeEdit, ScopeView, SpanEdit, SpanView,
    Traces, ValueView,
};

/// What the views do not tell apart or do not show is made the same: an absent message and an empty one,
/// entity references.
pub(super) fn normal(mut request: ExportTraceServiceRequest) -> ExportTraceServiceRequest {
    for resource in &mut request.resource_spans {
        let inner = resource.resource.get_or_insert_default();
        inner.entity_refs.clear();
        inner.attributes.iter_mut().for_each(normal_key_value);
        for scope in &mut resource.scope_spans {
            scope
                .scope
                .get_or_insert_default()
                .attributes
                .iter_mut()
                .for_each(normal_key_value);
            for span in &mut scope.spans {
                span.status.get_or_insert_default();
                span.attributes.iter_mut().for_each(normal_key_value);
                let events = span.events.iter_mut().flat_map(|event| &mut event.attributes);
                let links = span.links.iter_mut().flat_map(|link| &mut link.attributes);
                events.chain(links).for_each(normal_key_value);
            }
        }
    }
    request
}

fn normal_key_value(pair: &mut KeyValue) {
    normal_value(pair.value.get_or_insert_default());
}

fn normal_value(value: &mut AnyValue) {
    match &mut value.value {
        Some(Any::ArrayValue(list)) => list.values.iter_mut().for_each(normal_value),
        Some(Any::KvlistValue(list)) => list.values.iter_mut().for_each(normal_key_value),
        _ => {}
    }
}

/// The request as the views show it.
pub(super) fn seen(traces: &Traces) -> ExportTraceServiceRequest {
    let mut collector = Collector::default();
    let same = traces.edit(&mut collector);
    assert_eq!(
        same.bytes().as_ptr(),
        traces.bytes().as_ptr(),
        "all kept is not a copy"
    );
    collector.0
}

/// Copies what it is shown.
#[derive(Default)]
struct Collector(ExportTraceServiceRequest);

impl Editor for Collector {
    fn resource(&mut self, resource: &mut ResourceEdit<'_>) -> Decision {
        let resource = resource.before();
        self.0.resource_spans.push(ResourceSpans {
            resource: Some(Resource {
                attributes: key_values(resource.attributes()),
                dropped_attributes_count: resource.dropped_attributes_count(),
                entity_refs: Vec::new(),
            }),
            scope_spans: Vec::new(),
            schema_url: resource.schema_url().into(),
        });
        Decision::Keep
    }

    fn scope(&mut self, _: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Decision {
        let scope = scope.before();
        let scope = ScopeSpans {
            scope: Some(InstrumentationScope {
                name: scope.name().into(),
                version: scope.version().into(),
                attributes: key_values(scope.attributes()),
                dropped_attributes_count: scope.dropped_attributes_count(),
            }),
            spans: Vec::new(),
            schema_url: scope.schema_url().into(),
        };
        let resource = self.0.resource_spans.last_mut();
        resource
            .into_iter()
            .for_each(|resource| resource.scope_spans.push(scope.clone()));
        Decision::Keep
    }

    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: &mut SpanEdit<'_>) -> Decision {
        let scope = self
            .0
            .resource_spans
            .last_mut()
            .and_then(|resource| resource.scope_spans.last_mut());
        scope
            .into_iter()
            .for_each(|scope| scope.spans.push(copied(span.before())));
        Decision::Keep
    }
}

/// The span as its view shows it.
pub(super) fn copied(span: SpanView<'_>) -> Span {
    Span {
        trace_id: span.trace_id().into(),
        span_id: span.span_id().into(),
        trace_state: span.trace_state().into(),
        parent_span_id: span.parent_span_id().into(),
        flags: span.flags(),
        name: span.name().into(),
        kind: span.kind(),
        start_time_unix_nano: span.start_time_unix_nano(),
        end_time_unix_nano: span.end_time_unix_nano(),
        attributes: key_values(span.attributes()),
        dropped_attributes_count: span.dropped_attributes_count(),
        events: span
            .events()
            .map(|event| Event {
                time_unix_nano: event.time_unix_nano(),
                name: event.name().into(),
                attributes: key_values(event.attributes()),
                dropped_attributes_count: event.dropped_attributes_count(),
            })
            .collect(),
        dropped_events_count: span.dropped_events_count(),
        links: span
            .links()
            .map(|link| Link {
                trace_id: link.trace_id().into(),
                span_id: link.span_id().into(),
                trace_state: link.trace_state().into(),
                attributes: key_values(link.attributes()),
                dropped_attributes_count: link.dropped_attributes_count(),
                flags: link.flags(),
            })
            .collect(),
        dropped_links_count: span.dropped_links_count(),
        status: Some(Status {
            message: span.status().message.into(),
            code: span.status().code,
        }),
    }
}

fn key_values<'a>(attributes: impl Iterator<Item = AttributeView<'a>>) -> Vec<KeyValue> {
    attributes
        .map(|attribute| KeyValue {
            key: attribute.key().into(),
            value: Some(any_value(attribute.value())),
            key_strindex: attribute.key_strindex(),
        })
        .collect()
}

pub(super) fn any_value(view: ValueView<'_>) -> AnyValue {
    AnyValue {
        value: Some(match view {
            ValueView::Empty => return AnyValue { value: None },
            ValueView::String(text) => Any::StringValue(text.into()),
            ValueView::Bool(value) => Any::BoolValue(value),
            ValueView::Int(value) => Any::IntValue(value),
            ValueView::Double(value) => Any::DoubleValue(value),
            ValueView::Bytes(bytes) => Any::BytesValue(bytes.into()),
            ValueView::Array(list) => Any::ArrayValue(ArrayValue {
                values: list.iter().map(any_value).collect(),
            }),
            ValueView::KeyValueList(list) => Any::KvlistValue(KeyValueList {
                values: key_values(list.iter()),
            }),
            ValueView::StringIndex(index) => Any::StringValueStrindex(index),
        }),
    }
}

//! What must hold for any input at all, judged by `prost`. Property tests and fuzz targets share it.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use super::{
    AttributeView, Decision, Editor, ResourceView, ScopeView, SpanView, Traces, Value, ValueView, json,
};

/// Same verdict as `prost`; spans with ids of a wrong length go and nothing else; views show what `prost` does.
pub fn walk(input: &[u8]) {
    let expected = ExportTraceServiceRequest::decode(input);
    let checked = Traces::check(Bytes::copy_from_slice(input));
    let (mut expected, checked) = match (expected, checked) {
        (Ok(expected), Ok(checked)) => (expected, checked),
        (Err(_), Err(malformed)) => {
            assert!(malformed.0.contains("at byte"), "not located: {malformed}");
            return;
        }
        (expected, checked) => panic!("prost says {expected:?}, the walk says {checked:?}"),
    };
    let rejected = without_misfits(&mut expected);
    assert_eq!(rejected, checked.rejected);
    assert_eq!(rejected == 0, checked.reason.is_empty());
    assert_eq!(spans(&expected), checked.traces.spans());
    if rejected == 0 {
        assert_eq!(input, checked.traces.bytes());
    }
    same(&expected, &decoded(&checked.traces));
    same(&normal(expected), &normal(seen(&checked.traces)));
}

/// What `prost` makes of traces that passed.
pub fn decoded(traces: &Traces) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(traces.bytes().clone()).unwrap_or_else(|error| panic!("{error}"))
}

/// Equal by encoding, since NaN does not equal itself.
pub fn same(left: &ExportTraceServiceRequest, right: &ExportTraceServiceRequest) {
    if left.encode_to_vec() != right.encode_to_vec() {
        panic!("left: {left:#?}\nright: {right:#?}");
    }
}

/// Spans in a request.
pub fn spans(request: &ExportTraceServiceRequest) -> usize {
    let scopes = request
        .resource_spans
        .iter()
        .flat_map(|resource| &resource.scope_spans);
    scopes.map(|scope| scope.spans.len()).sum()
}

/// Keeps the spans that `keep` says; an envelope goes with its last child. Returns how many went.
pub fn retain(request: &mut ExportTraceServiceRequest, mut keep: impl FnMut(&Span) -> bool) -> u32 {
    let before = spans(request);
    request.resource_spans.retain_mut(|resource| {
        let had = resource.scope_spans.len();
        resource.scope_spans.retain_mut(|scope| {
            let had = scope.spans.len();
            scope.spans.retain(&mut keep);
            had == 0 || !scope.spans.is_empty()
        });
        had == 0 || !resource.scope_spans.is_empty()
    });
    (before - spans(request)) as u32
}

fn without_misfits(request: &mut ExportTraceServiceRequest) -> u32 {
    retain(request, |span| {
        span.trace_id.len() == 16 && span.span_id.len() == 8
    })
}

/// What the views do not tell apart or do not show is made the same: an absent message and an empty one,
/// entity references.
fn normal(mut request: ExportTraceServiceRequest) -> ExportTraceServiceRequest {
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
fn seen(traces: &Traces) -> ExportTraceServiceRequest {
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
    fn resource(&mut self, resource: ResourceView<'_>) -> Decision {
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

    fn scope(&mut self, _: ResourceView<'_>, scope: ScopeView<'_>) -> Decision {
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

    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: SpanView<'_>) -> Decision {
        let scope = self
            .0
            .resource_spans
            .last_mut()
            .and_then(|resource| resource.scope_spans.last_mut());
        scope.into_iter().for_each(|scope| scope.spans.push(copied(span)));
        Decision::Keep
    }
}

fn copied(span: SpanView<'_>) -> Span {
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

fn any_value(view: ValueView<'_>) -> AnyValue {
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

/// Parts hold every span once, in order, under its own header; they keep the bounds unless one span breaks them.
pub fn split(traces: &Traces, max_spans: usize, max_bytes: usize) {
    let parts = traces.split(max_spans, max_bytes);
    let uncut = parts.len() == 1 && parts.iter().all(|part| part == traces);
    for part in &parts {
        assert_eq!(spans(&decoded(part)), part.spans());
        assert!(max_spans == 0 || part.spans() <= max_spans || uncut);
        assert!(max_bytes == 0 || part.bytes().len() <= max_bytes || part.spans() <= 1);
    }
    let whole: Vec<u8> = parts.iter().flat_map(|part| part.bytes().to_vec()).collect();
    let whole = ExportTraceServiceRequest::decode(&whole[..]).unwrap_or_else(|error| panic!("{error}"));
    let (left, right) = (flat(&decoded(traces)), flat(&whole));
    assert_eq!(left, right);
}

/// Each span as a request of its own, encoded.
fn flat(request: &ExportTraceServiceRequest) -> Vec<Vec<u8>> {
    let mut flat = Vec::new();
    for resource in &request.resource_spans {
        for scope in &resource.scope_spans {
            for span in &scope.spans {
                let scope = ScopeSpans {
                    spans: vec![span.clone()],
                    ..scope.clone()
                };
                flat.push(
                    ResourceSpans {
                        scope_spans: vec![scope],
                        ..resource.clone()
                    }
                    .encode_to_vec(),
                );
            }
        }
    }
    flat
}

/// Splits and edits what passes, as the first bytes say, and compares with the same done on decoded objects.
pub fn split_edit(input: &[u8]) {
    let Some((choice, input)) = input.split_first_chunk::<4>() else {
        return;
    };
    let Ok(checked) = Traces::check(Bytes::copy_from_slice(input)) else {
        return;
    };
    let [spans, low, high, ways] = *choice;
    split(
        &checked.traces,
        usize::from(spans),
        usize::from(u16::from_le_bytes([low, high])),
    );
    edit(&checked.traces, ways);
}

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
        !(self.has(0) && self.count % 3 == 0)
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
            span.attributes.retain(|attribute| attribute.key != last);
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
    fn resource(&mut self, resource: ResourceView<'_>) -> Decision {
        let mut amendment = resource.amend();
        if self.has(1) {
            amendment.upsert("added", &Value::String("resource".into()));
        }
        amendment.decide()
    }

    fn scope(&mut self, _: ResourceView<'_>, scope: ScopeView<'_>) -> Decision {
        let mut amendment = scope.amend();
        if self.has(2) {
            amendment.set_name("renamed");
        }
        amendment.decide()
    }

    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: SpanView<'_>) -> Decision {
        if !self.stays() {
            return Decision::Drop;
        }
        let mut amendment = span.amend();
        if let Some(first) = span.attributes().next().filter(|_| self.has(3)) {
            amendment.update(first.key(), &Value::String("updated".into()));
        }
        if let Some(last) = span.attributes().last().filter(|_| self.has(4)) {
            amendment.delete(last.key());
        }
        if self.has(5) {
            amendment.upsert("added", &Value::String("span".into()));
        }
        if self.has(6) {
            amendment.set_name("renamed");
        }
        if self.has(7) {
            amendment.set_status(2, "set");
        }
        amendment.decide()
    }
}

/// Sets the first attribute of the key and removes others, or adds one.
fn upsert(attributes: &mut Vec<KeyValue>, key: &str, text: &str) {
    let value = Some(AnyValue {
        value: Some(Any::StringValue(text.into())),
    });
    let Some(at) = attributes.iter().position(|attribute| attribute.key == key) else {
        return attributes.push(KeyValue {
            key: key.into(),
            value,
            key_strindex: 0,
        });
    };
    if let Some(attribute) = attributes.get_mut(at) {
        attribute.value = value;
    }
    let mut place = 0..;
    attributes.retain(|attribute| place.next().is_some_and(|place| place <= at) || attribute.key != key);
}

/// Bytes to JSON and back have the content that `prost` sees; JSON that is taken in gives bytes that pass, and
/// comes out the same the second time.
pub fn json(input: &[u8]) {
    if let Ok(there) = json::from_protobuf(input) {
        let Ok(expected) = ExportTraceServiceRequest::decode(input) else {
            panic!("JSON of what prost refuses")
        };
        match json::to_protobuf(&there) {
            Ok(back) => match ExportTraceServiceRequest::decode(&back[..]) {
                // Shown as text, all kinds of NaN are one, as in JSON.
                Ok(back) => assert_eq!(format!("{back:?}"), format!("{expected:?}")),
                Err(error) => panic!("{error}"),
            },
            Err(error) => assert!(error.0.contains("recursion limit"), "{error}"),
        }
    }
    if let Ok(bytes) = json::to_protobuf(input) {
        let Ok(again) = json::from_protobuf(&bytes) else {
            panic!("bytes that do not pass: {bytes:?}")
        };
        let twice = json::to_protobuf(&again).and_then(|bytes| json::from_protobuf(&bytes));
        assert_eq!(twice, Ok(again));
    }
}

//! The parts of a span against its view, and against `prost` once they are put together again.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message as _;

use super::super::{Decision, Editor, Pair, Parts, ResourceView, ScopeView, SpanEdit, SpanView, Traces};
use super::seen::{any_value, copied};

/// Looks at every span.
struct Judge;

/// Parts show what the view shows. Put together again they are the same span to `prost`, and the same bytes only if nothing
/// at all was left out: a field that `prost` does not know, or an index into a string table in place of a key.
pub(super) fn parts(traces: &Traces) {
    traces.edit(&mut Judge);
}

impl Editor for Judge {
    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: &mut SpanEdit<'_>) -> Decision {
        judge(span.before());
        Decision::Keep
    }
}

fn judge(span: SpanView<'_>) {
    let parts = Parts::of(span.bytes());
    same(&without_indexes(copied(span)), &shown(&parts));
    assert_eq!(
        parts.is_root(),
        span.parent_span_id().iter().all(|byte| *byte == 0)
    );

    let mut put = Vec::new();
    parts.put(&mut put);
    let whole = decoded(span.bytes());
    if put == span.bytes() {
        same(&whole, &without_indexes(whole.clone()));
    }
    same(&without_indexes(whole), &decoded(&put));
    let mut again = Vec::new();
    Parts::of(&put).put(&mut again);
    assert_eq!(again, put, "not the same the second time");
}

fn decoded(span: &[u8]) -> Span {
    Span::decode(span).unwrap_or_else(|error| panic!("{error}: {span:?}"))
}

/// Equal by encoding, since NaN does not equal itself.
fn same(left: &Span, right: &Span) {
    if left.encode_to_vec() != right.encode_to_vec() {
        panic!("left: {left:#?}\nright: {right:#?}");
    }
}

/// Parts have no room for them: they belong to profiles.
fn without_indexes(mut span: Span) -> Span {
    let attributes = span.attributes.iter_mut();
    attributes.for_each(|attribute| attribute.key_strindex = 0);
    span
}

/// The span as its parts show it.
fn shown(parts: &Parts<'_>) -> Span {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Span {
        trace_id: parts.trace_id.into(),
        span_id: parts.span_id.into(),
        trace_state: text(parts.trace_state),
        parent_span_id: parts.parent_span_id.into(),
        flags: parts.flags,
        name: text(parts.name),
        kind: parts.kind,
        start_time_unix_nano: parts.start,
        end_time_unix_nano: parts.end,
        attributes: parts.attributes.iter().map(key_value).collect(),
        dropped_attributes_count: parts.dropped_attributes,
        events: copied(SpanView::over(&parts.events)).events,
        dropped_events_count: parts.dropped_events,
        links: copied(SpanView::over(&parts.links)).links,
        dropped_links_count: parts.dropped_links,
        status: Some(Status {
            message: text(parts.status_message),
            code: parts.status_code,
        }),
    }
}

fn key_value(pair: &Pair<'_>) -> KeyValue {
    KeyValue {
        key: String::from_utf8_lossy(pair.key).into_owned(),
        value: Some(any_value(pair.cell.view())),
        key_strindex: 0,
    }
}

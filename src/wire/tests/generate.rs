//! Requests as `opentelemetry-proto` types, and what a sender newer or stranger than us makes of their bytes.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message as _;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::wire::reader::{Fields, wire};
use crate::wire::schema::{Kind, Message, REQUEST};
use crate::wire::writer::{put_bytes, put_key, put_varint};

/// Strings short and long, with and without letters beyond ASCII.
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z./]{0,12}", "[a-zäß→𝄞]{0,10}", "[ -~]{60,140}", "[é]{40,70}"]
}

pub fn any_value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        text().prop_map(Any::StringValue),
        any::<bool>().prop_map(Any::BoolValue),
        any::<i64>().prop_map(Any::IntValue),
        prop_oneof![any::<f64>(), Just(f64::NAN), Just(f64::NEG_INFINITY), Just(-0.0)]
            .prop_map(Any::DoubleValue),
        vec(any::<u8>(), 0..20).prop_map(Any::BytesValue),
        any::<i32>().prop_map(Any::StringValueStrindex),
    ];
    let leaf = option::weighted(0.95, leaf).prop_map(|value| AnyValue { value });
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(|values| Any::ArrayValue(ArrayValue { values })),
            vec((text(), option::of(inner)), 0..4).prop_map(|pairs| {
                let values = pairs.into_iter().map(|(key, value)| KeyValue {
                    key,
                    value,
                    key_strindex: 0,
                });
                Any::KvlistValue(KeyValueList {
                    values: values.collect(),
                })
            }),
        ]
        .prop_map(|value| AnyValue { value: Some(value) })
    })
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let pair = (
        text(),
        option::weighted(0.9, any_value()),
        prop_oneof![9 => Just(0), 1 => any::<i32>()],
    );
    vec(
        pair.prop_map(|(key, value, key_strindex)| KeyValue {
            key,
            value,
            key_strindex,
        }),
        0..4,
    )
}

fn id(len: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![9 => vec(any::<u8>(), len), 1 => Just(vec![0; len])]
}

fn event() -> impl Strategy<Value = Event> {
    (any::<u64>(), text(), attributes(), any::<u32>()).prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link() -> impl Strategy<Value = Link> {
    (id(16), id(8), text(), attributes(), any::<u32>(), any::<u32>()).prop_map(
        |(trace_id, span_id, trace_state, attributes, dropped_attributes_count, flags)| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count,
            flags,
        },
    )
}

/// A span whose ids have these lengths.
fn span(trace_id: usize, span_id: usize) -> impl Strategy<Value = Span> {
    let ids = (id(trace_id), id(span_id), option::of(id(8)), text());
    let what = (text(), any::<i32>(), any::<u32>(), any::<u64>(), any::<u64>());
    let lists = (attributes(), vec(event(), 0..4), vec(link(), 0..3));
    let status = option::of((text(), 0..3).prop_map(|(message, code)| Status { message, code }));
    (ids, what, lists, status, any::<u32>()).prop_map(|(ids, what, lists, status, dropped)| Span {
        trace_id: ids.0,
        span_id: ids.1,
        parent_span_id: ids.2.unwrap_or_default(),
        trace_state: ids.3,
        name: what.0,
        kind: what.1,
        flags: what.2,
        start_time_unix_nano: what.3,
        end_time_unix_nano: what.4,
        attributes: lists.0,
        dropped_attributes_count: dropped,
        events: lists.1,
        dropped_events_count: dropped / 2,
        links: lists.2,
        dropped_links_count: dropped / 3,
        status,
    })
}

fn resource() -> impl Strategy<Value = Resource> {
    let entity = (text(), text(), vec(text(), 0..2), vec(text(), 0..2));
    let entity = entity.prop_map(|(schema_url, r#type, id_keys, description_keys)| EntityRef {
        schema_url,
        r#type,
        id_keys,
        description_keys,
    });
    (attributes(), any::<u32>(), vec(entity, 0..2)).prop_map(
        |(attributes, dropped_attributes_count, entity_refs)| Resource {
            attributes,
            dropped_attributes_count,
            entity_refs,
        },
    )
}

fn scope() -> impl Strategy<Value = InstrumentationScope> {
    (text(), text(), attributes(), any::<u32>()).prop_map(
        |(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn request_of(span: impl Strategy<Value = Span> + Clone) -> impl Strategy<Value = ExportTraceServiceRequest> {
    let scope_spans =
        (option::of(scope()), vec(span, 0..4), text()).prop_map(|(scope, spans, schema_url)| ScopeSpans {
            scope,
            spans,
            schema_url,
        });
    let resource_spans = (option::of(resource()), vec(scope_spans, 0..3), text()).prop_map(
        |(resource, scope_spans, schema_url)| ResourceSpans {
            resource,
            scope_spans,
            schema_url,
        },
    );
    vec(resource_spans, 0..3).prop_map(|resource_spans| ExportTraceServiceRequest { resource_spans })
}

/// A request in which every span passes.
pub fn request() -> impl Strategy<Value = ExportTraceServiceRequest> {
    request_of(span(16, 8).boxed())
}

/// A request in which some spans have ids of a wrong length.
pub fn request_with_misfits() -> impl Strategy<Value = ExportTraceServiceRequest> {
    let misfit = prop_oneof![span(0, 8), span(16, 0), span(15, 8), span(32, 8), span(16, 9)];
    request_of(prop_oneof![2 => span(16, 8), 1 => misfit].boxed())
}

/// The request's bytes with unknown fields, repeated fields and overlong varints strewn in at every level.
/// Repeating may merge messages, but no id changes its length.
pub fn salted(request: &ExportTraceServiceRequest, seed: u64) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(seed);
    salt(&request.encode_to_vec(), &REQUEST, &mut rng)
}

fn salt(body: &[u8], message: &Message, rng: &mut StdRng) -> Vec<u8> {
    let mut out = Vec::new();
    for field in Fields::of(body) {
        if rng.random_ratio(1, 6) {
            put_unknown(&mut out, message, rng, 3);
        }
        match message.by_number(field.number()).map(|known| known.kind) {
            Some(Kind::Message(inner)) => {
                let salted = salt(field.payload, inner, rng);
                put_key(&mut out, field.number(), wire::LEN);
                put_len(&mut out, salted.len(), rng);
                out.extend_from_slice(&salted);
            }
            _ => out.extend_from_slice(field.raw),
        }
        if rng.random_ratio(1, 12) {
            out.extend_from_slice(field.raw);
        }
    }
    if rng.random_ratio(1, 4) {
        put_unknown(&mut out, message, rng, 3);
    }
    out
}

/// A length, now and then in more bytes than it needs.
fn put_len(out: &mut Vec<u8>, len: usize, rng: &mut StdRng) {
    put_varint(out, len as u64);
    if rng.random_ratio(1, 8) {
        let last = out.len() - 1;
        out[last] |= 0x80;
        out.push(0);
    }
}

fn put_unknown(out: &mut Vec<u8>, message: &Message, rng: &mut StdRng, depth: u32) {
    let number = loop {
        let number = match rng.random_range(0..3) {
            0 => rng.random_range(1..40),
            1 => rng.random_range(1..5000),
            _ => rng.random_range(1..1 << 29),
        };
        if message.by_number(number).is_none() {
            break number;
        }
    };
    let wire_type = [wire::VARINT, wire::FIXED64, wire::LEN, wire::GROUP, wire::FIXED32]
        [rng.random_range(0..if depth == 0 { 3 } else { 5 })];
    match wire_type {
        wire::LEN => {
            let len = rng.random_range(0..20);
            let bytes: Vec<u8> = (0..len).map(|_| rng.random()).collect();
            return put_bytes(out, number, &bytes);
        }
        _ => put_key(out, number, wire_type),
    }
    match wire_type {
        wire::VARINT => put_varint(out, rng.random()),
        wire::FIXED64 => out.extend_from_slice(&rng.random::<u64>().to_le_bytes()),
        wire::FIXED32 => out.extend_from_slice(&rng.random::<u32>().to_le_bytes()),
        _ => {
            for _ in 0..rng.random_range(0..3) {
                put_unknown(out, &NOTHING, rng, depth - 1);
            }
            put_key(out, number, wire::END_GROUP);
        }
    }
}

/// A message that knows no field: inside a group every number is unknown.
static NOTHING: Message = Message { fields: &[] };

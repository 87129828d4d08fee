//! Requests at random whose attributes have the keys that statements name.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt, SeedableRng};

use super::grammar::{KEYS, TEXTS};
use crate::ottl::oracle::UNKNOWN;
use crate::wire::Traces;
use crate::wire::tests::generate::salted;

/// A request: half of them are encoded in a strange way, and in the others every span ends with an unknown field.
pub(super) fn request(seed: u64) -> Traces {
    let mut rng = StdRng::seed_from_u64(!seed);
    let request = ExportTraceServiceRequest {
        resource_spans: (0..rng.random_range(1..3)).map(|_| resource(&mut rng)).collect(),
    };
    let bytes = match rng.random_ratio(1, 2) {
        true => salted(&request, seed),
        false => marked(request),
    };
    Traces::check(bytes.into()).unwrap().traces
}

/// Encoded, with an unknown field in every span.
fn marked(request: ExportTraceServiceRequest) -> Vec<u8> {
    let mut out = Vec::new();
    for mut resource in request.resource_spans {
        let scopes = std::mem::take(&mut resource.scope_spans);
        let mut body = resource.encode_to_vec();
        for mut scope in scopes {
            let spans = std::mem::take(&mut scope.spans);
            let mut inner = scope.encode_to_vec();
            for span in spans {
                put(
                    &mut inner,
                    2,
                    &[span.encode_to_vec().as_slice(), UNKNOWN].concat(),
                );
            }
            put(&mut body, 2, &inner);
        }
        put(&mut out, 1, &body);
    }
    out
}

/// A message in a field.
fn put(out: &mut Vec<u8>, number: u8, body: &[u8]) {
    out.push(number << 3 | 2);
    prost::encode_length_delimiter(body.len(), out).unwrap();
    out.extend_from_slice(body);
}

fn text(rng: &mut StdRng) -> String {
    (*TEXTS.choose(rng).unwrap()).to_owned()
}

fn value(rng: &mut StdRng, key: &str, depth: u32) -> AnyValue {
    let key = if rng.random_ratio(1, 6) {
        KEYS.choose(rng).unwrap()
    } else {
        key
    };
    let ints = [0, 1, -1, 42, i64::MAX, i64::MIN, 1 << 53];
    let floats = [0.0, -0.0, 1.0, 2.5, f64::NAN, f64::INFINITY, 1e21, 1e-7, f64::MAX];
    AnyValue {
        value: Some(match key {
            "n" => Any::IntValue(*ints.choose(rng).unwrap()),
            "f" => Any::DoubleValue(*floats.choose(rng).unwrap()),
            "flag" => Any::BoolValue(rng.random()),
            "bytes" => Any::BytesValue((0..rng.random_range(0..5)).map(|_| rng.random()).collect()),
            "list" if depth > 0 => Any::ArrayValue(ArrayValue {
                values: (0..rng.random_range(0..4))
                    .map(|_| {
                        let key = *KEYS.choose(rng).unwrap();
                        value(rng, key, depth - 1)
                    })
                    .collect(),
            }),
            "map" if depth > 0 => Any::KvlistValue(KeyValueList {
                values: attributes(rng, depth - 1),
            }),
            "empty" => return AnyValue { value: None },
            "json" => Any::StringValue(TEXTS[19].into()),
            "kv" => Any::StringValue(TEXTS[16].into()),
            "url" => Any::StringValue(TEXTS[22].into()),
            "time" => Any::StringValue(TEXTS[23].into()),
            _ => Any::StringValue(text(rng)),
        }),
    }
}

fn attributes(rng: &mut StdRng, depth: u32) -> Vec<KeyValue> {
    let mut keys: Vec<&str> = KEYS.into_iter().filter(|_| rng.random_ratio(3, 5)).collect();
    if rng.random_ratio(1, 8) {
        keys.extend(KEYS.choose(rng));
    }
    let pair = |key: &str| KeyValue {
        key: key.to_owned(),
        value: (!rng.random_ratio(1, 20)).then(|| value(rng, key, depth)),
        ..KeyValue::default()
    };
    keys.into_iter().map(pair).collect()
}

fn resource(rng: &mut StdRng) -> ResourceSpans {
    ResourceSpans {
        resource: rng.random_ratio(4, 5).then(|| Resource {
            attributes: attributes(rng, 2),
            dropped_attributes_count: rng.random_range(0..3),
            ..Resource::default()
        }),
        scope_spans: (0..rng.random_range(0..3)).map(|_| scope(rng)).collect(),
        schema_url: text(rng),
    }
}

fn scope(rng: &mut StdRng) -> ScopeSpans {
    ScopeSpans {
        scope: rng.random_ratio(4, 5).then(|| InstrumentationScope {
            name: text(rng),
            version: text(rng),
            attributes: attributes(rng, 1),
            dropped_attributes_count: rng.random_range(0..3),
        }),
        spans: (0..rng.random_range(0..4)).map(|_| span(rng)).collect(),
        schema_url: text(rng),
    }
}

fn bytes(rng: &mut StdRng, count: usize) -> Vec<u8> {
    match rng.random_ratio(1, 10) {
        true => vec![0; count],
        false => (0..count).map(|_| rng.random()).collect(),
    }
}

fn span(rng: &mut StdRng) -> Span {
    let states = [
        "",
        "k=v",
        "t@s=w,k=v",
        "a=1, k=2 ,b=3",
        "no state",
        "k=v,k=w",
        "K=v",
    ];
    Span {
        trace_id: bytes(rng, 16),
        span_id: bytes(rng, 8),
        parent_span_id: if rng.random() { bytes(rng, 8) } else { Vec::new() },
        trace_state: (*states.choose(rng).unwrap()).to_owned(),
        name: text(rng),
        kind: *[0, 1, 2, 3, 4, 5, 6, -1].choose(rng).unwrap(),
        flags: rng.random_range(0..3),
        start_time_unix_nano: *[0, 1_700_000_000_123_456_789, u64::MAX].choose(rng).unwrap(),
        end_time_unix_nano: *[0, 1_700_000_000_999_999_999, 1 << 63].choose(rng).unwrap(),
        attributes: attributes(rng, 3),
        dropped_attributes_count: rng.random_range(0..3),
        events: (0..rng.random_range(0..3)).map(|_| event(rng)).collect(),
        dropped_events_count: rng.random_range(0..3),
        links: (0..rng.random_range(0..2)).map(|_| link(rng)).collect(),
        dropped_links_count: rng.random_range(0..3),
        status: rng.random::<bool>().then(|| Status {
            message: text(rng),
            code: rng.random_range(0..4),
        }),
    }
}

fn event(rng: &mut StdRng) -> Event {
    Event {
        time_unix_nano: *[0, 1_700_000_000_123_456_789].choose(rng).unwrap(),
        name: text(rng),
        attributes: attributes(rng, 2),
        dropped_attributes_count: rng.random_range(0..3),
    }
}

fn link(rng: &mut StdRng) -> Link {
    Link {
        trace_id: bytes(rng, 16),
        span_id: bytes(rng, 8),
        attributes: attributes(rng, 1),
        ..Link::default()
    }
}

//! Small random worlds of spans and random questions about them, for tests that compare a store with
//! [`reference`](super::reference). The pools of values are tiny, so that everything meets everything: equal
//! starts, missing and doubled keys, one key with several types, orphans, ends before starts.

mod questions;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::FoundSpan;

pub use questions::question;

/// Where all times begin: a round hour.
pub const EPOCH: u64 = 1_800_000_000_000_000_000;
/// The keys of span attributes.
pub const KEYS: &[&str] = &["http.method", "http.status_code", "user.id", "n", "odd"];
/// The keys of resource attributes.
pub const RESOURCE_KEYS: &[&str] = &["service.name", "deployment.environment", "host"];
/// Texts that attributes and names have.
pub const TEXTS: &[&str] = &[
    "GET", "get", "POST", "", "12", "7.5", "-3", "GETTER", "Straße", "1e2", "true",
];
/// Services.
pub const SERVICES: &[&str] = &["web", "cart", "Web-2"];
/// Names of spans.
pub const NAMES: &[&str] = &["GET /cart", "SELECT", "select", "", "work"];
/// Projects.
pub const PROJECTS: &[&str] = &["default", "shop"];

/// Spans with insertion numbers from 0 on; some numbers are not there, as after duplicates.
pub fn spans(seed: u64, count: usize) -> Vec<FoundSpan> {
    let mut rng = StdRng::seed_from_u64(seed);
    let traces = rng.random_range(1..=count / 2 + 1) as u64;
    let hours = rng.random_range(0..3_u64);
    let mut number = 0;
    let mut world = Vec::with_capacity(count);
    while world.len() < count {
        // A few spans share what stands above them, as in a request.
        let (resource, scope) = (resource(&mut rng), scope(&mut rng));
        let project = pick(&mut rng, PROJECTS);
        for _ in 0..rng.random_range(1..5) {
            number += u64::from(rng.random_ratio(1, 20));
            world.push(FoundSpan {
                number,
                project: project.into(),
                resource: resource.encode_to_vec().into(),
                scope: scope.encode_to_vec().into(),
                span: span(&mut rng, traces, hours).encode_to_vec().into(),
            });
            number += 1;
        }
    }
    world.truncate(count);
    world
}

/// A request that brings these spans, each under a header of its own, in order.
pub fn request(spans: &[FoundSpan]) -> Vec<u8> {
    let mut request = Vec::new();
    for found in spans {
        let mut scope = found.scope.to_vec();
        put(&mut scope, 2, &found.span);
        let mut resource = found.resource.to_vec();
        put(&mut resource, 2, &scope);
        put(&mut request, 1, &resource);
    }
    request
}

fn put(out: &mut Vec<u8>, number: u32, body: &[u8]) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(body.len() as u64, out);
    out.extend_from_slice(body);
}

fn pick<T: Copy>(rng: &mut StdRng, pool: &[T]) -> T {
    pool[rng.random_range(0..pool.len())]
}

fn span(rng: &mut StdRng, traces: u64, hours: u64) -> Span {
    let start = EPOCH + rng.random_range(0..=hours) * 3_600_000_000_000 + rng.random_range(0..40) * 1_000_000;
    let duration = match rng.random_range(0..10) {
        0 => 0,
        1 => -5_000_000,
        2 => rng.random_range(0..1_000_000_000_000),
        _ => rng.random_range(0..20) * 500_000,
    };
    let mut trace_id = [0; 16];
    let trace = rng.random_range(0..traces).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    trace_id[..8].copy_from_slice(&trace.to_be_bytes());
    let parent_span_id = match rng.random_range(0..4) {
        0 => Vec::new(),
        1 => vec![0; 8],
        _ => vec![0, 0, 0, 0, 0, 0, 0, rng.random_range(1..9)],
    };
    let status = rng.random_bool(0.7).then(|| Status {
        message: pick(rng, &["", "broken", "timeout"]).into(),
        code: rng.random_range(0..3),
    });
    Span {
        trace_id: trace_id.into(),
        span_id: vec![0, 0, 0, 0, 0, 0, 0, rng.random_range(1..9)],
        parent_span_id,
        trace_state: pick(rng, &["", "", "a=b"]).into(),
        name: pick(rng, NAMES).into(),
        kind: rng.random_range(0..6),
        start_time_unix_nano: start,
        end_time_unix_nano: start.wrapping_add_signed(duration),
        attributes: attributes(rng, KEYS),
        status,
        ..Span::default()
    }
}

fn resource(rng: &mut StdRng) -> ResourceSpans {
    let mut attributes = attributes(rng, RESOURCE_KEYS);
    if rng.random_bool(0.8) {
        let service = Some(Any::StringValue(pick(rng, SERVICES).into()));
        attributes.insert(0, pair("service.name", service));
    }
    ResourceSpans {
        resource: rng.random_bool(0.9).then(|| Resource {
            attributes,
            ..Resource::default()
        }),
        scope_spans: Vec::new(),
        schema_url: pick(rng, &["", "https://opentelemetry.io/schemas/1.30.0"]).into(),
    }
}

fn scope(rng: &mut StdRng) -> ScopeSpans {
    ScopeSpans {
        scope: rng.random_bool(0.8).then(|| InstrumentationScope {
            name: pick(rng, &["", "otel.http", "otel.sql"]).into(),
            version: pick(rng, &["", "1.0"]).into(),
            ..InstrumentationScope::default()
        }),
        ..ScopeSpans::default()
    }
}

fn attributes(rng: &mut StdRng, keys: &[&str]) -> Vec<KeyValue> {
    let count = rng.random_range(0..=keys.len());
    (0..count)
        .map(|_| {
            let value = value(rng, 2);
            pair(pick(rng, keys), value)
        })
        .collect()
}

fn pair(key: &str, value: Option<Any>) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value }),
        ..KeyValue::default()
    }
}

/// Whole numbers and halves only, so that sums are exact in any order.
fn value(rng: &mut StdRng, depth: u32) -> Option<Any> {
    let kinds = if depth == 0 { 14 } else { 16 };
    Some(match rng.random_range(0..kinds) {
        0 => return None,
        1 => Any::BoolValue(rng.random()),
        2..6 => Any::IntValue(pick(rng, &[0, 2, 12, -3, 200, 404])),
        6..8 => Any::DoubleValue(pick(rng, &[2.0, 7.5, -0.0, f64::NAN, f64::INFINITY, 1e6])),
        8 => Any::BytesValue(pick(rng, &[&b"ab"[..], b""]).into()),
        14 => Any::ArrayValue(ArrayValue {
            values: (0..rng.random_range(0..3))
                .map(|_| AnyValue {
                    value: value(rng, depth - 1),
                })
                .collect(),
        }),
        15 => Any::KvlistValue(KeyValueList {
            values: (0..rng.random_range(0..3))
                .map(|_| {
                    let value = value(rng, depth - 1);
                    pair(pick(rng, TEXTS), value)
                })
                .collect(),
        }),
        _ => Any::StringValue(pick(rng, TEXTS).into()),
    })
}

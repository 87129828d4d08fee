//! Spans like those of a shop: 20 services, traces of ten spans, a thousand traces at a time.
//!
//! A span's content follows from its number alone, so that what a query should find is known without asking. About 500 bytes
//! as OTLP: ten attributes, of which one is different for each span, one has 100,000 values, one is an SQL text; and five
//! of the resource.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message as _;
use spanway::wire::Traces;

/// Spans of a trace.
pub const PER_TRACE: u64 = 10;
/// Traces that are under way at the same time.
pub const ABREAST: u64 = 1000;
/// Services.
pub const SERVICES: u64 = 20;
/// Spans a second, in the time that the spans tell.
pub const RATE: u64 = 1000;
/// When the first span starts: nanoseconds since 1970.
pub const EPOCH: u64 = 1_800_000_000_000_000_000;
/// Keys that one span in so many has.
pub const RARE_KEYS: u64 = 200;

/// A number that looks random.
pub fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// The trace of a span, and its place in it.
pub fn place(number: u64) -> (u64, u64) {
    let round = number / (ABREAST * PER_TRACE);
    let within = number % (ABREAST * PER_TRACE);
    (round * ABREAST + within % ABREAST, within / ABREAST)
}

/// The id of a trace.
pub fn trace_id(trace: u64) -> [u8; 16] {
    let halves = [mix(trace), mix(trace ^ 0x5555_5555)];
    let mut id = [0; 16];
    id[..8].copy_from_slice(&halves[0].to_be_bytes());
    id[8..].copy_from_slice(&halves[1].to_be_bytes());
    id
}

fn span_id(trace: u64, place: u64) -> Vec<u8> {
    mix(trace * PER_TRACE + place + (1 << 40)).to_be_bytes().to_vec()
}

/// The value of `user.id`: one of 100,000.
pub fn user(number: u64) -> String {
    format!("user-{:06}", mix(number ^ 2) % 100_000)
}

/// The value of `request.id`: each span has its own.
pub fn request_id(number: u64) -> String {
    format!("{:016x}", mix(number ^ 5 << 8))
}

/// The value of `app.tenant`: one of 100.
pub fn tenant(number: u64) -> String {
    format!("tenant-{:02}", mix(number ^ 3) % 100)
}

/// The attribute that one span in 200 has, so that it has no column of its own. A value is on 100 spans or fewer in ten million.
pub fn rare(number: u64) -> (String, String) {
    let (key, value) = (mix(number ^ 4) % RARE_KEYS, mix(number ^ 5) % 700);
    (format!("app.flag.{key}"), format!("variant {value}"))
}

/// Nanoseconds that a span takes.
pub fn duration(number: u64) -> u64 {
    let random = mix(number ^ 6);
    // Most are short, a few long.
    (random % 50_000_000) * (1 + 20 * u64::from(random.is_multiple_of(50)))
}

/// When a span starts.
pub fn start(number: u64) -> u64 {
    EPOCH + number * (1_000_000_000 / RATE) + mix(number ^ 7) % 1_000_000
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    pair(key, Value::StringValue(value.into()))
}

fn pair(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn span(number: u64) -> Span {
    let (trace, place) = place(number);
    let random = |salt: u64| mix(number ^ salt << 8);
    let failed = random(1).is_multiple_of(50);
    let query = random(2) % 500;
    let (rare_key, rare_value) = rare(number);
    let attributes = vec![
        text(
            "http.request.method",
            ["GET", "GET", "GET", "POST", "PUT"][(random(3) % 5) as usize],
        ),
        text("url.path", format!("/api/v1/items/{}", random(4) % 5000)),
        pair(
            "http.response.status_code",
            Value::IntValue(if failed { 500 } else { 200 }),
        ),
        text(
            "db.query.text",
            format!(
                "SELECT id, name, price FROM table_{query} WHERE owner = $1 ORDER BY created_at DESC LIMIT 50"
            ),
        ),
        text("user.id", user(number)),
        text("request.id", request_id(number)),
        text("app.tenant", tenant(number)),
        pair("thread.id", Value::IntValue((random(6) % 64) as i64)),
        pair("network.peer.port", Value::IntValue((random(7) % 65_536) as i64)),
        text(&rare_key, rare_value),
    ];
    Span {
        trace_id: trace_id(trace).to_vec(),
        span_id: span_id(trace, place),
        parent_span_id: if place == 0 {
            Vec::new()
        } else {
            span_id(trace, (place - 1) / 2)
        },
        name: format!("operation {}", random(8) % 10),
        kind: 1 + (random(9) % 5) as i32,
        start_time_unix_nano: start(number),
        end_time_unix_nano: start(number) + duration(number),
        attributes,
        status: failed.then(|| Status {
            message: "upstream failed".into(),
            code: 2,
        }),
        flags: 0x101,
        ..Span::default()
    }
}

/// A request with `count` spans from number `first` on, one resource after the other as an SDK's collector would send them.
pub fn request(first: u64, count: u64) -> Traces {
    let mut services: Vec<Vec<Span>> = vec![Vec::new(); SERVICES as usize];
    for number in first..first + count {
        services[(mix(number ^ 1) % SERVICES) as usize].push(span(number));
    }
    let resource_spans = services.into_iter().enumerate();
    let resource_spans = resource_spans.filter(|(_, spans)| !spans.is_empty());
    let resource_spans = resource_spans.map(|(service, spans)| {
        let pod = mix((first / 512) ^ service as u64) % 10;
        let attributes = vec![
            text("service.name", format!("service-{service:02}")),
            text("service.version", "1.4.2"),
            text("host.name", format!("node-{pod}.internal")),
            text("k8s.pod.name", format!("service-{service:02}-7d4b9c-{pod}")),
            text("deployment.environment.name", "production"),
        ];
        ResourceSpans {
            resource: Some(Resource {
                attributes,
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                scope: Some(InstrumentationScope {
                    name: "shop".into(),
                    version: "0.3.0".into(),
                    ..InstrumentationScope::default()
                }),
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }
    });
    let request = ExportTraceServiceRequest {
        resource_spans: resource_spans.collect(),
    };
    Traces::check(request.encode_to_vec().into())
        .expect("a sound request")
        .traces
}

//! Requests encoded once, so that sending one costs a copy and the writing of its ids.

use std::ops::Range;
use std::time::SystemTime;

use bytes::BytesMut;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span::SpanKind};
use prost::Message;

use crate::cli::numbering::{Run, TRACE_SPANS};
use crate::cli::scan;

const SERVICES: [&str; 8] = [
    "frontend",
    "cart",
    "checkout",
    "payment",
    "catalog",
    "shipping",
    "currency",
    "recommendation",
];
const ROUTES: [&str; 4] = [
    "/api/products/{id}",
    "/api/cart",
    "/api/checkout",
    "/api/recommendations",
];
const METHODS: [&str; 3] = ["GET", "POST", "PUT"];

/// What a request looks like.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// Spans in the request.
    pub(super) spans: usize,
    /// Encoded size of one span in bytes, ids included; what the attributes need is the least.
    pub(super) span_bytes: usize,
    /// Resources (services) that the spans are spread over.
    pub(super) resources: usize,
    /// The name of the first span, when it is not to be an ordinary one.
    pub(super) first_name: Option<String>,
}

/// One encoded request and where its ids lie.
pub(super) struct Template {
    bytes: Vec<u8>,
    places: Vec<scan::SpanAt>,
}

// === impl Template ===

impl Template {
    pub(super) fn new(shape: &Shape) -> Result<Self, String> {
        let bytes = request(shape).encode_to_vec();
        let mut places = Vec::with_capacity(shape.spans);
        scan::spans(&bytes, |span| places.push(span)).map_err(|error| error.to_string())?;
        Ok(Self { bytes, places })
    }

    /// Encoded size in bytes.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Appends the request to `out`, with the ids of the spans from `first` on.
    pub(super) fn write(&self, out: &mut BytesMut, run: Run, first: u64) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        if let Some(copy) = out.get_mut(start..) {
            self.number(copy, run, first);
        }
    }

    /// Gives a copy of the request, made by `write`, the ids of the spans from `first` on.
    pub(super) fn number(&self, copy: &mut [u8], run: Run, first: u64) {
        let mut parent = [0; 8];
        for (n, at) in (first..).zip(&self.places) {
            let span_id = run.span_id(n);
            put(copy, &at.trace_id, &run.trace_id(n));
            put(copy, &at.span_id, &span_id);
            put(copy, &at.parent_span_id, &parent);
            parent = span_id;
        }
    }
}

fn put(copy: &mut [u8], at: &Range<usize>, id: &[u8]) {
    if at.len() == id.len()
        && let Some(place) = copy.get_mut(at.clone())
    {
        place.copy_from_slice(id);
    }
}

fn request(shape: &Shape) -> ExportTraceServiceRequest {
    let resources = shape.resources.clamp(1, shape.spans.max(1));
    let mut at = 0;
    let resource_spans = (0..resources)
        .map(|resource| {
            // The first ones take one more when it does not divide.
            let spans = shape.spans / resources + usize::from(resource < shape.spans % resources);
            let positions = at..at + spans;
            at += spans;
            service(
                resource,
                positions.map(|position| padded_span(shape, position)).collect(),
            )
        })
        .collect();
    ExportTraceServiceRequest { resource_spans }
}

fn service(number: usize, spans: Vec<Span>) -> ResourceSpans {
    let name = SERVICES.iter().cycle().nth(number).unwrap_or(&"service");
    let attributes = vec![
        text("service.name", name),
        text("service.namespace", "shop"),
        text("service.version", "2.4.1"),
        text("service.instance.id", &format!("{name}-7d9f8b6c5d-{number:05}")),
        text("deployment.environment.name", "production"),
        text("host.name", &format!("node-{:02}", number % 16)),
        text("telemetry.sdk.language", "rust"),
    ];
    let scope = InstrumentationScope {
        name: "load/http".into(),
        version: "1.0.0".into(),
        ..Default::default()
    };
    ResourceSpans {
        resource: Some(Resource {
            attributes,
            ..Default::default()
        }),
        scope_spans: vec![ScopeSpans {
            scope: Some(scope),
            spans,
            schema_url: SCHEMA.into(),
        }],
        schema_url: SCHEMA.into(),
    }
}

const SCHEMA: &str = "https://opentelemetry.io/schemas/1.37.0";

/// A span whose query string makes it as long as asked.
fn padded_span(shape: &Shape, position: usize) -> Span {
    let bare = span(shape, position, 0);
    let lacking = shape.span_bytes.saturating_sub(bare.encoded_len());
    span(shape, position, lacking)
}

fn span(shape: &Shape, position: usize, padding: usize) -> Span {
    let pick = |from: &[&'static str]| *from.iter().cycle().nth(position).unwrap_or(&"");
    let (method, route) = (pick(&METHODS), pick(&ROUTES));
    let start = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |now| now.as_nanos() as u64 + position as u64 * 1_000);
    // A span has its predecessor for parent, except a trace's first; traces that do not fit requests have no parents.
    let fits = (shape.spans as u64).is_multiple_of(TRACE_SPANS);
    let is_root = !fits || (position as u64).is_multiple_of(TRACE_SPANS);
    let name = shape.first_name.clone().filter(|_| position == 0);
    Span {
        trace_id: vec![1; 16],
        span_id: vec![1; 8],
        parent_span_id: if is_root { Vec::new() } else { vec![1; 8] },
        name: name.unwrap_or_else(|| format!("{method} {route}")),
        kind: if is_root {
            SpanKind::Server
        } else {
            SpanKind::Client
        } as i32,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 1_000_000 + position as u64 * 7_919,
        attributes: vec![
            text("http.request.method", method),
            text("url.scheme", "https"),
            text(
                "url.path",
                &route.replace("{id}", &format!("{:04}", position % 9_973)),
            ),
            text("url.query", &noise(position, padding)),
            text("http.route", route),
            number(
                "http.response.status_code",
                if position % 50 == 49 { 500 } else { 200 },
            ),
            text("server.address", "shop.example.com"),
            number("server.port", 443),
            text(
                "user_agent.original",
                "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
            ),
            text("network.protocol.version", "2"),
        ],
        status: Some(Status {
            code: if position % 50 == 49 { 2 } else { 0 },
            ..Default::default()
        }),
        flags: 0x101,
        ..Default::default()
    }
}

/// Text that compresses about as well as tokens in real query strings do.
fn noise(position: usize, length: usize) -> String {
    let words = (0u64..).flat_map(|word| {
        let ids = Run::new((position as u64) << 32).span_id(word);
        let hex: Vec<char> = ids
            .iter()
            .flat_map(|byte| format!("{byte:02x}").chars().collect::<Vec<_>>())
            .collect();
        "&token=".chars().chain(hex)
    });
    words.take(length).collect()
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..Default::default()
    }
}

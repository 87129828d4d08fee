use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

use super::render::{Renderer, count_resources};
use super::sampler::Sampler;
use super::text::{Text, Time};
use super::*;
use crate::config::settings::{Problems, Settings};
use crate::pipeline::destination::{Destination, Outgoing, Sent};
use crate::wire::Traces;

fn value(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attribute(key: &str, held: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(value(held)),
        ..KeyValue::default()
    }
}

fn span(name: &str) -> Span {
    Span {
        trace_id: vec![0xab; 16],
        span_id: vec![0xcd; 8],
        name: name.into(),
        kind: 2,
        start_time_unix_nano: 1_581_452_772_000_000_321,
        end_time_unix_nano: 1_581_452_773_500_000_321,
        ..Span::default()
    }
}

fn request(spans: Vec<Span>) -> ResourceSpans {
    let scope = InstrumentationScope {
        name: "lib".into(),
        version: "1.2".into(),
        ..InstrumentationScope::default()
    };
    ResourceSpans {
        resource: Some(Resource {
            attributes: vec![attribute("service.name", Value::StringValue("shop".into()))],
            ..Resource::default()
        }),
        scope_spans: vec![ScopeSpans {
            scope: Some(scope),
            spans,
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    }
}

fn traces(resource_spans: Vec<ResourceSpans>) -> Traces {
    let bytes = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    Traces::check(bytes.into()).unwrap().traces
}

fn shown(verbosity: Verbosity, traces: &Traces) -> String {
    let mut out = String::new();
    let mut emit = |piece: &str| {
        out.push_str(piece);
        out.push('\n');
        Ok(())
    };
    Renderer::new(verbosity, &mut emit).show(traces).unwrap();
    out
}

/// Normal verbosity is a line for each resource, scope and span, in order and numbered.
#[test]
fn normal() {
    let mut second = span("second");
    second.attributes = vec![
        attribute("http.status", Value::IntValue(200)),
        attribute("ok", Value::BoolValue(true)),
    ];
    second.status = Some(Status {
        code: 2,
        message: String::new(),
    });
    let traces = traces(vec![
        request(vec![span("first"), second]),
        request(vec![span("third")]),
    ]);
    let ids = format!("{} {}", "ab".repeat(16), "cd".repeat(8));
    let wanted = format!(
        "ResourceTraces #0 service.name=shop\nScopeTraces #0 lib@1.2\n\
         first {ids} Server 1.5s\n\
         second {ids} Server 1.5s Error http.status=200 ok=true\n\
         ResourceTraces #1 service.name=shop\nScopeTraces #0 lib@1.2\n\
         third {ids} Server 1.5s\n"
    );
    assert_eq!(shown(Verbosity::Normal, &traces), wanted);
    assert_eq!(count_resources(&traces), 2);
}

/// Detailed verbosity shows every field of a span, its events and its links.
#[test]
fn detailed() {
    let list = vec![value(Value::IntValue(1)), value(Value::StringValue("two".into()))];
    let full = Span {
        parent_span_id: vec![0xef; 8],
        trace_state: "a=b".into(),
        flags: 0x101,
        attributes: vec![
            attribute("list", Value::ArrayValue(ArrayValue { values: list })),
            attribute("raw", Value::BytesValue(vec![1, 255])),
        ],
        dropped_attributes_count: 3,
        events: vec![Event {
            time_unix_nano: 1,
            name: "exception".into(),
            attributes: vec![attribute("x", Value::DoubleValue(0.5))],
            ..Event::default()
        }],
        links: vec![Link {
            trace_id: vec![1; 16],
            span_id: vec![2; 8],
            ..Link::default()
        }],
        status: Some(Status {
            code: 2,
            message: "broken".into(),
        }),
        ..span("full")
    };
    let text = shown(Verbosity::Detailed, &traces(vec![request(vec![full])]));
    for line in [
        "ResourceSpans #0",
        "     -> service.name: Str(shop)",
        "InstrumentationScope lib 1.2",
        "    Trace ID       : abababababababababababababababab",
        "    Parent ID      : efefefefefefefef",
        "    Kind           : Server",
        "    TraceState     : a=b",
        "    Flags          : 0x101",
        "    Start time     : 2020-02-11T20:26:12.000000321Z",
        "    Status code    : Error",
        "    Status message : broken",
        "    Dropped attributes: 3",
        "     -> list: Slice([1,two])",
        "     -> raw: Bytes(01ff)",
        "     -> Name: exception",
        "     -> Timestamp: 1970-01-01T00:00:00.000000001Z",
        "          -> x: Double(0.5)",
        "     -> Trace ID: 01010101010101010101010101010101",
        "     -> ID: 0202020202020202",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "`{line}` is not in\n{text}"
        );
    }
}

/// Text from a sender can neither forge a line nor steer a terminal.
#[test]
fn control_characters() {
    assert_eq!(Text("a\nb\x1b[2Jü\t").to_string(), "a\\nb\\u{1b}[2Jü\\t");
}

/// Times are right around leap days and at the ends of what can be told.
#[test]
fn times() {
    let second = 1_000_000_000;
    for (seconds, text) in [
        (951_782_399, "2000-02-28T23:59:59.000000000Z"),
        (951_782_400, "2000-02-29T00:00:00.000000000Z"),
        (951_868_800, "2000-03-01T00:00:00.000000000Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000000000Z"),
        (1_735_689_599, "2024-12-31T23:59:59.000000000Z"),
    ] {
        assert_eq!(Time(seconds * second).to_string(), text);
    }
    assert_eq!(Time(u64::MAX).to_string(), "2554-07-21T23:34:33.709551615Z");
    assert_eq!(Time(0).to_string(), "unset");
}

/// In each second the first are shown, then every so manieth; the next second begins anew.
#[test]
fn sampling() {
    let begin = Instant::now();
    let shows = |sampler: &Sampler, offset: u64| {
        let at = begin + Duration::from_millis(offset);
        (1..=8).filter(|_| sampler.shows(at)).count()
    };
    let sampler = Sampler::new(2, 3);
    assert_eq!(shows(&sampler, 0), 4);
    assert_eq!(shows(&sampler, 1000), 4);
    assert_eq!(shows(&Sampler::new(2, 1), 0), 8);
    assert_eq!(shows(&Sampler::new(2, 0), 0), 2);
    assert_eq!(shows(&Sampler::new(0, 0), 0), 0);
}

/// Where text cannot go is named.
#[test]
fn wrong_values() {
    let problems = |yaml: &str| {
        let mut problems = Problems::default();
        serde_saphyr::from_str::<Config>(yaml)
            .unwrap()
            .validate(&mut problems);
        problems
            .iter()
            .map(|problem| problem.note.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        problems("{verbosity: detailed, sampling_initial: 5, sampling_thereafter: 200}"),
        [""; 0]
    );
    assert!(problems("output_paths: [/tmp/x]")[0].contains("`/tmp/x`"));
    assert!(problems("{use_internal_logger: false, output_paths: []}")[0].contains("nothing would be shown"));
}

/// A batch is accepted.
#[tokio::test]
async fn verdicts() {
    let debug = Debug::new(&Config::default());
    let sound = traces(vec![request(vec![span("one")])]);
    assert_eq!(debug.send(Outgoing::of([sound])).await, Ok(Sent::default()));
}

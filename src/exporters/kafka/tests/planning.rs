//! Which spans go together, and where to.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::prelude::*;
use prost::Message as _;

use super::config;
use crate::exporters::kafka::message::Message;
use crate::exporters::kafka::plan::{Plan, Rules};
use crate::exporters::kafka::topics::Topics;
use crate::net::kafka::Encoding;
use crate::pipeline::client::Client;
use crate::pipeline::destination::{Failure, Outgoing, Part};
use crate::wire::Traces;

/// A span of a trace, with an id of its own and a name of so many bytes.
pub fn span(trace: u8, id: u64, bytes: usize) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: id.to_be_bytes().into(),
        name: "x".repeat(bytes),
        ..Span::default()
    }
}

/// A request with one resource, which may name a topic.
pub fn request(topic: Option<&str>, spans: Vec<Span>) -> Traces {
    let attribute = topic.map(|topic| KeyValue {
        key: "topic".into(),
        value: Some(AnyValue {
            value: Some(any_value::Value::StringValue(topic.into())),
        }),
        ..KeyValue::default()
    });
    let resource_spans = vec![ResourceSpans {
        resource: Some(Resource {
            attributes: attribute.into_iter().collect(),
            ..Resource::default()
        }),
        scope_spans: vec![ScopeSpans {
            spans,
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    }];
    let bytes = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    Traces::check(bytes.into()).unwrap().traces
}

/// The spans of an encoded request.
pub fn spans(bytes: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(bytes).unwrap();
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn topics(max_bytes: usize) -> Topics {
    let topics = Topics::new(max_bytes, Duration::from_secs(60));
    for topic in ["otlp_spans", "red", "blue"] {
        topics.has_partitions(topic, 3);
    }
    topics
}

fn plan(yaml: &str, batch: &Outgoing, max_bytes: usize) -> Plan {
    Rules::new(&config(yaml)).plan(batch, &topics(max_bytes), &HashMap::new())
}

fn content(message: &Message) -> Vec<Span> {
    spans(&message.payload(Encoding::OtlpProto).unwrap())
}

fn batches() -> impl Strategy<Value = Outgoing> {
    let traits = (0..6_u8, 0..400_usize);
    let topic = prop_oneof![Just(None), Just(Some("red")), Just(Some("blue"))];
    let shape = (topic, prop::collection::vec(traits, 1..12));
    prop::collection::vec(shape, 1..6).prop_map(|requests| {
        let mut id = 0;
        let mut next = || {
            id += 1;
            id
        };
        let requests = requests.into_iter().map(|(topic, traits)| {
            let spans = traits
                .into_iter()
                .map(|(trace, bytes)| span(trace, next(), bytes));
            request(topic, spans.collect())
        });
        Outgoing::of(requests.collect::<Vec<_>>())
    })
}

proptest! {
    /// Each span is in exactly one message, under its topic; a message above the bound holds one span; with trace ids as
    /// keys, the spans of a trace go to one partition, whose key is a trace id of the message; and the pieces say truly
    /// of which part they are.
    #[test]
    fn every_span_goes_one_way(
        batch in batches(),
        by_trace: bool,
        alone: bool,
        from_attribute: bool,
        in_turn: bool,
        max_bytes in 300..4000_usize,
    ) {
        let yaml = format!(
            "{{partition_traces_by_id: {by_trace}, message_per_trace: {alone}, topic_from_attribute: '{}'{}}}",
            if from_attribute { "topic" } else { "" },
            if in_turn { ", record_partitioner: {round_robin: {}}" } else { "" },
        );
        let made = plan(&yaml, &batch, max_bytes);
        prop_assert!(made.left.is_empty());
        let mut seen = HashSet::new();
        let mut places = HashMap::new();
        for message in &made.messages {
            let payload = message.payload(Encoding::OtlpProto).unwrap();
            let inside = content(message);
            prop_assert!(payload.len() + message.way.overhead(0) <= max_bytes || inside.len() == 1);
            for span in &inside {
                prop_assert!(seen.insert(span.span_id.clone()), "twice: {span:?}");
                if by_trace && !in_turn {
                    let place = (message.way.topic.clone(), message.partition, alone.then(|| message.key.clone()));
                    let of_trace: &mut HashSet<_> = places.entry((message.way.topic.clone(), span.trace_id.clone())).or_default();
                    of_trace.insert(place);
                    prop_assert_eq!(of_trace.len(), 1);
                }
            }
            if by_trace {
                let key = String::from_utf8(message.key.clone().unwrap().to_vec()).unwrap();
                let ids: HashSet<String> = inside.iter().map(|span| format!("{:02x}", span.trace_id[0]).repeat(16)).collect();
                prop_assert!(ids.contains(&key));
                prop_assert!(ids.len() == 1 || !(alone || in_turn));
            }
            for piece in &message.pieces {
                let part = &batch.parts[piece.part];
                let whole: HashSet<_> = spans(part.traces.bytes()).into_iter().map(|span| span.span_id).collect();
                for span in spans(piece.traces.bytes()) {
                    prop_assert!(whole.contains(&span.span_id));
                    let resource = part.traces.resources().next().unwrap();
                    let named = match resource.attribute("topic") {
                        Some(crate::wire::ValueView::String(topic)) if from_attribute => topic.to_owned(),
                        _ => "otlp_spans".to_owned(),
                    };
                    prop_assert_eq!(&message.way.topic, &named);
                }
            }
        }
        prop_assert_eq!(seen.len(), batch.spans);
    }

    /// Half and half of a message hold what it holds, and halving ends at single spans.
    #[test]
    fn halves_are_the_whole(batch in batches()) {
        for message in plan("{}", &batch, 1_000_000).messages {
            let before = content(&message);
            let (mut todo, mut after) = (vec![message], Vec::new());
            while let Some(message) = todo.pop() {
                match message.spans() {
                    1 => after.extend(content(&message)),
                    _ => todo.extend(message.halves().into_iter().rev()),
                }
            }
            prop_assert_eq!(before, after);
        }
    }
}

/// Metadata of the sender says topic, key and headers, each sender's own; without it the keys of the configuration do.
#[test]
fn metadata_decides() {
    let of = |tenant: &str| {
        Arc::new(Client {
            metadata: vec![
                ("x-topic".into(), vec![tenant.into()]),
                ("x-key".into(), vec![format!("key-{tenant}")]),
                ("x-many".into(), vec!["1".into(), "2".into()]),
            ],
            ..Client::default()
        })
    };
    let part = |client, id| Part {
        traces: request(None, vec![span(1, id, 1)]),
        client,
    };
    let batch = Outgoing {
        parts: vec![
            part(of("red"), 1),
            part(of("blue"), 2),
            part(of("red"), 3),
            part(Client::unknown(), 4),
        ],
        spans: 4,
    };
    let yaml = "
traces: {topic: otlp_spans, topic_from_metadata_key: X-Topic, message_key_from_metadata_key: x-key}
include_metadata_keys: [x-many, x-none]
record_headers: {zone: a}
signal_header: true
";
    let mut messages = plan(yaml, &batch, 1_000_000).messages;
    messages.sort_by_key(|message| message.way.topic.clone());
    let shown: Vec<_> = messages
        .iter()
        .map(|message| {
            let headers: Vec<_> = message
                .way
                .headers
                .iter()
                .map(|(name, _)| name.as_str())
                .collect();
            (
                message.way.topic.as_str(),
                message.key.as_deref().unwrap_or_default(),
                headers.join(" "),
                message.spans(),
            )
        })
        .collect();
    let many = "zone otelcol.signal x-many x-many";
    assert_eq!(
        shown,
        [
            ("blue", b"key-blue".as_slice(), many.to_owned(), 1),
            ("otlp_spans", b"".as_slice(), "zone otelcol.signal".to_owned(), 1),
            ("red", b"key-red".as_slice(), many.to_owned(), 2),
        ]
    );
}

/// A topic that Kafka does not let be named so costs its own spans, which are told; so does one of which nothing is known.
#[test]
fn a_bad_topic_costs_its_own_spans() {
    let batch = Outgoing::of([
        request(Some("no way"), vec![span(1, 1, 1)]),
        request(Some("red"), vec![span(2, 2, 1)]),
        request(Some("blue"), vec![span(3, 3, 1)]),
    ]);
    let gone = Failure::NotNow {
        message: "no such topic".into(),
        retry_after: None,
    };
    let wrong = HashMap::from([("blue".to_owned(), gone.clone())]);
    let rules = Rules::new(&config("topic_from_attribute: topic"));
    let made = rules.plan(&batch, &topics(1_000_000), &wrong);
    assert_eq!(made.messages.len(), 1);
    assert_eq!(made.messages[0].way.topic, "red");
    assert!(matches!(&made.left[0].why, Failure::Data(why) if why.contains("`no way`")));
    assert_eq!((made.left[1].part, &made.left[1].why), (2, &gone));
}

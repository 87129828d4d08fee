//! How long searches take: `cargo test --lib store::search::tests::measure -- --ignored --nocapture`.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, Status};
use prost::Message as _;
use rand::RngExt;
use rand::rngs::StdRng;

use super::{Head, World, random};
use crate::query::model::{FoundSpan, SpanQuery};
use crate::store::search::{Guard, answer};
use crate::store::segment::{Cache, HotKeys, Segment, Writer};

const SEGMENTS: u64 = 8;
const ROWS: u64 = 131_072;
const HOUR: u64 = 3_600_000_000_000;
const EPOCH: u64 = 1_800_000_000_000_000_000;

fn text(key: &str, value: String) -> KeyValue {
    pair(key, Any::StringValue(value))
}

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn span(rng: &mut StdRng, resources: &[bytes::Bytes], number: u64) -> FoundSpan {
    let trace = number / 10;
    let start = EPOCH + number * HOUR / (2 * ROWS) + rng.random_range(0..1_000_000);
    let mut attributes = vec![
        text(
            "http.method",
            ["GET", "POST", "PUT"][rng.random_range(0..3)].into(),
        ),
        text("http.route", format!("/api/{}", rng.random_range(0..200))),
        pair(
            "http.status_code",
            Any::IntValue([200, 200, 200, 404, 500][rng.random_range(0..5)]),
        ),
        text("user.id", format!("user-{}", rng.random_range(0..100_000))),
        text("request.id", format!("{:032x}", rng.random::<u128>())),
        text(
            "db.statement",
            format!("select {} from somewhere where", rng.random_range(0..500)),
        ),
        pair("net.peer.port", Any::IntValue(rng.random_range(0..65_000))),
        pair("cached", Any::BoolValue(rng.random())),
        text(
            "one.percent",
            ["yes", "no"][usize::from(rng.random_ratio(99, 100))].into(),
        ),
        text("host.name", format!("host-{}", rng.random_range(0..50))),
    ];
    if rng.random_ratio(1, 1000) {
        attributes.push(text("rare.key", format!("value-{}", rng.random_range(0..100))));
    }
    let id = (u128::from(trace).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).to_be_bytes();
    FoundSpan {
        number,
        project: "default".into(),
        resource: resources[rng.random_range(0..resources.len())].clone(),
        scope: bytes::Bytes::new(),
        span: Span {
            trace_id: id.to_vec(),
            span_id: number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes().to_vec(),
            parent_span_id: if number.is_multiple_of(10) {
                Vec::new()
            } else {
                vec![1; 8]
            },
            name: format!("operation-{}", rng.random_range(0..30)),
            kind: 2,
            start_time_unix_nano: start,
            end_time_unix_nano: start + rng.random_range(0..1_000_000_000),
            attributes,
            status: Some(Status {
                code: 2 * i32::from(rng.random_ratio(1, 50)),
                ..Status::default()
            }),
            ..Span::default()
        }
        .encode_to_vec()
        .into(),
    }
}

fn world() -> World {
    let mut rng = random(1);
    let directory = tempfile::tempdir().unwrap();
    let cache = Arc::new(Cache::new(64 << 20));
    let resources: Vec<bytes::Bytes> = (0..20)
        .map(|number| {
            let resource = Resource {
                attributes: vec![text("service.name", format!("service-{number}"))],
                ..Resource::default()
            };
            let resource = Some(resource);
            ResourceSpans {
                resource,
                ..ResourceSpans::default()
            }
            .encode_to_vec()
            .into()
        })
        .collect();
    let mut segments = Vec::new();
    for id in 0..SEGMENTS {
        let numbers = id * ROWS..(id + 1) * ROWS;
        let mut spans: Vec<_> = numbers.map(|number| span(&mut rng, &resources, number)).collect();
        spans.sort_by_key(|span| (span.trace_id(), span.start(), span.number));
        let path = directory.path().join(format!("{id}.parquet"));
        let hot = HotKeys::from_sample(spans.iter().take(5000)).choose();
        let begun = Instant::now();
        let mut writer = Writer::create(&path, hot).unwrap();
        spans.iter().for_each(|span| writer.push(span).unwrap());
        writer.finish().unwrap();
        println!("segment {id} written in {:?}", begun.elapsed());
        segments.push(Arc::new(Segment::open(&path, id, cache.clone()).unwrap()));
    }
    let head = SEGMENTS * ROWS..(SEGMENTS + 1) * ROWS;
    World {
        _directory: directory,
        head: Head::new(head.map(|number| span(&mut rng, &resources, number)).collect()),
        segments,
        deleted: Default::default(),
        next: (SEGMENTS + 1) * ROWS,
        alive: Vec::new(),
    }
}

/// Prints times; guarantees nothing.
#[test]
#[ignore = "measures"]
fn measure() {
    let mut world = world();
    println!("with a full head");
    ask(&world);
    world.head = Head::default();
    println!("with an empty head");
    ask(&world);
}

fn ask(world: &World) {
    let field = |field: &str, test: &str| format!(r#"{{"field":{{"field":{field},"test":{test}}}}}"#);
    let is = |name: &str, value: &str| {
        field(
            name,
            &format!(r#"{{"text":{{"op":"equals","values":["{value}"]}}}}"#),
        )
    };
    let newest = |limit: u32| {
        format!(
            r#"{{"spans":{{"order":{{"by":"start","direction":"descending"}},"page":{{"limit":{limit}}}}}}}"#
        )
    };
    let service = is(r#""service""#, "service-3");
    let slow = field(
        r#""duration""#,
        r#"{"compare":{"op":"greater","with":900000000,"how":"typed"}}"#,
    );
    let method = is(r#"{"attribute":"http.method"}"#, "PUT");
    let trace = format!(
        "{:032x}",
        777u128.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
    );
    let last_hour = EPOCH + (SEGMENTS - 1) * HOUR / 2;
    let all = r#"{"all":[]}"#;
    let questions = [
        ("trace by id", 0, all.to_owned(), format!(r#"{{"trace":{{"id":"{trace}","page":{{"limit":2000}}}}}}"#)),
        ("services", 0, all.into(), r#"{"groups":{"by":[{"text":"service"}],"measures":["spans"],"limit":1000}}"#.into()),
        ("keys", 0, all.into(), r#"{"keys":{"of":"span","limit":100}}"#.into()),
        ("service, duration, attribute, newest 20, last hour", last_hour, format!(r#"{{"all":[{service},{slow},{method}]}}"#), newest(20)),
        ("the same, counted", last_hour, format!(r#"{{"all":[{service},{slow},{method}]}}"#), newest(20).replace("}}}}", r#"},"total":true}}"#)),
        ("rare value of a rare key", 0, is(r#"{"attribute":"rare.key"}"#, "value-42"), newest(100)),
        ("a user, own column without dictionary", 0, is(r#"{"attribute":"user.id"}"#, "user-4242"), newest(100)),
        ("a request id that is nowhere", 0, is(r#"{"attribute":"request.id"}"#, "nowhere"), newest(100)),
        ("a value on 1 %, newest 100", 0, is(r#"{"attribute":"one.percent"}"#, "yes"), newest(100)),
        ("per operation, quantiles, last hour", last_hour, all.into(), r#"{"groups":{"by":[{"text":"service"},{"text":"name"}],"measures":["spans","errors","duration_sum",{"duration_quantile":0.95}],"limit":100}}"#.into()),
        ("spans per minute and service", 0, all.into(), r#"{"groups":{"by":[{"time":60000000000},{"text":"service"}],"measures":["spans"],"limit":100000}}"#.into()),
        ("values of a key", 0, all.into(), r#"{"groups":{"by":[{"text":{"attribute":"user.id"}}],"measures":["spans"],"order":{"by":{"measure":0},"direction":"descending"},"limit":100}}"#.into()),
        ("traces of a service, newest 20, last hour", last_hour, service.clone(), r#"{"traces":{"order":{"by":"earliest_match","direction":"descending"},"page":{"limit":20},"spans":3}}"#.into()),
        ("slowest traces of the last hour", last_hour, all.into(), r#"{"traces":{"order":{"by":"latency","direction":"descending"},"page":{"limit":20}}}"#.into()),
    ];
    for (name, from, filter, find) in questions {
        let query = format!(r#"{{"select":{{"from":{from},"filter":{filter}}},"find":{find}}}"#);
        let query: SpanQuery =
            serde_json::from_str(&query).unwrap_or_else(|error| panic!("{query}: {error}"));
        let mut times: Vec<_> = (0..7)
            .map(|_| {
                let begun = Instant::now();
                let guard = Guard::new(query.limits, begun, Arc::new(AtomicBool::new(false)));
                answer(world, &query, &guard).unwrap();
                begun.elapsed()
            })
            .collect();
        let first = times[0];
        times.sort();
        println!("{name}: first {first:?}, median {:?}", times[3]);
    }
}

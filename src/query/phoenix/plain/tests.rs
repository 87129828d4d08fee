use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message as _;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::Plain;
use crate::query::model::FoundSpan;
use crate::query::phoenix::filters::Viewed;
use crate::query::phoenix::seen::Seen;

/// Keys that nest into each other, mean something, or are odd.
const KEYS: &[&str] = &[
    "a",
    "a.b",
    "a.b.c",
    "a-b",
    "b",
    "http.method",
    "http.status_code",
    "openinference.span.kind",
    "input.value",
    "input.mime_type",
    "metadata",
    "tool.parameters",
    "my.metadata",
    "llm.token_count.prompt",
    "llm.model_name",
    "0.a",
    "a.1.b",
    "a.1",
    "",
    " x",
    "x.",
    ".x",
    "x..y",
    "é",
    "gen_ai.system",
    "gen_ai.request.model",
    "spanway.span_id",
];

fn value(rng: &mut StdRng) -> Option<AnyValue> {
    let text = ["llm", "", "{\"a\": 1}", "\"quoted\" \u{1}\u{2028}é", "7", "null"];
    let value = match rng.random_range(0..16) {
        0..6 => Any::StringValue(text[rng.random_range(0..text.len())].into()),
        6..9 => Any::IntValue(rng.random_range(-3..3)),
        9 => Any::BoolValue(rng.random()),
        10 => Any::DoubleValue([0.5, 2.0, f64::NAN, -0.0, 1e300][rng.random_range(0..5)]),
        11 => Any::BytesValue(vec![0, 255]),
        12 => Any::ArrayValue(ArrayValue {
            values: (0..rng.random_range(0..3)).filter_map(|_| value(rng)).collect(),
        }),
        13 => Any::KvlistValue(KeyValueList {
            values: attributes(rng, 2),
        }),
        14 => return None,
        _ => return Some(AnyValue { value: None }),
    };
    Some(AnyValue { value: Some(value) })
}

fn attributes(rng: &mut StdRng, most: usize) -> Vec<KeyValue> {
    let one = |rng: &mut StdRng| KeyValue {
        key: KEYS[rng.random_range(0..KEYS.len())].into(),
        value: value(rng),
        ..KeyValue::default()
    };
    (0..rng.random_range(0..=most)).map(|_| one(rng)).collect()
}

fn span(rng: &mut StdRng) -> FoundSpan {
    let start = 1_800_000_000_000_000_000 + rng.random_range(0..3) * 999_999_600;
    let span = Span {
        trace_id: vec![0xab; 16],
        span_id: vec![rng.random(); 8],
        parent_span_id: [vec![], vec![0; 8], vec![7; 8]][rng.random_range(0..3)].clone(),
        name: "a \"name\"".into(),
        start_time_unix_nano: start,
        end_time_unix_nano: start + rng.random_range(0..2_000_000_000),
        attributes: attributes(rng, 5),
        events: (0..rng.random_range(0..2))
            .map(|_| Event {
                name: "exception".into(),
                attributes: attributes(rng, 2),
                ..Event::default()
            })
            .collect(),
        status: Some(Status {
            code: rng.random_range(0..4),
            message: "why".into(),
        }),
        ..Span::default()
    };
    FoundSpan {
        number: rng.random_range(0..1000),
        project: "default".into(),
        resource: Default::default(),
        scope: Default::default(),
        span: span.encode_to_vec().into(),
    }
}

/// A span that is written straight from its bytes has the row, and for filters the attributes, that it has when it is
/// taken apart; many spans are, and many are not.
#[test]
fn plain_rows_are_the_rows() {
    let mut rng = StdRng::seed_from_u64(5);
    let (mut plain, all) = (0, 20_000);
    for _ in 0..all {
        let found = span(&mut rng);
        let seen = Seen::of(&found);
        let Some(straight) = Plain::of(&found) else {
            continue;
        };
        plain += 1;
        for key in KEYS {
            let path: Vec<String> = key.split('.').map(str::to_owned).collect();
            let (one, other) = (straight.at(key, &path), seen.at(key, &path));
            // What has others below it is no value.
            let other = other.filter(|value| !value.is_object());
            assert_eq!(one, other, "{key}: {found:?}");
        }
        assert_eq!(Viewed::kind(&straight), seen.kind);
        assert_eq!(straight.parent_id(), seen.parent_id);
        let mut row = Vec::new();
        straight.write(&mut row);
        let row: Value = serde_json::from_slice(&row).unwrap();
        // Written and read, since that is how clients meet it.
        let other: Value = serde_json::from_str(&seen.row().to_string()).unwrap();
        assert_eq!(row, other, "{found:?}");
    }
    assert!(plain > all / 10 && plain < all * 9 / 10, "{plain} of {all}");
}

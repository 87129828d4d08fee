//! The judge by table, pages walked, quantiles, JSON both ways, faults of questions.

mod buckets;
mod faults;
mod judging;
mod walking;

use std::ops::Range;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;

use super::FoundSpan;

/// Seeds of random worlds; `SPANWAY_SEEDS=12..13` replays one, `SPANWAY_SEEDS=100000` runs more.
fn seeds(usual: u64) -> Range<u64> {
    let wanted = std::env::var("SPANWAY_SEEDS").unwrap_or_default();
    match wanted.split_once("..") {
        Some((first, end)) => first.parse().unwrap()..end.parse().unwrap(),
        None => 0..wanted.parse().unwrap_or(usual),
    }
}

/// A span with these attributes, in `default`, without resource and scope.
fn span_with(attributes: &[(&str, Option<Any>)]) -> FoundSpan {
    found(Span {
        name: "work".into(),
        attributes: attributes
            .iter()
            .map(|(key, value)| KeyValue {
                key: (*key).into(),
                value: Some(AnyValue { value: value.clone() }),
                ..KeyValue::default()
            })
            .collect(),
        ..Span::default()
    })
}

fn found(span: Span) -> FoundSpan {
    FoundSpan {
        number: 7,
        project: "default".into(),
        resource: Vec::new().into(),
        scope: Vec::new().into(),
        span: span.encode_to_vec().into(),
    }
}

//! How what is detected is written to resources.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use proptest::prelude::*;
use prost::Message as _;

use super::super::ResourceDetection;
use super::super::detection::{Detected, Known};
use super::*;
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::processing::{Processed, Processing, Step};
use crate::wire::{Encoded, Traces};

type Pairs = Vec<(String, i64)>;

fn any(value: any_value::Value) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn resource(attributes: &Pairs, schema_url: &str) -> Traces {
    let attributes = attributes.iter().map(|(key, value)| KeyValue {
        key: key.clone(),
        value: any(any_value::Value::IntValue(*value)),
        ..KeyValue::default()
    });
    let resource_spans = ResourceSpans {
        resource: Some(Resource {
            attributes: attributes.collect(),
            ..Resource::default()
        }),
        schema_url: schema_url.into(),
        ..ResourceSpans::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![resource_spans],
    };
    Traces::check(request.encode_to_vec().into()).unwrap().traces
}

fn run(detected: Detected, is_override: bool, traces: &Traces) -> (Processed, ResourceSpans) {
    let processor = ResourceDetection {
        known: Known::new(detected),
        is_override,
        _refresh: None,
    };
    let step = Step::new("resource_detection", "traces", vec![Arc::new(processor)]);
    let processing = Processing::new(vec![step], Budget::new(1 << 20)).unwrap();
    let processed = processing.run(traces, &Client::default()).unwrap();
    let mut left = ExportTraceServiceRequest::decode(processed.traces.bytes().clone()).unwrap();
    (processed, left.resource_spans.remove(0))
}

fn found(attributes: &Pairs, schema_url: &'static str) -> Detected {
    let attributes = attributes
        .iter()
        .map(|(key, value)| (key.clone(), Value::Int(*value)));
    let mut detected = Detected::default();
    detected.add(Found {
        attributes: attributes.collect(),
        schema_url,
    });
    detected
}

fn pairs(left: &ResourceSpans) -> Pairs {
    let attributes = left.resource.as_ref().unwrap().attributes.iter();
    let pairs = attributes.map(|attribute| match attribute.value.as_ref().unwrap().value {
        Some(any_value::Value::IntValue(value)) => (attribute.key.clone(), value),
        _ => panic!("{attribute:?}"),
    });
    pairs.collect()
}

/// Attributes as they are when they are written.
pub fn decoded(attributes: &[(String, Encoded)]) -> Vec<(String, Value)> {
    let detected = Detected {
        attributes: attributes.to_vec(),
        schema_url: String::new(),
    };
    let (processed, _) = run(detected, true, &resource(&Vec::new(), ""));
    let mut decoded = Vec::new();
    let mut read = Reader(&mut decoded);
    drop(processed.traces.edit(&mut read));
    decoded
}

struct Reader<'a>(&'a mut Vec<(String, Value)>);

impl crate::wire::Editor for Reader<'_> {
    fn resource(&mut self, resource: &mut crate::wire::ResourceEdit<'_>) -> crate::wire::Decision {
        let pairs = resource.attributes();
        self.0
            .extend(pairs.map(|pair| (pair.key().to_owned(), pair.value().to_value().unwrap())));
        crate::wire::Decision::Keep
    }
}

/// Of a key that two detectors find the first counts, and of schema URLs the first that there is.
#[test]
fn the_first_detector_counts() {
    let mut detected = found(&vec![("a".into(), 1)], "");
    for (key, schema_url) in [("a", "x"), ("b", "y")] {
        detected.add(Found {
            attributes: vec![(key.into(), Value::Int(2))],
            schema_url,
        });
    }
    assert_eq!(detected.schema_url, "x");
    let expected = [("a".to_owned(), Value::Int(1)), ("b".to_owned(), Value::Int(2))];
    assert_eq!(decoded(&detected.attributes), expected);
}

/// A resource keeps its schema URL; one that has none gets the detected one, also where no attribute is detected.
#[test]
fn schema_urls() {
    let of = |detected, own| {
        run(found(&Vec::new(), detected), true, &resource(&Vec::new(), own))
            .1
            .schema_url
    };
    assert_eq!(of("x", ""), "x");
    assert_eq!(of("x", "own"), "own");
    assert_eq!(of("", "own"), "own");
    assert_eq!(of("", ""), "");
}

/// A resource that says what is detected already keeps its bytes.
#[test]
fn nothing_new_changes_nothing() {
    let attributes = vec![("a".into(), 1), ("b".into(), 2)];
    let traces = resource(&attributes, "own");
    let (processed, _) = run(found(&attributes, "x"), true, &traces);
    assert_eq!(processed.traces.bytes().as_ptr(), traces.bytes().as_ptr());
    assert_eq!(processed.tallies[0].edited_resources, 0);
}

fn any_pairs() -> impl Strategy<Value = Pairs> {
    proptest::collection::vec(("[a-e]", 0_i64..3), 0..6)
}

proptest! {
    /// With override each detected value takes the place of the first of its key, or goes to the end; without only what
    /// is missing goes to the end.
    #[test]
    fn override_is_the_collectors(own in any_pairs(), mut detected in any_pairs(), is_override: bool) {
        detected.sort();
        detected.dedup_by(|one, other| one.0 == other.0);
        let mut expected = own.clone();
        for (key, value) in &detected {
            match expected.iter_mut().find(|(known, _)| known == key) {
                Some(place) if is_override => place.1 = *value,
                Some(_) => {}
                None => expected.push((key.clone(), *value)),
            }
        }
        let (_, left) = run(found(&detected, ""), is_override, &resource(&own, ""));
        prop_assert_eq!(pairs(&left), expected);
    }
}

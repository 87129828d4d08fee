mod masking;
mod model;
mod names;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Redaction, RedactionSettings};
use crate::config::diagnostic::Diagnostics;
use crate::config::parse::parse;
use crate::config::settings::{Problems, Settings as _};
use crate::config::source::Source;
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::processing::{Processing, Step};
use crate::wire::{Traces, json as otlp_json};

/// The settings in `yaml`, or everything that is said about them.
fn settings(yaml: &str) -> Result<RedactionSettings, String> {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).expect("YAML");
    node.read(&mut diagnostics).ok_or_else(|| diagnostics.render())
}

/// The request behind redactions with these settings, one after the other.
fn redacted(stages: &[&str], traces: &Traces) -> Traces {
    let steps = stages.iter().map(|yaml| {
        let redaction = Redaction::new(settings(yaml).unwrap());
        Step::new("redaction", "traces", vec![Arc::new(redaction)])
    });
    let processing = Processing::new(steps.collect(), Budget::new(1 << 30)).unwrap();
    processing.run(traces, &Client::default()).unwrap().traces
}

/// A request of one span.
fn one_span(span: Value) -> Traces {
    let mut span = span;
    span["traceId"] = json!("4bf92f3577b34da6a3ce929d0e0e4736");
    span["spanId"] = json!("00000000000000a1");
    let request = json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]});
    let bytes = otlp_json::to_protobuf(request.to_string().as_bytes()).unwrap();
    Traces::check(bytes.into()).unwrap().traces
}

/// The span of a request that has one.
fn the_span(traces: &Traces) -> Value {
    let json = otlp_json::from_protobuf(traces.bytes()).unwrap();
    let request: Value = serde_json::from_slice(&json).unwrap();
    request["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone()
}

/// Attributes of texts, in order.
fn texts(attributes: &[(&str, &str)]) -> Value {
    let pairs = attributes.iter();
    pairs
        .map(|(key, text)| json!({"key": key, "value": {"stringValue": text}}))
        .collect()
}

/// The attributes that a span with these leaves with, each as its key and its value.
fn left(stages: &[&str], attributes: Value) -> Vec<(String, Value)> {
    let span = the_span(&redacted(stages, &one_span(json!({"attributes": attributes}))));
    let pairs = span["attributes"].as_array().cloned().unwrap_or_default();
    let value = |pair: &Value| pair["value"].as_object().unwrap().values().next().cloned();
    pairs
        .iter()
        .map(|pair| {
            (
                pair["key"].as_str().unwrap().to_owned(),
                value(pair).unwrap_or_default(),
            )
        })
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, Value)> {
    expected
        .iter()
        .map(|(key, value)| ((*key).to_owned(), json!(value)))
        .collect()
}

/// Guarantees: what cannot be meant is an error that names its key and the value.
#[test]
fn mistakes_are_named() {
    for (yaml, expected) in [
        ("hash_function: sha2", "hash_function"),
        ("hash_function: sha2", "`sha2` is no hash function"),
        ("hash_function: hmac-sha256", "hmac_key"),
        (
            "{hash_function: HMAC-SHA512, hmac_key: short}",
            "at least 64 bytes for the hash_function `hmac-sha512`, but has 5",
        ),
        ("blocked_values: ['[']", "blocked_values"),
        ("ignored_key_patterns: [a, '(?=b)']", "(?=b)"),
        (
            "db_sanitizer: {allow_fallback_without_system: true}",
            "allow_fallback_without_system",
        ),
    ] {
        let said = settings(yaml).unwrap_err();
        assert!(said.contains(expected), "{yaml}: {said}");
    }
    assert!(settings("{hash_function: Sha1, summary: anything}").is_ok());
}

/// Guarantees: who lets nothing pass is told so.
#[test]
fn a_redaction_of_everything_is_warned_of() {
    let warnings = |yaml: &str| {
        let mut warnings = Problems::default();
        settings(yaml).unwrap().warn(false, &mut warnings);
        warnings
            .iter()
            .map(|warning| warning.path.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(warnings("{}"), ["allowed_keys"]);
    assert!(warnings("allow_all_keys: true").is_empty());
    assert!(warnings("allowed_keys: [a]").is_empty());
}

/// Guarantees: what is ignored is not looked at, what is not allowed goes and leaves its place to the last, an allowed value
/// stays although its key is blocked, a blocked key masks all of a value and blocked values mask their matches.
#[test]
fn the_first_rule_decides() {
    let rules = "{allowed_keys: [a, b, card, id], ignored_keys: [raw], ignored_key_patterns: ['^x\\.'], \
                  blocked_key_patterns: ['^card$'], blocked_values: ['4[0-9]{3}', 'o'], allowed_values: ['^ok']}";
    let given = [
        ("gone", "1"),
        ("a", "4111 foo 4222"),
        ("raw", "4111"),
        ("also.gone", "2"),
        ("x.y", "4111"),
        ("card", "any"),
        ("card", "ok 4111"),
        ("id", "clean"),
    ];
    let expected = [
        ("id", "clean"),
        ("a", "**** f******** ****"),
        ("raw", "4111"),
        ("card", "ok 4111"),
        ("x.y", "4111"),
        ("card", "****"),
    ];
    assert_eq!(left(&[rules], texts(&given)), pairs(&expected));
}

/// Guarantees: values that are no text count as empty text, unless all types are redacted.
#[test]
fn other_types_are_empty_text() {
    let attributes = json!([
        {"key": "card", "value": {"intValue": "4111"}},
        {"key": "n", "value": {"intValue": "4111"}},
        {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "4111"}, {"bytesValue": ""}]}}},
        {"key": "yes", "value": {"boolValue": true}},
    ]);
    let rules = |all: bool| {
        format!(
            "{{allow_all_keys: true, redact_all_types: {all}, blocked_key_patterns: [card], blocked_values: ['4111']}}"
        )
    };
    let some = left(&[&rules(false)], attributes.clone());
    assert_eq!(some[0].1, json!("****"));
    assert_eq!(some[1].1, json!("4111"));
    let list = json!({"values": [{"stringValue": "4111"}, {"bytesValue": ""}]});
    assert_eq!(some[2].1, list);
    let all = left(&[&rules(true)], attributes);
    let expected = [
        json!("****"),
        json!("****"),
        json!("[\"****\",null]"),
        json!(true),
    ];
    assert_eq!(
        all.into_iter().map(|(_, value)| value).collect::<Vec<_>>(),
        expected
    );
}

/// Guarantees: a second redaction adds to the summary of the first, whose keys about what was allowed do not pass by themselves.
#[test]
fn summaries_are_merged() {
    let first = "{allowed_keys: [a, b, ok], ignored_keys: [i], allowed_values: [fine], blocked_values: ['4111'], summary: debug}";
    let second = "{allowed_keys: [b], ignored_keys: [i], blocked_values: ['x'], summary: debug}";
    let given = [
        ("a", "4111"),
        ("b", "4111 x"),
        ("z", ""),
        ("ok", "fine"),
        ("i", ""),
    ];
    let summary: Vec<_> = left(&[first, second], texts(&given))
        .into_iter()
        .filter(|(key, _)| key.starts_with("redaction."))
        .collect();
    let expected = [
        ("redaction.ignored.count", "2"),
        ("redaction.masked.count", "3"),
        (
            "redaction.redacted.keys",
            "a,ok,redaction.allowed.count,redaction.allowed.keys,z",
        ),
        ("redaction.redacted.count", "5"),
        ("redaction.masked.keys", "a,b,b"),
    ];
    let mut sorted = [summary, pairs(&expected)];
    sorted
        .iter_mut()
        .for_each(|list| list.sort_by(|(one, _), (other, _)| one.cmp(other)));
    assert_eq!(sorted[0], sorted[1]);
    let counts = left(&["{summary: info}"], texts(&given));
    assert_eq!(counts, pairs(&[("redaction.redacted.count", "5")]));
    assert!(left(&["{summary: silent}"], texts(&given)).is_empty());
}

/// Guarantees: attributes of resources, scopes and events are redacted as those of spans are; those of links, the status and
/// names are left alone.
#[test]
fn every_place_is_redacted() {
    let secret = texts(&[("k", "secret")]);
    let request = json!({"resourceSpans": [{
        "resource": {"attributes": secret},
        "scopeSpans": [{
            "scope": {"name": "secret", "attributes": secret},
            "spans": [{
                "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
                "spanId": "00000000000000a1",
                "name": "secret",
                "attributes": secret,
                "events": [{"name": "secret", "attributes": secret}, {"name": "other"}],
                "links": [{"attributes": secret}],
                "status": {"message": "secret"},
            }],
        }],
    }]});
    let bytes = otlp_json::to_protobuf(request.to_string().as_bytes()).unwrap();
    let traces = Traces::check(bytes.into()).unwrap().traces;
    let left = redacted(&["{allow_all_keys: true, blocked_values: [secret]}"], &traces);
    let json = String::from_utf8(otlp_json::from_protobuf(left.bytes()).unwrap()).unwrap();
    assert_eq!(json.matches("\"****\"").count(), 4, "{json}");
    assert_eq!(json.matches("\"secret\"").count(), 5, "{json}");
}

/// Guarantees: a span with very many attributes is redacted in time that does not grow with the square of their number.
#[test]
fn many_attributes_are_removed_at_once() {
    let many = 100_000;
    let attributes: Vec<Value> = (0..many)
        .map(|number| json!({"key": format!("k{}", number % 1000), "value": {"stringValue": "v"}}))
        .chain([json!({"key": "kept", "value": {"intValue": "1"}})])
        .collect();
    let left = left(&["{allowed_keys: [kept], summary: info}"], json!(attributes));
    assert_eq!(
        left,
        pairs(&[("kept", "1"), ("redaction.redacted.count", "100000")])
    );
}

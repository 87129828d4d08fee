//! Random redactions of random attributes, beside the same done plainly on decoded objects.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use regex::Regex;

use super::{redacted, settings};
use crate::wire::Traces;

const KEYS: [&str; 9] = [
    "a",
    "b",
    "c",
    "d",
    "e.x",
    "f.x",
    "redaction.masked.keys",
    "redaction.allowed.count",
    "redaction.ignored.count",
];

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let value = prop_oneof![
        4 => "[ab12,\n]{0,6}".prop_map(Any::StringValue),
        1 => any::<i64>().prop_map(Any::IntValue),
        1 => any::<bool>().prop_map(Any::BoolValue),
    ];
    let pair = (prop::sample::select(KEYS.to_vec()), value).prop_map(|(key, value)| KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        key_strindex: 0,
    });
    vec(pair, 0..12)
}

fn some_of(all: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(all.to_vec(), 0..=all.len())
}

#[derive(Clone, Debug)]
struct Rules {
    allow_all_keys: bool,
    redact_all_types: bool,
    allowed_keys: Vec<&'static str>,
    ignored_keys: Vec<&'static str>,
    ignored_key_patterns: Vec<&'static str>,
    blocked_key_patterns: Vec<&'static str>,
    blocked_values: Vec<&'static str>,
    allowed_values: Vec<&'static str>,
    summary: &'static str,
}

fn rules() -> impl Strategy<Value = Rules> {
    let lists = (
        some_of(&["a", "b", "c", "e.x"]),
        some_of(&["b", "d"]),
        some_of(&["^f", "x$"]),
        some_of(&["c", "^e"]),
        some_of(&["1+", "a2", "^", "[0-9]"]),
        some_of(&["^$", "b.*b"]),
    );
    let summary = prop::sample::select(vec!["", "info", "debug"]);
    (any::<bool>(), any::<bool>(), lists, summary).prop_map(
        |(allow_all_keys, redact_all_types, lists, summary)| Rules {
            allow_all_keys,
            redact_all_types,
            allowed_keys: lists.0,
            ignored_keys: lists.1,
            ignored_key_patterns: lists.2,
            blocked_key_patterns: lists.3,
            blocked_values: lists.4,
            allowed_values: lists.5,
            summary,
        },
    )
}

fn request(attributes: Vec<KeyValue>) -> Traces {
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        attributes,
        ..Span::default()
    };
    let scope = ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    };
    let resource = ResourceSpans {
        scope_spans: vec![scope],
        ..ResourceSpans::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![resource],
    };
    Traces::check(request.encode_to_vec().into()).unwrap().traces
}

fn attributes_of(traces: &Traces) -> Vec<KeyValue> {
    let mut request = ExportTraceServiceRequest::decode(traces.bytes().clone()).unwrap();
    request
        .resource_spans
        .remove(0)
        .scope_spans
        .remove(0)
        .spans
        .remove(0)
        .attributes
}

// === impl Rules ===

impl Rules {
    fn yaml(&self) -> String {
        let Self {
            allow_all_keys,
            redact_all_types,
            ..
        } = self;
        let lists = [
            ("allowed_keys", &self.allowed_keys),
            ("ignored_keys", &self.ignored_keys),
            ("ignored_key_patterns", &self.ignored_key_patterns),
            ("blocked_key_patterns", &self.blocked_key_patterns),
            ("blocked_values", &self.blocked_values),
            ("allowed_values", &self.allowed_values),
        ];
        let lists: String = lists
            .iter()
            .map(|(key, list)| format!("{key}: {list:?}\n"))
            .collect();
        let summary = self.summary;
        format!(
            "allow_all_keys: {allow_all_keys}\nredact_all_types: {redact_all_types}\nsummary: '{summary}'\n{lists}"
        )
    }

    /// What the redaction leaves, one step after the other.
    fn apply(&self, attributes: &mut Vec<KeyValue>) {
        let matches =
            |patterns: &[&str], text: &str| patterns.iter().any(|p| Regex::new(p).unwrap().is_match(text));
        let always = ["redaction.masked.keys", "redaction.ignored.count"];
        let [mut redacted, mut masked, mut allowed, mut ignored] = [const { Vec::new() }; 4];
        for attribute in attributes.iter_mut() {
            let key = attribute.key.as_str();
            let text = match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
                Some(Any::StringValue(text)) => text.clone(),
                Some(Any::IntValue(number)) if self.redact_all_types => number.to_string(),
                Some(Any::BoolValue(value)) if self.redact_all_types => value.to_string(),
                _ => String::new(),
            };
            let mut new = text.clone();
            if self.ignored_keys.contains(&key) || matches(&self.ignored_key_patterns, key) {
                ignored.push(key.to_owned());
                continue;
            } else if !self.allow_all_keys && !self.allowed_keys.contains(&key) && !always.contains(&key) {
                redacted.push(key.to_owned());
                continue;
            } else if matches(&self.allowed_values, &text) {
                allowed.push(key.to_owned());
                continue;
            } else if matches(&self.blocked_key_patterns, key) {
                new = text.split('\n').map(|_| "****").collect::<Vec<_>>().join("\n");
            } else {
                for pattern in &self.blocked_values {
                    new = Regex::new(pattern)
                        .unwrap()
                        .replace_all(&new, "****")
                        .into_owned();
                }
                if new == text {
                    continue;
                }
            }
            masked.push(key.to_owned());
            attribute.value = Some(AnyValue {
                value: Some(Any::StringValue(new)),
            });
        }
        for key in &redacted {
            let at = attributes
                .iter()
                .position(|attribute| attribute.key == *key)
                .unwrap();
            attributes.swap_remove(at);
        }
        for (name, keys) in [
            ("redacted", redacted),
            ("masked", masked),
            ("allowed", allowed),
            ("ignored", ignored),
        ] {
            self.tell(attributes, name, keys);
        }
    }

    fn tell(&self, attributes: &mut Vec<KeyValue>, name: &str, mut keys: Vec<String>) {
        let mut count = keys.len() as i64;
        if count == 0 || self.summary.is_empty() {
            return;
        }
        if self.summary == "debug" && name != "ignored" {
            let list = value_of(attributes, &format!("redaction.{name}.keys"));
            if let Some(Any::StringValue(before)) = &list.value
                && !before.is_empty()
            {
                keys.extend(before.split(',').map(str::to_owned));
            }
            keys.sort();
            list.value = Some(Any::StringValue(keys.join(",")));
        }
        let total = value_of(attributes, &format!("redaction.{name}.count"));
        if let Some(Any::IntValue(before)) = total.value {
            count = count.wrapping_add(before);
        }
        total.value = Some(Any::IntValue(count));
    }
}

/// The value of the first attribute with this key, or of a new one.
fn value_of<'a>(attributes: &'a mut Vec<KeyValue>, key: &str) -> &'a mut AnyValue {
    let at = attributes.iter().position(|attribute| attribute.key == key);
    let at = at.unwrap_or_else(|| {
        attributes.push(KeyValue {
            key: key.to_owned(),
            ..KeyValue::default()
        });
        attributes.len() - 1
    });
    attributes[at].value.get_or_insert_default()
}

proptest! {
    /// Guarantees: any redaction of any attributes leaves what the same steps leave on decoded objects, in the same order.
    #[test]
    fn redactions_agree_with_objects(attributes in attributes(), rules in rules()) {
        let traces = request(attributes.clone());
        let left = redacted(&[&rules.yaml()], &traces);
        let mut expected = attributes.clone();
        rules.apply(&mut expected);
        prop_assert_eq!(attributes_of(&left), expected.clone(), "{}", rules.yaml());
        if expected == attributes {
            prop_assert_eq!(left.bytes().as_ptr(), traces.bytes().as_ptr());
        }
    }

    /// Guarantees: where every key may pass, no text that leaves has a match of the last of the blocked values.
    #[test]
    fn no_blocked_value_survives(attributes in attributes(), blocked in "[ab12]{1,2}") {
        let rules = format!("{{allow_all_keys: true, redact_all_types: true, blocked_values: ['{blocked}']}}");
        prop_assert!(settings(&rules).is_ok());
        for attribute in attributes_of(&redacted(&[&rules], &request(attributes))) {
            if let Some(Any::StringValue(text)) = attribute.value.and_then(|value| value.value) {
                prop_assert!(!text.contains(&blocked), "{text}");
            }
        }
    }
}

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use prost::Message as _;

use std::sync::Arc;

use super::*;
use crate::config::types::Secret;
use crate::net::auth::Identity;
use crate::ottl::parse_float;
use crate::pipeline::client::Client;
use crate::wire::{Decision, Editor, ResourceView, ScopeView, SpanEdit, Traces};

mod model;

/// Settings of one action.
fn action(action: &str, key: &str) -> ActionSettings {
    ActionSettings {
        action: action.into(),
        key: key.into(),
        ..ActionSettings::default()
    }
}

fn pattern(text: &str) -> Option<Pattern> {
    Some(Pattern::new(text).unwrap())
}

fn text(text: &str) -> Option<Literal> {
    Some(Literal::String(text.into()))
}

/// What is wrong with a list of actions.
fn problems(settings: &[ActionSettings]) -> Vec<String> {
    let mut problems = Problems::default();
    Actions::new(settings, "actions", &mut problems);
    let shown = problems
        .iter()
        .map(|problem| format!("{} {}", problem.path, problem.note));
    shown.collect()
}

struct Apply<'c>(Actions, &'c Client);

impl Editor for Apply<'_> {
    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: &mut SpanEdit<'_>) -> Decision {
        self.0.apply(self.1, span);
        Decision::Keep
    }
}

fn request(spans: Vec<Vec<KeyValue>>) -> ExportTraceServiceRequest {
    let span = |attributes| Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "name".into(),
        attributes,
        ..Span::default()
    };
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: spans.into_iter().map(span).collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn pair(key: &str, value: Option<Any>) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value }),
        key_strindex: 0,
    }
}

fn applied(settings: &[ActionSettings], client: &Client, bytes: Vec<u8>) -> (Traces, Traces) {
    let mut problems = Problems::default();
    let actions = Actions::new(settings, "actions", &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    let traces = Traces::check(bytes.into()).unwrap().traces;
    let edited = traces.edit(&mut Apply(actions, client));
    (traces, edited)
}

/// The attributes of one span after these actions.
fn after(settings: &[ActionSettings], client: &Client, attributes: Vec<KeyValue>) -> Vec<KeyValue> {
    let (_, edited) = applied(settings, client, request(vec![attributes]).encode_to_vec());
    let mut left = ExportTraceServiceRequest::decode(edited.bytes().clone()).unwrap();
    left.resource_spans
        .remove(0)
        .scope_spans
        .remove(0)
        .spans
        .remove(0)
        .attributes
}

/// Guarantees: numbers are read exactly as by Go's `ParseFloat`.
#[test]
fn doubles_are_read_as_by_go() {
    for (text, go) in GO_DOUBLES {
        assert_eq!(parse_float(text).ok().map(f64::to_bits), *go, "{text}");
    }
}

/// Guarantees: a double that fits no whole number becomes the least, and a fraction is cut off.
#[test]
fn whole_numbers_are_cut_off() {
    use super::convert::int;
    use crate::wire::ValueView::{Double, String};
    let of = |number| int(&Double(number)).unwrap();
    assert_eq!(
        [of(-1.9), of(1e18), of(f64::NAN), of(2f64.powi(63))],
        [-1, 10i64.pow(18), i64::MIN, i64::MIN]
    );
    let read = ["+5", "-0", " 5", "5.0", "1_0", "9223372036854775808"].map(|text| int(&String(text)));
    assert_eq!(read, [Some(5), Some(0), None, None, None, None]);
}

/// Guarantees: hashes are those of the Collector for each type of value.
#[test]
fn hashes_are_known() {
    let hashed = |value: Option<Any>| {
        let left = after(&[action("hash", "k")], &Client::default(), vec![pair("k", value)]);
        match left.first().and_then(|pair| pair.value.clone()?.value) {
            Some(Any::StringValue(text)) => text,
            other => panic!("{other:?}"),
        }
    };
    for (value, hash) in [
        (
            Any::StringValue("secret".into()),
            "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b",
        ),
        (
            Any::StringValue("".into()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        ),
        (
            Any::BoolValue(true),
            "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a",
        ),
        (
            Any::IntValue(42),
            "ed049108bc18f2c64369e8d0ea42850bdd1a7d1dd340cfde716315579702a76c",
        ),
        (
            Any::DoubleValue(1.5),
            "e163f8cb0f7067a7fc78ca859a77f849aea3214f38fb75b884e4a16be725c905",
        ),
        (Any::BytesValue(vec![1]), ""),
        (Any::ArrayValue(ArrayValue::default()), ""),
    ] {
        assert_eq!(hashed(Some(value.clone())), hash, "{value:?}");
    }
    assert_eq!(hashed(None), "");
}

/// Guarantees: what is known of the sender is found, what is not leaves the span alone or gives the default.
#[test]
fn the_sender_is_a_source() {
    let client = Client {
        address: Some("[::ffff:192.0.2.7]:4000".parse().unwrap()),
        metadata: vec![("x-team".into(), vec!["a".into(), "b".into()])],
        identity: Some(Arc::new(Identity {
            attributes: vec![("subject".into(), Secret("one".into()))],
            ..Identity::default()
        })),
        ..Client::default()
    };
    let found = |client: &Client, name: &str, default: Option<Literal>| {
        let action = ActionSettings {
            from_context: name.into(),
            default_value: default,
            ..action("insert", "k")
        };
        after(&[action], client, Vec::new())
    };
    let is = |value: &str| vec![pair("k", Some(Any::StringValue(value.into())))];
    assert_eq!(found(&client, "client.address", None), is("192.0.2.7"));
    assert_eq!(found(&client, "metadata.X-Team", None), is("a;b"));
    assert_eq!(found(&client, "x-team", None), is("a;b"));
    assert_eq!(found(&client, "metadata.other", None), []);
    assert_eq!(found(&client, "auth.subject", text("nobody")), is("one"));
    assert_eq!(found(&client, "auth.other", text("nobody")), is("nobody"));
    assert_eq!(found(&Client::default(), "client.address", text("none")), is(""));
}

/// Guarantees: whatever is wrong with an action is told with its key and its place.
#[test]
fn what_is_wrong_is_named() {
    let with = |name: &str, change: fn(&mut ActionSettings)| {
        let mut settings = action(name, "k");
        change(&mut settings);
        problems(&[action("delete", "x"), settings]).join("; ")
    };
    assert_eq!(problems(&[]), ["actions must have at least one action"]);
    assert_eq!(
        with("hash", |a| a.key.clear()),
        "actions.1.key must be set, or pattern"
    );
    assert_eq!(with("drop", |a| a.key.clear()), "actions.1.key must be set");
    assert_eq!(
        with("drop", |_| ()),
        "actions.1.action is `drop`, but actions are insert, update, upsert, delete, hash, extract and convert"
    );
    assert_eq!(
        with("insert", |_| ()),
        "actions.1.value or from_attribute, from_context or default_value must be set"
    );
    assert_eq!(
        with("update", |a| (a.value, a.from_context) = (text("v"), "c".into())),
        "actions.1.from_context cannot be set together with value"
    );
    assert_eq!(
        with("UPSERT", |a| (a.value, a.converted_type) =
            (text("v"), "int".into())),
        "actions.1.converted_type is not used by the action upsert"
    );
    assert_eq!(
        with("delete", |a| a.from_attribute = "b".into()),
        "actions.1.from_attribute is not used by the action delete"
    );
    assert_eq!(with("delete", |a| a.from_context = "b".into()), "");
    assert_eq!(with("extract", |_| ()), "actions.1.pattern must be set");
    assert_eq!(
        with("extract", |a| a.pattern = pattern("(a)(?P<n>b)")),
        "actions.1.pattern `(a)(?P<n>b)` has a group without a name, as in `(?P<name>.*)`"
    );
    assert_eq!(
        with("extract", |a| a.pattern = pattern("a")),
        "actions.1.pattern `a` has no named group, as in `(?P<name>.*)`"
    );
    assert_eq!(
        with("convert", |a| a.converted_type = "bool".into()),
        "actions.1.converted_type is `bool`, but must be string, int or double"
    );
    assert_eq!(
        with("convert", |a| (a.converted_type, a.pattern) =
            ("int".into(), pattern("a"))),
        "actions.1.pattern is not used by the action convert"
    );
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "a", "ab", "b", "bc", "c", "n"]).prop_map(str::to_owned)
}

fn any_value() -> impl Strategy<Value = Option<Any>> {
    let texts = vec!["", "5", "-7", "1.5", "0x1p4", "1e400", "ab", "xabcy", "true", "é"];
    option::weighted(
        0.9,
        prop_oneof![
            prop::sample::select(texts).prop_map(|text| Any::StringValue(text.into())),
            any::<bool>().prop_map(Any::BoolValue),
            any::<i64>().prop_map(Any::IntValue),
            prop::sample::select(vec![0.0, -0.0, 1.5, -3.25, 1e10, 1e300]).prop_map(Any::DoubleValue),
            vec(any::<u8>(), 0..4).prop_map(Any::BytesValue),
            Just(Any::ArrayValue(ArrayValue::default())),
        ],
    )
}

fn settings() -> impl Strategy<Value = ActionSettings> {
    let names = vec![
        "insert", "update", "upsert", "delete", "hash", "extract", "convert",
    ];
    let patterns = vec!["^a", "b", "", "c$|n"];
    let extracts = vec![
        "(?P<n>a)(?P<b>b)?",
        "(?P<a>.)",
        "(?P<n>x)|(?P<n>[0-9])",
        "(?P<c>$)",
    ];
    (
        (prop::sample::select(names), key(), key()),
        (prop::sample::select(patterns), prop::sample::select(extracts)),
        (0..3usize, any::<bool>(), -9..9i64),
    )
        .prop_map(
            |((name, key, other), (keys, groups), (which, has_default, number))| {
                let mut settings = action(name, if key.is_empty() { "a" } else { &key });
                match name {
                    "insert" | "update" | "upsert" => {
                        settings.default_value = has_default.then_some(Literal::Int(number));
                        match which {
                            0 => settings.value = Some(Literal::Double(0.5)),
                            1 => {
                                settings.value = Some(Literal::List(vec![Literal::Null, Literal::Bool(true)]))
                            }
                            _ if other.is_empty() => settings.value = text("v"),
                            _ => settings.from_attribute = other,
                        }
                    }
                    "delete" | "hash" => {
                        settings.pattern = pattern(keys);
                        if !keys.is_empty() {
                            settings.key = key;
                        }
                    }
                    "extract" => settings.pattern = pattern(groups),
                    _ => settings.converted_type = ["string", "int", "double"][which].into(),
                }
                settings
            },
        )
}

/// The same request with an unknown field in each span.
fn strange(request: &ExportTraceServiceRequest) -> Vec<u8> {
    let mut out = Vec::new();
    let wrap = |number: u8, body: &[u8], out: &mut Vec<u8>| {
        out.push(number << 3 | 2);
        prost::encoding::encode_varint(body.len() as u64, out);
        out.extend_from_slice(body);
    };
    for resource in &request.resource_spans {
        let mut resource_body = Vec::new();
        for scope in &resource.scope_spans {
            let mut scope_body = Vec::new();
            for span in &scope.spans {
                let mut body = UNKNOWN.to_vec();
                body.extend(span.encode_to_vec());
                wrap(2, &body, &mut scope_body);
            }
            wrap(2, &scope_body, &mut resource_body);
        }
        wrap(1, &resource_body, &mut out);
    }
    out
}

/// Field 99 with the number 7.
const UNKNOWN: [u8; 3] = [0x98, 0x06, 7];

proptest! {
    /// Guarantees: any actions on any attributes leave what the same actions leave on decoded objects; unknown fields
    /// stay, and where nothing changes the request is the very same bytes.
    #[test]
    fn actions_agree_with_objects(
        spans in vec(vec((key(), any_value()), 0..6), 1..4),
        list in vec(settings(), 1..5),
    ) {
        let spans: Vec<Vec<KeyValue>> = spans
            .into_iter()
            .map(|pairs| pairs.into_iter().map(|(key, value)| pair(&key, value)).collect())
            .collect();
        let before = request(spans);
        let (traces, edited) = applied(&list, &Client::default(), strange(&before));
        let mut expected = before.clone();
        for span in &mut expected.resource_spans[0].scope_spans[0].spans {
            list.iter().for_each(|action| model::apply(action, &mut span.attributes));
        }
        let found = ExportTraceServiceRequest::decode(edited.bytes().clone()).unwrap();
        // Compared as text, in which a number that is none equals itself.
        prop_assert_eq!(format!("{found:?}"), format!("{expected:?}"));
        let unknown = edited.bytes().windows(3).filter(|window| *window == UNKNOWN).count();
        prop_assert!(unknown >= expected.resource_spans[0].scope_spans[0].spans.len());
        let does_nothing = list.iter().all(|action| model::is_idle(action, &before));
        prop_assert!(!does_nothing || edited.bytes().as_ptr() == traces.bytes().as_ptr());
    }
}

/// Texts, and the bits of the numbers that Go reads in them.
const GO_DOUBLES: &[(&str, Option<u64>)] = &[
    ("1_000", Some(0x408f400000000000)),
    ("1_23.50_0_0e+1_2", Some(0x42dc14a5684e0000)),
    ("0x_1p0", Some(0x3ff0000000000000)),
    ("0x1_0p-2", Some(0x4010000000000000)),
    ("0x1p1_0", Some(0x4090000000000000)),
    ("0x1p", None),
    ("0x1", None),
    ("0x.8p1", Some(0x3ff0000000000000)),
    ("0x1.8p+1", Some(0x4008000000000000)),
    ("0X1P-1074", Some(0x1)),
    ("0x1p-1075", Some(0x0)),
    ("0x1.8p-1075", Some(0x1)),
    ("0x1p1024", None),
    ("0x1.fffffffffffff8p1023", None),
    ("0x1.fffffffffffff7p1023", Some(0x7fefffffffffffff)),
    ("0x1.00000000000008p0", Some(0x3ff0000000000000)),
    ("0x1.000000000000081p0", Some(0x3ff0000000000001)),
    ("0x1.00000000000018p0", Some(0x3ff0000000000002)),
    ("0xp1", None),
    ("0x0p99999999", Some(0x0)),
    ("0x1p-99999999999", Some(0x0)),
    ("-0x1p-2", Some(0xbfd0000000000000)),
    ("+5", Some(0x4014000000000000)),
    (".5", Some(0x3fe0000000000000)),
    ("5.", Some(0x4014000000000000)),
    (".", None),
    ("1e", None),
    ("1e5", Some(0x40f86a0000000000)),
    ("inf", Some(0x7ff0000000000000)),
    ("+Inf", Some(0x7ff0000000000000)),
    ("-iNfInItY", Some(0xfff0000000000000)),
    ("infi", None),
    ("nan", Some(0x7ff8000000000001)),
    ("+nan", None),
    ("-nan", None),
    ("NaN", Some(0x7ff8000000000001)),
    ("1e400", None),
    ("-1e400", None),
    ("1e-400", Some(0x0)),
    (" 5", None),
    ("5 ", None),
    ("", None),
    ("0x1.p1", Some(0x4000000000000000)),
    (
        "0x123456789abcdef0123456789abcdef0123456789p0",
        Some(0x49f23456789abcdf),
    ),
    ("1e+5", Some(0x40f86a0000000000)),
    ("1.5e-3", Some(0x3f589374bc6a7efa)),
    ("0b1", None),
    ("0o7", None),
    ("1__0", None),
    ("_1", None),
    ("1_", None),
    ("0x1p+-1", None),
    ("+", None),
    ("e5", None),
    ("1e5.5", None),
    ("0x1.8P1", Some(0x4008000000000000)),
    ("5f", None),
];

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use super::*;
use crate::pipeline::processor::Above;
use crate::wire::{Amendment, Index, Traces};

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        key_strindex: 0,
    }
}

/// A server span `GET /a` of the scope `http` 1.2 in the service `shop`, with attributes of several types.
fn traces() -> Traces {
    let list = ArrayValue {
        values: vec![AnyValue {
            value: Some(Any::IntValue(1)),
        }],
    };
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "GET /a".into(),
        kind: 2,
        attributes: vec![
            pair("int", Any::IntValue(5)),
            pair("double", Any::DoubleValue(1e21)),
            pair("list", Any::ArrayValue(list)),
        ],
        ..Span::default()
    };
    let bare = Span {
        attributes: Vec::new(),
        kind: 9,
        ..span.clone()
    };
    let scope = InstrumentationScope {
        name: "http".into(),
        version: "1.2".into(),
        ..InstrumentationScope::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![
            ResourceSpans {
                resource: Some(Resource {
                    attributes: vec![pair("service.name", Any::StringValue("shop".into()))],
                    ..Resource::default()
                }),
                scope_spans: vec![ScopeSpans {
                    scope: Some(scope),
                    spans: vec![span],
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            },
            ResourceSpans {
                scope_spans: vec![ScopeSpans {
                    spans: vec![bare],
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            },
        ],
    };
    Traces::check(request.encode_to_vec().into()).unwrap().traces
}

/// Whether the span with everything and the span with nothing are included.
fn chosen(include: Option<MatchSettings>, exclude: Option<MatchSettings>) -> [bool; 2] {
    let mut problems = Problems::default();
    let matching = Matching::new(include.as_ref(), exclude.as_ref(), &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    let traces = traces();
    let index = Index::of(&traces);
    let answers: Vec<bool> = index
        .spans()
        .map(|located| {
            let above = Above {
                resource: &Amendment::new(located.resource),
                scope: &Amendment::new(located.scope),
            };
            matching.includes(above, &located.span.amend())
        })
        .collect();
    answers.try_into().unwrap()
}

fn strict() -> MatchSettings {
    MatchSettings {
        match_type: "strict".into(),
        ..MatchSettings::default()
    }
}

fn regexp() -> MatchSettings {
    MatchSettings {
        match_type: "regexp".into(),
        ..MatchSettings::default()
    }
}

fn attribute(key: &str, value: Option<Literal>) -> Vec<AttributeSettings> {
    vec![AttributeSettings {
        key: key.into(),
        value,
    }]
}

fn library(name: &str, version: Option<&str>) -> LibrarySettings {
    LibrarySettings {
        name: name.into(),
        version: version.map(str::to_owned),
    }
}

/// Guarantees: names, kinds and services match by equality or by pattern, and what is missing has the text that stands
/// for it.
#[test]
fn texts_match() {
    let services = |of: MatchSettings, name: &str| MatchSettings {
        services: vec![name.into()],
        ..of
    };
    assert_eq!(chosen(Some(services(strict(), "shop")), None), [true, false]);
    assert_eq!(chosen(Some(services(strict(), "sho")), None), [false, false]);
    assert_eq!(
        chosen(Some(services(regexp(), "nil-service|ho")), None),
        [true, true]
    );
    assert_eq!(chosen(None, Some(services(strict(), "shop"))), [false, true]);
    let kinds = |of: MatchSettings, kind: &str| MatchSettings {
        span_kinds: vec![kind.into()],
        ..of
    };
    assert_eq!(
        chosen(Some(kinds(strict(), "SPAN_KIND_SERVER")), None),
        [true, false]
    );
    assert_eq!(chosen(Some(kinds(regexp(), "^$")), None), [false, true]);
    let names = MatchSettings {
        span_names: vec!["x".into(), "^GET".into()],
        ..regexp()
    };
    assert_eq!(chosen(Some(names), None), [true, true]);
}

/// Guarantees: attributes match by presence, by type and content, or by the plain text of what has one.
#[test]
fn attributes_match() {
    let with = |of: MatchSettings, key: &str, value| MatchSettings {
        attributes: attribute(key, value),
        ..of
    };
    let is = |of: MatchSettings, key: &str, value| chosen(Some(with(of, key, value)), None)[0];
    assert!(is(MatchSettings::default(), "list", None));
    assert!(is(strict(), "int", Some(Literal::Int(5))));
    assert!(!is(strict(), "int", Some(Literal::Double(5.0))));
    assert!(is(strict(), "double", Some(Literal::Double(1e21))));
    assert!(is(strict(), "list", Some(Literal::List(vec![Literal::Int(1)]))));
    assert!(!is(strict(), "list", Some(Literal::List(Vec::new()))));
    let text = |text: &str| Some(Literal::String(text.into()));
    assert!(is(regexp(), "double", text("^1000000000000000000000$")));
    assert!(!is(regexp(), "list", text(".*")));
    assert!(!is(regexp(), "missing", text(".*")));
}

/// Guarantees: every entry of `libraries` must match; no version is any, an empty one is none.
#[test]
fn libraries_match() {
    let is = |libraries: Vec<LibrarySettings>| {
        chosen(
            Some(MatchSettings {
                libraries,
                ..strict()
            }),
            None,
        )
    };
    assert_eq!(is(vec![library("http", None)]), [true, false]);
    assert_eq!(is(vec![library("http", Some("1.2"))]), [true, false]);
    assert_eq!(is(vec![library("http", Some(""))]), [false, false]);
    assert_eq!(is(vec![library("", Some(""))]), [false, true]);
    assert_eq!(
        is(vec![library("http", None), library("grpc", None)]),
        [false, false]
    );
}

/// Guarantees: what is wrong with a block is told with its key and its place.
#[test]
fn what_is_wrong_is_named() {
    let wrong = |settings: MatchSettings| {
        let mut problems = Problems::default();
        Matching::new(Some(&settings), None, &mut problems);
        let shown: Vec<String> = problems
            .iter()
            .map(|problem| format!("{} {}", problem.path, problem.note))
            .collect();
        shown.join("; ")
    };
    assert_eq!(
        wrong(strict()),
        "include must name at least one of attributes, libraries, resources, services, span_names or span_kinds"
    );
    let services = |of: MatchSettings| MatchSettings {
        services: vec!["a".into(), "(".into()],
        ..of
    };
    assert_eq!(
        wrong(services(MatchSettings::default())),
        "include.match_type is ``, but must be strict or regexp"
    );
    assert_eq!(
        wrong(services(regexp())),
        "include.services.1 `(` is not a regular expression: a `(` is not closed"
    );
    assert_eq!(
        wrong(MatchSettings {
            attributes: attribute("", None),
            ..strict()
        }),
        "include.attributes.0.key must be set"
    );
    assert_eq!(
        wrong(MatchSettings {
            resources: attribute("k", Some(Literal::Int(1))),
            ..regexp()
        }),
        "include.resources.0.value must be a text where match_type is regexp"
    );
    assert_eq!(
        wrong(MatchSettings {
            span_kinds: vec!["SERVER".into()],
            ..strict()
        }),
        "include.span_kinds.0 is `SERVER`, but kinds are SPAN_KIND_INTERNAL, SPAN_KIND_SERVER, SPAN_KIND_CLIENT, SPAN_KIND_PRODUCER, SPAN_KIND_CONSUMER"
    );
}

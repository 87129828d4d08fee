mod recorded;

use super::*;
use crate::config::id::PipelineId;
use crate::config::statements::ErrorMode;
use crate::pipeline::client::Client;
use crate::pipeline::routing::{Routed, Router};
use crate::wire::{Index, Traces, json};

/// Two resources: `a` with the spans 1 and 2, `b` with the span 3.
fn request() -> Traces {
    let span = |id: u8| format!(r#"{{"traceId":"{id:032x}","spanId":"{id:016x}","name":"s{id}"}}"#);
    let resource = |service: &str, spans: String| {
        format!(
            r#"{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}},"scopeSpans":[{{"spans":[{spans}]}}]}}"#
        )
    };
    let text = format!(
        r#"{{"resourceSpans":[{},{}]}}"#,
        resource("a", [span(1), span(2)].join(",")),
        resource("b", span(3))
    );
    let bytes = json::to_protobuf(text.as_bytes()).unwrap();
    Traces::check(bytes.into()).unwrap().traces
}

fn pipeline(name: &str) -> PipelineId {
    format!("traces/{name}").parse().unwrap()
}

fn route(condition: &str, action: Action, to: &str) -> RouteSettings {
    RouteSettings {
        condition: condition.into(),
        action,
        pipelines: vec![pipeline(to)],
        ..RouteSettings::default()
    }
}

fn table(settings: &RoutingSettings) -> Table {
    let pipelines = settings.named();
    let number = |pipeline| pipelines.iter().position(|known| known == pipeline);
    let mut problems = Problems::default();
    let routes = compiled(settings, &mut problems, &mut Problems::default());
    assert!(problems.is_empty(), "{problems:?}");
    let targets = |at: usize| settings.table[at].pipelines.iter().filter_map(number).collect();
    Table {
        routes: routes
            .into_iter()
            .map(|(at, route)| (route, targets(at)))
            .collect(),
        rest: settings.default_pipelines.iter().filter_map(number).collect(),
        pipelines: pipelines.len(),
        mode: settings.error_mode,
        events: Arc::new(StatementEvents::new("routing")),
    }
}

/// By pipeline, in the order of `named`: the names of the spans that it gets.
fn names(routed: &Routed) -> Vec<Vec<String>> {
    let of = |traces: &Traces| -> Vec<String> {
        let index = Index::of(traces);
        index
            .spans()
            .map(|located| located.span.name().to_owned())
            .collect()
    };
    routed
        .parts
        .iter()
        .map(|part| part.as_ref().map(of).unwrap_or_default())
        .collect()
}

fn routed(settings: &RoutingSettings, client: &Client) -> Routed {
    table(settings).route(&request(), client).unwrap()
}

/// Guarantees: what a route moves later ones do not see, what it copies they do, and the rest goes to the default.
#[test]
fn routes_move_and_copy() {
    let settings = RoutingSettings {
        default_pipelines: vec![pipeline("rest")],
        table: vec![
            route(r#"resource.attributes["service.name"] == "b""#, Action::Move, "b"),
            route(r#"span.name != "s2""#, Action::Copy, "copy"),
            route(r#"span.name == "s1""#, Action::Move, "one"),
        ],
        ..RoutingSettings::default()
    };
    let routed = routed(&settings, &Client::default());
    assert_eq!(names(&routed), [vec!["s2"], vec!["s3"], vec!["s1"], vec!["s1"]]);
    assert_eq!(routed.unrouted, 0);
}

/// Guarantees: without a default, spans that no route takes are counted; those that were copied have gone somewhere.
#[test]
fn what_goes_nowhere_is_counted() {
    let mut settings = RoutingSettings {
        table: vec![route(r#"span.name == "s1""#, Action::Move, "one")],
        ..RoutingSettings::default()
    };
    assert_eq!(routed(&settings, &Client::default()).unrouted, 2);
    settings.table[0].action = Action::Copy;
    assert_eq!(routed(&settings, &Client::default()).unrouted, 2);
}

/// Guarantees: a span that goes nowhere is counted even where another with the same ids was copied.
#[test]
fn ids_do_not_hide_a_span() {
    let ids = r#""traceId":"00000000000000000000000000000001","spanId":"0000000000000001""#;
    let text = format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{ids},"name":"s1"}},{{{ids},"name":"s2"}}]}}]}}]}}"#
    );
    let twins = Traces::check(json::to_protobuf(text.as_bytes()).unwrap().into()).unwrap();
    let settings = RoutingSettings {
        table: vec![
            route(r#"span.name == "s1""#, Action::Copy, "one"),
            route(r#"span.name == "s3""#, Action::Move, "one"),
        ],
        ..RoutingSettings::default()
    };
    let routed = table(&settings).route(&twins.traces, &Client::default()).unwrap();
    assert_eq!((names(&routed), routed.unrouted), (vec![vec!["s1".into()]], 1));
}

/// Guarantees: a request goes as a whole by its metadata; a key that is missing matches nothing, not even `!=`.
#[test]
fn requests_are_routed_by_metadata() {
    let about_request = |condition: &str| RoutingSettings {
        table: vec![RouteSettings {
            context: Some(RouteContext::Request),
            ..route(condition, Action::Move, "one")
        }],
        ..RoutingSettings::default()
    };
    let client = Client {
        metadata: vec![("x-tenant".into(), vec!["acme".into()])],
        ..Client::default()
    };
    let all = |condition: &str| routed(&about_request(condition), &client).unrouted == 0;
    assert!(all(r#"request["X-Tenant"] == "acme""#));
    assert!(!all(r#"request["X-Tenant"] != "acme""#));
    assert!(all(r#"request["X-Tenant"] != "other""#));
    assert!(!all(r#"request["other"] != "acme""#));
}

/// Guarantees: a statement about spans that edits what stands above them is refused when it is read, and the place is told.
#[test]
fn a_statement_edits_only_what_it_is_about() {
    let problems = |statement: &str| {
        let settings = RoutingSettings {
            table: vec![RouteSettings {
                statement: statement.into(),
                pipelines: vec![pipeline("one")],
                ..RouteSettings::default()
            }],
            ..RoutingSettings::default()
        };
        let mut problems = Problems::default();
        compiled(&settings, &mut problems, &mut Problems::default());
        let told = problems
            .iter()
            .map(|problem| format!("{}: {}", problem.path, problem.note));
        told.collect::<Vec<_>>()
    };
    let above = r#"delete_key(resource.attributes, "k") where span.name == "s1""#;
    let told = "table.0.statement: edits the resource; a route about a span edits only that";
    assert_eq!(problems(above), [told]);
    assert!(problems(r#"delete_key(span.attributes, "k") where resource.attributes["k"] == 1"#).is_empty());
    assert!(problems(r#"delete_key(resource.attributes, "k")"#).is_empty());
}

/// Guarantees: a statement edits what it matches, and a failing condition matches nothing or rejects the request.
#[test]
fn statements_edit_and_failures_are_told() {
    let mut settings = RoutingSettings {
        table: vec![RouteSettings {
            statement: r#"delete_key(resource.attributes, "service.name") where resource.attributes["service.name"] == "a""#.into(),
            pipelines: vec![pipeline("one")],
            ..RouteSettings::default()
        }],
        ..RoutingSettings::default()
    };
    let routed_by_statement = routed(&settings, &Client::default());
    let part = routed_by_statement.parts[0].as_ref().unwrap();
    let index = Index::of(part);
    assert!(
        index
            .spans()
            .all(|located| located.resource.attribute("service.name").is_none())
    );
    settings.table = vec![route("1 / span.kind == 1", Action::Move, "one")];
    assert_eq!(routed(&settings, &Client::default()).unrouted, 3);
    settings.error_mode = ErrorMode::Propagate;
    let error = table(&settings)
        .route(&request(), &Client::default())
        .unwrap_err();
    assert!(error.contains("attempted to divide by 0"), "{error}");
}

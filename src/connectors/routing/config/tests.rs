//! Which settings are read, and what is said of the others.

use super::{Action, RouteContext, RouteText, RoutingSettings};
use crate::config::diagnostic::Diagnostics;
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::config::statements::{ErrorMode, Located};

fn read(yaml: &str) -> (Option<RoutingSettings>, Vec<String>) {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test", yaml), &mut diagnostics).unwrap();
    let settings = node.read::<RoutingSettings>(&mut diagnostics);
    let found = diagnostics.iter().map(|found| {
        let origin = found.origin.as_ref().unwrap();
        format!("{}:{} {}", origin.line, origin.column, found.message)
    });
    (settings, found.collect())
}

/// Guarantees: a table is read with the Collector's defaults, and a route's text knows its key.
#[test]
fn a_table_is_read() {
    let (settings, found) = read(
        "default_pipelines: [traces/rest]\ntable:\n- {condition: span.kind == 1, pipelines: [traces/x, traces]}\n\
         - {context: span, statement: route() where kind == 2, action: copy, pipelines: [traces/y]}",
    );
    let settings = settings.unwrap_or_else(|| panic!("{found:?}"));
    assert_eq!(settings.error_mode, ErrorMode::Ignore);
    assert_eq!(settings.default_pipelines[0].to_string(), "traces/rest");
    let [first, second] = &settings.table[..] else {
        panic!("{settings:?}")
    };
    assert_eq!((first.context, first.action), (None, Action::Move));
    assert_eq!(
        (second.context, second.action),
        (Some(RouteContext::Span), Action::Copy)
    );
    let located = |path: &str, text| Located {
        path: path.into(),
        text,
    };
    assert_eq!(
        settings.text(0),
        Some(RouteText::Condition(located(
            "table.0.condition",
            "span.kind == 1"
        )))
    );
    assert_eq!(
        settings.text(1),
        Some(RouteText::Statement(located(
            "table.1.statement",
            "route() where kind == 2"
        )))
    );
    assert_eq!(settings.text(2), None);
}

/// Guarantees: what the Collector refuses is refused, all at once and at its key.
#[test]
fn what_is_wrong_is_said_at_its_key() {
    let route = |rest: &str| format!("table: [{{pipelines: [traces], {rest}}}]");
    for (yaml, wanted) in [
        ("table: []".to_owned(), "1:8 `table` must have a route"),
        (
            "table: [{pipelines: [traces]}]".to_owned(),
            "1:9 `table.0` must have a condition or a statement",
        ),
        (
            route("condition: span.kind == 1, statement: route() where span.kind == 2"),
            "1:69 `table.0.statement` must not be written together with condition",
        ),
        (
            route("context: request, statement: 'request[\"a\"] == \"b\"'"),
            "1:60 `table.0.statement` is not for the context request; write condition: 'request[\"key\"] == \"value\"'",
        ),
        (
            route("condition: span.kind == 1, context: log"),
            "1:67 `table.0.context`: `log` is not one of `resource`, `span`, `request`, `otelcol`",
        ),
        (
            route("condition: span.kind == 1, action: drop"),
            "1:66 `table.0.action`: `drop` is not one of `move`, `copy`",
        ),
        (
            "table: [{condition: span.kind == 1}]".to_owned(),
            "1:9 `table.0.pipelines` must name a pipeline",
        ),
        (
            "table: [{condition: span.kind == 1, pipelines: [traces, logs/x]}]".to_owned(),
            "1:57 `table.0.pipelines.1` is `logs/x`, but must be a pipeline of traces",
        ),
        (
            "match_once: true\ntable: [{condition: span.kind == 1, pipelines: [traces]}]".to_owned(),
            "1:1 `match_once` is not supported",
        ),
    ] {
        let (settings, found) = read(&yaml);
        assert_eq!(settings, None, "{yaml}");
        assert_eq!(found, [wanted], "{yaml}");
    }
}

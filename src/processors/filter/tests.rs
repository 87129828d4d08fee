use std::sync::Arc;

use super::*;
use crate::config::statements::{Entries, Entry};
use crate::pipeline::client::Client;
use crate::pipeline::processor::{Above, Context as Around, Fate};
use crate::wire::{Amendment, ResourceView, ScopeView, SpanEdit, SpanView};

fn settings(texts: &[&str]) -> FilterSettings {
    FilterSettings {
        trace_conditions: Entries(texts.iter().map(|text| Entry::Text((*text).into())).collect()),
        ..FilterSettings::default()
    }
}

fn parts(settings: &FilterSettings) -> Vec<Arc<dyn Processor>> {
    match stage(settings, "filter") {
        Stage::Sees(parts) => parts,
        other => panic!("{other:?}"),
    }
}

fn seen(settings: &FilterSettings, span: &mut SpanEdit<'_>) -> Vec<Fate> {
    let client = Client::default();
    let above = Above {
        resource: &Amendment::new(ResourceView::over(&[])),
        scope: &Amendment::new(ScopeView::over(&[])),
    };
    let see =
        |part: &Arc<dyn Processor>, span: &mut SpanEdit<'_>| part.span(Around::of(&client), above, span);
    parts(settings).iter().map(|part| see(part, span)).collect()
}

fn named(name: &str) -> SpanEdit<'static> {
    let mut span = SpanView::over(&[]).amend();
    span.set_name(name);
    span
}

/// Guarantees: the first condition that holds drops, under a rule with its place and text; what none holds for stays as it is.
#[test]
fn the_first_condition_that_holds_drops() {
    let settings = settings(&[
        r#"resource.attributes["x"] == 1"#,
        r#"span.name == "a""#,
        "IsMatch(span.name, \"^[ab]$\")",
    ]);
    assert_eq!(seen(&settings, &mut named("a")), [Fate::DropBy(1)]);
    assert_eq!(seen(&settings, &mut named("b")), [Fate::DropBy(2)]);
    assert_eq!(seen(&settings, &mut named("c")), [Fate::Keep]);
    let rules: Vec<String> = parts(&settings)[0]
        .rules()
        .into_iter()
        .map(|rule| rule.name)
        .collect();
    assert_eq!(
        rules,
        [
            r#"trace_conditions[0] resource.attributes["x"] == 1"#,
            r#"trace_conditions[1] span.name == "a""#,
            r#"trace_conditions[2] IsMatch(span.name, "^[ab]$")"#,
        ]
    );
}

/// Guarantees: a condition that fails counts as one that does not hold, or rejects the request where the user wants that.
#[test]
fn failures_are_passed_over_or_reject() {
    let mut settings = settings(&["1 / span.kind == 1", r#"span.name == "a""#]);
    assert_eq!(seen(&settings, &mut named("a")), [Fate::DropBy(1)]);
    settings.error_mode = ErrorMode::Propagate;
    assert_eq!(
        seen(&settings, &mut named("a")),
        [Fate::Fail(
            "failed to eval condition: 1 / span.kind == 1, attempted to divide by 0".into()
        )]
    );
}

/// Guarantees: events are dropped out of their span, which stays.
#[test]
fn events_are_dropped() {
    let mut span = named("a");
    let event = |name: &str| {
        let mut event = crate::wire::EventView::over(&[]).amend();
        event.set_name(name);
        event.encoded()
    };
    span.set_events([event("keep"), event("drop")]);
    assert_eq!(
        seen(&settings(&[r#"spanevent.name == "drop""#]), &mut span),
        [Fate::Keep]
    );
    let names: Vec<&str> = span.events().map(|event| event.name()).collect();
    assert_eq!(names, ["keep"]);
}

/// Guarantees: the older forms are about what their keys say, and paths need no prefix there.
#[test]
fn older_forms_filter() {
    let mut settings = FilterSettings::default();
    settings.traces.span = vec![r#"name == "a""#.into()];
    assert_eq!(seen(&settings, &mut named("a")), [Fate::DropBy(0)]);
    assert_eq!(seen(&settings, &mut named("b")), [Fate::Keep]);
    let rules = parts(&settings)[0].rules();
    assert_eq!(rules[0].name, r#"traces.span[0] name == "a""#);
}

use std::sync::Arc;

use super::*;
use crate::config::statements::{Entries, Entry};
use crate::pipeline::client::Client;
use crate::pipeline::processor::{Above, Context as Around, Fate};
use crate::wire::{Amendment, ResourceView, ScopeView, SpanEdit, SpanView};

fn flat(texts: &[&str]) -> TransformSettings {
    TransformSettings {
        trace_statements: Entries(texts.iter().map(|text| Entry::Text((*text).into())).collect()),
        ..TransformSettings::default()
    }
}

fn groups(groups: Vec<StatementGroup>) -> TransformSettings {
    TransformSettings {
        trace_statements: Entries(groups.into_iter().map(Entry::Group).collect()),
        ..TransformSettings::default()
    }
}

fn parts(settings: &TransformSettings) -> Vec<Arc<dyn Processor>> {
    match stage(settings, "transform") {
        Stage::Sees(parts) => parts,
        other => panic!("{other:?}"),
    }
}

fn named(name: &str) -> SpanEdit<'static> {
    let mut span = SpanView::over(&[]).amend();
    span.set_name(name);
    span
}

fn run(settings: &TransformSettings, span: &mut SpanEdit<'_>) -> Vec<Fate> {
    let client = Client::default();
    let above = Above {
        resource: &Amendment::new(ResourceView::over(&[])),
        scope: &Amendment::new(ScopeView::over(&[])),
    };
    let run =
        |part: &Arc<dyn Processor>, span: &mut SpanEdit<'_>| part.span(Around::of(&client), above, span);
    parts(settings).iter().map(|part| run(part, span)).collect()
}

fn problems(settings: &TransformSettings) -> Vec<String> {
    let mut problems = Problems::default();
    compiled(settings, &mut problems, &mut Problems::default());
    problems
        .iter()
        .map(|problem| format!("{} {:?} {}", problem.path, problem.within, problem.note))
        .collect()
}

/// Guarantees: statements run in order, each sees what the ones before left, and what they put aside.
#[test]
fn statements_run_in_order() {
    let settings = flat(&[
        r#"set(span.cache["first"], span.name)"#,
        r#"set(span.name, Concat([span.name, "b"], ""))"#,
        r#"set(span.name, Concat([span.name, span.cache["first"]], "-")) where span.name == "ab""#,
    ]);
    let mut span = named("a");
    assert_eq!(run(&settings, &mut span), [Fate::Keep]);
    assert_eq!(span.name(), "ab-a");
}

/// Guarantees: a statement that fails is passed over by default, and rejects the request where the user wants that; what was
/// done before it stays done.
#[test]
fn failures_are_passed_over_or_reject() {
    let texts = [
        r#"set(span.name, "new")"#,
        "set(span.name, 1 / span.kind)",
        r#"set(span.attributes["x"], true)"#,
    ];
    let mut settings = flat(&texts);
    let mut span = named("a");
    assert_eq!(run(&settings, &mut span), [Fate::Keep]);
    assert_eq!((span.name(), span.pair("x").is_some()), ("new", true));
    settings.error_mode = ErrorMode::Propagate;
    let mut span = named("a");
    let [Fate::Fail(why)] = &run(&settings, &mut span)[..] else {
        panic!("it does not fail");
    };
    assert_eq!(
        why.as_ref(),
        "failed to execute statement: set(span.name, 1 / span.kind), attempted to divide by 0"
    );
    assert!(span.pair("x").is_none());
}

/// Guarantees: only a group with a statement that edits what stands above ends a pass.
#[test]
fn groups_that_edit_above_say_so() {
    let group = |statement: &str| StatementGroup {
        statements: vec![statement.into()],
        ..StatementGroup::default()
    };
    let settings = groups(vec![
        group("set(span.name, resource.schema_url)"),
        group(r#"set(resource.attributes["x"], span.name)"#),
        group(r#"set(span.name, "x") where spanevent.name == "e""#),
        group(r#"set(scope.name, spanevent.name)"#),
        group(r#"set(resource.attributes["x"], scope.name)"#),
        group(r#"set(resource.attributes["x"], 1)"#),
    ]);
    let above: Vec<bool> = parts(&settings).iter().map(|part| part.edits_above()).collect();
    assert_eq!(above, [false, true, false, true, true, false]);
}

/// Guarantees: what is wrong is told with the path of its statement and its place there.
#[test]
fn what_is_wrong_has_a_place() {
    let settings = groups(vec![StatementGroup {
        conditions: vec!["span.kind == 2".into(), "span.kidn == 2".into()],
        statements: vec![r#"set(span.name, "x")"#.into(), "sett(span.name, 1)".into()],
        ..StatementGroup::default()
    }]);
    assert_eq!(
        problems(&settings),
        [
            "trace_statements.0.conditions.1 Some(0..9) there is no path `kidn` of span",
            "trace_statements.0.statements.1 Some(0..4) undefined function `sett`",
        ]
    );
    assert_eq!(
        problems(&groups(vec![StatementGroup::default()])),
        ["trace_statements.0.statements None is empty, so that nothing says what the group is about"]
    );
}

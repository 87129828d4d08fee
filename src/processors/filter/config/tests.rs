//! Which settings are read, in which form, and what is said of the others.

use super::{FilterSettings, Pass};
use crate::config::diagnostic::{Diagnostics, Severity};
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::config::statements::{Context, ErrorMode};

/// The settings, and what is said of them: line, column and message.
fn read(yaml: &str) -> (Option<FilterSettings>, Vec<String>) {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test", yaml), &mut diagnostics).unwrap();
    let settings = node.read::<FilterSettings>(&mut diagnostics);
    node.advise::<FilterSettings>(false, &mut diagnostics);
    let found = diagnostics.iter().map(|found| {
        let origin = found.origin.as_ref().unwrap();
        format!("{}:{} {}", origin.line, origin.column, found.message)
    });
    (settings, found.collect())
}

fn paths(pass: &Pass<'_>) -> Vec<String> {
    pass.conditions
        .iter()
        .map(|condition| condition.path.clone())
        .collect()
}

/// Guarantees: texts are one pass, groups are one each, with what they override.
#[test]
fn both_forms_are_passes() {
    let (settings, found) = read("trace_conditions: [span.kind == 1, 'span.name == \"c, d\"']");
    assert_eq!(found, [""; 0]);
    let settings = settings.unwrap();
    let [pass] = &settings.passes()[..] else {
        panic!("{settings:?}")
    };
    assert_eq!((pass.context, pass.error_mode), (None, ErrorMode::Ignore));
    assert_eq!(paths(pass), ["trace_conditions.0", "trace_conditions.1"]);

    let (settings, _) = read(
        "error_mode: Propagate\ntrace_conditions:\n- conditions: [span.kind == 1]\n\
         - {context: SPAN, conditions: [kind == 2, kind == 3], error_mode: silent}",
    );
    let settings = settings.unwrap();
    let [first, second] = &settings.passes()[..] else {
        panic!("{settings:?}")
    };
    assert_eq!((first.context, first.error_mode), (None, ErrorMode::Propagate));
    assert_eq!(
        (second.context, second.error_mode),
        (Some(Context::Span), ErrorMode::Silent)
    );
    assert_eq!(
        paths(second),
        [
            "trace_conditions.1.conditions.0",
            "trace_conditions.1.conditions.1"
        ]
    );
}

/// Guarantees: the older forms are read, and other signals have no effect.
#[test]
fn older_forms_are_read() {
    let (settings, found) = read(
        "traces: {span: [kind == 1], spanevent: [event_index == 1]}\nmetrics: {metric: [c]}\nlog_conditions: [d]\n\
         profiles:\n",
    );
    assert_eq!(
        found,
        [
            "2:1 `metrics` has no effect here: there are spans only",
            "4:1 `profiles` has no effect here: there are spans only",
            "3:1 `log_conditions` has no effect here: there are spans only",
        ]
    );
    let settings = settings.unwrap();
    let lengths = settings
        .by_context()
        .map(|(context, texts)| (context, texts.len()));
    assert_eq!(
        lengths,
        [
            (Context::Resource, 0),
            (Context::Span, 1),
            (Context::SpanEvent, 1)
        ]
    );

    let (settings, found) =
        read("spans: {include: {match_type: strict, services: [a], regexp: {cacheenabled: true}}}");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(settings.unwrap().spans.is_written());
}

/// Guarantees: forms that the Collector refuses beside each other are refused, and each message is at its key.
#[test]
fn forms_are_not_mixed() {
    for (yaml, wanted) in [
        (
            "trace_conditions: [span.kind == 1, {conditions: [span.kind == 2]}]",
            "1:36 `trace_conditions.1` is of another form than those before; write only texts, or only groups",
        ),
        (
            "trace_conditions: [{conditions: [span.kind == 1]}, span.kind == 2]",
            "1:52 `trace_conditions.1` is of another form than those before; write only texts, or only groups",
        ),
        (
            "trace_conditions:\n- span.kind == 1\n-\n",
            "3:2 `trace_conditions.1` is empty, and must be a condition",
        ),
        (
            "trace_conditions: [span.kind == 1]\ntraces: {resource: [schema_url == \"b\"]}",
            "2:9 `traces` must not be written together with trace_conditions; move its conditions there",
        ),
        (
            "traces: {resource: [schema_url == \"b\"]}\nspans: {include: {match_type: strict, services: [a]}}",
            "2:8 `spans` must not be written together with traces",
        ),
        (
            "spans: {exclude: {match_type: exact, services: [a]}}",
            "1:31 `spans.exclude.match_type` is `exact`, but must be strict or regexp",
        ),
        (
            "spans: {exclude: {metric_names: [a]}}",
            "1:19 `spans.exclude.metric_names` is not supported",
        ),
        (
            "trace_conditions: [{context: log, conditions: [span.kind == 1]}]",
            "1:30 `trace_conditions.0.context`: `log` is not one of `resource`, `scope`, `span`, `spanevent`",
        ),
    ] {
        let (settings, found) = read(yaml);
        assert_eq!(settings, None, "{yaml}");
        assert!(found.iter().any(|found| found == wanted), "{yaml}: {found:#?}");
    }
}

/// Guarantees: `spans` beside `trace_conditions` is taken, as in the Collector, and warned of.
#[test]
fn what_is_not_looked_at_is_warned_of() {
    let mut diagnostics = Diagnostics::default();
    let yaml = "trace_conditions: [span.kind == 1]\nspans: {include: {match_type: strict, services: [a]}}";
    let node = parse(&Source::new("test", yaml), &mut diagnostics).unwrap();
    node.advise::<FilterSettings>(false, &mut diagnostics);
    assert_eq!(diagnostics.count(Severity::Warning), 1);
}

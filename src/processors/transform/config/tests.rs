//! Which settings are read, in which form, and what is said of the others.

use super::TransformSettings;
use crate::config::diagnostic::Diagnostics;
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::config::statements::{Context, ErrorMode, Located};

fn read(yaml: &str) -> (Option<TransformSettings>, Vec<String>) {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test", yaml), &mut diagnostics).unwrap();
    let settings = node.read::<TransformSettings>(&mut diagnostics);
    let found = diagnostics.iter().map(|found| {
        let origin = found.origin.as_ref().unwrap();
        format!("{}:{} {}", origin.line, origin.column, found.message)
    });
    (settings, found.collect())
}

fn paths(texts: &[Located<'_>]) -> Vec<String> {
    texts.iter().map(|text| text.path.clone()).collect()
}

/// Guarantees: groups come first and texts behind them are the last group, each text with its path.
#[test]
fn groups_and_then_texts() {
    let (settings, found) = read(
        "error_mode: propagate\ntrace_statements:\n- context: Resource\n  error_mode: silent\n  shared_cache: true\n  \
         conditions: [schema_url == \"a\"]\n  statements: ['set(schema_url, \"b\")', 'set(schema_url, \"c\")']\n\
         - statements: ['set(span.kind, 1)']\n- set(span.kind, 2)\n- set(span.kind, 3)",
    );
    assert_eq!(found, [""; 0]);
    let settings = settings.unwrap();
    let [first, second, texts] = &settings.passes()[..] else {
        panic!("{settings:?}")
    };
    assert_eq!(
        (first.context, first.error_mode),
        (Some(Context::Resource), ErrorMode::Silent)
    );
    assert!(first.shared_cache && !second.shared_cache);
    assert_eq!(paths(&first.conditions), ["trace_statements.0.conditions.0"]);
    assert_eq!(
        paths(&first.statements),
        [
            "trace_statements.0.statements.0",
            "trace_statements.0.statements.1"
        ]
    );
    assert_eq!((second.context, second.error_mode), (None, ErrorMode::Propagate));
    assert_eq!(
        paths(&texts.statements),
        ["trace_statements.2", "trace_statements.3"]
    );
    assert_eq!(texts.statements[0].text, "set(span.kind, 2)");
    assert_eq!(
        (first.path.as_str(), texts.path.as_str()),
        ("trace_statements.0", "trace_statements")
    );
}

/// Guarantees: what the Collector refuses is refused at its key; other signals have no effect.
#[test]
fn what_is_wrong_is_said_at_its_key() {
    for (yaml, wanted) in [
        (
            "trace_statements: ['set(span.kind, 1)', {statements: ['set(span.kind, 2)']}]",
            "1:41 `trace_statements.1` is a group behind a text; write groups first, or only texts, or only groups",
        ),
        (
            "trace_statements:\n-\n",
            "2:2 `trace_statements.0` is empty, and must be a statement",
        ),
        (
            "trace_statements: [{statements: ['set(span.kind, 1)'], conditions: ['']}]",
            "1:69 `trace_statements.0.conditions.0` is empty, and must be a condition",
        ),
        (
            "trace_statements: set(a, b)",
            "1:19 `trace_statements`: expected a list of texts or of maps, found `set(a, b)`",
        ),
        (
            "trace_statements: [{context: span, statement: [a]}]",
            "1:36 unknown key `statement` in `trace_statements.0`",
        ),
    ] {
        let (settings, found) = read(yaml);
        assert_eq!(settings, None, "{yaml}");
        assert_eq!(found, [wanted], "{yaml}");
    }
    let (settings, found) = read("flatten_data: true\nlog_statements: [a]");
    assert_eq!(settings, Some(TransformSettings::default()));
    assert_eq!(found.len(), 2, "{found:?}");
}

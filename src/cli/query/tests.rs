use super::{condition, json, tree, when};
use crate::query::model::{Field, Filter, FoundSpan, SpanHit, Test, TextOp, TraceSpans, worlds};

fn trace(spans: Vec<FoundSpan>) -> TraceSpans {
    TraceSpans {
        total: spans.len() as u64,
        hits: spans
            .into_iter()
            .map(|span| SpanHit { span, matched: true })
            .collect(),
        last: None,
        next: None,
    }
}

/// A span of a trace: its id and its parent's, each a letter.
fn span(id: u8, parent: Option<u8>, name: &str) -> FoundSpan {
    let mut span = vec![0x0a, 16];
    span.extend([7; 16]);
    span.extend([0x12, 8]);
    span.extend([id; 8]);
    if let Some(parent) = parent {
        span.extend([0x22, 8]);
        span.extend([parent; 8]);
    }
    span.extend([0x2a, name.len() as u8]);
    span.extend(name.as_bytes());
    FoundSpan {
        number: id.into(),
        project: "default".into(),
        resource: Vec::new().into(),
        scope: Vec::new().into(),
        span: span.into(),
    }
}

/// The names in a tree, each with what leads to it.
fn lines(spans: Vec<FoundSpan>) -> Vec<String> {
    let shown = tree::tree(&trace(spans)).unwrap();
    let lines = shown.lines().skip(4).map(|line| line.chars().skip(23).collect());
    lines.collect()
}

/// Children hang below their parents in order, and a branch goes on as long as there are more.
#[test]
fn a_trace_is_a_tree() {
    let spans = vec![
        span(1, None, "root"),
        span(2, Some(1), "first"),
        span(3, Some(2), "below"),
        span(4, Some(1), "second"),
    ];
    assert_eq!(lines(spans), ["root", "├─ first", "│  └─ below", "└─ second"]);
}

/// A span whose parent is not here says so, and circles and doubled ids are shown once each and end.
#[test]
fn broken_trees_are_shown_whole() {
    let orphan = lines(vec![span(1, Some(9), "orphan")]);
    assert_eq!(orphan, ["orphan  (its parent 0909090909090909 is not here)"]);
    let circle = lines(vec![
        span(1, Some(2), "a"),
        span(2, Some(1), "b"),
        span(3, Some(3), "self"),
    ]);
    assert_eq!(circle.len(), 3);
    let doubled = lines(vec![
        span(1, None, "one"),
        span(1, None, "other"),
        span(2, Some(1), "child"),
    ]);
    assert_eq!(doubled, ["one", "└─ child", "other"]);
}

/// A trace as deep as a trace may be is drawn, and what would move a terminal's cursor is not passed on.
#[test]
fn deep_traces_and_hostile_names_are_drawn() {
    let deep = (0..=255)
        .map(|id: u8| span(id, id.checked_sub(1), "\u{1b}[2Jx"))
        .collect();
    let lines = lines(deep);
    assert_eq!(lines.len(), 256);
    assert!(lines.iter().all(|line| !line.contains('\u{1b}')));
}

/// OTLP/JSON for scripts has every span that was found, under its own resource and scope.
#[test]
fn json_has_every_span() {
    let spans = worlds::spans(3, 50);
    let text = json::spans(spans.iter()).unwrap();
    let request = crate::wire::json::to_protobuf(text.trim().as_bytes()).unwrap();
    let traces = crate::wire::Traces::check(request.into()).unwrap().traces;
    let index = crate::wire::Index::of(&traces);
    let mut count = 0;
    for (located, found) in index.spans().zip(&spans) {
        assert_eq!(located.span.bytes(), &found.span[..]);
        let service = located
            .resource
            .attribute("service.name")
            .map(|value| format!("{value:?}"));
        assert_eq!(
            service,
            found
                .resource()
                .attribute("service.name")
                .map(|value| format!("{value:?}"))
        );
        assert_eq!(located.scope.name(), found.scope().name());
        count += 1;
    }
    assert_eq!(count, spans.len());
}

/// Conditions are read as they are meant, whatever signs a value holds, and nonsense is named.
#[test]
fn conditions_are_read() {
    let op = |text: &str| match condition::condition(text).unwrap() {
        Filter::Field {
            field,
            test: Test::Text(test),
            ..
        } => (field, test.op, test.values.concat()),
        other => panic!("{other:?}"),
    };
    let attribute = |key: &str| Field::Attribute(key.into());
    assert_eq!(op("a=b=c"), (attribute("a"), TextOp::Equals, "b=c".into()));
    assert_eq!(op("a~^x>=y"), (attribute("a"), TextOp::Regex, "^x>=y".into()));
    assert_eq!(
        op("resource.host="),
        (Field::Resource("host".into()), TextOp::Equals, "".into())
    );
    assert!(matches!(condition::condition("a!=b").unwrap(), Filter::Not(_)));
    assert!(matches!(condition::condition("!a").unwrap(), Filter::Not(_)));
    assert!(matches!(
        condition::condition("a>=1.5").unwrap(),
        Filter::Field {
            test: Test::Compare { .. },
            ..
        }
    ));
    assert_eq!(
        condition::condition("a>x").unwrap_err(),
        "`x` in `a>x` is no number"
    );
    assert_eq!(condition::condition("").unwrap_err(), "`` names no attribute");
}

/// Times are read in both notations and shown in UTC; durations have three digits.
#[test]
fn times_are_read_and_shown() {
    assert_eq!(when::time("1970-01-01T00:00:01.5Z"), Ok(1_500_000_000));
    assert_eq!(
        when::time("2026-11-20T06:00:00+01:00"),
        when::time("2026-11-20T05:00:00Z")
    );
    assert_eq!(when::time("12"), Ok(12_000_000_000));
    assert!(when::time("1969-01-01T00:00:00Z").is_err());
    assert!(when::time("yesterday").unwrap_err().contains("`yesterday`"));
    assert_eq!(when::shown(1_500_000_000), "1970-01-01T00:00:01.500Z");
    let lengths = [0, 999, -1500, 12_345_678, 987_654_321, 61_000_000_000].map(when::length);
    assert_eq!(
        lengths,
        ["0 ns", "999 ns", "-1.50 us", "12.3 ms", "988 ms", "61.0 s"]
    );
}

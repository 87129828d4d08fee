//! `spanway ottl` as a user runs it: what it shows, where it points, and its exit codes.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::io::Write;
use std::process::Stdio;

use serde_json::{Value, json};

use support::child::spanway;

/// What the command said, and how it ended.
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Two spans, the first with an attribute and an event.
fn spans() -> Value {
    let span = |id: u8, name: &str| json!({"traceId": format!("{id:032x}"), "spanId": format!("{id:016x}"), "name": name});
    let mut first = span(1, "buy");
    first["attributes"] = json!([{"key": "a", "value": {"intValue": "1"}}]);
    first["events"] = json!([{"name": "paid"}]);
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [first, span(2, "sell")]}]}]})
}

/// Runs the command on the spans, from standard input.
fn ottl(arguments: &[&str]) -> Said {
    let mut command = spanway(["ottl"].iter().chain(arguments).chain(&["--input", "-"]));
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that fails before it reads them closes its end.
    drop(stdin.write_all(spans().to_string().as_bytes()));
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

/// Guarantees: a statement shows what it changes, by name of the span and path of the field, and nothing of other spans.
#[test]
fn a_statement_shows_what_it_changes() {
    let said = ottl(&[r#"set(span.attributes["b"], span.attributes["a"] + 1) where span.name == "buy""#]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert!(said.stdout.contains("buy"), "{}", said.stdout);
    let change = "+ attributes[\"b\"] = 2\n";
    assert!(said.stdout.contains(change), "{}", said.stdout);
    assert!(!said.stdout.contains("sell"), "{}", said.stdout);
}

/// Guarantees: what comes out is written as OTLP/JSON where that is asked for.
#[test]
fn what_comes_out_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.json");
    let said = ottl(&[
        "set(name, \"x\")",
        "--context",
        "span",
        "--output",
        file.to_str().unwrap(),
    ]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let written: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut wanted = spans();
    for span in wanted["resourceSpans"][0]["scopeSpans"][0]["spans"]
        .as_array_mut()
        .unwrap()
    {
        span["name"] = json!("x");
    }
    assert_eq!(written, wanted);
}

/// Guarantees: a condition shows for which spans it holds, and for which it does not; one about events, whose events it
/// holds for.
#[test]
fn a_condition_shows_for_what_it_holds() {
    let said = ottl(&["span.name == \"buy\""]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let line = |text: &str| {
        let line = said.stdout.lines().find(|line| line.contains(text));
        line.unwrap_or_default().to_owned()
    };
    assert!(line("buy").starts_with("holds "), "{}", said.stdout);
    assert!(line("sell").starts_with("does not hold"), "{}", said.stdout);
    let said = ottl(&["spanevent.name == \"paid\""]);
    assert!(said.stdout.contains("holds for events of"), "{}", said.stdout);
}

/// Guarantees: a wrong text ends with 1 and a caret under its place; nothing is shown as tried.
#[test]
fn what_is_wrong_is_pointed_out() {
    let said = ottl(&["set(span.nmae, \"x\")"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    let lines: Vec<&str> = said.stderr.lines().collect();
    let shown = lines
        .iter()
        .position(|line| line.contains("| set(span.nmae"))
        .unwrap();
    let (shown, caret) = (lines[shown], lines[shown + 1]);
    let (under, width) = (shown.find("span.nmae").unwrap(), "span.nmae".len());
    assert_eq!(
        caret,
        format!("  | {}{}", " ".repeat(under - 4), "^".repeat(width))
    );
    assert!(said.stderr.contains("did you mean `name`?"), "{}", said.stderr);
}

/// Guarantees: a statement that fails on a span says so, with its text, and the command ends well.
#[test]
fn what_fails_on_a_span_is_told() {
    let said = ottl(&["set(span.attributes[\"b\"], 1 / span.attributes[\"a\"])"]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(
        said.stderr.contains("1 / span.attributes[\"a\"]"),
        "{}",
        said.stderr
    );
    assert!(
        said.stdout.contains("buy") && !said.stdout.contains("sell"),
        "{}",
        said.stdout
    );
}

/// Guarantees: what the client sent along is seen where it is given.
#[test]
fn the_client_is_who_one_says() {
    let said = ottl(&[
        "set(attributes[\"tenant\"], otelcol.client.metadata[\"x-tenant\"][0])",
        "--context",
        "span",
        "--metadata",
        "x-tenant=shop",
    ]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert_eq!(said.stdout.matches("shop").count(), 2, "{}", said.stdout);
}

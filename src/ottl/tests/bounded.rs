//! What grows, nests or repeats without end: it stops at a bound, and takes time in proportion.

use crate::ottl::About;
use crate::ottl::oracle::{judge_about, run};
use crate::wire::{Traces, json};

/// A request of one span with these attributes, in JSON, and an event with the same.
fn request(attributes: &str) -> Traces {
    let span = format!(
        r#"{{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","attributes":[{attributes}],"events":[{{"name":"e","attributes":[{attributes}]}}]}}"#
    );
    let text = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{attributes}]}},"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#
    );
    let bytes = json::to_protobuf(text.as_bytes()).unwrap();
    Traces::check(bytes.into()).unwrap().traces
}

fn judged(statements: &[String], traces: &Traces) {
    assert!(judge_about(statements, &[], About::Inferred, traces));
}

/// Guarantees: values that statements nest in themselves stop at a depth that receivers take, wherever they are.
#[test]
fn nesting_ends() {
    let traces = request(r#"{"key":"a","value":{"stringValue":"x"}}"#);
    for of in ["span", "spanevent", "resource"] {
        for nested in ["[@]", r#"{"k": @}"#, r#"[{"k": @}]"#] {
            let nested = nested.replace('@', &format!(r#"{of}.attributes["a"]"#));
            judged(
                &vec![format!(r#"set({of}.attributes["a"], {nested})"#); 60],
                &traces,
            );
            let nested = nested.replace("attributes", "cache");
            let mut statements = vec![format!(r#"set({of}.cache["a"], {nested})"#); 60];
            statements.push(format!(r#"merge_maps({of}.attributes, {of}.cache, "upsert")"#));
            judged(&statements, &traces);
        }
    }
}

/// Guarantees: what each statement doubles does not grow for ever.
#[test]
fn doubling_ends() {
    let traces = request(r#"{"key":"a","value":{"stringValue":"0123456789abcdef"}}"#);
    // So many times that the bound is met once or twice.
    for (doubled, times) in [
        (
            r#"set(resource.attributes["a"], Concat([resource.attributes["a"], resource.attributes["a"]], ""))"#,
            22,
        ),
        (
            r#"set(resource.attributes["a"], Hex(resource.attributes["a"]))"#,
            22,
        ),
        (
            r#"replace_pattern(resource.attributes["a"], "(?s)^(.*)$", "$1$1")"#,
            22,
        ),
        (
            r#"set(resource.cache["a"], [resource.cache["a"], resource.cache["a"]])"#,
            23,
        ),
    ] {
        judged(&vec![doubled.to_owned(); times], &traces);
    }
}

/// Guarantees: maps of very many keys are merged, compared and renamed in time that grows with their number, not its square.
#[test]
fn many_keys_take_their_time_once() {
    let keys = |count: usize| {
        (0..count)
            .map(|key| format!(r#"\"k{key}\":1"#))
            .collect::<Vec<_>>()
            .join(",")
    };
    let traces = request(&format!(
        r#"{{"key":"json","value":{{"stringValue":"{{{}}}"}}}}"#,
        keys(60_000)
    ));
    let statements = [
        r#"merge_maps(resource.attributes, ParseJSON(resource.attributes["json"]), "upsert")"#,
        r#"set(resource.cache["a"], ParseJSON(resource.attributes["json"]))"#,
        r#"merge_maps(resource.cache["a"], resource.attributes, "insert")"#,
        r#"set(resource.attributes["same"], true) where resource.cache["a"] == ParseJSON(resource.attributes["json"])"#,
        r#"replace_all_patterns(resource.attributes, "key", "^k", "l")"#,
        r#"set(resource.cache["b"], resource.cache["a"])"#,
        r#"delete_key(resource.cache, "a")"#,
    ];
    // The twin is naive, and would take far longer.
    let edited = run(&statements.map(String::from), &traces);
    assert!(edited.bytes().len() > traces.bytes().len() + 60_000);
}

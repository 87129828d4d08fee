//! The page at `/`: what answers here.

use std::fmt::Write as _;

use serde_json::Value;

/// The page for an OpenAPI document.
pub fn page(document: &Value) -> String {
    let mut rows = String::new();
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, item) in paths.into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Some(summary) = operation.get("summary").and_then(Value::as_str) else {
                continue;
            };
            let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or("");
            // Writing to a `String` does not fail.
            let _ = writeln!(
                rows,
                "<tr><td>{}<td><code>{} {}</code><td>{}",
                escaped(tag),
                method.to_uppercase(),
                escaped(path),
                escaped(summary)
            );
        }
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Spanway: query APIs</title>\n\
         <style>body{{font:16px/1.5 sans-serif;margin:2em auto;max-width:70em;padding:0 1em}}\
         td{{padding:0 1em 0 0;vertical-align:top}}</style>\n\
         <h1>Spanway answers here</h1>\n\
         <p>The spans of this gateway's store, through the query APIs of the products below. Their description for \
         programs is <a href=\"/openapi.json\">/openapi.json</a>; for people, <code>docs/query-apis.md</code>.</p>\n\
         <table>\n{rows}</table>\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

//! Tables for pandas, and the filter language.

use serde_json::{Value, json};

use crate::{asked, keep, span, span_id};

/// The table of a project's spans for one query; an error is told as text.
fn table(project: &str, query: &Value) -> Result<Value, String> {
    let body = json!({ "queries": [query] }).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json"),
    ];
    let reply = asked().call(
        "POST",
        &format!("/v1/spans?project_name={project}"),
        &headers,
        body.as_bytes(),
    );
    if reply.status != 200 {
        return Err(reply.body);
    }
    let kind = reply.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/mixed; boundary=").unwrap();
    let part = reply.body.split(&format!("--{boundary}")).nth(1).unwrap();
    let part = part
        .strip_prefix("\r\nContent-Type: application/json\r\n\r\n")
        .unwrap();
    Ok(serde_json::from_str(part.trim()).unwrap())
}

/// Guarantees: columns come in Phoenix's order, each led by its place, conventions in one piece and other attributes nested.
#[test]
fn columns() {
    keep(
        "columns",
        &[
            span(
                80,
                92,
                "one",
                0,
                &[
                    ("llm.model_name", json!({ "stringValue": "m" })),
                    ("http.method", json!({ "stringValue": "GET" })),
                    ("n", json!({ "intValue": "1" })),
                ],
            ),
            span(80, 93, "two", 1, &[("b", json!({ "boolValue": true }))]),
        ],
    );
    let table = table("columns", &json!({})).unwrap();
    let fields = table["schema"]["fields"].as_array().unwrap();
    let names: Vec<&str> = fields
        .iter()
        .map(|field| field["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names[..11],
        [
            "0_context.span_id",
            "1_name",
            "2_span_kind",
            "3_parent_id",
            "4_start_time",
            "5_end_time",
            "6_status_code",
            "7_status_message",
            "8_events",
            "9_context.span_id",
            "10_context.trace_id",
        ]
    );
    assert_eq!(
        fields[4],
        json!({ "name": "4_start_time", "type": "datetime", "tz": "UTC" })
    );
    assert_eq!(table["schema"]["primaryKey"], json!(["0_context.span_id"]));
    let rows = table["data"].as_array().unwrap();
    assert_eq!(
        (&rows[0]["1_name"], &rows[1]["1_name"]),
        (&json!("two"), &json!("one"))
    );
    assert_eq!(rows[1]["4_start_time"], "2025-10-09T08:53:20.000000000Z");
    let value = |row: usize, name: &str| {
        let column = names
            .iter()
            .find(|column| column.split_once('_').unwrap().1 == name)
            .unwrap();
        rows[row][*column].clone()
    };
    assert_eq!(value(1, "attributes.llm.model_name"), "m");
    assert_eq!(value(1, "attributes.http"), json!({ "method": "GET" }));
    assert_eq!(
        (value(0, "attributes.n"), value(1, "attributes.n")),
        (Value::Null, json!(1.0))
    );
    assert_eq!(value(0, "context.span_id"), span_id(93));
}

/// Guarantees: a condition chooses what Phoenix's chooses, and a bad one is told with its place.
#[test]
fn conditions() {
    let text = |text: &str| json!({ "stringValue": text });
    let mut child = span(81, 96, "child", 2, &[("ratio", json!({ "doubleValue": 0.5 }))]);
    child["parentSpanId"] = json!(span_id(94));
    child["status"] = json!({ "code": 2 });
    keep(
        "conditions",
        &[
            span(
                81,
                94,
                "root",
                0,
                &[
                    ("openinference.span.kind", text("LLM")),
                    ("llm.token_count.prompt", json!({ "intValue": "10" })),
                    ("metadata", text(r#"{"tier":"gold"}"#)),
                ],
            ),
            span(
                81,
                95,
                "other",
                1,
                &[("http.status_code", json!({ "intValue": "200" }))],
            ),
            child,
        ],
    );
    let cases: &[(&str, &[&str])] = &[
        ("span_kind == 'LLM'", &["root"]),
        ("span_kind != 'LLM'", &["child", "other"]),
        ("parent_id is None", &["other", "root"]),
        ("parent_id is not None and status_code == 'ERROR'", &["child"]),
        ("name in ['root', 'child']", &["child", "root"]),
        ("name not in ('root',)", &["child", "other"]),
        ("'oo' in name", &["root"]),
        ("metadata['tier'] == 'gold'", &["root"]),
        ("attributes['http']['status_code'] >= 200", &["other"]),
        (
            "http.status_code == 200 or llm.token_count.prompt > 9",
            &["other", "root"],
        ),
        ("not (name == 'root' or name == 'other')", &["child"]),
        ("attributes['nothing'] == 1", &[]),
        ("not attributes['nothing'] == 1", &[]),
        ("attributes['nothing'] is None", &["child", "other", "root"]),
        (
            "latency_ms < 10.5 and latency_ms > 9",
            &["child", "other", "root"],
        ),
        ("float(attributes['ratio']) < 1", &["child"]),
        ("start_time > '2025-10-09T08:53:20.001Z'", &["child"]),
        ("1 == 1", &["child", "other", "root"]),
    ];
    for (condition, wanted) in cases {
        let query = json!({ "select": { "n": { "key": "name" } }, "filter": { "condition": condition } });
        let table = table("conditions", &query).unwrap();
        let names: Vec<Value> = table["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["1_n"].clone())
            .collect();
        assert_eq!(names, *wanted, "{condition}");
    }
    for (condition, why) in [
        ("foo(", "'(' was never closed at character 4"),
        ("import os", "invalid syntax at character 8"),
        ("name == 1", "cannot compare string and number"),
        ("name = 'a'", "invalid syntax at character 6"),
        ("name == 'a", "unterminated text at character 9"),
        (
            "annotations['a'].score > 1",
            "`annotations` is not supported by this server",
        ),
    ] {
        let fault = table("conditions", &json!({ "filter": { "condition": condition } })).unwrap_err();
        assert_eq!(fault, format!("Invalid query: {why}"), "{condition}");
    }
}

/// Guarantees: no query is a 404, as Phoenix has it, and a project that is not there an empty table.
#[test]
fn nothing() {
    let none = asked().post("/v1/spans", &json!({ "queries": [] }));
    assert_eq!(none.status, 404);
    assert_eq!(table("nobody", &json!({})).unwrap()["data"], json!([]));
}

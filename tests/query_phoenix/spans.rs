//! The span lists: what a row holds, and every filter.

use serde_json::{Value, json};

use crate::{asked, keep, names, span, span_id, trace_id};

/// Guarantees: a row has Phoenix's members and values: nested attributes dotted, JSON text read, times in microseconds, the
/// kind beside the attributes, ids as digits.
#[test]
fn a_row() {
    let mut sent = span(
        1,
        1,
        "root",
        0,
        &[
            ("openinference.span.kind", json!({ "stringValue": "chain" })),
            (
                "metadata",
                json!({ "stringValue": "{\"tier\":\"gold\",\"deep\":{\"x\":[1]}}" }),
            ),
            (
                "llm.input_messages.0.message.role",
                json!({ "stringValue": "user" }),
            ),
            ("input.value", json!({ "intValue": "5" })),
            ("llm.token_count.prompt", json!({ "doubleValue": 7.0 })),
            (
                "kv",
                json!({ "kvlistValue": { "values": [{ "key": "a", "value": { "boolValue": true } }] } }),
            ),
            (
                "tags",
                json!({ "arrayValue": { "values": [{ "stringValue": "a" }, { "intValue": "1" }] } }),
            ),
        ],
    );
    sent["startTimeUnixNano"] = json!("1760000000123456789");
    sent["status"] = json!({ "code": 2, "message": "boom" });
    sent["events"] = json!([{
        "name": "exception", "timeUnixNano": "1760000000200000000",
        "attributes": [
            { "key": "exception.type", "value": { "stringValue": "E" } },
            { "key": "other", "value": { "stringValue": "x" } },
        ],
    }]);
    keep("a_row", &[sent]);
    let page = asked().get("/v1/projects/a_row/spans").ok();
    let mut row = page["data"][0].clone();
    assert!(row["id"].as_str().unwrap().starts_with("U3Bhbj"), "{row}");
    row.as_object_mut().unwrap().remove("id");
    assert_eq!(
        row,
        json!({
            "name": "root",
            "context": { "trace_id": trace_id(1), "span_id": span_id(1) },
            "span_kind": "chain",
            "parent_id": null,
            "start_time": "2025-10-09T08:53:20.123457+00:00",
            "end_time": "2025-10-09T08:53:20.010000+00:00",
            "status_code": "ERROR",
            "status_message": "boom",
            "attributes": {
                "metadata.tier": "gold", "metadata.deep.x": [1], "llm.input_messages.0.message.role": "user",
                "input.value": "5", "input.mime_type": "application/json", "llm.token_count.prompt": 7,
                "kv.a": true, "tags": ["a", 1],
            },
            "events": [{
                "name": "exception", "timestamp": "2025-10-09T08:53:20.200000+00:00",
                "attributes": { "exception.type": "E" },
            }],
        })
    );
    assert_eq!(page["next_cursor"], Value::Null);
}

/// Guarantees: the OTLP list has every member, exact times, the kind among the attributes, and null where nothing is.
#[test]
fn an_otlp_row() {
    let kind = ("openinference.span.kind", json!({ "stringValue": "LLM" }));
    keep(
        "an_otlp_row",
        &[span(2, 2, "ask", 0, &[kind, ("n", json!({ "intValue": "3" }))])],
    );
    let page = asked().get("/v1/projects/an_otlp_row/spans/otlpv1").ok();
    let row = &page["data"][0];
    assert_eq!(row["kind"], "SPAN_KIND_INTERNAL");
    assert_eq!(row["start_time_unix_nano"], 1_760_000_000_000_000_000_u64);
    assert_eq!(row["status"], json!({ "code": 0, "message": null }));
    for member in [
        "links",
        "flags",
        "trace_state",
        "events",
        "parent_span_id",
        "dropped_links_count",
    ] {
        assert_eq!(row.get(member), Some(&Value::Null), "{member}");
    }
    let values: Vec<&Value> = row["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["value"])
        .collect();
    assert_eq!(values.len(), 2);
    assert!(
        values
            .iter()
            .any(|value| value["string_value"] == "LLM" && value["int_value"].is_null())
    );
    assert!(
        values
            .iter()
            .any(|value| value["int_value"] == 3 && value["string_value"].is_null())
    );
}

/// Guarantees: what an SDK says in `gen_ai.*` is shown under OpenInference's names, and what it says itself wins.
#[test]
fn gen_ai_is_mapped() {
    let text = |text: &str| json!({ "stringValue": text });
    keep(
        "gen_ai",
        &[span(
            3,
            3,
            "chat",
            0,
            &[
                ("gen_ai.operation.name", text("chat")),
                ("gen_ai.request.model", text("some-model")),
                ("gen_ai.provider.name", text("openai")),
                ("gen_ai.conversation.id", text("talk")),
                ("gen_ai.usage.input_tokens", json!({ "intValue": "3" })),
                ("gen_ai.usage.output_tokens", json!({ "intValue": "4" })),
                (
                    "gen_ai.input.messages",
                    text(r#"[{"role":"user","parts":[{"type":"text","content":"hi"}]}]"#),
                ),
                ("llm.system", text("mine")),
            ],
        )],
    );
    let page = asked()
        .get("/v1/projects/gen_ai/spans?span_kind=LLM&attribute=session.id:talk")
        .ok();
    let row = &page["data"][0];
    assert_eq!(row["span_kind"], "LLM");
    for (name, value) in [
        ("llm.model_name", json!("some-model")),
        ("llm.provider", json!("openai")),
        ("llm.system", json!("mine")),
        ("llm.token_count.total", json!(7)),
        ("llm.input_messages.0.message.content", json!("hi")),
    ] {
        assert_eq!(row["attributes"][name], value, "{name}");
    }
}

/// Guarantees: every filter chooses what Phoenix's chooses.
#[test]
fn filters() {
    let text = |text: &str| json!({ "stringValue": text });
    let mut child = span(5, 12, "child", 20, &[("openinference.span.kind", text("tool"))]);
    child["parentSpanId"] = json!(span_id(11));
    child["status"] = json!({ "code": 2 });
    keep(
        "filters",
        &[
            span(
                4,
                10,
                "first",
                0,
                &[
                    ("openinference.span.kind", text("LLM")),
                    ("n", json!({ "intValue": "200" })),
                    ("user.id", text("12345")),
                    ("ok", json!({ "boolValue": true })),
                    (
                        "tags",
                        json!({ "arrayValue": { "values": [{ "stringValue": "a" }] } }),
                    ),
                    ("metadata", text(r#"{"tier":"gold","n":5}"#)),
                ],
            ),
            span(5, 11, "second", 10, &[("n", json!({ "doubleValue": 200.0 }))]),
            child,
        ],
    );
    let (other_trace, parent) = (trace_id(5), span_id(11));
    let cases: &[(&str, &[&str])] = &[
        ("", &["child", "second", "first"]),
        ("order=asc", &["first", "second", "child"]),
        ("sort=start_time", &["child", "second", "first"]),
        (&format!("trace_id={other_trace}"), &["child", "second"]),
        (&format!("trace_id={}", other_trace.to_uppercase()), &[]),
        (&format!("span_id={parent}&span_id=zz"), &["second"]),
        ("name=first&name=child", &["child", "first"]),
        ("parent_id=null", &["second", "first"]),
        (&format!("parent_id={parent}"), &["child"]),
        ("span_kind=tool", &["child"]),
        ("span_kind=TOOL&span_kind=llm", &["child", "first"]),
        ("span_kind=UNKNOWN", &["second"]),
        ("status_code=error", &["child"]),
        ("status_code=UNSET", &["second", "first"]),
        ("status_code=OK", &[]),
        ("attribute=n:200", &["second", "first"]),
        ("attribute=n:200.0", &["second"]),
        ("attribute=user.id:12345", &[]),
        ("attribute=user.id:%2212345%22", &["first"]),
        ("attribute=ok:true", &["first"]),
        ("attribute=tags:a", &[]),
        ("attribute=metadata.tier:gold", &["first"]),
        ("attribute=metadata.n:5&attribute=n:200", &["first"]),
        ("attribute=metadata.n:6", &[]),
        ("attribute=openinference.span.kind:tool", &["child"]),
        ("start_time=2025-10-09T08:53:20.010Z", &["child", "second"]),
        ("end_time=2025-10-09T10:53:20.010%2B02:00", &["first"]),
        ("start_time=1760000000.015", &["child"]),
        ("start_time=2026-01-01&end_time=2025-01-01", &[]),
        ("end_time=1960-01-01", &[]),
        ("start_time=9000-01-01", &[]),
    ];
    for (parameters, wanted) in cases {
        assert_eq!(names("filters", parameters), *wanted, "{parameters}");
    }
}

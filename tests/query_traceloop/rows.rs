//! How a span is shown in each form.

use serde_json::{Value, json};

use super::support::query::Asked;
use super::{START, attributes, resource, span, warehouse};

/// A workflow with a request to a model, as instrumentations send it today.
fn agent() -> Asked {
    let asked = Asked::start("");
    let of = json!({"service.name": "demo", "deployment.environment.name": "prd"});
    let request = json!({
        "parentSpanId": format!("{:016x}", 1), "kind": 3, "traceState": "a=b",
        "status": {"code": 2, "message": "no"},
        "attributes": attributes(json!({
            "traceloop.workflow.name": "plan", "gen_ai.system": "openai", "gen_ai.request.model": "gpt",
            "llm.request.type": "chat", "gen_ai.request.type": "hidden",
            "gen_ai.request.temperature": 1.0, "gen_ai.usage.total_tokens": 953, "llm.is_streaming": true,
            "gen_ai.prompt.0.content": "Hi", "gen_ai.completion.0.role": "assistant",
            "traceloop.entity.input": "{}", "traceloop.entity.output": "[]",
            "traceloop.llm.cost_micro_usd.total": 2540,
            "list": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "b"}]}},
        })),
        "events": [{"name": "chunk", "timeUnixNano": "1", "attributes": attributes(json!({"n": 1.5}))}],
    });
    asked.keep(json!([resource(
        of,
        vec![span(1, 1, 770, 68638, json!({})), span(1, 2, 771, 0, request),]
    )]));
    asked
}

fn span_attributes(with_messages: bool) -> Value {
    let mut shown = json!({
        "list": "[1,\"b\"]",
        "llm.completions.0.role": "assistant",
        "llm.is_streaming": "true",
        "llm.prompts.0.content": "Hi",
        "llm.request.model": "gpt",
        "llm.request.temperature": "1.000000",
        "llm.request.type": "chat",
        "llm.usage.total_tokens": "953",
        "llm.vendor": "openai",
        "traceloop.llm.cost_micro_usd.total": "2540",
        "traceloop.workflow.name": "plan",
    });
    if !with_messages {
        let members = shown.as_object_mut().unwrap();
        members.retain(|key, _| !key.contains("prompts") && !key.contains("completions"));
    }
    shown
}

/// Today's rows: milliseconds, attributes as text under the product's names, messages apart.
#[test]
fn rows_of_today() {
    let asked = agent();
    let page = warehouse(&asked, "");
    let row = json!({
        "environment": "prd", "timestamp": START * 1000 + 771,
        "trace_id": format!("{:032x}", 1), "span_id": format!("{:016x}", 2),
        "parent_span_id": format!("{:016x}", 1), "trace_state": "a=b", "span_name": "span 2",
        "span_kind": "SPAN_KIND_CLIENT", "service_name": "demo",
        "resource_attributes": {"service.name": "demo", "deployment.environment.name": "prd"},
        "scope_name": "tests", "scope_version": "3", "span_attributes": span_attributes(false),
        "duration": 0, "status_code": "STATUS_CODE_ERROR", "status_message": "no",
        "prompts": {"llm.prompts.0.content": "Hi"}, "completions": {"llm.completions.0.role": "assistant"},
        "input": "{}", "output": "[]",
    });
    assert_eq!(page["data"][1], row);
    let root = &page["data"][0];
    assert_eq!(root["parent_span_id"], "");
    assert_eq!(root["duration"], 68638);
    assert_eq!(root["status_code"], "STATUS_CODE_UNSET");
    assert_eq!((&root["prompts"], &root["input"]), (&json!({}), &json!("")));
    assert_eq!(page["page_size"], 2);
    assert_eq!(page["total_results"], 2);
    assert_eq!(
        page["next_cursor"],
        (START * 1000 + 771).to_string(),
        "the last page has a cursor, too"
    );
}

/// The rows that were documented first: nanoseconds, RFC 3339, short names of kinds and codes.
#[test]
fn rows_as_documented_first() {
    let asked = agent();
    let rows = asked
        .get(&format!("/api/v2/warehouse/spans?fromTimestampSec={START}"))
        .ok();
    let row = json!({
        "organizationId": "", "environment": "prd", "timestamp": "2025-11-16T06:04:19.771Z",
        "traceId": format!("{:032x}", 1), "spanId": format!("{:016x}", 2),
        "parentSpanId": format!("{:016x}", 1), "traceState": "a=b", "spanName": "span 2",
        "spanKind": "CLIENT", "serviceName": "demo",
        "resourceAttributes": {"service.name": "demo", "deployment.environment.name": "prd"},
        "scopeName": "tests", "scopeVersion": "3", "spanAttributes": span_attributes(false),
        "workflowName": "plan", "duration": 0, "statusCode": "ERROR", "statusMessage": "no",
        "eventsName": ["chunk"], "eventsAttributes": [{"n": "1.500000"}],
        "prompts": {"llm.prompts.0.content": "Hi"}, "completions": {"llm.completions.0.role": "assistant"},
        "input": "{}", "output": "[]",
    });
    assert_eq!(rows[1], row);
    assert_eq!(rows[1].as_object().unwrap().len(), 24);
    assert_eq!(rows[0]["duration"], 68_638_000_000_u64);
    assert_eq!(rows[0]["statusCode"], "UNSET");
}

/// The rows of one trace: messages among the attributes, events, and what a request cost.
#[test]
fn rows_of_a_trace() {
    let asked = agent();
    let trace = asked
        .get(&format!("/v2/projects/default/traces/{:032x}/spans", 1))
        .ok();
    let row = json!({
        "trace_id": format!("{:032x}", 1), "span_id": format!("{:016x}", 2),
        "parent_span_id": format!("{:016x}", 1), "span_name": "span 2", "span_kind": "SPAN_KIND_CLIENT",
        "timestamp": START * 1000 + 771, "duration": 0, "span_attributes": span_attributes(true),
        "events_name": ["chunk"], "events_attributes": [{"n": "1.500000"}], "environment": "prd",
        "prompts": null, "completions": null, "input": "{}", "output": "[]", "cost_micro_usd": 2540,
    });
    assert_eq!(trace["spans"][1], row);
    assert_eq!(trace["spans"][0].get("cost_micro_usd"), None);
    assert_eq!(trace["spans"].as_array().unwrap().len(), 2);
}

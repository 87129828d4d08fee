//! What the product's own tools ask of a project.

use serde_json::json;

use super::support::query::Asked;
use super::{START, attributes, ids, resource, span};

fn asked() -> Asked {
    let asked = Asked::start("");
    let with = |workflow: &str, tokens: u64, parent: u64| {
        json!({
            "parentSpanId": if parent == 0 { String::new() } else { format!("{parent:016x}") },
            "attributes": attributes(json!({
                "traceloop.workflow.name": workflow, "gen_ai.usage.total_tokens": tokens, "llm.vendor": "v",
            })),
        })
    };
    asked.keep(json!([resource(
        json!({"service.name": "demo", "deployment.environment": "prd"}),
        vec![
            span(1, 1, 0, 100, with("plan", 1, 0)),
            span(1, 2, 10, 50, with("plan", 20, 1)),
            span(1, 3, 20, 50, with("act", 300, 1)),
            span(2, 4, 5000, 9, with("zoo", 0, 0)),
            span(3, 5, 9000, 9, json!({"parentSpanId": format!("{:016x}", 99)})),
        ]
    )]));
    asked
}

/// Root spans come with what their whole traces took, and filters are about the roots.
#[test]
fn root_spans() {
    let asked = asked();
    let roots = |body| asked.post("/v2/projects/default/traces/root-spans", &body).ok()["root_spans"].take();
    // As the vendor's own client asks.
    let page = roots(json!({
        "filters": [], "logical_operator": "and", "environments": ["prd"], "sort_by": "timestamp",
        "sort_order": "DESC", "cursor": 0, "limit": 20,
        "from_timestamp_sec": START, "to_timestamp_sec": START + 60,
    }));
    assert_eq!(ids(&page), [4, 1]);
    assert_eq!(page["total_results"], 2);
    let whole = |row: usize| {
        (
            page["data"][row]["total_tokens"].clone(),
            page["data"][row]["span_count"].clone(),
        )
    };
    assert_eq!(whole(0), (json!(0), json!(1)));
    assert_eq!(whole(1), (json!(321), json!(3)));
    let act = json!([{"field": "traceloop.workflow.name", "operator": "equals", "value": "act", "value_type": "string"}]);
    assert_eq!(ids(&roots(json!({ "filters": act }))), [0; 0]);
    let slow =
        json!([{"field": "duration", "operator": "greater_than", "value": "50", "value_type": "number"}]);
    assert_eq!(ids(&roots(json!({ "filters": slow }))), [1]);
}

/// Spans that name no environment, or an empty one, are of the one that the product's tools ask for.
#[test]
fn the_environment_of_those_that_name_none() {
    let asked = Asked::start("");
    let of = |environment: &str| json!({"deployment.environment": environment});
    asked.keep(json!([
        resource(json!({}), vec![span(1, 1, 0, 1, json!({}))]),
        resource(of(""), vec![span(2, 2, 0, 1, json!({}))]),
        resource(of("stg"), vec![span(3, 3, 0, 1, json!({}))]),
    ]));
    let roots = |environments| {
        let body = json!({ "environments": environments });
        asked.post("/v2/projects/default/traces/root-spans", &body).ok()["root_spans"].take()
    };
    let page = roots(json!(["prd"]));
    assert_eq!(ids(&page), [1, 2]);
    assert_eq!(page["data"][0]["environment"], "prd");
    assert_eq!(page["data"][1]["environment"], "prd");
    assert_eq!(ids(&roots(json!(["stg"]))), [3]);
    assert_eq!(ids(&roots(json!(["prd", "stg"]))), [1, 2, 3]);
    assert_eq!(ids(&roots(json!([""]))), [0; 0]);
    assert_eq!(ids(&roots(json!([]))), [1, 2, 3]);
    let of = |id: u64| format!("/v2/projects/default/traces/{id:032x}/spans");
    assert_eq!(asked.get(&of(1)).ok()["spans"][0]["environment"], "prd");
    let first = asked.get("/api/v2/warehouse/spans?environments=prd").ok();
    assert_eq!(first[1]["environment"], "prd");
}

/// A trace comes by its times; what is unknown or no id has no spans, and that is no error.
#[test]
fn traces() {
    let asked = asked();
    let trace = |id: &str| asked.get(&format!("/v2/projects/default/traces/{id}/spans")).ok()["spans"].take();
    let rows = trace(&format!("{:032x}", 1));
    assert_eq!(super::numbers(&rows, "span_id"), [1, 2, 3]);
    for unknown in ["0000000000000000000000000000000f", "nonsense", "%20"] {
        assert_eq!(trace(unknown), json!(null), "{unknown}");
    }
}

/// Workflows are named once, in order, within a range of milliseconds.
#[test]
fn workflow_names() {
    let asked = asked();
    let start = START * 1000;
    for (query, expected) in [
        (String::new(), json!(["act", "plan", "zoo"])),
        (format!("start_time={}", start + 20), json!(["act", "zoo"])),
        (format!("start_time={start}&end_time={start}"), json!(["plan"])),
        (format!("end_time={}", start - 1), json!([])),
    ] {
        let names = asked
            .get(&format!("/v2/projects/any/spans/workflow-names?{query}"))
            .ok();
        assert_eq!(names, json!({ "workflows": expected }), "{query}");
    }
}

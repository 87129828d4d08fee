//! What is found, by what, in which order.

use serde_json::{Value, json};

use super::support::query::Asked;
use super::{START, attributes, ids, quoted, resource, span, warehouse};

/// Four spans: two of one workflow, one in another environment, one with nothing.
fn asked() -> Asked {
    let asked = Asked::start("");
    asked.keep(json!([
        resource(json!({"service.name": "demo", "deployment.environment": "prd", "host.name": "h1"}), vec![
            span(1, 1, 0, 100, json!({"kind": 2, "attributes": attributes(json!({
                "traceloop.workflow.name": "plan", "gen_ai.system": "openai", "gen_ai.usage.total_tokens": 30,
                "temperature": 0.5, "cached": true, "city": "Paris",
            }))})),
            span(1, 2, 1500, 250, json!({
                "parentSpanId": format!("{:016x}", 1), "status": {"code": 2, "message": "no"},
                "attributes": attributes(json!({
                    "traceloop.workflow.name": "plan", "llm.vendor": "anthropic", "llm.usage.total_tokens": 200,
                    "temperature": 1.0, "cached": false, "city": "Palermo",
                    "traceloop.entity.name": "ask", "gen_ai.response.model": "m2",
                })),
            })),
        ]),
        resource(json!({"service.name": "other", "deployment.environment.name": "stg"}), vec![
            span(2, 3, 3000, 5, json!({"attributes": attributes(json!({
                "traceloop.workflow.name": "act", "city": "Oslo", "temperature": "0.5",
                "traceloop.entity.name": "say", "gen_ai.response.model": "m1",
            }))})),
        ]),
        resource(json!({}), vec![span(3, 4, 4000, 0, json!({}))]),
    ]));
    asked
}

/// Every operator on every kind of field finds what it should.
#[test]
fn every_operator() {
    let asked = asked();
    for (field, operator, value, expected) in [
        ("city", "equals", json!("Paris"), vec![1]),
        ("city", "not_equals", json!("Paris"), vec![2, 3, 4]),
        ("city", "contains", json!("a"), vec![1, 2]),
        ("city", "contains", json!("A"), vec![]),
        ("city", "starts_with", json!("Pa"), vec![1, 2]),
        ("city", "in", json!(["Paris", "Oslo"]), vec![1, 3]),
        ("city", "in", json!("Paris, Oslo"), vec![1, 3]),
        ("city", "in", json!([]), vec![]),
        ("city", "not_in", json!(["Paris", "Oslo"]), vec![2, 4]),
        ("city", "exists", json!(null), vec![1, 2, 3]),
        ("city", "not_exists", json!(null), vec![4]),
        ("span_attributes.city", "equals", json!("Oslo"), vec![3]),
        ("resource_attributes.host.name", "equals", json!("h1"), vec![1, 2]),
        ("temperature", "equals", json!("0.5"), vec![1, 3]),
        ("temperature", "equals", json!("0.500000"), vec![1]),
        ("temperature", "equals", json!(1), vec![2]),
        ("temperature", "greater_than", json!("0.5"), vec![2]),
        ("temperature", "greater_than_or_equal", json!(0.5), vec![1, 2, 3]),
        ("temperature", "less_than", json!(1), vec![1, 3]),
        ("temperature", "less_than_or_equal", json!("1"), vec![1, 2, 3]),
        ("cached", "equals", json!(true), vec![1]),
        ("cached", "equals", json!("false"), vec![2]),
        ("llm.vendor", "equals", json!("openai"), vec![1]),
        ("gen_ai.system", "equals", json!("anthropic"), vec![2]),
        ("llm.usage.total_tokens", "greater_than", json!(29), vec![1, 2]),
        ("gen_ai.usage.total_tokens", "greater_than", json!(30), vec![2]),
        ("total_tokens", "less_than", json!(100), vec![1]),
        ("span_name", "equals", json!("span 3"), vec![3]),
        ("service.name", "equals", json!("demo"), vec![1, 2]),
        ("service_name", "equals", json!(""), vec![4]),
        ("service_name", "not_equals", json!("demo"), vec![3, 4]),
        ("environment", "equals", json!("prd"), vec![1, 2, 4]),
        ("environment", "not_equals", json!("prd"), vec![3]),
        ("environment", "equals", json!(""), vec![]),
        ("environment", "in", json!(["", "stg"]), vec![3]),
        ("environment", "starts_with", json!("pr"), vec![1, 2, 4]),
        ("environment", "contains", json!("t"), vec![3]),
        ("environment", "exists", json!(null), vec![1, 2, 3, 4]),
        ("parent_span_id", "equals", json!(""), vec![1, 3, 4]),
        ("trace_id", "equals", json!(format!("{:032x}", 1)), vec![1, 2]),
        ("span_kind", "equals", json!("SPAN_KIND_SERVER"), vec![1]),
        ("span_kind", "not_equals", json!("INTERNAL"), vec![1]),
        ("status_code", "equals", json!("STATUS_CODE_ERROR"), vec![2]),
        ("status_code", "in", json!(["UNSET"]), vec![1, 3, 4]),
        ("status_code", "contains", json!("ERR"), vec![2]),
        ("status_message", "exists", json!(null), vec![2]),
        ("duration", "equals", json!("100"), vec![1]),
        ("duration", "greater_than", json!(100), vec![2]),
        ("duration", "greater_than", json!("99.5"), vec![1, 2]),
        ("duration", "greater_than_or_equal", json!("100"), vec![1, 2]),
        ("duration_ms", "less_than", json!("100"), vec![3, 4]),
        ("duration", "less_than_or_equal", json!("100"), vec![1, 3, 4]),
        ("duration", "in", json!([5, 250]), vec![2, 3]),
        (
            "timestamp",
            "greater_than",
            json!(START * 1000 + 1500),
            vec![3, 4],
        ),
        ("traceloop_workflow_name", "equals", json!("act"), vec![3]),
        ("traceloop.entity.name", "exists", json!(null), vec![2, 3]),
        ("nowhere", "equals", json!(""), vec![]),
    ] {
        let of = |name: &str| json!([{name: field, "operator": operator, "value": value}]);
        let query = format!("filters={}", quoted(&of("id").to_string()));
        assert_eq!(ids(&warehouse(&asked, &query)), expected, "{}", of("id"));
        let body = json!({ "filters": of("field") });
        let page = asked.post("/v2/projects/default/spans", &body).ok();
        assert_eq!(ids(&page["spans"]), expected, "{body}");
    }
}

/// Every parameter of today's form, alone and together.
#[test]
fn every_parameter() {
    let asked = asked();
    for (query, expected) in [
        (String::new(), vec![1, 2, 3, 4]),
        (format!("from_timestamp_sec={}", START + 1), vec![2, 3, 4]),
        (format!("to_timestamp_sec={}", START + 1), vec![1, 2]),
        (
            format!("from_timestamp_sec={0}&to_timestamp_sec={0}", START + 3),
            vec![3],
        ),
        ("workflow=plan".into(), vec![1, 2]),
        ("span_name=span%202".into(), vec![2]),
        ("span_name=span+2&workflow=act".into(), vec![]),
        ("llm.vendor=openai".into(), vec![1]),
        ("gen_ai.system=openai&cached=true".into(), vec![1]),
        ("environment=stg".into(), vec![3]),
        ("service.name=demo&city=Palermo".into(), vec![2]),
        ("sort_order=DESC".into(), vec![4, 3, 2, 1]),
        ("sort_order=desc".into(), vec![4, 3, 2, 1]),
        ("sort_by=timestamp&sort_order=asc".into(), vec![1, 2, 3, 4]),
        ("sort_by=duration_ms".into(), vec![4, 3, 1, 2]),
        ("sort_by=span_name&sort_order=desc".into(), vec![4, 3, 2, 1]),
        ("sort_by=trace_id".into(), vec![1, 2, 3, 4]),
        ("sort_by=total_tokens&sort_order=desc".into(), vec![2, 1, 4, 3]),
        ("sort_by=llm_usage_total_tokens".into(), vec![1, 2, 3, 4]),
        ("sort_by=traceloop_workflow_name".into(), vec![3, 1, 2, 4]),
        ("sort_by=traceloop_entity_name".into(), vec![2, 3, 1, 4]),
        ("sort_by=llm_response_model".into(), vec![3, 2, 1, 4]),
        ("limit=2".into(), vec![1, 2]),
        ("limit=1000000".into(), vec![1, 2, 3, 4]),
        ("cursor=0".into(), vec![1, 2, 3, 4]),
        (format!("cursor={}", START * 1000), vec![2, 3, 4]),
        (
            format!("cursor={}&sort_order=desc", START * 1000 + 3000),
            vec![2, 1],
        ),
        ("filters=[]&logical_operator=or".into(), vec![1, 2, 3, 4]),
    ] {
        assert_eq!(ids(&warehouse(&asked, &query)), expected, "{query}");
    }
}

/// Filters hold together, or one of them does; other conditions hold beside them always.
#[test]
fn logical_operators() {
    let asked = asked();
    let filters = json!([
        {"field": "city", "operator": "equals", "value": "Paris", "value_type": "string"},
        {"field": "llm.vendor", "operator": "exists"},
    ]);
    for (more, expected) in [
        (json!({}), vec![1]),
        (json!({"logical_operator": "and"}), vec![1]),
        (json!({"logical_operator": "OR"}), vec![1, 2]),
        (json!({"logical_operator": "or", "environments": ["stg"]}), vec![]),
        (
            json!({"logical_operator": "or", "to_timestamp_sec": START}),
            vec![1],
        ),
    ] {
        let mut body = json!({ "filters": filters });
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let page = asked.post("/v2/projects/default/spans", &body).ok();
        assert_eq!(ids(&page["spans"]), expected, "{body}");
        assert_eq!(page["spans"]["total_results"], expected.len());
    }
}

/// The order of a page and its size say nothing about the total.
#[test]
fn totals_are_of_all_pages() {
    let asked = asked();
    for query in ["limit=1", "limit=3&sort_by=span_name", "cursor=9999999999999"] {
        let page: Value = warehouse(&asked, query);
        assert_eq!(page["total_results"], 4, "{query}");
        assert_eq!(page["page_size"], page["data"].as_array().unwrap().len());
    }
    assert_eq!(warehouse(&asked, "cursor=9999999999999")["next_cursor"], "");
}

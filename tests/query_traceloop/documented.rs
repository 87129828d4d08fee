//! The parameters that were documented first.

use serde_json::json;

use super::support::query::Asked;
use super::{START, attributes, numbers, quoted, resource, span};

/// Every parameter of `GET /api/v2/warehouse/spans`, in each way that it may be written.
#[test]
fn every_parameter() {
    let asked = Asked::start("");
    let of = |environment: &str| json!({"service.name": "demo", "deployment.environment": environment});
    let with = |members| json!({ "attributes": attributes(members) });
    asked.keep(json!([
        resource(
            of("prd"),
            vec![
                span(
                    1,
                    1,
                    0,
                    1,
                    with(json!({"traceloop.workflow.name": "plan", "gen_ai.system": "openai"}))
                ),
                span(
                    1,
                    2,
                    2000,
                    3,
                    with(json!({"city": "Paris", "gen_ai.system": "openai"}))
                ),
            ]
        ),
        resource(
            of("stg"),
            vec![span(2, 3, 3000, 2, with(json!({"city": "Oslo"})))]
        ),
        resource(json!({}), vec![span(3, 4, 4000, 0, json!({}))]),
    ]));
    let city = quoted(
        r#"[{"field": "city", "operator": "equals", "value": "Oslo"}, {"id": "duration", "operator": "less_than", "value": 2000000}]"#,
    );
    for (query, expected) in [
        (String::new(), vec![1, 2, 3, 4]),
        ("env=prd".into(), vec![1, 2, 4]),
        ("environments=prd".into(), vec![1, 2, 4]),
        ("environments=prd&environments=stg".into(), vec![1, 2, 3, 4]),
        ("environments[]=stg".into(), vec![3]),
        ("environments=prd,stg".into(), vec![1, 2, 3, 4]),
        (format!("environments={}", quoted(r#"["stg"]"#)), vec![3]),
        ("env=stg&environments=prd".into(), vec![1, 2, 3, 4]),
        ("envProjectIDs=nobody".into(), vec![]),
        (format!("toTimestampSec={START}"), vec![1]),
        (format!("fromTimestampSec={}", START + 3), vec![3, 4]),
        ("workflowName=plan".into(), vec![1]),
        ("spanName=span%203".into(), vec![3]),
        (
            format!(
                "attributes={}",
                quoted(r#"{"city": "Paris", "llm.vendor": "openai"}"#)
            ),
            vec![2],
        ),
        ("attributes[city]=Oslo".into(), vec![3]),
        ("attributes=city=Oslo".into(), vec![3]),
        ("attributes=gen_ai.system:openai,city:Paris".into(), vec![2]),
        ("sortOrder=desc".into(), vec![4, 3, 2, 1]),
        ("sortBy=duration&sortOrder=DESC".into(), vec![2, 3, 1, 4]),
        ("sortBy=timestamp&limit=1".into(), vec![1]),
        (format!("cursor={}", START * 1000 + 2000), vec![3, 4]),
        (format!("filters={city}"), vec![]),
        (format!("filters={city}&logicalOperator=AND"), vec![]),
        (format!("filters={city}&logicalOperator=OR"), vec![1, 3, 4]),
        ("unknown=1".into(), vec![1, 2, 3, 4]),
    ] {
        let rows = asked.get(&format!("/api/v2/warehouse/spans?{query}")).ok();
        assert_eq!(numbers(&rows, "spanId"), expected, "{query}");
    }
}

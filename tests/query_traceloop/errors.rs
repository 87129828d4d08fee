//! Errors: their status, their form, and that they name what is wrong.

use serde_json::{Value, json};

use super::quoted;
use super::support::query::{Asked, Reply};

fn message(reply: &Reply) -> String {
    let body = reply.json();
    assert_eq!(
        reply.header("content-type"),
        Some("application/json"),
        "{reply:?}"
    );
    body["error"]
        .as_str()
        .unwrap_or_else(|| panic!("{body}"))
        .to_owned()
}

/// Parameters that make no sense are a 400 that names them, in both forms.
#[test]
fn bad_parameters() {
    let asked = Asked::start("");
    let values = json!([{"id": "a", "operator": "in", "value": vec![1; 1001]}]);
    let values = quoted(&values.to_string());
    let pairs: String = (0..1001).map(|number| format!("a{number}=1&")).collect();
    for (today, first, named) in [
        ("from_timestamp_sec=x", "fromTimestampSec=x", "is `x`"),
        (
            "from_timestamp_sec=3&to_timestamp_sec=2",
            "fromTimestampSec=3&toTimestampSec=2",
            "later than",
        ),
        (
            "to_timestamp_sec=9223372036854775808",
            "toTimestampSec=1.5",
            "whole number",
        ),
        ("limit=0", "limit=0", "`limit` is 0"),
        ("limit=-1", "limit=x", "`limit` is"),
        ("sort_by=color", "sortBy=color", "sorted by `color`"),
        ("sort_order=up", "sortOrder=up", "`up`"),
        ("cursor=x", "compositeCursor=x", "`x` is no cursor"),
        ("cursor=1.5", "cursor=-1", "is no cursor"),
        (
            "sort_by=span_name&cursor=7",
            "sortBy=duration&cursor=7",
            "order by timestamp",
        ),
        (
            "sort_by=span_name&cursor=7.0000009",
            "sortBy=duration&compositeCursor=7.0000009",
            "is gone",
        ),
        ("filters=x", "filters=x", "`filters`"),
        ("filters=7", "filters={}", "a list is expected"),
        ("logical_operator=xor", "logicalOperator=xor", "`xor`"),
        (
            &format!("filters={values}"),
            &format!("filters={values}"),
            "more than 1000",
        ),
        (&pairs, &pairs, "more than 1000"),
        ("a=%FF", "spanName=%FF", "is no UTF-8"),
        ("duration=x", "attributes=x", "is expected"),
    ] {
        for (path, query) in [("/v2", today), ("/api/v2", first)] {
            let reply = asked.get(&format!("{path}/warehouse/spans?{query}"));
            let asked = &query[..query.len().min(100)];
            assert_eq!(reply.status, 400, "{asked}: {reply:?}");
            assert!(!reply.body.is_empty(), "{asked}");
            assert!(message(&reply).contains(named), "{asked}: {reply:?}");
        }
    }
}

/// Filters that make no sense are a 400 that says which and why.
#[test]
fn bad_filters() {
    let asked = Asked::start("");
    let deep = "[".repeat(1000);
    let reply = asked.get(&format!("/v2/warehouse/spans?filters={}", quoted(&deep)));
    assert_eq!(reply.status, 400);
    for (filter, named) in [
        (json!(7), "`filters[0]` is 7"),
        (
            json!({"operator": "equals", "value": "a"}),
            "filters[0]: `field` is missing",
        ),
        (json!({"id": 7, "operator": "equals"}), "`id` is 7"),
        (json!({"id": "a", "value": "a"}), "`operator` is missing"),
        (
            json!({"id": "a", "operator": "like", "value": "a"}),
            "there is no operator `like`",
        ),
        (json!({"id": "a", "operator": "equals"}), "`value` is missing"),
        (
            json!({"id": "a", "operator": "equals", "value": []}),
            "`value` is a list",
        ),
        (
            json!({"id": "a", "operator": "in", "value": {}}),
            "`value` is an object",
        ),
        (
            json!({"id": "a", "operator": "in", "value": [[]]}),
            "`value` is a list",
        ),
        (
            json!({"id": "a", "operator": "greater_than", "value": "b"}),
            "`value` is `b`; a number",
        ),
        (
            json!({"id": "a", "operator": "greater_than", "value": "NaN"}),
            "a number",
        ),
        (
            json!({"id": "a", "operator": "less_than", "value": "inf"}),
            "a number",
        ),
        (
            json!({"id": "duration", "operator": "less_than", "value": "x"}),
            "a number",
        ),
        (
            json!({"id": "duration", "operator": "contains", "value": "1"}),
            "no text to look into",
        ),
        (
            json!({"id": "span_kind", "operator": "less_than", "value": "1"}),
            "neither greater nor less",
        ),
    ] {
        let reply = asked.post("/v2/projects/p/spans", &json!({ "filters": [filter] }));
        assert_eq!(reply.status, 400, "{filter}: {reply:?}");
        assert!(message(&reply).contains(named), "{filter}: {reply:?}");
    }
}

/// Bodies that make no sense are a 400 that names the member, and of a long value no more than its beginning.
#[test]
fn bad_bodies() {
    let asked = Asked::start("");
    let long = "x".repeat(100_000);
    for body in [
        json!({"logical_operator": long}),
        json!({"sort_by": long}),
        json!({"sort_order": long}),
        json!({"cursor": long}),
        json!({"filters": [{"field": "a", "operator": long}]}),
        json!({"filters": [{"field": "duration", "operator": "equals", "value": long}]}),
    ] {
        let reply = asked.post("/v2/projects/p/spans", &body);
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(message(&reply).len() < 300, "{reply:?}");
    }
    let many = vec![json!({"id": "a", "operator": "exists"}); 1001];
    for (body, named) in [
        (json!([]), "`body` is a list"),
        (json!({ "filters": many }), "`filters` are 1001, more than 1000"),
        (json!({"filters": "x"}), "`filters` is `x`"),
        (json!({"environments": [7]}), "`environments` is 7"),
        (
            json!({"environments": vec!["e"; 1001]}),
            "`environments` are 1001",
        ),
        (json!({"cursor": 1.5}), "`cursor` is 1.5"),
        (json!({"cursor": -1}), "`cursor` is -1"),
        (json!({"cursor": []}), "`cursor` is a list"),
        (json!({"limit": "x"}), "`limit` is `x`"),
        (json!({"logical_operator": "nor"}), "`nor`"),
        (
            json!({"from_timestamp_sec": 2, "to_timestamp_sec": 1}),
            "later than",
        ),
    ] {
        for path in ["spans", "traces/root-spans"] {
            let reply = asked.post(&format!("/v2/projects/p/{path}"), &body);
            assert_eq!(reply.status, 400, "{body}: {reply:?}");
            assert!(message(&reply).contains(named), "{body}: {reply:?}");
        }
    }
    for body in ["", "{", "\u{0}"] {
        let reply = asked.call("POST", "/v2/projects/p/spans", &[], body.as_bytes());
        assert_eq!(reply.status, 400, "{reply:?}");
        message(&reply);
    }
}

/// Numbers at the edges of their types are no trouble.
#[test]
fn numbers_at_their_edges() {
    let asked = Asked::start("");
    let filter =
        |field: &str, value: Value| json!([{"field": field, "operator": "greater_than", "value": value}]);
    for (field, value) in [
        ("duration", json!("1e308")),
        ("duration", json!("-1e308")),
        ("duration", json!(i64::MIN)),
        ("timestamp", json!(u64::MAX)),
        ("timestamp", json!("170141183460469231731687303715884105727")),
        ("a", json!("1e-320")),
    ] {
        let body = json!({ "filters": filter(field, value) });
        asked.post("/v2/projects/p/spans", &body).ok();
    }
    let (least, most) = (i64::MIN, i64::MAX);
    asked
        .get(&format!(
            "/v2/warehouse/spans?from_timestamp_sec={least}&to_timestamp_sec={most}&limit={most}"
        ))
        .ok();
    asked
        .get(&format!("/v2/warehouse/spans?cursor={}", u64::MAX))
        .ok();
}

/// Paths and methods that are not there are told apart, in the product's form.
#[test]
fn what_is_not_there() {
    let asked = Asked::start("");
    for (method, path, status) in [
        ("GET", "/v2/metrics", 404),
        ("GET", "/api/v2/organizations", 404),
        ("POST", "/v2/warehouse/spans", 405),
        ("DELETE", "/api/v2/warehouse/spans", 405),
        ("GET", "/v2/projects/p/spans", 405),
        ("POST", "/v2/projects/%FF/spans", 400),
        ("GET", "/v2/projects/p/traces/%FF/spans", 400),
    ] {
        let reply = asked.call(method, path, &[], b"");
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        assert!(!message(&reply).is_empty());
        assert_eq!(reply.header("allow").is_some(), status == 405, "{reply:?}");
    }
}

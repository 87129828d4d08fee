//! `POST /api/v0/traces`: what is found, by what, in which order.

use serde_json::{Value, json};

use super::support::query::Asked;
use super::{START, attributes, resource, span, traces, wanted};

/// Three traces of `shop`; in the first `pay` takes part, in the second `shop` has a namespace.
fn shop() -> Asked {
    let asked = Asked::start("");
    let of_shop = json!({
        "service.name": "shop", "service.version": "1.2",
        "deployment.environment": "production", "host.name": "server-7",
    });
    let request = json!({
        "name": "request", "kind": 2, "status": {"code": 2},
        "attributes": attributes(json!({
            "http.method": "GET", "http.route": "/cart", "http.status_code": 500,
            "ratio": 0.5, "cached": false, "user": "anna",
        })),
    });
    asked.keep(json!([
        resource(of_shop.clone(), vec![span(1, 11, 1000, 400, request)]),
        resource(
            json!({"service.name": "pay"}),
            vec![span(1, 12, 1500, 1000, json!({"parentSpanId": format!("{:016x}", 11)}))],
        ),
        resource(
            json!({"service.name": "shop", "service.namespace": "eu", "deployment.environment.name": "staging"}),
            vec![span(2, 21, 5000, 30, json!({"status": {"code": 1}}))],
        ),
        resource(
            json!({"service.name": "shop"}),
            vec![span(3, 31, 9000, 100, json!({
                "attributes": attributes(json!({"http.status_code": "500", "user": "anton", "cached": true})),
            }))],
        ),
    ]));
    asked
}

fn list(asked: &Asked, more: Value) -> Value {
    asked.post("/api/v0/traces", &wanted("shop", more)).ok()
}

/// Every key of a row is there, whole numbers are whole, and service and trace are told apart.
#[test]
fn a_row_tells_of_the_service_and_of_the_trace() {
    let asked = shop();
    let page = list(&asked, json!({"environment": "production"}));
    let row = json!({
        "traceId": format!("{:032x}", 1),
        "serviceName": "shop",
        "serviceNamespace": "",
        "environment": "production",
        "title": "GET /cart",
        "traceStartAt": START + 1,
        "traceLatencyMillis": 1500,
        "serviceStartAt": START + 1,
        "serviceLatencyMillis": 400,
    });
    assert_eq!(page, json!({"results": [row], "hasNextPage": false}));

    let pay = asked.post("/api/v0/traces?", &wanted("pay", json!({}))).ok();
    let row = &pay["results"][0];
    assert_eq!(row["title"], "GET /cart", "the title is the trace's");
    assert_eq!(row["environment"], "", "the environment is the service's");
    assert_eq!(
        (&row["serviceStartAt"], &row["serviceLatencyMillis"]),
        (&json!(START + 1), &json!(1000))
    );

    let plain = list(&asked, json!({"serviceNamespace": "eu"}));
    assert_eq!(
        plain["results"][0]["title"], "span 21",
        "without a route the root's name is the title"
    );
    assert_eq!(plain["results"][0]["environment"], "staging");
    assert_eq!(plain["results"][0]["serviceNamespace"], "eu");
}

/// Each condition finds the traces that it should, and no others.
#[test]
fn every_condition() {
    let asked = shop();
    for (condition, expected) in [
        (json!({}), vec![3, 1]),
        (json!({"serviceNamespace": ""}), vec![3, 1]),
        (json!({"serviceNamespace": null}), vec![3, 1]),
        (json!({"serviceNamespace": "eu"}), vec![2]),
        (json!({"serviceNamespace": "us"}), vec![]),
        (json!({"environment": "production"}), vec![1]),
        (
            json!({"environment": "staging", "serviceNamespace": "eu"}),
            vec![2],
        ),
        (json!({"environment": ""}), vec![3]),
        (json!({"version": "1.2"}), vec![1]),
        (json!({"version": "1"}), vec![]),
        (json!({"spanName": "request"}), vec![1]),
        (json!({"spanName": "span 12"}), vec![]),
        (json!({"traceId": format!("{:032X}", 3)}), vec![3]),
        (json!({"traceId": format!("{:032x}", 9)}), vec![]),
        (json!({"statusCode": "ERROR"}), vec![1]),
        (json!({"statusCode": "OK"}), vec![]),
        (json!({"statusCode": "OK", "serviceNamespace": "eu"}), vec![2]),
        (json!({"issueFingerprint": "abc"}), vec![]),
        (json!({"minLatencyMillis": 1500}), vec![1]),
        (json!({"minLatencyMillis": 1501}), vec![]),
        (json!({"maxLatencyMillis": 100}), vec![3]),
        (json!({"maxLatencyMillis": 99}), vec![]),
        (
            json!({"minLatencyMillis": 100, "maxLatencyMillis": 1500}),
            vec![3, 1],
        ),
        (json!({"from": START + 1, "to": START + 1}), vec![1]),
        (json!({"from": START + 2}), vec![3]),
        (json!({"to": START + 8}), vec![1]),
        (json!({"from": 0, "to": i64::MAX}), vec![3, 1]),
        (json!({"unknown": [1]}), vec![3, 1]),
    ] {
        assert_eq!(traces(&list(&asked, condition.clone())), expected, "{condition}");
    }
}

/// Every operator on every type does what it says, or is refused; a value of another type never matches.
#[test]
fn every_operator_on_every_type() {
    let asked = shop();
    let filter = |key: &str, operator: &str, kind: &str, value: &str| json!({"attributes": [{"key": key, "operator": operator, "type": kind, "value": value}]});
    for (key, kind, value, matches) in [
        (
            "user",
            "string",
            "anna",
            "EQ: 1, NEQ: 3, STARTS_WITH: 1, CONTAINS: 1",
        ),
        (
            "user",
            "string",
            "an",
            "EQ: , NEQ: 3 1, STARTS_WITH: 3 1, CONTAINS: 3 1",
        ),
        (
            "user",
            "string",
            "nn",
            "EQ: , NEQ: 3 1, STARTS_WITH: , CONTAINS: 1",
        ),
        (
            "http.status_code",
            "string",
            "500",
            "EQ: 3, NEQ: , STARTS_WITH: 3, CONTAINS: 3",
        ),
        (
            "http.status_code",
            "int",
            "500",
            "EQ: 1, GT: , GTE: 1, LT: , LTE: 1",
        ),
        (
            "http.status_code",
            "int",
            "499",
            "EQ: , GT: 1, GTE: 1, LT: , LTE: ",
        ),
        (
            "http.status_code",
            "double",
            "500",
            "EQ: , GT: , GTE: , LT: , LTE: ",
        ),
        ("ratio", "double", "0.5", "EQ: 1, GT: , GTE: 1, LT: , LTE: 1"),
        ("ratio", "double", "1", "EQ: , GT: , GTE: , LT: 1, LTE: 1"),
        ("ratio", "int", "0", "EQ: , GT: , GTE: , LT: , LTE: "),
        ("cached", "bool", "true", "EQ: 3, NEQ: 1"),
        ("nowhere", "bool", "true", "EQ: , NEQ: 3 1"),
        (
            "nowhere",
            "string",
            "",
            "EQ: , NEQ: 3 1, STARTS_WITH: , CONTAINS: ",
        ),
    ] {
        for operator in ["EQ", "NEQ", "GT", "GTE", "LT", "LTE", "STARTS_WITH", "CONTAINS"] {
            let request = wanted("shop", filter(key, operator, kind, value));
            let reply = asked.post("/api/v0/traces", &request);
            let mut known = matches
                .split(", ")
                .filter_map(|entry| entry.split_once(": ").or(entry.split_once(':')));
            match known.find(|(name, _)| *name == operator) {
                Some((_, ids)) => {
                    let expected: Vec<u64> = ids.split_whitespace().map(|id| id.parse().unwrap()).collect();
                    assert_eq!(traces(&reply.ok()), expected, "{request}");
                }
                None => assert_eq!(reply.status, 400, "{request}"),
            }
        }
    }
}

/// Conditions on resources are about resources; all conditions hold of one span.
#[test]
fn conditions_hold_together() {
    let asked = shop();
    let host = json!({"key": "host.name", "value": "server", "operator": "CONTAINS", "type": "string"});
    let user = json!({"key": "user", "value": "anna", "operator": "EQ", "type": "string"});
    let cached = json!({"key": "cached", "value": "true", "operator": "EQ", "type": "bool"});
    let found = |request: Value| traces(&list(&asked, request));
    assert_eq!(found(json!({"resourceAttributes": [host]})), [1]);
    assert_eq!(found(json!({"attributes": [host]})), [0; 0]);
    assert_eq!(
        found(json!({"attributes": [user], "resourceAttributes": [host]})),
        [1]
    );
    assert_eq!(found(json!({"attributes": [user, cached]})), [0; 0]);
    assert_eq!(
        found(json!({"attributes": null, "resourceAttributes": []})),
        [3, 1]
    );
}

/// Both columns in both directions; what is null is the default.
#[test]
fn every_order() {
    let asked = shop();
    for (order, expected) in [
        (json!(null), [3, 1]),
        (json!({}), [3, 1]),
        (json!({"column": null, "direction": null}), [3, 1]),
        (json!({"column": "START_AT", "direction": "ASC"}), [1, 3]),
        (json!({"direction": "ASC"}), [1, 3]),
        (json!({"column": "LATENCY"}), [1, 3]),
        (json!({"column": "LATENCY", "direction": "ASC"}), [3, 1]),
    ] {
        let page = list(&asked, json!({ "order": order }));
        assert_eq!(traces(&page), expected, "{order}");
    }
}

/// A row tells the environment of the service's span even where many other roots come before it.
#[test]
fn a_trace_of_many_roots() {
    let asked = Asked::start("");
    let roots = (1..9).map(|id| span(1, id, id, 1, json!({}))).collect();
    let of_shop = json!({"service.name": "shop", "deployment.environment": "production"});
    let parent = json!({"parentSpanId": format!("{:016x}", 1)});
    asked.keep(json!([
        resource(json!({"service.name": "other"}), roots),
        resource(of_shop, vec![span(1, 9, 9, 1, parent)]),
    ]));
    assert_eq!(list(&asked, json!({}))["results"][0]["environment"], "production");
}

/// Of a service's spans that start together the outer one is told of, though inner ones arrive first.
#[test]
fn spans_that_start_together() {
    let asked = Asked::start("");
    let inner = json!({"parentSpanId": format!("{:016x}", 2)});
    let spans = vec![
        span(1, 3, 0, 20, inner.clone()),
        span(1, 2, 0, 300, json!({"parentSpanId": format!("{:016x}", 1)})),
        span(1, 4, 0, 40, inner),
    ];
    let root = vec![span(1, 1, 0, 500, json!({}))];
    asked.keep(json!([
        resource(json!({"service.name": "shop"}), spans),
        resource(json!({"service.name": "door"}), root),
    ]));
    let page = list(&asked, json!({}));
    assert_eq!(page["results"][0]["serviceLatencyMillis"], 300);
    assert_eq!(page["results"][0]["traceLatencyMillis"], 500);
}

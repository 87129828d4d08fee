//! What is refused, in the product's words: methods, paths, bodies; and hostile requests.

use serde_json::{Value, json};

use crate::spans::*;
use crate::support::query::Reply;

const ENDPOINTS: [(&str, &str); 12] = [
    ("POST", "query"),
    ("POST", "sparkline"),
    ("POST", "trace/00000000000000000000000000000001"),
    ("GET", "service-names"),
    ("GET", "attributes"),
    ("GET", "values"),
    ("GET", "has_spans"),
    ("POST", "count"),
    ("POST", "aggregate"),
    ("POST", "duration-histogram"),
    ("POST", "latency-heatmap"),
    ("POST", "attribute-breakdown"),
];

/// The status and the envelope's type and code.
fn said(reply: &Reply) -> (u16, String, String) {
    let error = reply.json();
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let members: Vec<&String> = error.as_object().unwrap().keys().collect();
    assert_eq!(members, ["type", "code", "detail", "attr"]);
    let text = |member: &str| error[member].as_str().unwrap().to_owned();
    (reply.status, text("type"), text("code"))
}

fn envelope(status: u16, kind: &str, code: &str) -> (u16, String, String) {
    (status, kind.into(), code.into())
}

/// Guarantees: a method that an endpoint does not take is refused, with those that it takes.
#[test]
fn methods() {
    for (takes, endpoint) in ENDPOINTS {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"]
            .iter()
            .filter(|method| **method != takes)
        {
            let reply = asked().call(method, &path(endpoint), &[], b"{}");
            assert_eq!(
                said(&reply),
                envelope(405, "invalid_request", "method_not_allowed"),
                "{endpoint}"
            );
            assert!(
                reply.header("allow").is_some_and(|allow| allow.contains(takes)),
                "{reply:?}"
            );
            assert!(
                reply.json()["detail"].as_str().unwrap().contains(method),
                "{reply:?}"
            );
        }
    }
}

/// Guarantees: below the product's paths, what is not served is refused in its words.
#[test]
fn paths_that_lead_nowhere() {
    for wrong in [
        "/api/projects/1/tracing/spans",
        "/api/projects/1/tracing/spans/tree",
        "/api/projects/1/tracing/spans/impact/",
        "/api/projects/1/tracing/spans/trace/",
        "/api/environments/1/events",
        "/api/environments/",
    ] {
        for method in ["GET", "POST"] {
            let reply = asked().call(method, wrong, &[], b"");
            assert_eq!(
                said(&reply),
                envelope(404, "invalid_request", "not_found"),
                "{wrong}"
            );
        }
    }
}

/// Guarantees: a path without a project names none.
#[test]
fn paths_without_a_project() {
    let reply = asked().call("POST", "/api/projects//tracing/spans/query", &[], b"");
    assert_eq!(said(&reply), envelope(404, "invalid_request", "not_found"));
}

/// Guarantees: a body that is no object, or whose members have other types, is refused by every endpoint that takes one.
#[test]
fn bodies() {
    let deep = "[".repeat(100_000);
    for (method, endpoint) in ENDPOINTS.iter().filter(|(method, _)| *method == "POST") {
        let is_trace = endpoint.starts_with("trace");
        let members = |members: Value| match is_trace {
            true => members.to_string(),
            false => json!({ "query": members }).to_string(),
        };
        let mut wrong = vec![
            "x".to_owned(),
            "undefined".into(),
            "[]".into(),
            "1".into(),
            "{\"a\":".into(),
            "{} {}".into(),
            deep.clone(),
            "{\"query\":NaN}".into(),
            "{\"query\":1e999}".into(),
            members(json!({ "dateRange": { "from": "-1h" } })),
            members(json!({ "dateRange": { "date_from": 1 } })),
            members(json!({ "serviceNames": "web" })),
            members(json!({ "serviceNames": [1] })),
            members(json!({ "statusCodes": "2" })),
            members(json!({ "statusCodes": ["ok"] })),
            members(json!({ "statusCodes": [1.5] })),
        ];
        if !is_trace {
            wrong.extend(["[]", "\"x\"", "1", "true"].map(|query| format!("{{\"query\":{query}}}")));
        }
        for body in wrong {
            let reply = asked().call(method, &path(endpoint), &[], body.as_bytes());
            let brief = &body[..body.len().min(60)];
            assert_eq!(
                said(&reply),
                envelope(400, "invalid_request", "parse_error"),
                "{endpoint} {brief}"
            );
        }
        let reply = asked().call(method, &path(endpoint), &[], b"{\"a\":\"\xff\"}");
        assert_eq!(reply.status, 400, "{reply:?}");
    }
}

/// Guarantees: members of `query` with other types or beyond their ranges are refused, and named.
#[test]
fn members_of_query() {
    for (members, code, says) in [
        (json!({ "limit": -1 }), "invalid_input", "limit"),
        (json!({ "limit": "many" }), "parse_error", "many"),
        (json!({ "limit": 1.5 }), "parse_error", "1.5"),
        (
            json!({ "limit": 99_999_999_999_999_999_999_u128 as f64 }),
            "parse_error",
            "whole",
        ),
        (
            json!({ "offset": -5, "orderBy": "duration" }),
            "invalid_input",
            "offset",
        ),
        (json!({ "prefetchSpans": -1 }), "invalid_input", "prefetchSpans"),
        (json!({ "prefetchSpans": [] }), "parse_error", "whole"),
        (json!({ "rootSpans": "perhaps" }), "parse_error", "perhaps"),
        (json!({ "orderBy": 1 }), "parse_error", "string"),
        (json!({ "after": 1 }), "parse_error", "string"),
        (json!({ "traceId": "xyz" }), "invalid_input", "xyz"),
        (json!({ "traceId": "abc" }), "invalid_input", "abc"),
        (json!({ "traceId": 12 }), "parse_error", "string"),
    ] {
        let reply = post("query", members.clone());
        assert_eq!(reply.status, 400, "{members} {reply:?}");
        let error = reply.json();
        assert_eq!(error["code"], code, "{members} {error}");
        assert!(
            error["detail"].as_str().unwrap().contains(says),
            "{members} {error}"
        );
    }
    let offset = json!({ "orderBy": "duration", "offset": i64::MAX });
    assert_eq!(names(&post("query", offset).ok()), [""; 0]);
}

/// Guarantees: bodies beyond the limit, and those that are all filters, are refused in the product's form.
#[test]
fn large_bodies() {
    let large = vec![b' '; 10 << 20];
    let reply = asked().call("POST", &path("query"), &[], &large);
    assert_eq!(
        said(&reply),
        envelope(413, "invalid_request", "request_too_large")
    );
    let filter = json!({ "type": "span", "key": "name", "operator": "exact", "value": "x" });
    let reply = post("query", json!({ "filterGroup": vec![filter.clone(); 1001] }));
    assert_eq!(said(&reply), envelope(400, "validation_error", "invalid_input"));
    assert_eq!(
        post("query", json!({ "filterGroup": vec![filter.clone(); 1000] })).status,
        200
    );
    let nested = (0..11).fold(filter, |inner, _| json!({ "type": "AND", "values": [inner] }));
    let reply = post("query", json!({ "filterGroup": nested }));
    assert_eq!(said(&reply), envelope(400, "invalid_request", "parse_error"));
}

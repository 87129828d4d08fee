//! Errors: their status, their form, and that they name what is wrong.

use serde_json::{Value, json};

use super::support::query::{Asked, Reply};
use super::{START, wanted};

fn message(reply: &Reply) -> String {
    let body = reply.json();
    assert_eq!(
        reply.header("content-type"),
        Some("application/json"),
        "{reply:?}"
    );
    body["error"]["message"]
        .as_str()
        .unwrap_or_else(|| panic!("{body}"))
        .to_owned()
}

/// A list request that makes no sense is a 400 that names the member.
#[test]
fn bad_lists() {
    let asked = Asked::start("");
    let filter = |members: Value| {
        let mut filter = json!({"key": "k", "value": "1", "operator": "EQ", "type": "string"});
        filter
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        json!({"attributes": [filter]})
    };
    let many = vec![json!({"key": "k", "value": "1", "operator": "EQ", "type": "string"}); 1001];
    for (more, named) in [
        (json!({"serviceName": null}), "`serviceName` is missing"),
        (json!({"serviceName": 7}), "`serviceName` is 7"),
        (json!({"from": null}), "`from` is missing"),
        (json!({"to": "yesterday"}), "`to` is `yesterday`"),
        (json!({"from": 1.5}), "`from` is 1.5"),
        (json!({"from": 1e300}), "`from` is 1e+300"),
        (json!({"from": START + 9, "to": START}), "later than `to`"),
        (json!({"traceId": "xyz"}), "`xyz`"),
        (json!({"traceId": [1]}), "`traceId` is a list"),
        (json!({"statusCode": "UNSET"}), "`statusCode` is `UNSET`"),
        (json!({"minLatencyMillis": "1"}), "`minLatencyMillis`"),
        (
            json!({"minLatencyMillis": 2, "maxLatencyMillis": 1}),
            "`minLatencyMillis` 2",
        ),
        (json!({"page": 0}), "`page` is 0"),
        (json!({"perPage": 101}), "`perPage` is 101"),
        (json!({"order": "ASC"}), "`order` is `ASC`"),
        (
            json!({"order": {"column": "NAME"}}),
            "`order.column` cannot be `NAME`",
        ),
        (
            json!({"order": {"direction": "UP"}}),
            "`order.direction` cannot be `UP`",
        ),
        (json!({"attributes": {}}), "`attributes` is an object"),
        (json!({"attributes": [1]}), "`attributes[0]` is 1"),
        (
            json!({"resourceAttributes": [{"key": "k"}]}),
            "resourceAttributes[0]: `value` is missing",
        ),
        (json!({"attributes": many}), "1001 conditions"),
        (filter(json!({"value": 1})), "`value` is 1"),
        (filter(json!({"operator": "LIKE"})), "there is no operator `LIKE`"),
        (filter(json!({"type": "bytes"})), "there is no type `bytes`"),
        (filter(json!({"type": "int", "value": "1.5"})), "`value` is `1.5`"),
        (
            filter(json!({"type": "int", "value": "9223372036854775808"})),
            "reads as int",
        ),
        (
            filter(json!({"type": "double", "value": "NaN"})),
            "`value` is `NaN`",
        ),
        (
            filter(json!({"type": "bool", "value": "yes"})),
            "`value` is `yes`",
        ),
        (
            filter(json!({"type": "bool", "value": "true", "operator": "GT"})),
            "do not go together",
        ),
    ] {
        let reply = asked.post("/api/v0/traces", &wanted("shop", more.clone()));
        assert_eq!(reply.status, 400, "{more}: {reply:?}");
        assert!(message(&reply).contains(named), "{more}: {reply:?}");
    }
    let long = "x".repeat(100_000);
    for more in [
        json!({"traceId": long}),
        json!({"statusCode": long}),
        json!({"order": {"column": long}}),
        filter(json!({"operator": long})),
        filter(json!({"type": long})),
        filter(json!({"type": "int", "value": long})),
    ] {
        let reply = asked.post("/api/v0/traces", &wanted("shop", more));
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(
            message(&reply).len() < 300,
            "no more than the beginning of a value is said"
        );
    }
    let deep = "[".repeat(1000);
    for body in ["", "{", "[]", "null", "\u{0}", &deep] {
        let reply = asked.call("POST", "/api/v0/traces", &[], body.as_bytes());
        assert_eq!(reply.status, 400, "{reply:?}");
        message(&reply);
    }
    let reply = asked.call("POST", "/api/v0/traces", &[], b"{\"serviceName\": \"\xff\"}");
    assert_eq!(reply.status, 400);
}

/// Parameters of the statistics that make no sense are a 400 that names them.
#[test]
fn bad_statistics() {
    let asked = Asked::start("");
    for (query, named) in [
        ("from=1&to=2", "`serviceName` is missing"),
        ("serviceName=a&to=2", "`from` is missing"),
        ("serviceName=a&from=1", "`to` is missing"),
        ("serviceName=a&from=x&to=2", "`from` is `x`"),
        ("serviceName=a&from=1&to=1802", "more than 30 minutes"),
        ("serviceName=a&from=3&to=2", "later than `to`"),
        ("serviceName=a&from=1&to=2&page=0", "`page` is 0"),
        ("serviceName=a&from=1&to=2&perPage=200", "`perPage` is 200"),
        (
            "serviceName=a&from=1&to=2&orderColumn=NAME",
            "`orderColumn` cannot be `NAME`",
        ),
        (
            "serviceName=a&from=1&to=2&orderDirection=UP",
            "`orderDirection` cannot be `UP`",
        ),
        ("serviceName=%FF&from=1&to=2", "`serviceName` is no UTF-8"),
    ] {
        for what in ["http-server", "db-query"] {
            let reply = asked.get(&format!("/api/v0/apm/{what}-stats?{query}"));
            assert_eq!(reply.status, 400, "{query}: {reply:?}");
            assert!(message(&reply).contains(named), "{query}: {reply:?}");
        }
    }
    let other = "/api/v0/apm/db-query-stats?serviceName=a&from=1&to=2&orderColumn=ERROR_RATE";
    assert_eq!(asked.get(other).status, 400);
}

/// Traces, paths and methods that are not there are told apart, in the product's form.
#[test]
fn what_is_not_there() {
    let asked = Asked::start("");
    for (method, path, status) in [
        ("GET", "/api/v0/traces/00000000000000000000000000000009", 404),
        ("GET", "/api/v0/traces/9", 400),
        ("GET", "/api/v0/traces/%FF", 400),
        ("GET", "/api/v0/hosts", 404),
        ("GET", "/api/v0/traces", 405),
        ("DELETE", "/api/v0/traces/00000000000000000000000000000009", 405),
        ("POST", "/api/v0/apm/db-query-stats", 405),
    ] {
        let reply = asked.call(method, path, &[], b"");
        assert_eq!(reply.status, status, "{method} {path}: {reply:?}");
        assert!(!message(&reply).is_empty());
        assert_eq!(reply.header("allow").is_some(), status == 405, "{reply:?}");
    }
}

/// With the product's rate limits the second request of a second is a 429 that says when to come back.
#[test]
fn rate_limits_are_an_option() {
    let asked = Asked::start("mackerel: {rate_limit: true}");
    let request = wanted("shop", json!({}));
    let replies: Vec<Reply> = (0..20).map(|_| asked.post("/api/v0/traces", &request)).collect();
    assert_eq!(replies[0].status, 200);
    let limited = replies.iter().find(|reply| reply.status == 429).expect("a limit");
    assert!(message(limited).contains("1 request a second"));
    assert_eq!(limited.header("retry-after"), Some("1"));
}

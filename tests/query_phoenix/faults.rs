//! What is wrong is said in Phoenix's words, at once, whatever comes.

use serde_json::{Value, json};

use crate::{asked, keep, span};

/// Guarantees: every answer names the version, and the endpoints that clients begin with answer.
#[test]
fn the_version() {
    for (path, status, body) in [
        ("/arize_phoenix_version", 200, "20.26.1"),
        ("/healthz", 200, "OK"),
        ("/readyz", 200, "{}"),
        ("/v1/nothing", 404, "Not Found"),
        ("/v1/traces", 405, "Method Not Allowed"),
        (
            "/v1/projects/nobody/spans",
            404,
            "Project with name nobody not found",
        ),
    ] {
        let reply = asked().get(path);
        assert_eq!((reply.status, reply.body.as_str()), (status, body), "{path}");
        assert_eq!(
            reply.header("x-phoenix-server-version"),
            Some("20.26.1"),
            "{path}"
        );
    }
    let wrong = asked().call("PATCH", "/v1/projects", &[], b"");
    assert_eq!((wrong.status, wrong.body.as_str()), (405, "Method Not Allowed"));
    assert_eq!(wrong.header("x-phoenix-server-version"), Some("20.26.1"));
}

/// Guarantees: bad parameters of the lists are told in the form of Phoenix's validation, or in its handlers' text.
#[test]
fn parameters() {
    keep("parameters", &[span(70, 90, "one", 0, &[])]);
    let get = |parameters: &str| asked().get(&format!("/v1/projects/parameters/spans?{parameters}"));
    for (parameters, kind) in [
        ("limit=0", "greater_than"),
        ("limit=1001", "less_than_equal"),
        ("limit=99999999999999999999999", "less_than_equal"),
        ("limit=abc", "int_parsing"),
        ("start_time=abc", "datetime_from_date_parsing"),
        ("end_time=2025-13-45", "datetime_from_date_parsing"),
        ("end_time=1e300", "datetime_from_date_parsing"),
        ("sort=x", "literal_error"),
        ("order=x", "literal_error"),
    ] {
        let reply = get(parameters);
        assert_eq!(
            (reply.status, &reply.json()["detail"][0]["type"]),
            (422, &json!(kind)),
            "{parameters}"
        );
    }
    let limit = get("limit=0").json();
    assert_eq!(
        limit,
        json!({ "detail": [{
        "type": "greater_than", "loc": ["query", "limit"], "msg": "Input should be greater than 0",
        "input": "0", "ctx": { "gt": 0 },
    }] })
    );
    for (parameters, text) in [
        ("cursor=bad", "Invalid cursor"),
        ("cursor=U3BhbjoxOjI%3D", "Invalid cursor"),
        ("sort=start_time&cursor=U3BhbjoxMQ%3D%3D", "Invalid cursor"),
        (
            "span_kind=FOO&span_kind=bar",
            "Invalid span_kind values: ['FOO', 'BAR']",
        ),
        ("status_code=FOO", "Invalid status_code values: ['FOO']"),
        (
            "attribute=a",
            "Invalid attribute 'a': expected format 'key:value'",
        ),
        ("attribute=:b", "Invalid attribute: key must not be empty"),
        ("attribute=a:", "Invalid attribute: value must not be empty"),
    ] {
        let reply = get(parameters);
        assert_eq!((reply.status, reply.body.as_str()), (422, text), "{parameters}");
    }
    for value in ["null", "[1]", "{}"] {
        let reply = get(&format!(
            "attribute=a:{}",
            value
                .replace('{', "%7B")
                .replace('}', "%7D")
                .replace('[', "%5B")
                .replace(']', "%5D")
        ));
        assert_eq!(reply.status, 422);
        assert!(
            reply
                .body
                .starts_with(&format!("Invalid attribute value '{value}'")),
            "{reply:?}"
        );
    }
}

/// Guarantees: bad bodies are told with the place of each fault.
#[test]
fn bodies() {
    let post = |body: &str| {
        let reply = asked().call("POST", "/v1/span_annotations", &[], body.as_bytes());
        assert_eq!(reply.status, 422, "{reply:?}");
        let details = reply.json()["detail"].as_array().unwrap().clone();
        details
            .iter()
            .map(|detail| (detail["type"].clone(), detail["loc"].clone()))
            .collect::<Vec<_>>()
    };
    let one = |kind: &str, place: Value| vec![(json!(kind), place)];
    assert_eq!(post(""), one("missing", json!(["body"])));
    assert_eq!(post("[]"), one("model_attributes_type", json!(["body"])));
    assert_eq!(post("{}"), one("missing", json!(["body", "data"])));
    assert_eq!(post(r#"{"data":{}}"#), one("list_type", json!(["body", "data"])));
    assert_eq!(post("{")[0].0, "json_invalid");
    assert_eq!(post(&"[".repeat(100_000))[0].0, "json_invalid");
    assert_eq!(
        post(r#"{"data":[{"span_id":5,"name":"x","annotator_kind":"FOO","result":{"score":"hi"}}]}"#),
        [
            (
                json!("literal_error"),
                json!(["body", "data", 0, "annotator_kind"])
            ),
            (
                json!("float_parsing"),
                json!(["body", "data", 0, "result", "score"])
            ),
            (json!("string_type"), json!(["body", "data", 0, "span_id"])),
        ]
    );
    let long = json!({ "data": [{ "span_id": "a".repeat(5000), "name": "x", "annotator_kind": "LLM" }] });
    assert_eq!(
        post(&long.to_string()),
        one("string_too_long", json!(["body", "data", 0, "span_id"]))
    );
}

/// Guarantees: hostile requests are refused, or answered, at once, and never break the server.
#[test]
fn hostile() {
    keep("hostile", &[span(71, 91, "one", 0, &[])]);
    let dots = "a.".repeat(3000);
    let quoted = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
    let query = json!({ "queries": [{ "filter": { "condition": quoted } }] });
    let many = "name=a&".repeat(1500);
    let deep = (0..60).fold(json!(1), |inner, _| json!({ "a": inner }));
    let spans = json!({ "data": [{
        "name": "deep", "context": { "trace_id": "t", "span_id": "deep" }, "span_kind": "LLM", "status_code": "OK",
        "start_time": "2025-10-09T08:00:00Z", "end_time": "1900-10-09T08:00:00Z", "attributes": { "deep": deep },
    }] });
    for (reply, statuses) in [
        (
            asked().get(&format!("/v1/projects/hostile/spans?attribute={dots}b:1")),
            [200, 422],
        ),
        (
            asked().get(&format!("/v1/projects/hostile/spans?{many}")),
            [422, 422],
        ),
        (asked().get("/v1/projects/hostile/spans?name=%FF%FE"), [200, 400]),
        (asked().get("/v1/projects/%FF/spans"), [400, 404]),
        (
            asked().get("/v1/projects/hostile/spans?cursor=U3BhbjoxODQ0Njc0NDA3MzcwOTU1MTYxNQ%3D%3D"),
            [200, 422],
        ),
        (
            asked().get("/v1/projects/hostile/traces?min_latency_ms=1e308&max_latency_ms=inf"),
            [200, 422],
        ),
        (
            asked().get("/v1/projects/hostile/sessions?limit=99999999999"),
            [200, 422],
        ),
        (asked().post("/v1/spans?project_name=hostile", &query), [422, 422]),
        (asked().post("/v1/projects/hostile/spans", &spans), [400, 400]),
    ] {
        assert!(statuses.contains(&reply.status), "{reply:?}");
    }
    assert_eq!(
        asked().get("/v1/projects/hostile/spans").ok()["data"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

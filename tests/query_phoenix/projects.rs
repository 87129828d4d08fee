//! Projects, logging and deleting.

use serde_json::{Value, json};

use crate::support::query::Reply;
use crate::{asked, keep, names, of_rows, span, span_id, trace_id};

fn call(method: &str, path: &str, body: &Value) -> Reply {
    asked().call(
        method,
        path,
        &[("content-type", "application/json")],
        body.to_string().as_bytes(),
    )
}

/// Guarantees: a project is made, found by both ids, described, listed the newest first and page by page, and deleted.
#[test]
fn a_projects_life() {
    let made = asked()
        .post("/v1/projects", &json!({ "name": "life", "description": "one" }))
        .ok();
    let id = made["data"]["id"].as_str().unwrap().to_owned();
    assert_eq!(
        made["data"],
        json!({ "name": "life", "description": "one", "id": id })
    );
    let taken = asked().post("/v1/projects", &json!({ "name": "life" }));
    assert_eq!(
        (taken.status, taken.body.as_str()),
        (409, "Project with name life already exists")
    );
    let changed = call("PUT", "/v1/projects/life", &json!({ "description": "two" })).ok();
    assert_eq!(changed["data"]["description"], "two");
    assert_eq!(
        asked()
            .get(&format!("/v1/projects/{}", id.replace('=', "%3D")))
            .ok(),
        changed
    );
    let first = asked().get("/v1/projects?limit=1").ok();
    let cursor = first["next_cursor"].as_str().unwrap().replace('=', "%3D");
    let second = asked().get(&format!("/v1/projects?limit=1&cursor={cursor}")).ok();
    assert_ne!(first["data"], second["data"]);
    let found = asked().get("/v1/projects?name_contains=LIF").ok();
    assert_eq!(of_rows(&found, "name"), ["life"]);
    assert_eq!(call("DELETE", "/v1/projects/life", &Value::Null).status, 204);
    let gone = asked().get("/v1/projects/life");
    assert_eq!(
        (gone.status, gone.body.as_str()),
        (404, "Project with name life not found")
    );
    let kept = call("DELETE", "/v1/projects/default", &Value::Null);
    assert_eq!(
        (kept.status, kept.body.as_str()),
        (403, "The default project cannot be deleted")
    );
}

/// Guarantees: a project is there with its first span, keeps its id, and goes with its spans.
#[test]
fn spans_make_a_project() {
    keep("made_by_spans", &[span(30, 30, "one", 0, &[])]);
    let id = asked().get("/v1/projects/made_by_spans").ok()["data"]["id"].clone();
    keep("made_by_spans", &[span(30, 31, "two", 0, &[])]);
    assert_eq!(asked().get("/v1/projects/made_by_spans").ok()["data"]["id"], id);
    assert_eq!(
        call("DELETE", "/v1/projects/made_by_spans", &Value::Null).status,
        204
    );
    assert_eq!(asked().get("/v1/projects/made_by_spans/spans").status, 404);
}

fn given(id: &str) -> Value {
    json!({
        "name": format!("span {id}"), "context": { "trace_id": "trace of text", "span_id": id },
        "span_kind": "weird", "parent_id": "some parent", "status_code": "NOPE",
        "start_time": "2025-10-09T08:00:00Z", "end_time": "2025-10-09T08:00:01.5+00:00",
        "attributes": { "k": 1, "nested": { "x": [1, 2] }, "nothing": null },
        "events": [{ "name": "e", "timestamp": "2025-10-09T08:00:00.5Z", "attributes": { "q": 1 } }],
    })
}

/// Guarantees: logged spans are shown as they were given, ids of any text included, and found by those ids; a second time
/// all of a request is refused, in text that the client reads as JSON.
#[test]
fn spans_are_logged() {
    let path = "/v1/projects/logging/spans";
    let taken = asked().post(path, &json!({ "data": [given("ä 1"), given("ä 2")] }));
    assert_eq!(
        (taken.status, taken.json()),
        (202, json!({ "total_received": 2, "total_queued": 2 }))
    );
    let found = asked()
        .get(&format!("{path}?span_id=%C3%A4%201&trace_id=trace%20of%20text"))
        .ok();
    let row = &found["data"][0];
    assert_eq!(
        row["context"],
        json!({ "trace_id": "trace of text", "span_id": "ä 1" })
    );
    assert_eq!(
        (&row["parent_id"], &row["span_kind"]),
        (&json!("some parent"), &json!("weird"))
    );
    assert_eq!(row["attributes"], json!({ "k": 1, "nested.x": [1, 2] }));
    assert_eq!(
        (&row["status_code"], &row["end_time"]),
        (&json!("UNSET"), &json!("2025-10-09T08:00:01.500000+00:00"))
    );
    assert_eq!(names("logging", "parent_id=some%20parent").len(), 2);
    let again = asked().post(path, &json!({ "data": [given("ä 2"), given("new")] }));
    assert_eq!(
        (again.status, again.header("content-type")),
        (400, Some("text/plain; charset=utf-8"))
    );
    assert_eq!(
        again.json(),
        json!({
            "error": "Request contains invalid or duplicate spans",
            "total_received": 2, "total_queued": 0, "total_duplicates": 1, "total_invalid": 0,
            "duplicate_spans": [{ "span_id": "ä 2", "trace_id": "trace of text" }], "invalid_spans": [],
        })
    );
    let mut naive = given("naive");
    naive["start_time"] = json!("2025-10-09T08:00:00");
    let refused = asked().post(path, &json!({ "data": [naive, {}] }));
    let details = refused.json();
    assert_eq!(
        (refused.status, &details["detail"][0]["loc"]),
        (422, &json!(["body", "data", 0]))
    );
    assert_eq!(details["detail"][1]["loc"], json!(["body", "data", 1, "name"]));
    assert_eq!(names("logging", "").len(), 2);
    let unknown = asked().post("/v1/projects/UHJvamVjdDo5OTk%3D/spans", &json!({ "data": [] }));
    assert_eq!(
        (unknown.status, unknown.body.as_str()),
        (404, "Project with ID UHJvamVjdDo5OTk= not found")
    );
}

/// Guarantees: spans are deleted one by one, by either id, traces whole, and sessions with their traces.
#[test]
fn deleting() {
    let session = |name: &str| ("session.id", json!({ "stringValue": name }));
    keep(
        "deleting",
        &[
            span(40, 40, "a", 0, &[]),
            span(40, 41, "b", 1, &[]),
            span(41, 42, "c", 2, &[session("s 1")]),
            span(42, 43, "d", 3, &[session("s 2")]),
            span(43, 44, "e", 4, &[]),
        ],
    );
    let delete = |path: &str| call("DELETE", path, &Value::Null).status;
    assert_eq!(delete(&format!("/v1/spans/{}", span_id(40))), 204);
    assert_eq!(delete(&format!("/v1/spans/{}", span_id(40))), 404);
    let page = asked().get("/v1/projects/deleting/spans?name=b").ok();
    let id = page["data"][0]["id"].as_str().unwrap().replace('=', "%3D");
    assert_eq!(delete(&format!("/v1/spans/{id}")), 204);
    assert_eq!(names("deleting", "order=asc"), ["c", "d", "e"]);
    assert_eq!(delete("/v1/sessions/s%201"), 204);
    let many = json!({ "session_identifiers": ["s 2", "nobody"] });
    assert_eq!(call("POST", "/v1/sessions/delete", &many).status, 204);
    assert_eq!(names("deleting", ""), ["e"]);
    assert_eq!(delete(&format!("/v1/traces/{}", trace_id(43))), 204);
    assert_eq!(delete(&format!("/v1/traces/{}", trace_id(43))), 404);
    keep(
        "deleting",
        &[span(44, 45, "f", 5, &[]), span(45, 46, "g", 9, &[])],
    );
    let range = "start_time=2025-10-09T08:53:20Z&end_time=2025-10-09T08:53:20.007Z";
    assert_eq!(delete(&format!("/v1/projects/deleting/traces?{range}")), 204);
    assert_eq!(names("deleting", ""), ["g"]);
}

/// Guarantees: sessions come in the order in which they were first seen, with their traces and tokens, by either id.
#[test]
fn sessions() {
    let text = |text: &str| json!({ "stringValue": text });
    let (kind, tokens) = ("openinference.span.kind", json!({ "intValue": "5" }));
    keep(
        "sessions",
        &[
            span(50, 50, "z", 0, &[("session.id", text("z first"))]),
            span(
                51,
                51,
                "a",
                1,
                &[
                    ("session.id", text("a second")),
                    (kind, text("LLM")),
                    ("llm.token_count.prompt", tokens),
                ],
            ),
            span(52, 52, "z", 2, &[("session.id", text("z first"))]),
        ],
    );
    let page = asked().get("/v1/projects/sessions/sessions").ok();
    assert_eq!(of_rows(&page, "session_id"), ["z first", "a second"]);
    let [first, second] = page["data"].as_array().unwrap().as_slice() else {
        panic!("{page}");
    };
    assert_eq!(first["traces"].as_array().unwrap().len(), 2);
    assert_eq!(
        (&second["token_count_prompt"], &second["token_count_total"]),
        (&json!(5), &json!(5))
    );
    let turned = asked()
        .get("/v1/projects/sessions/sessions?order=desc&limit=1")
        .ok();
    assert_eq!(
        (of_rows(&turned, "session_id"), &turned["next_cursor"]),
        (vec![json!("a second")], &first["id"])
    );
    assert_eq!(asked().get("/v1/sessions/z%20first").ok()["data"], *first);
    let id = second["id"].as_str().unwrap().replace('=', "%3D");
    assert_eq!(asked().get(&format!("/v1/sessions/{id}")).ok()["data"], *second);
    let of_session = asked()
        .get("/v1/projects/sessions/traces?session_identifier=z%20first")
        .ok();
    assert_eq!(
        of_rows(&of_session, "trace_id"),
        [json!(trace_id(52)), json!(trace_id(50))]
    );
}

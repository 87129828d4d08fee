//! `trace/{id}`.

use serde_json::{Value, json};

use crate::spans::*;

fn ask(id: &str, body: &Value) -> crate::support::query::Reply {
    asked().post(&path(&format!("trace/{id}")), body)
}

/// Guarantees: a trace's spans come by start, then span id, with the time that each spent in none of its children.
#[test]
fn spans_of_a_trace() {
    let hour = Hour::of(12);
    let at = |millis: u64| hour.at(millis * MILLI);
    let lasting = |millis: u64, span: Span| Span {
        duration: millis * MILLI,
        ..span
    };
    let head = lasting(100, root(0x7100, 0x71, "head", at(0)));
    let left = lasting(30, child(&head, 0x74, "left", at(10)));
    let right = lasting(30, child(&head, 0x73, "right", at(20)));
    let late = lasting(50, child(&head, 0x75, "late", at(80)));
    let leaf = lasting(5, child(&left, 0x72, "leaf", at(10)));
    keep("tree", &[late, leaf, left, right, head]);

    let id = "00000000000000000000000000007100";
    let answer = ask(id, &json!({ "dateRange": hour.range() })).ok();
    assert_eq!(names(&answer), ["head", "leaf", "left", "right", "late"]);
    let own: Vec<u64> = results(&answer)
        .iter()
        .map(|row| row["self_time_nano"].as_u64().unwrap() / MILLI)
        .collect();
    assert_eq!(own, [40, 5, 25, 30, 50]);
    assert_eq!(
        (&answer["hasMore"], &answer["nextOffset"]),
        (&json!(false), &Value::Null)
    );
    let row = &answer["results"][4];
    assert_eq!(row["trace_start"], iso(at(0)));
    assert_eq!(row["trace_duration"], 100 * MILLI);
    assert_eq!(row["matched_filter"], 1);

    // Only what matches decides about the trace; the rest comes along.
    let group = |values: Value| json!({ "type": "AND", "values": [{ "type": "AND", "values": values }] });
    let name = |name: &str| json!([{ "type": "span", "key": "name", "operator": "exact", "value": name }]);
    let marks = |body: Value| -> Vec<u64> {
        let answer = ask(&id.to_uppercase(), &body).ok();
        results(&answer)
            .iter()
            .map(|row| row["matched_filter"].as_u64().unwrap())
            .collect()
    };
    let range = hour.range();
    assert_eq!(
        marks(json!({ "dateRange": range, "filterGroup": group(name("left")) })),
        [0, 0, 1, 0, 0]
    );
    assert_eq!(
        marks(json!({ "dateRange": range, "filterGroup": group(name("x")) })),
        [0; 0]
    );
    assert_eq!(
        marks(json!({ "dateRange": range, "serviceNames": ["tree"] })),
        [1; 5]
    );
    assert_eq!(marks(json!({ "dateRange": range, "statusCodes": [2] })), [0; 0]);
    // A flat list, and what is no group at all, count as none.
    assert_eq!(
        marks(json!({ "dateRange": range, "filterGroup": name("left") })),
        [1; 5]
    );
    assert_eq!(
        marks(json!({ "dateRange": range, "filterGroup": "name" })),
        [1; 5]
    );

    let bare = ask(
        id,
        &json!({ "dateRange": range, "excludeAttributes": true, "offset": 3 }),
    )
    .ok();
    assert_eq!(names(&bare), ["right", "late"]);
    assert_eq!(bare["results"][0]["resource_attributes"], json!({}));
    assert_eq!(bare["results"][0]["trace_start"], iso(at(0)));
}

/// Guarantees: the time spent in no child counts whole microseconds, as durations do.
#[test]
fn self_times_are_of_microseconds() {
    let hour = Hour::of(25);
    let lasting = |nanos: u64, span: Span| Span {
        duration: nanos,
        ..span
    };
    let head = lasting(10_000, root(0x7400, 1, "head", hour.at(0)));
    let inner = lasting(3_999, child(&head, 2, "inner", hour.at(1_500)));
    keep("micros", &[head, inner]);
    let answer = ask(&format!("{:032x}", 0x7400), &json!({ "dateRange": hour.range() })).ok();
    let own: Vec<&Value> = results(&answer)
        .iter()
        .map(|row| &row["self_time_nano"])
        .collect();
    assert_eq!(own, [6_000, 4_000]);
}

/// Guarantees: a trace of many spans comes in pages of 2000, which hold each span once.
#[test]
fn pages_of_a_trace() {
    let hour = Hour::of(13);
    let spans: Vec<Span> = (1..=4001)
        .map(|id| root(0x7200, id, "many", hour.at(id / 3 * MILLI)))
        .collect();
    keep("pages", &spans);
    let mut offset = json!(null);
    let mut sizes = Vec::new();
    let mut ids = Vec::new();
    loop {
        let body = json!({ "dateRange": hour.range(), "offset": offset });
        let answer = ask("00000000000000000000000000007200", &body).ok();
        sizes.push(results(&answer).len());
        ids.extend(results(&answer).iter().map(|row| row["span_id"].to_string()));
        offset = answer["nextOffset"].clone();
        assert_eq!(answer["hasMore"], !offset.is_null());
        if offset.is_null() {
            break;
        }
    }
    assert_eq!(sizes, [2000, 2000, 1]);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4001);
}

/// Guarantees: without a window a trace is found whenever it was, with an end alone the window is the last day, and a trace
/// that is not there is an empty answer.
#[test]
fn windows_and_unknown_traces() {
    let at = crate::support::query::now();
    keep(
        "days",
        &[
            root(0x7300, 1, "now", at - SECOND),
            root(0x7300, 2, "then", at - 30 * HOUR),
        ],
    );
    let id = "00000000000000000000000000007300";
    let empty = asked()
        .call("POST", &path(&format!("trace/{id}/")), &[], b"")
        .ok();
    assert_eq!(names(&empty), ["then", "now"]);
    assert_eq!(names(&ask(id, &json!({ "dateRange": {} })).ok()), ["then", "now"]);
    assert_eq!(
        names(&ask(id, &json!({ "dateRange": { "date_to": "-0s" } })).ok()),
        ["now"]
    );
    assert_eq!(
        names(&ask(id, &json!({ "dateRange": { "date_from": "-2d" } })).ok()),
        ["then", "now"]
    );
    for unknown in ["00000000000000000000000000007399", "abcd", "00"] {
        let answer = ask(unknown, &json!({})).ok();
        assert_eq!(
            answer,
            json!({ "results": [], "hasMore": false, "nextOffset": null })
        );
    }
}

/// Guarantees: what is no hexadecimal id is refused without a word, and what cannot be an id at all is no endpoint.
#[test]
fn ids_that_are_none() {
    for id in ["xyz", "abc", "0000000000000000000000000000730g"] {
        let reply = ask(id, &json!({}));
        assert_eq!((reply.status, reply.body.as_str()), (400, ""), "{id}");
    }
    for id in ["a-b", "a%2Fb", "%E2%82%AC"] {
        assert_eq!(ask(id, &json!({})).status, 404, "{id}");
    }
    let reply = ask("%ff", &json!({}));
    assert_eq!(
        (reply.status, &reply.json()["code"]),
        (400, &json!("parse_error"))
    );
}

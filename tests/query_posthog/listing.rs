//! `query`: the rows, and what chooses and orders them.

use serde_json::{Value, json};

use crate::spans::*;

/// Guarantees: a row has every member of the product, in its encodings.
#[test]
fn a_row() {
    let hour = Hour::of(3);
    let parent = Span {
        kind: 2,
        status: 2,
        duration: 500 * MILLI + 1_999,
        attributes: vec![
            ("text", text("GET")),
            ("whole", json!({ "intValue": "500" })),
            ("double", json!({ "doubleValue": 2.0 })),
            ("flag", json!({ "boolValue": true })),
            (
                "list",
                json!({ "arrayValue": { "values": [text("a"), { "intValue": 1 }] } }),
            ),
            ("bytes", json!({ "bytesValue": "aGk/" })),
            ("nothing", json!({})),
        ],
        ..root(0xab_cdef, 0xfed1, "GET /cart", hour.at(123_456_789))
    };
    let inner = child(&parent, 0xfed2, "inner", hour.at(SECOND));
    keep("rows", &[parent, inner]);
    let answer = post("query", json!({ "dateRange": hour.range(), "prefetchSpans": 2 })).ok();
    assert_eq!(
        (&answer["hasMore"], &answer["nextCursor"]),
        (&json!(false), &Value::Null)
    );
    let row = &answer["results"][0];
    let start = iso(hour.at(123_456_789));
    let uuid = row["uuid"].as_str().unwrap();
    assert_eq!((uuid.len(), &uuid[14..15]), (36, "7"), "{uuid}");
    assert_eq!(
        row,
        &json!({
            "uuid": uuid,
            "trace_id": "00000000000000000000000000ABCDEF",
            "span_id": "000000000000FED1",
            "parent_span_id": "0000000000000000",
            "name": "GET /cart",
            "kind": 2,
            "service_name": "rows",
            "status_code": 2,
            "timestamp": start,
            "end_time": iso(hour.at(123_456_789 + 500 * MILLI + 1_999)),
            "duration_nano": 500_002_000,
            "is_root_span": true,
            "matched_filter": 1,
            "trace_start": start,
            "trace_duration": 500_001_999,
            "attributes": {
                "text": "GET", "whole": "500", "double": "2", "flag": "true", "list": "[\"a\",1]",
                "bytes": "aGk/", "nothing": "",
            },
            "resource_attributes": { "service.name": "rows" },
        })
    );
    let inner = &answer["results"][1];
    assert_eq!(inner["parent_span_id"], "000000000000FED1");
    assert_eq!(inner["is_root_span"], false);
    assert_ne!(inner["uuid"], row["uuid"]);
    let query = json!({ "dateRange": hour.range(), "excludeAttributes": true });
    let bare = post("query", query).ok();
    assert_eq!(bare["results"][0]["attributes"], json!({}));
    assert_eq!(bare["results"][0]["resource_attributes"], json!({}));
    assert_eq!(bare["results"][0]["uuid"], row["uuid"]);
}

/// Three traces: `old` and `mid` with a root, `orphan` without; children match what roots do not.
fn world() -> Hour {
    static WORLD: std::sync::OnceLock<Hour> = std::sync::OnceLock::new();
    *WORLD.get_or_init(|| {
        let hour = Hour::of(4);
        let old = Span {
            duration: 900 * MILLI,
            ..root(0x41, 0x411, "old", hour.at(MINUTE))
        };
        let olds = [
            child(&old, 0x412, "old-b", hour.at(MINUTE + 2 * MILLI)),
            Span {
                status: 2,
                ..child(&old, 0x413, "old-c", hour.at(MINUTE + 3 * MILLI))
            },
            child(&old, 0x414, "old-a", hour.at(MINUTE + MILLI)),
        ];
        let mid = Span {
            status: 2,
            duration: 30 * MILLI,
            ..root(0x42, 0x421, "mid", hour.at(2 * MINUTE))
        };
        let orphan = Span {
            parent: 0x999,
            duration: 600 * MILLI,
            ..root(0x43, 0x431, "orphan", hour.at(3 * MINUTE))
        };
        keep("list", &olds);
        keep("list", &[old, mid, orphan]);
        hour
    })
}

fn asked_names(members: &Value) -> String {
    let mut query = json!({ "dateRange": world().range() });
    query
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    names(&post("query", query).ok()).join(" ")
}

/// Guarantees: traces are chosen by their matching spans, of which only roots count unless told otherwise, and come in
/// either generation's order; flat, the spans themselves come.
#[test]
fn choice_and_order() {
    let errors = json!([2]);
    for (members, expected) in [
        (json!({}), "mid old"),
        (json!({ "orderBy": "latest" }), "mid old"),
        (json!({ "orderBy": "earliest" }), "old mid"),
        (
            json!({ "orderBy": "timestamp", "orderDirection": "ASC" }),
            "old mid",
        ),
        (
            json!({ "orderBy": "nonsense", "orderDirection": "sideways" }),
            "mid old",
        ),
        (json!({ "orderBy": "duration" }), "old mid"),
        (
            json!({ "orderBy": "duration", "orderDirection": "ASC" }),
            "mid old",
        ),
        (json!({ "orderBy": "duration", "limit": 1, "offset": 1 }), "mid"),
        (json!({ "orderBy": "timestamp", "limit": 1, "offset": 1 }), "mid"),
        (json!({ "rootSpans": false }), "orphan mid old"),
        (json!({ "rootSpans": null }), "orphan mid old"),
        (
            json!({ "rootSpans": false, "orderBy": "duration" }),
            "old orphan mid",
        ),
        (json!({ "statusCodes": errors }), "mid"),
        (json!({ "statusCodes": errors, "rootSpans": false }), "mid old"),
        (json!({ "prefetchSpans": 2, "limit": 2 }), "mid old old-a"),
        (
            json!({ "prefetchSpans": 100, "orderBy": "earliest" }),
            "old old-a old-b old-c mid",
        ),
        (
            json!({ "prefetchSpans": 3, "orderBy": "earliest", "statusCodes": errors, "rootSpans": false }),
            "old old-c old-a mid",
        ),
        (json!({ "flatSpans": true }), "orphan mid old-c old-b old-a old"),
        (json!({ "flatSpans": true, "statusCodes": errors }), "mid old-c"),
        (
            json!({ "flatSpans": true, "orderBy": "duration", "limit": 3 }),
            "old orphan mid",
        ),
        (
            json!({ "flatSpans": true, "orderBy": "duration", "limit": 1, "offset": 1 }),
            "orphan",
        ),
        (json!({ "limit": "1" }), "mid"),
        (json!({ "limit": 0 }), ""),
        (
            json!({ "limit": 5000, "prefetchSpans": 5000, "prefetch": 7 }),
            "mid old old-a old-b old-c",
        ),
    ] {
        assert_eq!(asked_names(&members), expected, "{members}");
    }
}

/// Guarantees: spans that come along with a trace say whether they match, and matching ones come before others.
#[test]
fn context_is_marked() {
    let marks = |members: Value| {
        let mut query = json!({ "dateRange": world().range(), "orderBy": "earliest" });
        query
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let answer = post("query", query).ok();
        let mark = |row: &Value| format!("{}{}", row["name"].as_str().unwrap(), row["matched_filter"]);
        results(&answer).iter().map(mark).collect::<Vec<_>>().join(" ")
    };
    let services = json!({ "prefetchSpans": 4, "serviceNames": ["list"] });
    assert_eq!(marks(services), "old1 old-a1 old-b1 old-c1 mid1");
    let name = json!([{ "type": "span", "key": "name", "operator": "regex", "value": "^(old|old-c)$" }]);
    assert_eq!(
        marks(json!({ "prefetchSpans": 3, "filterGroup": name })),
        "old1 old-c1 old-a0"
    );
    let child = json!([{ "type": "span", "key": "name", "operator": "exact", "value": "old-b" }]);
    let query = json!({ "prefetchSpans": 3, "filterGroup": child, "rootSpans": false });
    assert_eq!(marks(query), "old0 old-b1 old-a0");
}

/// Guarantees: a trace's keys are those of its matching spans, not of the whole trace.
#[test]
fn keys_of_a_trace() {
    let hour = world();
    let query =
        json!({ "dateRange": hour.range(), "statusCodes": [2], "rootSpans": false, "orderBy": "earliest" });
    let answer = post("query", query).ok();
    assert_eq!(answer["results"][0]["name"], "old");
    assert_eq!(
        answer["results"][0]["trace_start"],
        iso(hour.at(MINUTE + 3 * MILLI))
    );
    assert_eq!(answer["results"][0]["trace_duration"], MILLI);
}

/// Guarantees: the window contains its beginning and not its end, in every way of writing dates; without one it is the
/// last hour.
#[test]
fn windows() {
    let at = crate::support::query::now();
    let recent = [
        root(0x51, 0x511, "now", at - SECOND),
        root(0x52, 0x521, "half", at - 31 * MINUTE),
        root(0x53, 0x531, "hours", at - 90 * MINUTE),
        root(0x54, 0x541, "days", at - 60 * HOUR),
    ];
    keep("windows", &recent);
    let found = |range: Value| {
        let query = json!({ "dateRange": range, "serviceNames": ["windows"] });
        names(&post("query", query).ok()).join(" ")
    };
    let whole = iso(at - 90 * MINUTE);
    let local = |offset: &str| whole.replace('Z', offset);
    for (range, expected) in [
        (Value::Null, "now half"),
        (json!({}), "now half"),
        (json!("yesterday"), "now half"),
        (json!({ "date_from": null, "date_to": null }), "now half"),
        (json!({ "date_from": "", "date_to": " " }), "now half"),
        (json!({ "date_from": "-30m" }), "now"),
        (json!({ "date_from": "-1800S" }), "now"),
        (json!({ "date_from": "30M" }), "now"),
        (json!({ "date_from": "-2h" }), "now half hours"),
        (
            json!({ "date_from": "-7d", "explicitDate": true }),
            "now half hours days",
        ),
        (json!({ "date_from": "-1w", "date_to": "-2h" }), "days"),
        (json!({ "date_from": "-1y", "date_to": "-1d" }), "days"),
        (json!({ "date_from": "-4dStart", "date_to": "-1dStart" }), "days"),
        (json!({ "date_from": "all" }), "now half hours days"),
        (json!({ "date_from": "-99999999999d" }), "now half hours days"),
        (
            json!({ "date_from": "1969-01-01", "date_to": "9999-12-31" }),
            "now half hours days",
        ),
        (json!({ "date_from": whole, "date_to": "-1h" }), "hours"),
        (json!({ "date_from": local(""), "date_to": "-1h" }), "hours"),
        (json!({ "date_from": local("+00:00"), "date_to": "-1h" }), "hours"),
        (json!({ "date_from": "-1d", "date_to": whole }), ""),
        (json!({ "date_from": whole, "date_to": whole }), ""),
    ] {
        assert_eq!(found(range.clone()), expected, "{range}");
    }
    for inverted in [
        json!({ "date_from": "-1h", "date_to": "-2h" }),
        json!({ "date_to": "2020-01-01T00:00:00Z" }),
    ] {
        let reply = post("sparkline", json!({ "dateRange": inverted }));
        assert_eq!(
            (reply.status, &reply.json()["code"]),
            (400, &json!("invalid_input"))
        );
    }
    for wrong in [
        "yesterday",
        "-1x",
        "h",
        "dstart",
        "-",
        "2026-13-01",
        "2026-11-20T25:00:00",
        "-1hours",
        "١h",
    ] {
        for member in ["date_from", "date_to"] {
            let reply = post("query", json!({ "dateRange": { member: wrong } }));
            assert_eq!(reply.status, 400, "{wrong}: {reply:?}");
            let error = reply.json();
            assert_eq!(
                (&error["type"], &error["code"]),
                (&json!("validation_error"), &json!("invalid_input"))
            );
            assert!(error["detail"].as_str().unwrap().contains(wrong), "{error}");
        }
    }
}

/// Guarantees: both bases, any project's id and a slash at the end lead to the same answer.
#[test]
fn paths() {
    let body = json!({ "query": { "dateRange": world().range() } });
    let expected = asked().post(&path("query"), &body).ok();
    for base in [
        "/api/environments/17",
        "/api/projects/@current",
        "/api/environments/any%20name",
    ] {
        for end in ["", "/"] {
            let answer = asked()
                .post(&format!("{base}/tracing/spans/query{end}"), &body)
                .ok();
            assert_eq!(answer, expected, "{base} {end}");
        }
    }
}

/// Guarantees: a body without a query, and no body, ask for everything of the last hour.
#[test]
fn bodies_that_say_nothing() {
    for body in ["", " \n", "{}", "{\"query\":null}", "{\"query\":{}}"] {
        let reply = asked().call("POST", &path("query"), &[], body.as_bytes());
        assert!(reply.ok()["results"].is_array(), "{body}");
    }
}

//! Walks to the end, while spans arrive.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::spans::*;

/// Sends this many traces of two spans; several start at the same nanosecond.
fn traces(service: &str, hour: Hour, from: u64, count: u64) {
    let spans: Vec<Span> = (from..from + count)
        .flat_map(|number| {
            let start = hour.at(MINUTE + number / 4 * SECOND);
            let trace = u128::from(hour.at(number)) << 32;
            let head = Span {
                duration: number % 5 * MILLI,
                ..root(trace, number + 1, "root", start)
            };
            let inner = child(&head, number + 100_001, "inner", start);
            [head, inner]
        })
        .collect();
    keep(service, &spans);
}

/// Walks by cursor, and sends more spans, older and newer ones, after each page. The span ids found, page by page.
fn walk(service: &str, hour: Hour, query: &Value) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut after = Value::Null;
    loop {
        let mut query = query.clone();
        query["after"] = after;
        let answer = post("query", query).ok();
        let ids = results(&answer)
            .iter()
            .map(|row| row["span_id"].as_str().unwrap().to_owned());
        pages.push(ids.collect());
        after = answer["nextCursor"].clone();
        assert_eq!(answer["hasMore"], !after.is_null());
        if after.is_null() {
            return pages;
        }
        let page = pages.len() as u64;
        traces(service, hour, 2000 + page * 2, 1);
        let early = Hour::of(1).at(page * SECOND).min(hour.at(page * MILLI));
        keep(
            service,
            &[root(
                u128::from(early),
                500_000 + page,
                "early",
                hour.at(page * MILLI),
            )],
        );
    }
}

/// Guarantees: a walk by traces sees each trace that was there at its beginning exactly once, in either direction,
/// whatever arrives meanwhile and however many start at one moment.
#[test]
fn traces_are_walked_exactly() {
    for (test, direction) in [(6, "DESC"), (7, "ASC")] {
        let (service, hour) = (format!("walk-{direction}"), Hour::of(test));
        traces(&service, hour, 0, 43);
        let query = json!({
            "dateRange": hour.range(), "serviceNames": [service], "orderDirection": direction, "limit": 5,
        });
        let pages = walk(&service, hour, &query);
        assert_eq!(pages.len(), 9);
        assert!(
            pages.iter().rev().skip(1).all(|page| page.len() == 5),
            "{pages:?}"
        );
        let mut ids: Vec<String> = pages.concat();
        ids.sort();
        let expected: Vec<String> = (1..=43).map(|id| format!("{id:016X}")).collect();
        assert_eq!(ids, expected, "{direction}");
    }
}

/// Guarantees: a flat walk sees each matching span that was there at its beginning exactly once.
#[test]
fn spans_are_walked_exactly() {
    for (test, direction) in [(8, "DESC"), (9, "ASC")] {
        let (service, hour) = (format!("flat-{direction}"), Hour::of(test));
        traces(&service, hour, 0, 20);
        let query = json!({
            "dateRange": hour.range(), "serviceNames": [service], "orderDirection": direction, "limit": 7,
            "flatSpans": true,
        });
        let mut ids: Vec<String> = walk(&service, hour, &query).concat();
        assert_eq!(ids.len(), 40);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 40, "{direction}");
    }
}

/// Guarantees: a window that ends now stays the same from page to page, although time passes.
#[test]
fn a_walk_keeps_its_window() {
    let begin = crate::support::query::now() - 58 * MINUTE;
    let spans: Vec<Span> = (0..4)
        .map(|id| root(0x6100 + u128::from(id), 0x6100 + id, "r", begin + id))
        .collect();
    keep("pinned", &spans);
    let range = json!({ "date_from": "-1h" });
    let query = json!({ "dateRange": range, "serviceNames": ["pinned"], "limit": 1 });
    let first = post("query", query).ok();
    let cursor = first["nextCursor"].as_str().unwrap();
    let mut members: Value = serde_json::from_slice(&STANDARD.decode(cursor).unwrap()).unwrap();
    let begun = members["now"].as_u64().unwrap();
    // As if the walk had begun ten minutes earlier or later: relative dates count from its beginning.
    for (now, expected) in [(begun, 3), (begun - 10 * MINUTE, 3), (begun + 10 * MINUTE, 0)] {
        members["now"] = now.into();
        let after = STANDARD.encode(members.to_string());
        let query = json!({ "dateRange": range, "serviceNames": ["pinned"], "after": after });
        let found = results(&post("query", query).ok()).len();
        assert_eq!(found, expected, "{now}");
    }
}

/// Guarantees: a cursor shows the product's members, one that has these alone leads beyond them, and one that is no
/// cursor is refused.
#[test]
fn cursors() {
    let hour = Hour::of(10);
    let spans: Vec<Span> = (0..3)
        .map(|id| root(0x6200 + u128::from(id), 0x6200 + id, "r", hour.at(id * SECOND)))
        .collect();
    keep("cursors", &spans);
    let ask = |more: Value| {
        let mut query = json!({ "dateRange": hour.range(), "limit": 1 });
        query
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        post("query", query)
    };
    let decoded = |answer: &Value| -> Value {
        let cursor = answer["nextCursor"].as_str().unwrap();
        serde_json::from_slice(&STANDARD.decode(cursor).unwrap()).unwrap()
    };
    let time = |offset| iso(hour.at(offset)).replace('Z', "+00:00");
    let cursor = decoded(&ask(json!({})).ok());
    assert_eq!(cursor["timestamp"], time(2 * SECOND));
    assert_eq!(cursor["trace_id"], format!("{:032X}", 0x6202));
    let cursor = decoded(&ask(json!({ "flatSpans": true })).ok());
    assert_eq!(cursor["span_id"], format!("{:016X}", 0x6202));
    for offset in ["+00:00", "Z"] {
        let timestamp = iso(hour.at(2 * SECOND)).replace('Z', offset);
        for (flat, id) in [(false, "trace_id"), (true, "span_id"), (true, "uuid")] {
            let id_text = if flat {
                format!("{:016X}", 0x6202)
            } else {
                format!("{:032x}", 0x6202)
            };
            let after = STANDARD.encode(json!({ "timestamp": timestamp, id: id_text }).to_string());
            let answer = ask(json!({ "after": after, "flatSpans": flat })).ok();
            assert_eq!(
                answer["results"][0]["span_id"],
                format!("{:016X}", 0x6201),
                "{offset} {id}"
            );
        }
    }
    let encoded = |text: &str| STANDARD.encode(text);
    for wrong in [
        "nonsense".to_owned(),
        "%%%".into(),
        encoded("[]"),
        encoded("1"),
        encoded("{}"),
        encoded("{\"timestamp\":\"noon\"}"),
        encoded("{\"timestamp\":\"2026-11-20\",\"trace_id\":\"xyz\"}"),
        encoded("{\"timestamp\":\"2026-11-20\",\"before\":-1}"),
        encoded(&"[".repeat(700)),
        "A".repeat(100_000),
    ] {
        let reply = ask(json!({ "after": wrong }));
        assert_eq!(reply.status, 400, "{reply:?}");
        assert_eq!(reply.json()["code"], "invalid_input");
    }
    assert_eq!(names(&ask(json!({ "after": "" })).ok()), ["r"]);
    assert_eq!(
        names(&ask(json!({ "after": "nonsense", "orderBy": "duration" })).ok()),
        ["r"]
    );
}

/// Guarantees: by duration, a walk by offset sees each trace once, and says whether there is more without a cursor.
#[test]
fn durations_are_walked_by_offset() {
    let hour = Hour::of(11);
    traces("offset", hour, 0, 17);
    for flat in [false, true] {
        let total = if flat { 34 } else { 17 };
        let mut ids = Vec::new();
        loop {
            let answer = post(
                "query",
                json!({
                    "dateRange": hour.range(), "serviceNames": ["offset"], "orderBy": "duration", "limit": 5,
                    "offset": ids.len(), "flatSpans": flat,
                }),
            )
            .ok();
            assert_eq!(answer["nextCursor"], Value::Null);
            ids.extend(results(&answer).iter().map(|row| row["span_id"].to_string()));
            if answer["hasMore"] == false {
                break;
            }
        }
        assert_eq!(ids.len(), total);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), total);
    }
}

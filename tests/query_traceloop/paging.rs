//! Walks along cursors.

use serde_json::{Value, json};

use super::support::query::Asked;
use super::{START, ids, numbers, resource, span, warehouse};

/// Four spans a millisecond, with durations that repeat.
fn keep(asked: &Asked, ids: std::ops::Range<u64>) {
    let spans = ids.map(|id| {
        span(
            id,
            id,
            id / 4,
            id % 3,
            json!({"name": format!("name {}", id % 5)}),
        )
    });
    asked.keep(json!([resource(
        json!({"service.name": "shop"}),
        spans.collect()
    )]));
}

/// Takes pages until one is empty, while spans arrive at times and with values like those that are there.
fn walk(asked: &Asked, known: &mut u64, mut page: impl FnMut(&str) -> (Vec<u64>, String)) -> Vec<u64> {
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let (rows, next) = page(&cursor);
        if rows.is_empty() {
            return seen;
        }
        assert_ne!(next, cursor, "the walk goes on");
        seen.extend(rows);
        cursor = next;
        if *known < 400 {
            keep(asked, *known..*known + 3);
            *known += 3;
        }
    }
}

/// Each of the spans below `there` was seen once, and none twice.
fn assert_whole(mut seen: Vec<u64>, there: u64, what: &str) {
    seen.sort_unstable();
    let count = seen.len();
    seen.dedup();
    assert_eq!(seen.len(), count, "{what}: none twice");
    let old = seen.iter().filter(|id| **id < there).count() as u64;
    assert_eq!(old, there - 1, "{what}: none lost");
}

/// In every order and direction, a walk along `next_cursor` loses and repeats nothing, ties included.
#[test]
fn walks_of_today() {
    let asked = Asked::start("");
    keep(&asked, 1..100);
    let mut known = 100;
    for sort in [
        "timestamp",
        "duration_ms",
        "span_name",
        "trace_id",
        "total_tokens",
    ] {
        for order in ["asc", "desc"] {
            let there = known;
            let seen = walk(&asked, &mut known, |cursor| {
                let query = format!("sort_by={sort}&sort_order={order}&limit=7&cursor={cursor}");
                let page = warehouse(&asked, &query);
                (ids(&page), page["next_cursor"].as_str().unwrap().to_owned())
            });
            assert_whole(seen, there, &format!("{sort} {order}"));
        }
    }
}

/// A cursor is the last row's millisecond, and more only where that would lose rows; always a decimal number.
#[test]
fn cursors_are_as_plain_as_can_be() {
    let asked = Asked::start("");
    keep(&asked, 4..12);
    let cursor = |query: &str| {
        warehouse(&asked, query)["next_cursor"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let first = (START * 1000 + 1).to_string();
    assert_eq!(cursor("limit=4"), first);
    assert_eq!(cursor("limit=8"), (START * 1000 + 2).to_string());
    assert_eq!(cursor("limit=4&sort_order=desc"), (START * 1000 + 2).to_string());
    let tied = cursor("limit=3");
    assert!(tied.starts_with(&format!("{first}.")), "{tied}");
    assert!(tied.parse::<f64>().is_ok(), "{tied}");
    assert_eq!(ids(&warehouse(&asked, &format!("limit=2&cursor={tied}"))), [7, 8]);
    assert_eq!(
        ids(&warehouse(&asked, &format!("limit=2&cursor={first}"))),
        [8, 9]
    );
}

/// A walk over spans without a time comes to its end: the cursor 0 is the first page, so none ends with it.
#[test]
fn walks_to_the_beginning_of_time() {
    let asked = Asked::start("");
    let timeless = |id| {
        let times = json!({"startTimeUnixNano": "0", "endTimeUnixNano": "0"});
        span(id, id, 0, 0, times)
    };
    let spans = (1..4).map(timeless).chain([span(4, 4, 0, 0, json!({}))]);
    asked.keep(json!([resource(json!({}), spans.collect())]));
    for (order, expected) in [("asc", [1, 2, 3, 4]), ("desc", [4, 3, 2, 1])] {
        for limit in 1..5 {
            let (mut cursor, mut seen) = (String::new(), Vec::new());
            for _ in 0..5 {
                let query = format!("sort_order={order}&limit={limit}&cursor={cursor}");
                let page = warehouse(&asked, &query);
                seen.extend(ids(&page));
                page["next_cursor"].as_str().unwrap().clone_into(&mut cursor);
                if cursor.is_empty() {
                    break;
                }
            }
            assert_eq!(seen, expected, "{order} {limit}");
        }
    }
}

/// Project endpoints take their own cursor as text, and as a number where it is whole.
#[test]
fn walks_of_projects() {
    let asked = Asked::start("");
    keep(&asked, 1..60);
    let mut known = 60;
    for (path, list) in [("spans", "spans"), ("traces/root-spans", "root_spans")] {
        let there = known;
        let seen = walk(&asked, &mut known, |cursor| {
            let whole = cursor.parse::<u64>();
            let cursor = whole.map_or_else(|_| json!(cursor), |whole| json!(whole));
            let body = json!({"cursor": cursor, "limit": 7, "sort_order": "DESC"});
            let page = asked.post(&format!("/v2/projects/default/{path}"), &body).ok()[list].take();
            (ids(&page), page["next_cursor"].as_str().unwrap().to_owned())
        });
        assert_whole(seen, there, path);
    }
}

/// The documented form says in a header where to go on, and says nothing on the last page.
#[test]
fn walks_as_documented_first() {
    let asked = Asked::start("");
    keep(&asked, 1..60);
    for sort in ["timestamp", "duration"] {
        let (mut cursor, mut seen) = (String::new(), Vec::new());
        loop {
            let query =
                format!("fromTimestampSec=0&sortBy={sort}&sortOrder=desc&limit=7&compositeCursor={cursor}");
            let reply = asked.get(&format!("/api/v2/warehouse/spans?{query}"));
            let rows: Value = reply.ok();
            seen.extend(numbers(&rows, "spanId"));
            match reply.header("x-next-composite-cursor") {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_whole(seen, 60, sort);
    }
}

//! `sparkline` and `latency-heatmap`: buckets of time.

use serde_json::{Value, json};

use crate::spans::*;

/// What stands in a row, in short.
fn shown(answer: &Value) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    results(answer)
        .iter()
        .map(|row| {
            assert_eq!(
                row.as_object().unwrap().keys().collect::<Vec<_>>(),
                ["time", "service", "count"]
            );
            (
                text(&row["time"]),
                text(&row["service"]),
                row["count"].as_u64().unwrap(),
            )
        })
        .collect()
}

fn bucket(time: u64) -> String {
    iso(time).replace(".000000Z", "+00:00")
}

/// Guarantees: every bucket of the window comes, empty ones once, services of a bucket by their counts; the sum is the
/// number of spans.
#[test]
fn buckets_are_filled() {
    let hour = Hour::of(14);
    let spans = |count: u64, at: u64| -> Vec<Span> {
        (0..count)
            .map(|id| {
                root(
                    u128::from(hour.at(at)) + u128::from(id),
                    at + id,
                    "s",
                    hour.at(at + id),
                )
            })
            .collect()
    };
    keep("few", &spans(2, 10 * MINUTE));
    keep("many", &spans(3, 10 * MINUTE + SECOND));
    keep("few", &spans(1, 59 * MINUTE + 59 * SECOND));
    let rows = shown(&post("sparkline", json!({ "dateRange": hour.range() })).ok());
    let expected: Vec<_> = (0..60)
        .flat_map(|minute| {
            let row = |service: &str, count| (bucket(hour.at(minute * MINUTE)), service.to_owned(), count);
            match minute {
                10 => vec![row("many", 3), row("few", 2)],
                59 => vec![row("few", 1)],
                _ => vec![row("", 0)],
            }
        })
        .collect();
    assert_eq!(rows, expected);

    let sum = |members: Value| -> u64 {
        let mut query = json!({ "dateRange": hour.range() });
        query
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        shown(&post("sparkline", query).ok())
            .iter()
            .map(|row| row.2)
            .sum()
    };
    assert_eq!(sum(json!({})), 6);
    assert_eq!(sum(json!({ "serviceNames": ["few"] })), 3);
    assert_eq!(sum(json!({ "statusCodes": [2] })), 0);
    assert_eq!(sum(json!({ "filterGroup": "nonsense" })), 6);
}

/// Guarantees: with `rootSpans` traces are counted by their roots, not spans.
#[test]
fn traces_are_counted_by_roots() {
    let hour = Hour::of(15);
    let head = root(0x8100, 1, "r", hour.at(MINUTE));
    let again = root(0x8100, 2, "r2", hour.at(MINUTE + SECOND));
    let inner = child(&head, 3, "c", hour.at(MINUTE));
    keep("roots", &[head, again, inner]);
    let count = |roots: bool| -> u64 {
        let query = json!({ "dateRange": hour.range(), "rootSpans": roots });
        shown(&post("sparkline", query).ok())
            .iter()
            .map(|row| row.2)
            .sum()
    };
    assert_eq!((count(false), count(true)), (3, 1));
}

/// Guarantees: a bucket is as wide as the width of the list that is closest to a fiftieth of the window.
#[test]
fn widths() {
    let hour = Hour::of(16);
    for (length, width) in [
        (10 * SECOND, SECOND),
        (150 * SECOND, SECOND),
        (151 * SECOND, 5 * SECOND),
        (10 * MINUTE, 10 * SECOND),
        (HOUR, MINUTE),
        (6 * HOUR, 5 * MINUTE),
        (24 * HOUR, 30 * MINUTE),
        (7 * 24 * HOUR, 4 * HOUR),
        (30 * 24 * HOUR, 12 * HOUR),
        (90 * 24 * HOUR, 24 * HOUR),
    ] {
        let to = hour.at(0);
        let from = to - length;
        let range = json!({ "date_from": iso(from), "date_to": iso(to) });
        let query = json!({ "dateRange": range, "serviceNames": ["nobody"] });
        let rows = shown(&post("sparkline", query.clone()).ok());
        let first = from - from % width;
        let last = (to - SECOND) - (to - SECOND) % width;
        let times: Vec<String> = (0..=(last - first) / width)
            .map(|number| bucket(first + number * width))
            .collect();
        assert_eq!(
            rows.iter().map(|row| row.0.clone()).collect::<Vec<_>>(),
            times,
            "{length}"
        );
        let cells = post("latency-heatmap", query).ok();
        let cells: Vec<&str> = results(&cells)
            .iter()
            .map(|cell| cell["time"].as_str().unwrap())
            .collect();
        assert_eq!(cells, times);
    }
}

/// Guarantees: a bucket has ten services at most, those with the most spans.
#[test]
fn services_of_a_bucket_are_ten() {
    let hour = Hour::of(17);
    for service in 1..=12_u64 {
        let spans: Vec<Span> = (0..service)
            .map(|id| root(u128::from(service), service * 100 + id, "s", hour.at(id)))
            .collect();
        keep(&format!("s{service}"), &spans);
    }
    let rows = shown(&post("sparkline", json!({ "dateRange": hour.range() })).ok());
    let counts: Vec<u64> = rows.iter().map(|row| row.2).filter(|count| *count > 0).collect();
    assert_eq!(counts, [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
}

/// Guarantees: a window without a beginning begins at the first span that matches, and without such a span is empty.
#[test]
fn windows_without_a_beginning() {
    let hour = Hour::of(18);
    keep("endless", &[root(0x8200, 1, "s", hour.at(0))]);
    let range = json!({ "date_from": "all", "date_to": iso(hour.at(MINUTE)) });
    let query = json!({ "dateRange": range, "serviceNames": ["endless"] });
    let rows = shown(&post("sparkline", query.clone()).ok());
    assert_eq!(rows[0], (bucket(hour.at(0)), "endless".into(), 1));
    assert_eq!(rows.len(), 60);
    let nobody = json!({ "dateRange": range, "serviceNames": ["nobody"] });
    for endpoint in ["sparkline", "latency-heatmap"] {
        assert_eq!(post(endpoint, nobody.clone()).ok(), json!({ "results": [] }));
    }
    // Millennia of empty buckets are cut.
    let range = json!({ "date_from": "1970-01-01", "date_to": "2200-01-01" });
    let query = json!({ "dateRange": range, "serviceNames": ["nobody"] });
    assert_eq!(results(&post("sparkline", query).ok()).len(), 10_000);
}

//! `has_spans`, `count`, `aggregate`, `duration-histogram`, `latency-heatmap`, `attribute-breakdown`.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::spans::*;

/// Two services; the hour before has one span.
fn world() -> Hour {
    static WORLD: OnceLock<Hour> = OnceLock::new();
    *WORLD.get_or_init(|| {
        let hour = Hour::of(21);
        let span = |id: u64, name, millis: u64, status| Span {
            duration: millis * MILLI,
            status,
            attributes: vec![("tier", text(if id.is_multiple_of(2) { "gold" } else { "tin" }))],
            ..root(0xa100 + u128::from(id), 0xa100 + id, name, hour.at(id * MINUTE))
        };
        let head = span(1, "GET", 100, 0);
        let inner = Span {
            duration: 30 * MILLI,
            ..child(&head, 0xa199, "SELECT", hour.at(MINUTE))
        };
        keep("web", &[head, span(2, "GET", 300, 2), span(3, "PUT", 7, 0)]);
        keep("db", &[inner]);
        let before = root(0xa200, 0xa200, "GET", hour.at(0) - HOUR + MINUTE);
        keep("web", &[before]);
        hour
    })
}

fn ask(endpoint: &str, members: Value) -> Value {
    let mut query = json!({ "dateRange": world().range() });
    query
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    post(endpoint, query).ok()
}

/// Guarantees: spans are counted that match, traces of which a root matches; whether there are any is told, too.
#[test]
fn counts() {
    for (members, spans, traces) in [
        (json!({}), 4, 3),
        (json!({ "serviceNames": ["db"] }), 1, 0),
        (json!({ "statusCodes": [2] }), 1, 1),
        (json!({ "serviceNames": ["nobody"] }), 0, 0),
    ] {
        let expected = json!({ "count": spans, "traceCount": traces });
        assert_eq!(ask("count", members.clone()), expected, "{members}");
    }
    let reply = asked().get(&path("has_spans"));
    assert_eq!(reply.ok(), json!({ "hasSpans": true }));
}

/// Guarantees: a row for each service and name, by the time they took in all, compared with another window when wanted.
#[test]
fn aggregates() {
    let answer = ask("aggregate", json!({}));
    let brief: Vec<Value> = results(&answer)
        .iter()
        .map(|row| {
            json!([
                row["service_name"],
                row["name"],
                row["count"],
                row["total_duration_nano"],
                row["error_count"]
            ])
        })
        .collect();
    let expected = [
        json!(["web", "GET", 2, 400 * MILLI, 1]),
        json!(["db", "SELECT", 1, 30 * MILLI, 0]),
        json!(["web", "PUT", 1, 7 * MILLI, 0]),
    ];
    assert_eq!(brief, expected);
    let row = &answer["results"][0];
    assert_eq!(row["avg_duration_nano"], 200.0 * MILLI as f64);
    for (member, expected) in [("p50", 100), ("p95", 300), ("p99", 300), ("p999", 300)] {
        let found = row[format!("{member}_duration_nano")].as_f64().unwrap() / MILLI as f64;
        assert!(
            (found / f64::from(expected) - 1.0).abs() < 0.011,
            "{member} {found}"
        );
    }
    assert_eq!(row["sessions"], Value::Null);
    let rest = json!([answer["compare"], answer["has_more"], answer["next_offset"]]);
    assert_eq!(rest, json!([null, false, null]));

    let first = ask("aggregate", json!({ "limit": 2 }));
    assert_eq!((names(&first).len(), &first["next_offset"]), (2, &json!(2)));
    let second = ask("aggregate", json!({ "limit": 2, "offset": 2 }));
    assert_eq!(
        (names(&second), &second["has_more"]),
        (vec!["PUT"], &json!(false))
    );
    let compared = |filter: Value| ask("aggregate", json!({ "compareFilter": filter }))["compare"].clone();
    assert_eq!(compared(json!({ "compare": true }))[0]["count"], 1);
    assert_eq!(
        compared(json!({ "compare": true, "compare_to": "-1h" }))[0]["name"],
        "GET"
    );
    assert_eq!(
        compared(json!({ "compare": true, "compare_to": "-300d" })),
        json!([])
    );
    assert_eq!(compared(json!({ "compare": false })), Value::Null);
    for wrong in [
        json!({ "compare": true, "compare_to": "soon" }),
        json!({ "compare": true, "compareTo": "-1d" }),
        json!([true, null]),
        json!("-1d"),
    ] {
        let reply = post("aggregate", json!({ "compareFilter": wrong }));
        assert_eq!(reply.status, 400, "{reply:?}");
    }
}

/// Guarantees: durations are counted in buckets of the series 1-2-5, by service or by time; roots alone unless told.
#[test]
fn durations() {
    let bars = |members: Value| -> Vec<Value> {
        let answer = ask("duration-histogram", members);
        results(&answer)
            .iter()
            .map(|row| {
                json!([
                    row["bucket_ns"].as_u64().unwrap() / MILLI,
                    row["service"],
                    row["count"]
                ])
            })
            .collect()
    };
    let roots = [
        json!([5, "web", 1]),
        json!([100, "web", 1]),
        json!([200, "web", 1]),
    ];
    assert_eq!(bars(json!({})), roots);
    let all = [
        roots[0].clone(),
        json!([20, "db", 1]),
        roots[1].clone(),
        roots[2].clone(),
    ];
    assert_eq!(bars(json!({ "rootSpans": false })), all);

    let answer = ask("latency-heatmap", json!({}));
    let cells: Vec<&Value> = results(&answer).iter().filter(|row| row["count"] != 0).collect();
    let time = |minute: u64| iso(world().at(minute * MINUTE)).replace(".000000Z", "+00:00");
    assert_eq!(cells.len(), 3);
    assert_eq!(
        cells[1],
        &json!({ "time": time(2), "bucket_ns": 200 * MILLI, "count": 1 })
    );
    assert_eq!(results(&answer).len(), 60);
    assert_eq!(
        results(&answer)[0],
        json!({ "time": time(0), "bucket_ns": 0, "count": 0 })
    );
}

/// Guarantees: what ended before it began is in no bucket of durations; quantiles of equal durations are exact.
#[test]
fn skewed_and_equal_durations() {
    let hour = Hour::of(24);
    let span = |id: u64, duration: u64| Span {
        duration,
        ..root(0xa300 + u128::from(id), 0xa300 + id, "skew", hour.at(id * MINUTE))
    };
    keep(
        "skewed",
        &[span(1, 0_u64.wrapping_sub(SECOND)), span(2, 1500 * MILLI / 1000)],
    );
    keep("even", &[span(3, 100 * MILLI), span(4, 100 * MILLI)]);
    let ask = |endpoint, service: &str| {
        let query = json!({
            "dateRange": hour.range(),
            "serviceNames": [service],
            "breakdownKey": "service_name",
            "breakdownType": "span",
        });
        post(endpoint, query).ok()
    };
    assert_eq!(
        ask("duration-histogram", "skewed")["results"],
        json!([{ "bucket_ns": MILLI, "service": "skewed", "count": 1 }])
    );
    let answer = ask("latency-heatmap", "skewed");
    let counted: Vec<&Value> = results(&answer).iter().filter(|row| row["count"] != 0).collect();
    assert_eq!((counted.len(), &counted[0]["bucket_ns"]), (1, &json!(MILLI)));
    for endpoint in ["attribute-breakdown", "aggregate"] {
        let answer = ask(endpoint, "even");
        for member in ["p50_duration_nano", "p95_duration_nano"] {
            assert_eq!(answer["results"][0][member], 100 * MILLI, "{endpoint} {member}");
        }
    }
}

/// Guarantees: spans are told apart by one attribute or field, those without it as empty text.
#[test]
fn breakdowns() {
    let shown = |members: Value| -> String {
        let answer = ask("attribute-breakdown", members);
        let row = |row: &Value| {
            format!(
                "{}:{}:{}",
                row["value"].as_str().unwrap(),
                row["count"],
                row["error_count"]
            )
        };
        results(&answer).iter().map(row).collect::<Vec<_>>().join(" ")
    };
    let by = |kind: &str, key: &str| json!({ "breakdownType": kind, "breakdownKey": key });
    let with = |mut members: Value, more: Value| {
        members
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        members
    };
    let tier = || by("span_attribute", "tier");
    assert_eq!(shown(tier()), "tin:2:0 :1:0 gold:1:1");
    assert_eq!(
        shown(with(tier(), json!({ "orderBy": "error_count" }))),
        "gold:1:1 :1:0 tin:2:0"
    );
    assert_eq!(shown(with(tier(), json!({ "facetSearch": "GO" }))), "gold:1:1");
    assert_eq!(
        shown(by("span_resource_attribute", "service.name")),
        "web:3:1 db:1:0"
    );
    assert_eq!(shown(by("span", "status_code")), "0:3:0 2:1:1");
    let filter = json!([{ "type": "span_attribute", "key": "tier", "operator": "exact", "value": "tin" }]);
    assert_eq!(shown(with(tier(), json!({ "filterGroup": filter }))), "tin:2:0");
    let whole = json!({ "filterGroup": filter, "excludeBreakdownFilter": true });
    assert_eq!(shown(with(tier(), whole)), "tin:2:0 :1:0 gold:1:1");
    let service = with(by("span", "service_name"), json!({ "serviceNames": ["db"] }));
    assert_eq!(shown(service.clone()), "db:1:0");
    assert_eq!(
        shown(with(service, json!({ "excludeBreakdownFilter": true }))),
        "web:3:1 db:1:0"
    );
    let compared = with(tier(), json!({ "compareFilter": { "compare": true } }));
    assert_eq!(ask("attribute-breakdown", compared)["compare"][0]["count"], 1);

    for (members, says) in [
        (json!({}), "breakdownKey"),
        (
            json!({ "breakdownKey": 1, "breakdownType": "span" }),
            "breakdownKey",
        ),
        (json!({ "breakdownKey": "a" }), "breakdownType"),
        (
            json!({ "breakdownKey": "a", "breakdownType": "event" }),
            "breakdownType",
        ),
        (by("span", "name"), "service_name"),
        (with(tier(), json!({ "orderBy": "value" })), "orderBy"),
    ] {
        let reply = post("attribute-breakdown", members);
        assert_eq!(reply.status, 400, "{reply:?}");
        let error = reply.json();
        assert_eq!(error.as_object().unwrap().len(), 1);
        assert!(error["detail"].as_str().unwrap().contains(says), "{error}");
    }
}

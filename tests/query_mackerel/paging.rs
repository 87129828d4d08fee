//! Pages by number.

use serde_json::json;

use super::support::query::Asked;
use super::{resource, span, traces, wanted};

fn keep(asked: &Asked, ids: std::ops::Range<u64>) {
    let spans = ids.map(|id| span(id, id, id * 10, id % 7, json!({}))).collect();
    asked.keep(json!([resource(json!({"service.name": "shop"}), spans)]));
}

/// However new traces push into the first pages, a walk sees each trace that was there once, in every order.
#[test]
fn a_walk_neither_loses_nor_repeats_while_spans_arrive() {
    let asked = Asked::start("");
    let mut known = 1;
    for column in ["START_AT", "LATENCY"] {
        for direction in ["ASC", "DESC"] {
            keep(&asked, known..known + 50);
            known += 50;
            let there: Vec<u64> = (1..known).collect();
            let mut seen = Vec::new();
            for page in 1.. {
                let order = json!({"column": column, "direction": direction});
                let request = wanted("shop", json!({"page": page, "perPage": 20, "order": order}));
                let rows = asked.post("/api/v0/traces", &request).ok();
                seen.extend(traces(&rows));
                keep(&asked, known..known + 5);
                known += 5;
                if rows["hasNextPage"] == false {
                    break;
                }
            }
            seen.sort_unstable();
            assert_eq!(seen, there, "{column} {direction}");
        }
    }
}

/// Pages have 20 rows unless told, at most 100, and a page beyond the last is empty.
#[test]
fn pages_have_their_sizes() {
    let asked = Asked::start("");
    keep(&asked, 1..150);
    for (more, rows, next) in [
        (json!({}), 20, true),
        (json!({"perPage": 100}), 100, true),
        (json!({"perPage": 100, "page": 2}), 49, false),
        (json!({"perPage": 1, "page": 149}), 1, false),
        (json!({"page": 9}), 0, false),
        (json!({"page": 9_007_199_254_740_991_u64}), 0, false),
    ] {
        let page = asked.post("/api/v0/traces", &wanted("shop", more.clone())).ok();
        let found = (traces(&page).len(), page["hasNextPage"].as_bool().unwrap());
        assert_eq!(found, (rows, next), "{more}");
    }
}

//! Pages.

use serde_json::{Value, json};

use crate::{asked, keep, of_rows, span};

/// All rows of a list, page by page; `between` runs after each page.
fn walk(path: &str, mut between: impl FnMut()) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = asked().get(&format!("{path}{cursor}")).ok();
        rows.extend(page["data"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", next.replace('=', "%3D").replace('+', "%2B")),
            None => return rows,
        }
        between();
    }
}

/// Guarantees: while spans arrive, each list of spans walked to its end holds every span that was there at its beginning,
/// and none twice.
#[test]
fn spans_are_walked() {
    let project = "spans_are_walked";
    let text = json!({ "stringValue": "{\"a\":1}" });
    let spans: Vec<Value> = (0..40)
        .map(|id| {
            span(
                id / 8,
                100 + id,
                &format!("old {id}"),
                u64::from(id % 5),
                &[("metadata", text.clone())],
            )
        })
        .collect();
    keep(project, &spans);
    let mut arrived = 0;
    for parameters in [
        "order=desc",
        "order=asc",
        "sort=start_time",
        "sort=start_time&order=asc",
        "attribute=metadata.a:1",
    ] {
        let rows = walk(
            &format!("/v1/projects/{project}/spans?limit=7&{parameters}"),
            || {
                arrived += 1;
                keep(project, &[span(200, arrived, "new", u64::from(arrived % 5), &[])]);
            },
        );
        let mut ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        let old = rows
            .iter()
            .filter(|row| row["name"].as_str().unwrap().starts_with("old"));
        assert_eq!(old.count(), 40, "{parameters}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), rows.len(), "{parameters}");
    }
}

/// Guarantees: traces are walked in both orders without loss or repetition, and their cursors have Phoenix's form.
#[test]
fn traces_are_walked() {
    let project = "traces_are_walked";
    let spans: Vec<Value> = (0..20)
        .map(|id| span(id, 60 + id, "one", u64::from(id % 3), &[]))
        .collect();
    keep(project, &spans);
    for parameters in ["sort=start_time", "sort=latency_ms&order=asc", "order=asc"] {
        let rows = walk(
            &format!("/v1/projects/{project}/traces?limit=3&{parameters}"),
            || {},
        );
        let mut ids: Vec<&str> = rows.iter().map(|row| row["trace_id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), 20, "{parameters}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 20, "{parameters}");
    }
    let page = asked()
        .get(&format!("/v1/projects/{project}/spans?limit=1&sort=start_time"))
        .ok();
    assert_eq!(of_rows(&page, "name"), ["one"]);
}

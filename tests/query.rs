//! What the query APIs have in common: the server, the document, the page.
#![cfg(feature = "store")]

mod support;

use support::query::Asked;

/// Guarantees: what answers is said at `/` and in the OpenAPI document, and a path on which nothing is served is
/// answered as such.
#[test]
fn the_page_and_the_document() {
    let asked = Asked::start("");
    let page = asked.get("/");
    assert_eq!(page.status, 200, "{page:?}");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let document = asked.get("/openapi.json").ok();
    assert_eq!(document["openapi"], "3.1.0");
    let missed = asked.get("/nowhere");
    assert_eq!(missed.status, 404);
    assert!(missed.json()["error"].as_str().unwrap().contains("/nowhere"));
}

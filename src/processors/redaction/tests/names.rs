use serde_json::{Value, json};

use super::{one_span, redacted, texts, the_span};

/// The name that a span with this name, kind and attributes leaves with.
fn name(rules: &str, name: &str, kind: i32, attributes: &[(&str, &str)]) -> String {
    let span = json!({"name": name, "kind": kind, "attributes": texts(attributes)});
    match &the_span(&redacted(&[rules], &one_span(span)))["name"] {
        Value::String(name) => name.clone(),
        other => panic!("{other}"),
    }
}

const URL: &str = "{allow_all_keys: true, url_sanitizer: {enabled: true}, allowed_values: ['^keep']}";

/// Guarantees: names of client and server spans that may be URLs are sanitized, unless nothing would be left of them.
#[test]
fn names_that_are_urls_are_sanitized() {
    let http = [("http.request.method", "GET")];
    for (kind, before, attributes, after) in [
        (2, "/users/123/profile", &[][..], "/users/*/profile"),
        (3, "GET /orders/123?sql=SELECT+1", &[], "GET /orders/*"),
        (1, "/users/123", &[], "/users/123"),
        (2, "GET users", &[], "GET users"),
        (2, "GET123", &[], "GET123"),
        (2, "GET users?x", &http, "GET users"),
        (2, "GET users1", &http, "GET users1"),
        (2, "/123/456", &[], "/123/456"),
        (2, "?x=/1", &[], "?x=/1"),
        (2, "keep /users/123", &[], "keep /users/123"),
    ] {
        assert_eq!(name(URL, before, kind, attributes), after, "{before}");
    }
    let off = "{allow_all_keys: true, url_sanitizer: {enabled: true, sanitize_span_name: false}}";
    assert_eq!(name(off, "/users/123", 2, &[]), "/users/123");
}

/// Guarantees: names are statements of the database that the attributes name after they were redacted; a name that is
/// sanitized as a URL is not sanitized again.
#[test]
fn names_that_are_statements_are_sanitized() {
    let rules = "{allowed_keys: [db.system, db.system.name], url_sanitizer: {enabled: true}, \
                  db_sanitizer: {sql: {enabled: true}, es: {enabled: true, attributes: [q]}}}";
    let mysql = [("db.system.name", "MySQL")];
    for (kind, before, attributes, after) in [
        (3, "SELECT 1", &mysql[..], "SELECT ?"),
        (1, "SELECT \"a\"", &mysql, "SELECT ?"),
        (
            1,
            "SELECT \"a1\"",
            &[("db.system", "postgresql")],
            "SELECT \"a?\"",
        ),
        (4, "SELECT 1", &mysql, "SELECT 1"),
        (3, "SELECT 1", &[], "SELECT 1"),
        (
            3,
            "SELECT 1",
            &[("db.system.name", ""), ("db.system", "sqlite")],
            "SELECT ?",
        ),
        (
            3,
            "SELECT 1",
            &[("db.system.name", "oracle"), ("db.system", "sqlite")],
            "SELECT 1",
        ),
        (3, "{\"q\":1}", &[("db.system", "elasticsearch")], "{\"q\":\"?\"}"),
        (3, "SELECT a FROM b/12 WHERE c = 1", &mysql, "SELECT a FROM b/*"),
    ] {
        assert_eq!(name(rules, before, kind, attributes), after, "{before}");
    }
    let none_left = "{allowed_keys: [a], db_sanitizer: {sql: {enabled: true}}}";
    assert_eq!(name(none_left, "SELECT 1", 3, &mysql), "SELECT 1");
}

/// Guarantees: statements in attributes are those of the database that stood beside them before they were redacted, and of
/// those keys that are listed; blocked values and URLs come first.
#[test]
fn attributes_that_are_statements_are_sanitized() {
    let rules = "{allow_all_keys: true, blocked_values: ['postgresql', 'bob'], url_sanitizer: {enabled: true, attributes: [u]}, \
                  db_sanitizer: {sql: {enabled: true, attributes: [q, u]}, opensearch: {enabled: true, attributes: [q]}}}";
    let queries = [
        ("q", "SELECT 'bob', 1"),
        ("other", "SELECT 1"),
        ("u", "/a1/b12?x=1"),
    ];
    let span = |system: &str| {
        let mut attributes = vec![("db.system", system)];
        attributes.extend(queries);
        let span = the_span(&redacted(
            &[rules],
            &one_span(json!({"attributes": texts(&attributes)})),
        ));
        let value = |at: usize| {
            span["attributes"][at]["value"]["stringValue"]
                .as_str()
                .unwrap()
                .to_owned()
        };
        [value(1), value(2), value(3)]
    };
    assert_eq!(span("postgresql"), ["SELECT ?, ?", "SELECT 1", "/a?/*"]);
    assert_eq!(span("opensearch"), ["SELECT '****', 1", "SELECT 1", "/a1/*"]);
    assert_eq!(span(""), ["SELECT '****', 1", "SELECT 1", "/a1/*"]);
}

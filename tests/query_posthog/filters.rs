//! Filters: every operator on every kind of field, in every form of a group.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::spans::*;

/// Four spans that differ in everything that filters ask about.
fn world() -> Hour {
    static WORLD: OnceLock<Hour> = OnceLock::new();
    *WORLD.get_or_init(|| {
        let hour = Hour::of(2);
        let cart = Span {
            duration: 500 * MILLI,
            kind: 2,
            status: 2,
            attributes: vec![
                ("http.method", text("GET")),
                ("code", json!({ "intValue": "500" })),
                ("ratio", json!({ "doubleValue": 2.0 })),
                ("flag", json!({ "boolValue": true })),
                ("note", text("100% done_now")),
            ],
            ..root(0xfa01, 0xaa01, "cart", hour.at(4 * SECOND))
        };
        let select = Span {
            duration: 20 * MILLI,
            kind: 3,
            status: 1,
            attributes: vec![
                ("http.method", text("get")),
                ("code", text("200")),
                ("note", text("100x doneXnow")),
            ],
            ..child(&cart, 0xaa02, "select", hour.at(3 * SECOND))
        };
        let job = Span {
            duration: 1500 * MILLI + MILLI / 2,
            attributes: vec![("code", text("9a")), ("flag", json!({ "boolValue": false }))],
            ..root(0xfa02, 0xaa03, "job", hour.at(2 * SECOND))
        };
        let bare = root(0xfa03, 0xaa04, "bare", hour.at(SECOND));
        let web = json!([
            attribute("service.name", &text("web")),
            attribute("region", &text("eu-1"))
        ]);
        keep_with(web, &[cart]);
        keep("db", &[select]);
        keep("worker", &[job]);
        keep_with(json!([]), &[bare]);
        hour
    })
}

/// The names of the spans that pass, separated by blanks.
fn passing(members: &Value) -> String {
    let mut query = json!({ "dateRange": world().range(), "flatSpans": true });
    query
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    names(&post("query", query).ok()).join(" ")
}

fn filtered(kind: &str, key: &str, operator: &str, value: &Value) -> String {
    let filter = json!({ "type": kind, "key": key, "operator": operator, "value": value });
    passing(&json!({ "filterGroup": [filter] }))
}

/// Guarantees: each operator on an attribute lets exactly these spans pass; values are compared as text, `gt` and its
/// kin see numbers, and what is negative passes spans that lack the attribute.
#[test]
fn operators_on_attributes() {
    for (key, operator, value, expected) in [
        ("http.method", "exact", json!("GET"), "cart"),
        ("http.method", "exact", json!(["GET"]), "cart"),
        ("http.method", "exact", json!(["GET", "get"]), "cart select"),
        ("http.method", "exact", json!([]), "cart select job bare"),
        ("http.method", "exact", json!(null), "cart select job bare"),
        ("http.method", "is_not", json!("GET"), "select job bare"),
        ("http.method", "is_not", json!(["GET", "get"]), "job bare"),
        ("http.method", "in", json!(["GET", "PUT"]), "cart"),
        ("http.method", "not_in", json!(["GET", "PUT"]), "select job bare"),
        ("http.method", "icontains", json!("eT"), "cart select"),
        ("http.method", "not_icontains", json!("ET"), "job bare"),
        ("http.method", "regex", json!("^G.T$"), "cart"),
        ("http.method", "regex", json!(["^G.T$", "^g"]), "cart select"),
        ("http.method", "not_regex", json!("^G.T$"), "select job bare"),
        ("http.method", "not_regex", json!(["^G", "^g"]), "job bare"),
        ("http.method", "starts_with", json!("g"), "cart select"),
        ("http.method", "not_starts_with", json!("g"), "job bare"),
        ("http.method", "ends_with", json!("T"), "cart select"),
        ("http.method", "not_ends_with", json!("T"), "job bare"),
        ("http.method", "is_set", json!(null), "cart select"),
        ("http.method", "is_not_set", json!(null), "job bare"),
        ("code", "exact", json!(500), "cart"),
        ("code", "exact", json!("200"), "select"),
        ("code", "exact", json!(200), "select"),
        ("code", "gt", json!(200), "cart job"),
        ("code", "gte", json!("200"), "cart select job"),
        ("code", "lt", json!(500), "select"),
        ("code", "lte", json!(500), "cart select"),
        ("code", "between", json!([200, 500]), "cart select"),
        ("code", "between", json!(["200", 499.5]), "select"),
        ("code", "not_between", json!([200, 400]), "cart job bare"),
        ("ratio", "exact", json!(2), "cart"),
        ("ratio", "exact", json!(2.0), "cart"),
        ("ratio", "exact", json!("2"), "cart"),
        ("flag", "exact", json!(true), "cart"),
        ("flag", "exact", json!("false"), "job"),
        ("note", "icontains", json!("0% DONE"), "cart select"),
        ("note", "icontains", json!("0%%% done_N"), "cart select"),
        ("note", "icontains", json!("0\\% DONE"), "cart"),
        ("note", "icontains", json!("%done_now"), "cart select"),
        ("note", "icontains", json!("done\\_now"), "cart"),
        ("note", "icontains", json!("100\\% done"), "cart"),
        ("note", "starts_with", json!("100_ "), "cart select"),
        ("note", "ends_with", json!("e_now"), "cart select"),
        ("note", "starts_with", json!("done%"), ""),
    ] {
        let found = filtered("span_attribute", key, operator, &value);
        assert_eq!(found, expected, "{key} {operator} {value}");
    }
}

/// Guarantees: attributes of resources are filtered as those of spans are, and are not mixed with them.
#[test]
fn attributes_of_resources() {
    for (kind, key, operator, value, expected) in [
        ("span_resource_attribute", "region", "exact", "eu-1", "cart"),
        (
            "span_resource_attribute",
            "region",
            "is_not",
            "eu-1",
            "select job bare",
        ),
        (
            "span_resource_attribute",
            "service.name",
            "icontains",
            "W",
            "cart job",
        ),
        ("span_resource_attribute", "code", "is_set", "", ""),
        ("span_attribute", "region", "is_set", "", ""),
    ] {
        let found = filtered(kind, key, operator, &json!(value));
        assert_eq!(found, expected, "{kind} {key} {operator} {value}");
    }
}

/// Guarantees: fields of the span have values of their kinds: names of kinds and states, milliseconds, ids in any case.
#[test]
fn fields_of_spans() {
    for (key, operator, value, expected) in [
        ("name", "exact", json!("job"), "job"),
        ("name", "icontains", json!("A"), "cart bare"),
        ("name", "regex", json!("^.{3}$"), "job"),
        ("service_name", "exact", json!("web"), "cart"),
        ("service_name", "exact", json!(""), "bare"),
        ("service_name", "is_not", json!(["web", "db"]), "job bare"),
        ("kind", "exact", json!("Server"), "cart"),
        ("kind", "exact", json!(3), "select"),
        ("kind", "exact", json!(["Server", "3", "nonsense"]), "cart select"),
        ("kind", "exact", json!(["nonsense"]), "cart select job bare"),
        ("kind", "is_not", json!("Internal"), "cart select"),
        ("kind", "gte", json!(2), "cart select"),
        ("status_code", "exact", json!("OK"), "select job bare"),
        ("status_code", "exact", json!("Error"), "cart"),
        ("status_code", "exact", json!("2"), "cart"),
        ("status_code", "is_not", json!("OK"), "cart"),
        ("status_code", "exact", json!([1]), "select"),
        ("duration", "gt", json!(20), "cart job"),
        ("duration", "gte", json!("20"), "cart select job"),
        ("duration", "exact", json!(1500.5), "job"),
        ("duration", "between", json!([1, 20]), "select bare"),
        ("duration", "not_between", json!([1, 20]), "cart job"),
        ("duration_nano", "lt", json!(20_000_000), "bare"),
        ("is_root_span", "exact", json!(true), "cart job bare"),
        ("is_root_span", "exact", json!("false"), "select"),
        ("is_root_span", "is_not", json!(true), "select"),
        (
            "is_root_span",
            "exact",
            json!([true, false]),
            "cart select job bare",
        ),
        (
            "trace_id",
            "exact",
            json!("0000000000000000000000000000FA01"),
            "cart select",
        ),
        (
            "trace_id",
            "is_not",
            json!("0000000000000000000000000000fa01"),
            "job bare",
        ),
        ("trace_id", "icontains", json!("Fa0"), "cart select job bare"),
        (
            "span_id",
            "exact",
            json!(["000000000000aA03", "000000000000AA04"]),
            "job bare",
        ),
        ("span_id", "regex", json!("AA0[12]$"), "cart select"),
        ("span_id", "ends_with", json!("AA04"), "bare"),
        ("parent_span_id", "exact", json!("000000000000AA01"), "select"),
        (
            "parent_span_id",
            "exact",
            json!("0000000000000000"),
            "cart job bare",
        ),
        ("parent_span_id", "is_not", json!("0000000000000000"), "select"),
        (
            "timestamp",
            "gte",
            json!(iso(world().at(3 * SECOND))),
            "cart select",
        ),
        ("name", "is_set", json!(null), "cart select job bare"),
        ("kind", "is_not_set", json!(null), ""),
    ] {
        let found = filtered("span", key, operator, &value);
        assert_eq!(found, expected, "{key} {operator} {value}");
    }
}

/// Guarantees: groups are read in each of their forms, and alternatives are honoured at both levels.
#[test]
fn groups() {
    let method =
        json!({ "type": "span_attribute", "key": "http.method", "operator": "exact", "value": "GET" });
    let slow = json!({ "type": "span", "key": "duration", "operator": "gt", "value": 1000 });
    let error =
        json!({ "type": "span", "key": "status_code", "operator": "exact", "value": "Error", "label": "E" });
    let nothing = json!({ "type": "span", "key": "name", "operator": "exact", "value": [] });
    let group = |kind: &str, values: &[&Value]| json!({ "type": kind, "values": values });
    for (filters, expected) in [
        (json!(null), "cart select job bare"),
        (json!([]), "cart select job bare"),
        (json!({}), "cart select job bare"),
        (group("AND", &[]), "cart select job bare"),
        (group("OR", &[&group("OR", &[])]), "cart select job bare"),
        (json!([method, error]), "cart"),
        (json!([method, slow]), ""),
        (group("AND", &[&group("AND", &[&method, &slow])]), ""),
        (group("AND", &[&group("OR", &[&method, &slow])]), "cart job"),
        (
            group("OR", &[&group("AND", &[&method]), &group("AND", &[&slow])]),
            "cart job",
        ),
        (
            group(
                "OR",
                &[&group("AND", &[&method, &slow]), &group("AND", &[&error])],
            ),
            "cart",
        ),
        (group("OR", &[&method, &slow]), "cart job"),
        (group("AND", &[&group("OR", &[&method, &nothing])]), "cart"),
    ] {
        let found = passing(&json!({ "filterGroup": filters }));
        assert_eq!(found, expected, "{filters}");
    }
}

/// Guarantees: services and states are filtered by their own members of the query, together with all else.
#[test]
fn services_and_states() {
    for (members, expected) in [
        (json!({ "serviceNames": ["web", "db"] }), "cart select"),
        (json!({ "serviceNames": [""] }), "bare"),
        (json!({ "serviceNames": [] }), "cart select job bare"),
        (json!({ "serviceNames": null }), "cart select job bare"),
        (json!({ "statusCodes": [2] }), "cart"),
        (json!({ "statusCodes": [0, 1] }), "select job bare"),
        (json!({ "statusCodes": [500, 503] }), ""),
        (json!({ "statusCodes": ["2"] }), "cart"),
        (json!({ "serviceNames": ["db"], "statusCodes": [2] }), ""),
        (
            json!({ "traceId": "0000000000000000000000000000FA01" }),
            "cart select",
        ),
        (json!({ "traceId": "ab" }), ""),
        (json!({ "traceId": "" }), "cart select job bare"),
    ] {
        assert_eq!(passing(&members), expected, "{members}");
    }
}

/// Guarantees: a filter that makes no sense is refused with the thing and its value, on every endpoint that has
/// filters; one that has not even the form of a filter is refused by `query` and `count` alone.
#[test]
fn filters_that_make_no_sense() {
    let filter = |kind: &str, key: &str, operator: &str, value: Value| json!([{ "type": kind, "key": key, "operator": operator, "value": value }]);
    for (group, says) in [
        (filter("span", "colour", "exact", json!("x")), "span_attribute"),
        (filter("span_attribute", "a", "between", json!([2, 1])), "greater"),
        (
            filter("span_attribute", "a", "between", json!([1])),
            "two numbers",
        ),
        (
            filter("span_attribute", "a", "between", json!(["x", "y"])),
            "numbers",
        ),
        (
            filter("span_attribute", "a", "between", json!("x")),
            "two numbers",
        ),
        (
            filter("span_attribute", "a", "regex", json!("(")),
            "regular expression",
        ),
        (
            filter("span_attribute", "a", "regex", json!("(x{1000}){1000}")),
            "regular expression",
        ),
        (
            filter("span_attribute", "a", "regex", json!("x".repeat(5000))),
            "5000 bytes",
        ),
        (
            filter("span_attribute", "a", "regex", json!(vec!["x"; 51])),
            "more than 50",
        ),
        (
            filter("span_attribute", "a", "in", json!(vec!["x"; 1001])),
            "more than 1000",
        ),
        (filter("span", "duration", "gt", json!("long")), "not a number"),
        (filter("span", "duration", "regex", json!("1")), "number"),
        (filter("span", "is_root_span", "exact", json!("maybe")), "maybe"),
        (filter("span", "timestamp", "gt", json!("noon")), "noon"),
    ] {
        for endpoint in [
            "query",
            "sparkline",
            "count",
            "aggregate",
            "duration-histogram",
            "latency-heatmap",
        ] {
            let reply = post(endpoint, json!({ "filterGroup": group }));
            assert_eq!(reply.status, 400, "{endpoint} {group} {reply:?}");
            let error = reply.json();
            assert_eq!(error["type"], "validation_error", "{error}");
            assert_eq!(error["code"], "invalid_input", "{error}");
            assert!(error["detail"].as_str().unwrap().contains(says), "{error}");
        }
    }
    for group in [
        filter("span", "name", "resembles", json!("x")),
        filter("person", "name", "exact", json!("x")),
        filter("span", "name", "exact", json!({ "a": 1 })),
        filter("span", "name", "exact", json!([["x"]])),
        json!([{ "type": "span", "key": "name" }]),
        json!([{ "type": "span", "operator": "exact" }]),
        json!([1]),
        json!([["name", "span", "exact", "x"]]),
        json!("name = x"),
        json!({ "type": "XOR", "values": [] }),
        json!({ "values": [] }),
        json!({ "type": "AND", "values": 1 }),
    ] {
        for endpoint in ["query", "count"] {
            let reply = post(endpoint, json!({ "filterGroup": group }));
            assert_eq!(reply.status, 400, "{group} {reply:?}");
            let error = reply.json();
            assert_eq!(
                (&error["type"], &error["code"]),
                (&json!("invalid_request"), &json!("parse_error"))
            );
        }
        for endpoint in ["sparkline", "aggregate", "duration-histogram", "latency-heatmap"] {
            let reply = post(endpoint, json!({ "filterGroup": group }));
            assert_eq!(reply.status, 200, "{endpoint} {group} {reply:?}");
        }
    }
}

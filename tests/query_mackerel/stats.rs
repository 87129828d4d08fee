//! The statistics of HTTP servers and of database queries.

use serde_json::{Value, json};

use super::support::query::Asked;
use super::{START, attributes, resource, span};

/// Requests to `/a` (100 ms each, one in four fails), `/b` (20 ms) and one without a route; two queries.
fn busy() -> Asked {
    let asked = Asked::start("");
    let server = |of: Value| json!({"kind": 2, "attributes": attributes(of)});
    let client = |of: Value| json!({"kind": 3, "attributes": attributes(of)});
    let old =
        |status: u64| server(json!({"http.method": "GET", "http.route": "/a", "http.status_code": status}));
    let new = server(json!({
        "http.request.method": "POST", "http.method": "GET", "url.path": "/b", "http.target": "/c",
        "http.response.status_code": 404,
    }));
    let spans = vec![
        span(1, 1, 0, 100, old(200)),
        span(1, 2, 0, 100, old(499)),
        span(1, 3, 0, 100, old(200)),
        span(1, 4, 0, 100, old(500)),
        span(1, 5, 0, 20, new),
        span(1, 6, 0, 5, server(json!({"http.method": "GET"}))),
        span(1, 7, 0, 5, server(json!({"rpc.method": "GET"}))),
        span(
            1,
            8,
            0,
            5,
            client(json!({"http.method": "GET", "http.route": "/a"})),
        ),
        span(1, 9, 0, 30, client(json!({"db.statement": "SELECT 1"}))),
        span(1, 10, 0, 10, client(json!({"db.statement": "SELECT 1"}))),
        span(
            1,
            11,
            0,
            25,
            client(json!({"db.query.text": "INSERT 2", "db.statement": "old"})),
        ),
        span(1, 12, 0, 25, server(json!({"db.statement": "SELECT 1"}))),
    ];
    asked.keep(json!([
        resource(
            json!({"service.name": "shop", "deployment.environment": "prod"}),
            spans
        ),
        resource(
            json!({"service.name": "shop", "service.namespace": "eu", "service.version": "2"}),
            vec![span(
                2,
                20,
                0,
                7,
                server(json!({"http.method": "PUT", "http.route": "/eu"}))
            ),]
        ),
    ]));
    asked
}

fn get(asked: &Asked, what: &str, more: &str) -> Value {
    let (from, to) = (START, START + 1800);
    let path = format!("/api/v0/apm/{what}-stats?serviceName=shop&from={from}&to={to}&{more}");
    asked.get(&path).ok()
}

fn column<'a>(page: &'a Value, name: &str) -> Vec<&'a str> {
    let rows = page["results"].as_array().unwrap();
    rows.iter().map(|row| row[name].as_str().unwrap()).collect()
}

/// Requests are counted by method and route, old and new names alike, and only those of servers.
#[test]
fn http_servers() {
    let asked = busy();
    let page = get(&asked, "http-server", "");
    assert_eq!(column(&page, "route"), ["/a", "/b", ""]);
    assert_eq!(page["hasNextPage"], false);
    let mut row = page["results"][0].clone();
    let p95 = row["approxP95Millis"].take().as_f64().unwrap();
    assert!((99.0..101.0).contains(&p95), "{p95}");
    let expected = json!({
        "method": "GET", "route": "/a", "totalMillis": 400.0, "averageMillis": 100.0, "approxP95Millis": null,
        "errorRatePercentage": 25.0, "requestCount": 4,
    });
    assert_eq!(row, expected);
    assert_eq!(page["results"][1]["method"], "POST");

    for (more, routes) in [
        ("method=GET", vec!["/a", ""]),
        ("route=b", vec!["/b"]),
        ("route=%2F", vec!["/a", "/b"]),
        ("environment=prod", vec!["/a", "/b", ""]),
        ("environment=stage", vec![]),
        ("serviceNamespace=eu", vec!["/eu"]),
        ("serviceNamespace=eu&version=2", vec!["/eu"]),
        ("serviceNamespace=eu&version=3", vec![]),
        ("orderColumn=SUM&orderDirection=ASC", vec!["", "/b", "/a"]),
        ("orderColumn=AVERAGE", vec!["/a", "/b", ""]),
        ("orderColumn=P95&orderDirection=ASC", vec!["", "/b", "/a"]),
        ("orderColumn=ERROR_RATE", vec!["/a", "", "/b"]),
        ("orderColumn=REQUEST_COUNT", vec!["/a", "", "/b"]),
        ("perPage=2&page=2", vec![""]),
        ("page=9", vec![]),
    ] {
        assert_eq!(
            column(&get(&asked, "http-server", more), "route"),
            routes,
            "{more}"
        );
    }
    assert_eq!(get(&asked, "http-server", "perPage=2")["hasNextPage"], true);
}

/// Queries are counted by their text, and only those of clients.
#[test]
fn database_queries() {
    let asked = busy();
    let page = get(&asked, "db-query", "orderColumn=SUM");
    assert_eq!(column(&page, "query"), ["SELECT 1", "INSERT 2"]);
    let row = &page["results"][0];
    let numbers = ["executionCount", "totalMillis", "averageMillis"].map(|name| row[name].as_f64().unwrap());
    assert_eq!(numbers, [2.0, 40.0, 20.0]);
    assert_eq!(row["executionCount"], 2);
    for (more, queries) in [
        ("query=SELECT", vec!["SELECT 1"]),
        ("query=old", vec![]),
        ("orderColumn=AVERAGE", vec!["INSERT 2", "SELECT 1"]),
        (
            "orderColumn=EXECUTION_COUNT&orderDirection=ASC",
            vec!["INSERT 2", "SELECT 1"],
        ),
    ] {
        assert_eq!(column(&get(&asked, "db-query", more), "query"), queries, "{more}");
    }
}

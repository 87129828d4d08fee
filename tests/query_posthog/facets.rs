//! `service-names`, `attributes`, `values`.

use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::spans::*;

fn world() -> Hour {
    static WORLD: OnceLock<Hour> = OnceLock::new();
    *WORLD.get_or_init(|| {
        let hour = Hour::of(19);
        let span = |id: u64, attributes: Vec<(&'static str, Value)>| Span {
            attributes,
            ..root(
                0x9100 + u128::from(id),
                id,
                if id < 3 { "GET /a" } else { "job_x" },
                hour.at(id),
            )
        };
        keep(
            "Web",
            &[
                span(
                    1,
                    vec![
                        ("http.method", text("GET")),
                        ("code", json!({ "intValue": "200" })),
                    ],
                ),
                span(
                    2,
                    vec![
                        ("http.method", text("GET")),
                        ("code", json!({ "intValue": "500" })),
                    ],
                ),
                span(
                    3,
                    vec![("http.method", text("PUT")), ("user_id", text("needle-in-hay"))],
                ),
            ],
        );
        let resource = json!([
            attribute("service.name", &text("cart")),
            attribute("region", &text("eu"))
        ]);
        keep_with(resource, &[span(4, vec![("http.method", text("DELETE"))])]);
        keep_with(json!([]), &[span(5, vec![])]);
        hour
    })
}

fn column(endpoint: &str, more: &str, member: &str) -> String {
    let answer = get(endpoint, world(), more).ok();
    let texts = results(&answer)
        .iter()
        .map(|row| row[member].as_str().unwrap().to_owned());
    texts.collect::<Vec<_>>().join(" ")
}

/// Guarantees: the services of a window come by name, each once, spans without one left out.
#[test]
fn services() {
    for (more, expected) in [
        ("", "Web cart"),
        ("search=W", "Web"),
        ("search=AR", "cart"),
        ("search=x", ""),
    ] {
        assert_eq!(column("service-names", more, "name"), expected, "{more}");
    }
    let answer = get("service-names", world(), "search=web").ok();
    assert_eq!(answer, json!({ "results": [{ "name": "Web" }] }));
}

/// Guarantees: attribute keys come by how many spans have them, with their number, in both generations' words.
#[test]
fn attributes() {
    for (more, names, count) in [
        ("", "http.method code user_id", 3),
        ("attribute_type=span", "http.method code user_id", 3),
        ("attribute_type=span_attribute", "http.method code user_id", 3),
        ("attribute_type=nonsense", "http.method code user_id", 3),
        ("attribute_type=resource", "service.name region", 2),
        ("attribute_type=span_resource_attribute", "service.name region", 2),
        ("search=E", "http.method code user_id", 3),
        ("search=_", "user_id", 1),
        ("search=%25", "", 0),
        ("limit=1", "http.method", 3),
        ("limit=1&offset=1", "code", 3),
        ("limit=0", "", 3),
        ("offset=9", "", 3),
        ("search=needle&search_values=false", "", 0),
        ("search=needle&search_values=true", "user_id", 1),
        ("search=nee&search_values=true", "", 0),
        ("search=needle&search_values=true&offset=1", "", 1),
        ("search=needle&search_values=true&limit=0", "", 0),
    ] {
        assert_eq!(column("attributes", more, "name"), names, "{more}");
        assert_eq!(get("attributes", world(), more).ok()["count"], count, "{more}");
    }
    let answer = get("attributes", world(), "search=code").ok();
    let row = json!({ "name": "code", "propertyFilterType": "span_attribute", "matchedOn": "key" });
    assert_eq!(answer["results"], json!([row]));
    let answer = get("attributes", world(), "search=NEEDLE&search_values=True").ok();
    let row = json!({
        "name": "user_id", "propertyFilterType": "span_attribute", "matchedOn": "value",
        "matchedValue": "needle-in-hay",
    });
    assert_eq!(answer["results"], json!([row]));
}

/// Guarantees: an attribute's values are texts, those of most spans first, then by value.
#[test]
fn values() {
    for (more, expected) in [
        ("key=http.method", "GET DELETE PUT"),
        ("key=http.method&attribute_type=span", "GET DELETE PUT"),
        ("key=http.method&value=t", "GET DELETE PUT"),
        ("key=http.method&value=pu", "PUT"),
        ("key=http.method&limit=1&offset=1", "DELETE"),
        ("key=code", "200 500"),
        ("key=nothing", ""),
        ("key=region", ""),
        ("key=region&attribute_type=resource", "eu"),
        (
            "key=service.name&attribute_type=span_resource_attribute",
            "Web cart",
        ),
        ("key=name&attribute_type=span", "job_x GET /a"),
        ("key=name&attribute_type=span&value=get", "GET /a"),
        ("key=name&attribute_type=span_attribute", ""),
        ("key=code&key=region&attribute_type=resource", "eu"),
    ] {
        assert_eq!(column("values", more, "id"), expected, "{more}");
        assert_eq!(column("values", more, "name"), expected, "{more}");
    }
}

/// Guarantees: what makes no sense is refused; a `dateRange` that is no JSON counts as none.
#[test]
fn parameters_that_make_no_sense() {
    for more in ["", "key=", "limit=x"] {
        let reply = get("values", world(), more);
        assert_eq!(
            (reply.status, reply.json()),
            (400, json!({ "error": "key is required" })),
            "{more}"
        );
    }
    for endpoint in ["attributes?", "values?key=a&"] {
        for wrong in [
            "limit=x",
            "limit=-1",
            "offset=-1",
            "offset=1.5",
            "limit=99999999999999999999",
        ] {
            let reply = asked().get(&path(&format!("{endpoint}{wrong}")));
            assert_eq!(reply.status, 400, "{wrong} {reply:?}");
            assert_eq!(reply.json()["code"], "invalid_input", "{wrong}");
        }
    }
    for endpoint in ["service-names", "attributes", "values?key=a"] {
        let and = if endpoint.contains('?') { '&' } else { '?' };
        for range in ["nonsense", "-7d", "[]", "%FF", ""] {
            let reply = asked().get(&path(&format!("{endpoint}{and}dateRange={range}")));
            assert_eq!(reply.status, 200, "{endpoint} {range} {reply:?}");
        }
        for (wrong, code) in [
            ("%7B%22date_from%22:%22noon%22%7D", "invalid_input"),
            ("%7B%22from%22:1%7D", "parse_error"),
            ("%7B%22date_from%22:1%7D", "parse_error"),
        ] {
            let reply = asked().get(&path(&format!("{endpoint}{and}dateRange={wrong}")));
            assert_eq!((reply.status, &reply.json()["code"]), (400, &json!(code)));
        }
    }
}

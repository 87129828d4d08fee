//! What the query APIs have in common: the server, the document, the page.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use support::child::wait_until;
use support::query::{Asked, plan};

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

/// Guarantees: a product that is switched off answers nothing, and stands neither in the document nor on the page.
#[test]
fn a_product_is_switched_off() {
    let asked = Asked::start("mackerel: {enabled: false}");
    assert_eq!(
        asked
            .get("/api/v0/traces/00000000000000000000000000000001")
            .status,
        404
    );
    assert_eq!(asked.get("/v1/projects").status, 200);
    for shown in [asked.get("/"), asked.get("/openapi.json")] {
        assert_eq!(shown.status, 200);
        assert!(!shown.body.contains("/api/v0/traces"), "{shown:?}");
        assert!(shown.body.contains("/v1/projects"), "{shown:?}");
    }
}

/// Writes down what `curl` asks and is answered.
const CURL: &str =
    r#"curl() { command curl -s -o /dev/null -w '%{method} %{url_effective} %{http_code}\n' "$@" >&3; }"#;

/// Guarantees: the lines with `curl` on the products' pages are taken as they stand, and each endpoint of the document is
/// among them.
#[test]
fn pages_show_every_endpoint() {
    let asked = Asked::start("");
    let document = asked.get("/openapi.json").ok();
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/query-apis");
    let mut shown = Vec::new();
    for page in ["posthog", "mackerel", "traceloop", "phoenix"] {
        let text = std::fs::read_to_string(docs.join(page).with_extension("md")).unwrap();
        let blocks = text
            .split("```sh\n")
            .skip(1)
            .filter_map(|rest| rest.split("```").next());
        let script: String = blocks
            .collect::<String>()
            .replace("localhost:4319", &asked.api.to_string());
        let output = Command::new("bash")
            .args(["-c", &format!("exec 3>&1 >/dev/null\n{CURL}\n{script}")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.lines().count() > 3, "{page}: {output:?}");
        for line in said.lines() {
            let [method, address, status] = line.split(' ').collect::<Vec<_>>()[..] else {
                panic!("{page}: {line}");
            };
            // What an example names need not be there.
            assert!(
                matches!(status, "200" | "201" | "202" | "204" | "404"),
                "{page}: {line}"
            );
            let path = address.split('?').next().unwrap().splitn(4, '/').nth(3).unwrap();
            shown.push((method.to_lowercase(), format!("/{path}")));
        }
    }
    let mut missing = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let is_shown = |(with, address): &(String, String)| with == method && fits(path, address);
            if operation["tags"].is_array() && !shown.iter().any(is_shown) {
                missing.push(format!("{method} {path}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Whether a path fits a template such as `/a/{id}`.
fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    let fits = |(template, path): (&&str, &&str)| template.starts_with('{') || template == path;
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

/// Guarantees: a body that is allowed reaches its endpoint, whatever its size.
#[test]
fn large_bodies() {
    let asked = Asked::start("max_request_body_size_mib: 4");
    for path in [
        "/api/v0/traces",
        "/v2/projects/default/spans",
        "/v2/projects/default/traces/root-spans",
        "/v1/span_annotations",
        "/api/projects/1/tracing/spans/query",
    ] {
        let body = format!("{}7", " ".repeat(3 << 20));
        let json = [("content-type", "application/json")];
        let read = asked.call("POST", path, &json, body.as_bytes());
        assert!(matches!(read.status, 400 | 422), "{path}: {read:?}");
    }
}

/// Guarantees: a client that reads nothing before its body is sent learns that the body was too large.
#[test]
fn bodies_that_are_too_large() {
    let asked = Asked::start("max_request_body_size_mib: 4");
    for path in [
        "/api/v0/traces",
        "/v2/projects/default/spans",
        "/v1/span_annotations",
        "/nowhere",
    ] {
        let body = " ".repeat(15 << 20);
        let length = body.len();
        let mut stream = TcpStream::connect(asked.api).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: spanway\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
            .write_all(body.as_bytes())
            .expect("the whole body is taken");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 413 "), "{path}: {answer}");
        assert!(answer.contains("4194304"), "{path}: {answer}");
    }
}

/// Guarantees: bodies that do not come, from whomever, hold a part of the memory only: further ones are told to come back,
/// and spans are taken.
#[test]
fn bodies_that_do_not_come() {
    let directory = tempfile::tempdir().unwrap();
    let plan = plan(directory.path(), "").processor("memory_limiter", "{check_interval: 1s, limit_mib: 64}");
    let asked = Asked::on(&plan, directory);
    let begin = || {
        let mut stream = TcpStream::connect(asked.api).unwrap();
        let head = "POST /api/v0/traces HTTP/1.1\r\nhost: spanway\r\ncontent-length: 8000000\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let _first = begin();
    let mut held = Vec::new();
    wait_until("a body finds no room", || {
        let mut second = begin();
        // What is refused is read to its end.
        second.write_all(&vec![b' '; 8_000_000]).unwrap();
        let mut answer = [0; 12];
        second.read_exact(&mut answer).unwrap();
        held.push(second);
        &answer == b"HTTP/1.1 503"
    });
    let span = json!({"traceId": "01".repeat(16), "spanId": "01".repeat(8), "name": "taken"});
    asked.keep(json!([{ "scopeSpans": [{ "spans": [span] }] }]));
}

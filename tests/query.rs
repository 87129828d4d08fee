//! What the query APIs have in common: the server, the document, the page.
#![cfg(feature = "store")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;

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

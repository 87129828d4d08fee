//! PostHog's way in, by what PostHog documents and does: tokens, bodies of every kind, its answers.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::{Value, json};
use spanway::pipeline::verdict::Refused;
use spanway::receivers::otlp::config::HttpConfig;
use spanway::wire::json::from_protobuf;

use support::gateway::{Gateway, Options, Verdict};
use support::http::{self, Answer};
use support::otlp::{bad_span, encoded, gzip, request_of, sized, span, zlib, zstd};
use support::spanway::Spanway;

const PATH: &str = "/i/v1/traces";
const TOKEN: (&str, &str) = ("authorization", "Bearer phc_token");

async fn post(gateway: &Gateway, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    http::send(gateway.http, "POST", path, headers, body).await
}

fn assert_taken(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.content_type(), "application/json");
    assert_eq!(&answer.body[..], b"{}");
}

fn error(answer: &Answer) -> String {
    assert_eq!(answer.content_type(), "application/json", "{answer:?}");
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    body["error"].as_str().unwrap().to_owned()
}

/// A good span that begins at this time.
fn beginning(start_time_unix_nano: u64) -> Span {
    Span {
        start_time_unix_nano,
        ..span(1)
    }
}

fn json_of(protobuf: &[u8]) -> Vec<u8> {
    from_protobuf(protobuf).unwrap()
}

/// Guarantees: the header comes before the query, the last `Bearer ` counts, and a token of a wrong shape, or none, is 401.
#[tokio::test]
async fn tokens() {
    let gateway = Gateway::start().await;
    let long = "x".repeat(64);
    for (path, header) in [
        (PATH.to_owned(), Some("Bearer phc_a")),
        (PATH.to_owned(), Some("phc_whole")),
        (PATH.to_owned(), Some("Basic x Bearer Bearer phc_a")),
        (format!("{PATH}?token=phc_a"), None),
        (format!("{PATH}?a=b&token={long}"), None),
        (format!("{PATH}?token=phx_not_asked"), Some("Bearer phc_a")),
    ] {
        let headers: Vec<_> = header.map(|value| ("authorization", value)).into_iter().collect();
        assert_taken(&post(&gateway, &path, &headers, encoded(1)).await);
    }
    let shape = "Invalid project API key (";
    for (path, header, words) in [
        (PATH.to_owned(), None, "No token provided"),
        (format!("{PATH}?token="), None, "No token provided"),
        (
            format!("{PATH}?token=phc_a"),
            Some("Bearer "),
            "No token provided",
        ),
        (PATH.to_owned(), Some("Bearer phx_personal"), shape),
        (format!("{PATH}?token={long}x"), None, shape),
        (format!("{PATH}?token=%C3%A4"), None, shape),
        (format!("{PATH}?token=a%00b"), None, shape),
    ] {
        let headers: Vec<_> = header.map(|value| ("authorization", value)).into_iter().collect();
        let answer = post(&gateway, &path, &headers, encoded(1)).await;
        assert_eq!(answer.status, 401, "{path} {header:?}: {answer:?}");
        let said = error(&answer);
        assert!(said.starts_with(words), "{said}");
        assert!(
            words != shape || said.contains("). Use your project API key, "),
            "{said}"
        );
    }
    assert_eq!(gateway.pipelines.received().len(), 6);
    gateway.end().await;
}

/// Guarantees: protobuf, JSON and JSON lines are told apart by themselves, whatever `Content-Type` says; an empty body is
/// a request of nothing.
#[tokio::test]
async fn bodies_of_every_kind() {
    let gateway = Gateway::start().await;
    let (one, two) = (encoded(1), request_of(vec![span(7)]));
    let two = prost::Message::encode_to_vec(&two);
    let lines = [b"\n", &json_of(&one)[..], b"\r\n  \n", &json_of(&two)[..], b"\n"].concat();
    let pretty: Value = serde_json::from_slice(&json_of(&one)).unwrap();
    let pretty = serde_json::to_vec_pretty(&pretty).unwrap();
    for (body, expected) in [
        (one.clone(), one.clone()),
        (json_of(&one), one.clone()),
        (pretty, one.clone()),
        (lines, [one.clone(), two.clone()].concat()),
    ] {
        for kind in ["application/x-protobuf", "application/json", "text/plain"] {
            let headers = [TOKEN, ("content-type", kind)];
            assert_taken(&post(&gateway, PATH, &headers, body.clone()).await);
            assert_eq!(*gateway.pipelines.received().last().unwrap(), expected);
        }
    }
    let before = gateway.pipelines.received().len();
    assert_taken(&post(&gateway, PATH, &[TOKEN], Vec::new()).await);
    let null = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
        "traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "0102030405060708",
        "attributes": [{"key": "none", "value": {}}],
    }]}]}]});
    assert_taken(&post(&gateway, PATH, &[TOKEN], null.to_string().into()).await);
    assert_eq!(gateway.pipelines.received().len(), before + 1);

    let bad_line = [&json_of(&one)[..], b"\n{\"resourceSpans\": 5}"].concat();
    for body in [&b"hello"[..], b"{", b"[]", b" \n ", &bad_line] {
        let answer = post(&gateway, PATH, &[TOKEN], body.to_vec()).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        let said = error(&answer);
        assert!(
            said.starts_with("Failed to decode JSON: ") && said.contains(" or Protobuf: "),
            "{said}"
        );
    }
    let deep = "[".repeat(100_000);
    assert_eq!(post(&gateway, PATH, &[TOKEN], deep.into()).await.status, 400);
    let beyond = request_of(vec![beginning(u64::MAX)]);
    let answer = post(&gateway, PATH, &[TOKEN], prost::Message::encode_to_vec(&beyond)).await;
    assert_eq!(
        (answer.status.as_u16(), error(&answer).as_str()),
        (400, "Bad input format provided")
    );
    gateway.end().await;
}

/// Guarantees: a span whose ids have the wrong length is taken out alone, and the answer has no word of it.
#[tokio::test]
async fn bad_ids_are_taken_out() {
    let gateway = Gateway::start().await;
    let mixed = prost::Message::encode_to_vec(&request_of(vec![bad_span(1), span(2)]));
    assert_taken(&post(&gateway, PATH, &[TOKEN], mixed).await);
    let good = prost::Message::encode_to_vec(&request_of(vec![span(2)]));
    assert_eq!(gateway.pipelines.received(), [good]);
    gateway.end().await;
}

/// Guarantees: gzip is known by header, by query and by its first bytes; other encodings by header; damage and encodings that
/// are not known are said in PostHog's form.
#[tokio::test]
async fn compression() {
    let gateway = Gateway::start().await;
    let body = encoded(3);
    let by = |query: &str| format!("{PATH}?compression={query}");
    let packed = gzip(&body);
    for (path, encoding, sent) in [
        (PATH.to_owned(), Some("gzip"), packed.clone()),
        (by("gzip"), None, packed.clone()),
        (by("gzip-js"), None, packed.clone()),
        (by("unheard-of"), None, packed.clone()),
        (PATH.to_owned(), None, packed.clone()),
        (PATH.to_owned(), None, gzip(&json_of(&body))),
        (PATH.to_owned(), Some("gzip"), gzip(&packed)),
        (PATH.to_owned(), Some("deflate"), zlib(&body)),
        (PATH.to_owned(), Some("zstd"), zstd(&body)),
    ] {
        let headers: Vec<_> = [Some(TOKEN), encoding.map(|name| ("content-encoding", name))]
            .into_iter()
            .flatten()
            .collect();
        assert_taken(&post(&gateway, &path, &headers, sent).await);
        assert_eq!(*gateway.pipelines.received().last().unwrap(), body);
    }
    let damaged = &packed[..packed.len() - 4];
    for (path, sent) in [
        (by("gzip"), &body[..]),
        (by("gzip"), damaged),
        (PATH.to_owned(), damaged),
    ] {
        let answer = post(&gateway, &path, &[TOKEN], sent.to_vec()).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        let said = error(&answer);
        assert!(
            said.starts_with("Failed to decompress gzip request body: "),
            "{said}"
        );
    }
    let answer = post(&gateway, PATH, &[TOKEN, ("content-encoding", "lz4")], body).await;
    assert_eq!(answer.status, 415);
    assert!(answer.headers.contains_key("accept-encoding"));
    gateway.end().await;
}

/// Guarantees: 2 MiB is the most, sent and decompressed, unless configured; a bomb is stopped on its way.
#[tokio::test]
async fn limits() {
    const LIMIT: usize = 2 << 20;
    let gateway = Gateway::start().await;
    let (fits, over) = (sized(LIMIT - 100), sized(LIMIT + 1));
    assert_taken(&post(&gateway, PATH, &[TOKEN], fits.clone()).await);
    assert_taken(&post(&gateway, PATH, &[TOKEN], gzip(&fits)).await);
    let packed = gzip(&over);
    let with_header = [TOKEN, ("content-encoding", "gzip")];
    for (headers, body) in [(&[TOKEN][..], over.clone()), (&with_header[..], packed.clone())] {
        let answer = post(&gateway, PATH, headers, body).await;
        assert_eq!(answer.status, 413, "{answer:?}");
        assert_eq!(answer.content_type(), "text/plain; charset=utf-8");
        assert_eq!(&answer.body[..], b"length limit exceeded");
    }
    for body in [packed, gzip(&vec![0; 200 << 20])] {
        let answer = post(&gateway, PATH, &[TOKEN], body).await;
        assert_eq!(answer.status, 413, "{answer:?}");
        assert_eq!(
            error(&answer),
            "Decompressed request body exceeds limit (2097153 > 2097152 bytes)"
        );
    }
    gateway.end().await;

    let mut http = HttpConfig {
        endpoint: "127.0.0.1:0".into(),
        ..HttpConfig::default()
    };
    http.posthog.max_request_body_size_mib = 3;
    let gateway = Gateway::with(Options {
        http,
        ..Options::default()
    })
    .await;
    assert_taken(&post(&gateway, PATH, &[TOKEN], over).await);
    gateway.end().await;
}

/// Guarantees: any page may send and read the answer; other methods are not taken.
#[tokio::test]
async fn pages_and_methods() {
    let gateway = Gateway::start().await;
    let origin = ("origin", "https://app.example");
    let wanted = ("access-control-request-headers", "authorization, x-own");
    let asks = ("access-control-request-method", "POST");
    let answer = http::send(gateway.http, "OPTIONS", PATH, &[origin, wanted, asks], "").await;
    assert_taken(&answer);
    for (name, value) in [
        ("access-control-allow-origin", "https://app.example"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-headers", "authorization, x-own"),
        ("access-control-allow-methods", "GET,POST,OPTIONS"),
    ] {
        assert_eq!(answer.headers[name], value);
    }
    assert_taken(&http::send(gateway.http, "OPTIONS", PATH, &[], "").await);
    for headers in [&[TOKEN, origin][..], &[origin]] {
        let answer = post(&gateway, PATH, headers, encoded(1)).await;
        assert_eq!(
            answer.headers["access-control-allow-origin"],
            "https://app.example"
        );
    }
    let answer = http::send(gateway.http, "GET", PATH, &[TOKEN], "").await;
    assert_eq!(answer.status, 405);
    assert_eq!(answer.headers["allow"], "POST,OPTIONS");
    gateway.end().await;
}

/// Guarantees: what the pipelines refuse, and what there is no memory for, is 503 in PostHog's form, with a time to come back.
#[tokio::test]
async fn refusals() {
    let gateway = Gateway::start().await;
    gateway.pipelines.answer(Verdict::Refuse(Refused {
        message: "the disk is full".into(),
        retry_after: Duration::from_millis(2500),
    }));
    let answer = post(&gateway, PATH, &[TOKEN], encoded(1)).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "3");
    assert_eq!(error(&answer), "the disk is full");
    gateway.end().await;

    let gateway = Gateway::with(Options {
        budget: 1 << 20,
        ..Options::default()
    })
    .await;
    let answer = post(&gateway, PATH, &[TOKEN], sized(3 << 19)).await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["retry-after"], "2");
    assert!(error(&answer).contains("no room"), "{answer:?}");
    gateway.end().await;
}

/// Guarantees: where it is wanted, spans of another day begin at their arrival; otherwise they stay as they came.
#[tokio::test]
async fn times() {
    for clamp in [false, true] {
        let mut http = HttpConfig {
            endpoint: "127.0.0.1:0".into(),
            ..HttpConfig::default()
        };
        http.posthog.clamp_time = clamp;
        let gateway = Gateway::with(Options {
            http,
            ..Options::default()
        })
        .await;
        let old = prost::Message::encode_to_vec(&request_of(vec![beginning(1_000_000_000)]));
        assert_taken(&post(&gateway, PATH, &[TOKEN], old.clone()).await);
        let received = gateway.pipelines.received();
        assert_eq!(received[0] != old, clamp);
        let shown = String::from_utf8(json_of(&received[0])).unwrap();
        assert_eq!(shown.contains("1970-01-01T00:00:01Z"), clamp, "{shown}");
        assert_eq!(shown.contains("$originalTimestamp"), clamp, "{shown}");
        gateway.end().await;
    }
}

/// Guarantees: switched off, the path is one on which nothing is served; OTLP's own path may be this one.
#[tokio::test]
async fn switched_off() {
    let with = |change: fn(&mut HttpConfig)| async move {
        let mut http = HttpConfig {
            endpoint: "127.0.0.1:0".into(),
            ..HttpConfig::default()
        };
        change(&mut http);
        Gateway::with(Options {
            http,
            ..Options::default()
        })
        .await
    };
    let gateway = with(|http| http.posthog.enabled = false).await;
    assert_eq!(post(&gateway, PATH, &[TOKEN], encoded(1)).await.status, 404);
    gateway.end().await;
    let gateway = with(|http| http.traces_url_path = PATH.into()).await;
    let answer = post(
        &gateway,
        PATH,
        &[("content-type", "application/x-protobuf")],
        encoded(1),
    )
    .await;
    assert_eq!(answer.content_type(), "application/x-protobuf");
    assert_eq!(answer.status, 200);
    gateway.end().await;
}

/// Guarantees: where the receiver asks for keys, the token must be one that may send.
#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_keys() {
    let gateway = Spanway::start(
        "receivers: {otlp: {protocols: {grpc: {endpoint: 127.0.0.1:0, auth: {authenticator: keys}}, \
         http: {endpoint: 127.0.0.1:0, auth: {authenticator: keys}}}}}\n\
         extensions: {keys: {keys: [{name: app, secret: phc_app, permissions: [ingest]}, \
         {name: reader, secret: phc_reader, permissions: [read]}]}}\n\
         exporters: {nop: }\n\
         service: {extensions: [keys], pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n",
    );
    for (token, status, words) in [
        ("phc_app", 200, ""),
        ("phc_other", 401, "Invalid token"),
        ("phc_reader", 403, "the key `reader` has no permission `ingest`"),
    ] {
        let path = format!("{PATH}?token={token}");
        let answer = http::send(gateway.http, "POST", &path, &[], encoded(1)).await;
        assert_eq!(answer.status, status, "{answer:?}");
        if status != 200 {
            assert_eq!(error(&answer), words);
        }
    }
}

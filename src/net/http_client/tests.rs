//! Against a server in this process that is told what to write.

use std::time::Duration;

use super::fake::{Fake, Reply, Seen, answer};
use super::*;

const PATIENCE: Option<Duration> = Some(Duration::from_secs(5));

fn client(fake: &Fake) -> Client {
    Client::new(Options {
        target: Target::parse_grpc(&fake.address.to_string()).unwrap(),
        tls: None,
        max_connections: None,
        max_idle: 8,
        idle_timeout: None,
    })
}

async fn post(client: &Client, body: &'static str) -> Result<Answer, NoAnswer> {
    let headers = HeaderMap::from_iter([(http::header::HOST, http::HeaderValue::from_static("backend"))]);
    let body = Parts::new(b"", &[Bytes::from_static(body.as_bytes())]);
    client
        .post(&Uri::from_static("/v1/traces?a=b"), &headers, body, PATIENCE)
        .await
}

fn echo(_: usize, seen: Seen) -> Reply {
    Reply::new(200, "", &seen.body)
}

/// The server gets path, headers and body; requests one after the other share a connection.
#[tokio::test]
async fn one_connection_for_many() {
    let fake = Fake::start(|_, seen| {
        assert!(
            seen.head.starts_with("post /v1/traces?a=b http/1.1\r\n"),
            "{}",
            seen.head
        );
        assert!(seen.head.contains("host: backend"), "{}", seen.head);
        Reply::new(202, "x-more: yes\r\n", &seen.body)
    })
    .await;
    let client = client(&fake);
    for _ in 0..10 {
        let answer = post(&client, "hello").await.unwrap();
        assert_eq!((answer.status.as_u16(), &answer.body[..]), (202, &b"hello"[..]));
        assert_eq!(
            answer.header(http::HeaderName::from_static("x-more")),
            Some("yes")
        );
    }
    assert_eq!(fake.connections(), 1);
}

/// An answer that arrives in two pieces, cut anywhere, is the same answer.
#[tokio::test]
async fn answers_cut_anywhere() {
    let whole = answer(200, "x: y\r\n", b"the body");
    let cuts = whole.len();
    let fake = Fake::start(move |number, _| {
        let (a, b) = whole.split_at(number);
        Reply::Bytes(vec![a.to_vec(), b.to_vec()])
    })
    .await;
    let client = client(&fake);
    for cut in 0..=cuts {
        assert_eq!(
            post(&client, "hello").await.unwrap().body,
            &b"the body"[..],
            "cut at {cut}"
        );
    }
}

/// An answer that ends early at any place is no answer.
#[tokio::test]
async fn answers_that_end_early() {
    let whole = answer(200, "x: y\r\n", b"the body");
    let lengths = whole.len();
    let fake = Fake::start(move |number, _| Reply::Last(whole[..number].to_vec())).await;
    let client = client(&fake);
    for length in 0..lengths {
        let answer = post(&client, "hello").await;
        assert!(answer.is_err(), "{length} bytes: {answer:?}");
    }
}

/// Of a long answer the beginning is read, and its connection is not used again.
#[tokio::test]
async fn long_answers() {
    let fake = Fake::start(|_, _| Reply::new(500, "", &vec![b'x'; 10 * MAX_ANSWER])).await;
    let client = client(&fake);
    for requests in 1..=2 {
        assert_eq!(post(&client, "hello").await.unwrap().body.len(), MAX_ANSWER);
        assert_eq!(fake.connections(), requests);
    }
}

/// A request that meets a connection which the server closes at that moment goes to a new one.
#[tokio::test]
async fn closed_while_idle() {
    // One request in three finds the connection closed without an answer.
    let fake = Fake::start(|number, seen| match number % 3 {
        1 => Reply::Last(Vec::new()),
        _ => echo(number, seen),
    })
    .await;
    let client = client(&fake);
    for _ in 0..6 {
        assert_eq!(post(&client, "hello").await.unwrap().body, &b"hello"[..]);
    }
}

/// A server that does not answer costs the timeout and no more.
#[tokio::test]
async fn stalls_end_at_the_timeout() {
    let fake = Fake::start(|_, _| Reply::Stall).await;
    let timeout = Some(Duration::from_millis(50));
    let uri = Uri::from_static("/");
    let error = client(&fake)
        .post(&uri, &HeaderMap::new(), Parts::default(), timeout)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("50ms"), "{error}");
}

/// No more connections than told, and none kept where none may be.
#[tokio::test]
async fn bounds() {
    let fake = Fake::start(echo).await;
    let mut client = client(&fake);
    client.places = Semaphore::new(2);
    let calls = (0..20).map(|_| post(&client, "hello"));
    for answer in futures_util::future::join_all(calls).await {
        answer.unwrap();
    }
    assert!(fake.connections() <= 2, "{}", fake.connections());
    client.options.max_idle = 0;
    client.idle.lock().unwrap().clear();
    let before = fake.connections();
    for _ in 0..3 {
        post(&client, "hello").await.unwrap();
    }
    assert_eq!(fake.connections(), before + 3);
}

//! How the receiver treats connections: when they end, what they cost, and how it stops.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::net::SocketAddr;
use std::time::Duration;

use spanway::config::types::GoDuration;
use spanway::pipeline::verdict::Accepted;
use support::gateway::{Gateway, Options, Verdict, until};
use support::grpc::{Grpc, framed};
use support::{http, otlp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;

/// HTTP/2's preface and empty settings: a client that then neither asks nor answers.
const SILENT: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

fn with_keepalive(change: impl FnOnce(&mut spanway::receivers::otlp::config::KeepaliveServer)) -> Options {
    let mut options = Options::default();
    change(&mut options.grpc.keepalive.server_parameters);
    options
}

/// A client that does not answer when it is asked whether it lives is closed after `time` and `timeout`.
#[tokio::test]
async fn dead_clients_are_found_out() {
    let gateway = Gateway::with(with_keepalive(|keepalive| {
        keepalive.time = GoDuration::millis(50);
        keepalive.timeout = GoDuration::millis(50);
    }))
    .await;
    http::raw(gateway.grpc, SILENT).await;
    gateway.end().await;
}

/// A connection without requests ends after `max_connection_idle`.
#[tokio::test]
async fn idle_connections_end() {
    let gateway = Gateway::with(with_keepalive(|keepalive| {
        keepalive.max_connection_idle = GoDuration::millis(50);
    }))
    .await;
    let client = Grpc::connect(gateway.grpc).await;
    client.export(&otlp::encoded(1)).await;
    until(|| client.0.is_closed()).await;
    gateway.end().await;
}

/// A connection of `max_connection_age` ends, but a request in flight is answered first.
#[tokio::test]
async fn old_connections_end_after_their_requests() {
    let gateway = Gateway::with(with_keepalive(|keepalive| {
        keepalive.max_connection_age = GoDuration::millis(50);
    }))
    .await;
    gateway.pipelines.answer(Verdict::Hang);
    let client = Grpc::connect(gateway.grpc).await;
    let (body, pending) = client.begin(&[]);
    body.send(framed(false, &otlp::encoded(1))).await.unwrap();
    drop(body);
    gateway.pipelines.until_arrived(1).await;
    // The client has been told to go when it can no longer begin a request.
    until_refused(&client).await;
    gateway.pipelines.answer(Verdict::Accept(Accepted::default()));
    assert_eq!(pending.await.unwrap().unwrap().code(), Code::Ok);
    gateway.end().await;
}

/// After `max_connection_age_grace` a request in flight is not waited for.
#[tokio::test]
async fn grace_is_bounded() {
    let gateway = Gateway::with(with_keepalive(|keepalive| {
        keepalive.max_connection_age = GoDuration::millis(50);
        keepalive.max_connection_age_grace = GoDuration::millis(50);
    }))
    .await;
    gateway.pipelines.answer(Verdict::Hang);
    let client = Grpc::connect(gateway.grpc).await;
    let (body, pending) = client.begin(&[]);
    body.send(framed(false, &otlp::encoded(1))).await.unwrap();
    drop(body);
    assert!(pending.await.unwrap().is_err());
    gateway.pipelines.until_withdrawn(1).await;
    gateway.end().await;
}

/// Stopping: requests in flight are answered, idle and silent connections are not waited for long, new
/// connections are refused, and the receiver's future ends.
#[tokio::test]
async fn stopping_answers_what_is_in_flight() {
    let mut gateway = Gateway::start().await;
    gateway.pipelines.answer(Verdict::Hang);
    let _silent = TcpStream::connect(gateway.grpc).await.unwrap();
    let _idle = TcpStream::connect(gateway.http).await.unwrap();
    let client = Grpc::connect(gateway.grpc).await;
    let (body, over_grpc) = client.begin(&[]);
    body.send(framed(false, &otlp::encoded(1))).await.unwrap();
    drop(body);
    let address = gateway.http;
    let over_http = tokio::spawn(async move { http::post(address, otlp::encoded(1)).await });
    gateway.pipelines.until_arrived(2).await;

    gateway.stop.cancel();
    until_closed(gateway.grpc).await;
    until_closed(gateway.http).await;
    gateway.pipelines.answer(Verdict::Accept(Accepted::default()));
    assert_eq!(over_grpc.await.unwrap().unwrap().code(), Code::Ok);
    assert_eq!(over_http.await.unwrap().status, 200);
    tokio::time::timeout(Duration::from_secs(8), gateway.drain())
        .await
        .unwrap();
}

/// Connections pay for their windows and together take at most half of the budget; while all are busy one more is closed at
/// once, and when one leaves there is room again.
#[tokio::test]
async fn connections_are_paid_for() {
    let gateway = Gateway::with(Options {
        budget: 512 * 1024,
        ..Options::default()
    })
    .await;
    gateway.pipelines.answer(Verdict::Hang);
    let mut busy = Vec::new();
    for _ in 0..2 {
        let client = Grpc::connect(gateway.grpc).await;
        let (body, pending) = client.begin(&[]);
        body.send(framed(false, &otlp::encoded(1))).await.unwrap();
        drop(body);
        busy.push((client, pending));
        gateway.pipelines.until_arrived(busy.len()).await;
    }
    let mut third = TcpStream::connect(gateway.grpc).await.unwrap();
    // Closed at once, with or without a reset.
    let end = tokio::time::timeout(Duration::from_secs(10), third.read(&mut [0]))
        .await
        .unwrap();
    assert!(matches!(end, Ok(0) | Err(_)));
    gateway.pipelines.answer(Verdict::Accept(Accepted::default()));
    drop(busy);
    until_served(gateway.grpc).await;
    gateway.end().await;
}

/// Connections without requests make way for new ones when they take all the room that there is, the longest idle first.
#[tokio::test]
async fn idle_connections_make_way() {
    let gateway = Gateway::with(Options {
        budget: 512 * 1024,
        ..Options::default()
    })
    .await;
    let idle = Grpc::connect(gateway.grpc).await;
    assert_eq!(idle.export(&otlp::encoded(1)).await.code(), Code::Ok);
    let later = Grpc::connect(gateway.grpc).await;
    assert_eq!(later.export(&otlp::encoded(1)).await.code(), Code::Ok);
    // What has just come is not idle yet, so that it takes a while.
    until_served(gateway.grpc).await;
    until(|| idle.0.is_closed()).await;
    gateway.end().await;
}

/// Connects until a connection is answered rather than closed.
async fn until_served(address: SocketAddr) {
    let patience = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // One that was closed already may take it or not.
        stream.write_all(SILENT).await.ok();
        if matches!(stream.read(&mut [0]).await, Ok(1)) {
            return;
        }
        assert!(
            tokio::time::Instant::now() < patience,
            "every connection is closed"
        );
    }
}

/// Waits until the connection takes no new request.
async fn until_refused(client: &Grpc) {
    for _ in 0..10_000 {
        let (body, pending) = client.begin(&[]);
        // An empty request, which no pipeline holds up; unless the connection has gone already.
        let _ = body.send(framed(false, b"")).await;
        drop(body);
        if pending.await.unwrap().is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the connection takes requests for ever");
}

async fn until_closed(address: SocketAddr) {
    for _ in 0..10_000 {
        if TcpStream::connect(address).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the port stays open");
}

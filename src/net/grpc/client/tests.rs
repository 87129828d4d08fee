//! Against a server in this process that is told what to do.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use h2::Reason;
use http::Response;
use tokio::net::TcpListener;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::fake::{Answer, Call, Fake, framed, headers};
use super::*;
use crate::net::compress::{Compression, CompressionParams};
use crate::net::resolve::{Address, Target};

const PATH: &str = "/test.Service/Call";
const PATIENCE: Option<Duration> = Some(Duration::from_secs(5));

fn plan(address: SocketAddr) -> Plan {
    Plan {
        target: Target::parse_grpc(&address.to_string()).unwrap(),
        tls: None,
        host: String::new(),
        spread: Spread::RoundRobin,
        connections: 1,
        keep_alive: None,
    }
}

fn options(compressor: Compressor) -> Options {
    Options {
        scheme: Scheme::HTTP,
        authority: "backend:4317".parse().unwrap(),
        headers: headers(&[("user-agent", "test/1"), ("tenant", "blue")]),
        compressor,
        wait_for_ready: false,
    }
}

fn client(fake: &Fake) -> Client {
    Client::new(plan(fake.address), options(Compressor::identity()))
}

/// A client of several addresses, as if a name stood for them.
fn client_of(addresses: &[SocketAddr], spread: Spread) -> Client {
    let plan = Plan {
        spread,
        ..plan(addresses[0])
    };
    Client {
        connections: Connections::fixed(plan, addresses.iter().copied().map(Address::Tcp).collect()),
        options: options(Compressor::identity()),
    }
}

async fn call(client: &Client) -> Result<Bytes, CallError> {
    client
        .unary(PATH, vec![Bytes::from_static(b"hello")], PATIENCE)
        .await
}

fn echo(_: usize, call: Call) -> Answer {
    Answer::ok(&call.message)
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// The server gets the path, the headers and the message, whatever its size, compressed as asked.
#[tokio::test]
async fn the_request_arrives() {
    let parts = vec![
        Bytes::from(vec![b'a'; 300_000]),
        Bytes::from_static(b"small"),
        Bytes::from(vec![b'b'; 70_000]),
    ];
    for (compression, name) in [
        (Compression::None, None),
        (Compression::Gzip, Some("gzip")),
        (Compression::Zstd, Some("zstd")),
    ] {
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
        let fake = Fake::start(move |_, call| {
            tell.send(call).unwrap();
            Answer::ok(b"")
        })
        .await;
        let compressor = Compressor::new(compression, &CompressionParams::default()).unwrap();
        let client = Client::new(plan(fake.address), options(compressor));
        client.unary(PATH, parts.clone(), PATIENCE).await.unwrap();
        let call = told.recv().await.unwrap();
        let header = |name: &str| call.headers.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(
            (call.path.as_str(), call.authority.as_str()),
            (PATH, "backend:4317")
        );
        assert_eq!(header("te"), Some("trailers"));
        assert_eq!(header("content-type"), Some("application/grpc"));
        assert_eq!(header("user-agent"), Some("test/1"));
        assert_eq!(header("tenant"), Some("blue"));
        assert_eq!(header("grpc-encoding"), name);
        let timeout = header("grpc-timeout").unwrap().strip_suffix('m').unwrap();
        assert!((1..=5000).contains(&timeout.parse::<u32>().unwrap()), "{timeout}");
        assert_eq!(call.flag, u8::from(name.is_some()));
        let message = match name {
            Some(encoding) => {
                let mut assembly = Assembly::default();
                assembly.push(&framed(1, &call.message)).unwrap();
                assembly.finish(encoding).unwrap()
            }
            None => call.message,
        };
        assert!(message == parts.concat(), "{name:?}");
    }
}

/// An answer cut into frames at any place, its prefix included, is the same answer.
#[tokio::test]
async fn answers_cut_anywhere() {
    let whole = framed(0, b"the answer");
    let cuts = whole.len() + 1;
    let script = whole.clone();
    let fake = Fake::start(move |number, _| {
        Answer::chunks(match script.split_at_checked(number) {
            Some((a, b)) => vec![Bytes::copy_from_slice(a), Bytes::copy_from_slice(b)],
            None => script
                .iter()
                .map(|byte| Bytes::copy_from_slice(&[*byte]))
                .collect(),
        })
    })
    .await;
    let client = client(&fake);
    for cut in 0..=cuts {
        assert_eq!(call(&client).await.unwrap(), &b"the answer"[..], "cut at {cut}");
    }
}

/// A compressed answer is read.
#[tokio::test]
async fn compressed_answers() {
    let gzip = Compressor::new(Compression::Gzip, &CompressionParams::default()).unwrap();
    let packed = gzip
        .compress(vec![Bytes::from_static(b"the answer")])
        .await
        .unwrap()
        .concat();
    let fake = Fake::start(move |_, _| {
        let mut head = Box::new(Response::new(()));
        *head.headers_mut() = headers(&[
            ("content-type", "application/grpc+proto"),
            ("grpc-encoding", "gzip"),
        ]);
        Answer::Frames(
            head,
            vec![framed(1, &packed)],
            Some(headers(&[("grpc-status", "0")])),
        )
    })
    .await;
    assert_eq!(call(&client(&fake)).await.unwrap(), &b"the answer"[..]);
}

/// Every status comes through with its message and delay, in trailers or alone in the headers.
#[tokio::test]
async fn statuses() {
    let details = |delay| ErrorDetails::with_retry_info(Some(delay));
    let status = Status::with_error_details(Code::Unavailable, "", details(Duration::from_millis(1500)));
    let details = status.into_http::<()>().headers()["grpc-status-details-bin"]
        .to_str()
        .unwrap()
        .to_owned();
    let fake = Fake::start(move |number, _| {
        let code = (number / 2 + 1).to_string();
        let fields = [
            ("grpc-status", code.as_str()),
            ("grpc-message", "half%20f%C3%BCll"),
            ("grpc-status-details-bin", &details),
        ];
        if number % 2 == 0 {
            Answer::status(&fields)
        } else {
            Answer::trailers_only(200, &fields)
        }
    })
    .await;
    let client = client(&fake);
    for code in 1..=16 {
        for _ in 0..2 {
            let verdict = Verdict {
                code: Code::from_i32(code),
                message: "half füll".into(),
                retry_after: Some(Duration::from_millis(1500)),
            };
            assert_eq!(call(&client).await, Err(CallError::Refused(verdict)));
        }
    }
}

/// Details that are not base64, and a message that is not UTF-8, spoil neither the process nor the code.
#[tokio::test]
async fn broken_details() {
    let fake = Fake::start(|_, _| {
        Answer::status(&[
            ("grpc-status", "14"),
            ("grpc-message", "%ff%fe"),
            ("grpc-status-details-bin", "*?!"),
        ])
    })
    .await;
    let Err(CallError::Refused(verdict)) = call(&client(&fake)).await else {
        panic!("not refused");
    };
    assert_eq!((verdict.code, verdict.retry_after), (Code::Unavailable, None));
}

/// Without a gRPC status the HTTP status decides; without either there was no answer.
#[tokio::test]
async fn http_statuses() {
    let codes = [
        (400, Code::Internal),
        (401, Code::Unauthenticated),
        (404, Code::Unimplemented),
        (413, Code::Unknown),
        (503, Code::Unavailable),
    ];
    let fake = Fake::start(move |number, _| match codes.get(number) {
        Some((status, _)) => Answer::trailers_only(*status, &[]),
        None if number == codes.len() => Answer::trailers_only(200, &[]),
        None => Answer::Frames(
            Box::new(Response::new(())),
            vec![Bytes::from_static(b"<html>")],
            None,
        ),
    })
    .await;
    let client = client(&fake);
    for (_, code) in codes {
        let Err(CallError::Refused(verdict)) = call(&client).await else {
            panic!("not refused");
        };
        assert_eq!(verdict.code, code);
    }
    assert!(matches!(call(&client).await, Err(CallError::NoAnswer(_))));
    assert!(matches!(call(&client).await, Err(CallError::NotGrpc(_))));
}

/// A server that does not answer costs the timeout and no more.
#[tokio::test]
async fn stalls_end_at_the_timeout() {
    let fake = Fake::start(|_, _| Answer::Stall).await;
    let timeout = Some(Duration::from_millis(50));
    let error = client(&fake).unary(PATH, Vec::new(), timeout).await.unwrap_err();
    assert!(
        matches!(&error, CallError::NoAnswer(text) if text.contains("50ms")),
        "{error}"
    );
}

/// An answer above 4 MiB is given up as soon as it says so, or has so much.
#[tokio::test]
async fn long_answers() {
    let fake = Fake::start(|number, _| match number {
        0 => Answer::chunks(vec![framed(0, &vec![0; MAX_ANSWER])]),
        1 => Answer::chunks(vec![Bytes::from_static(&[0, 0, 0x40, 0, 1])]),
        _ => Answer::chunks(vec![
            Bytes::from_static(&[0, 0, 0, 0, 1]),
            vec![0; MAX_ANSWER + 1].into(),
        ]),
    })
    .await;
    let client = client(&fake);
    assert_eq!(call(&client).await.unwrap().len(), MAX_ANSWER);
    assert_eq!(call(&client).await, Err(CallError::AnswerTooLong));
    assert_eq!(call(&client).await, Err(CallError::AnswerTooLong));
}

/// A call that the server refused to begin with is sent once more, and no oftener.
#[tokio::test]
async fn refused_streams_are_sent_once_more() {
    let fake = Fake::start(|number, call| match number {
        0 | 2 | 3 => Answer::Reset(Reason::REFUSED_STREAM),
        _ => echo(number, call),
    })
    .await;
    let client = client(&fake);
    assert_eq!(call(&client).await.unwrap(), &b"hello"[..]);
    assert_eq!(fake.calls(), 2);
    assert!(matches!(call(&client).await, Err(CallError::NoAnswer(_))));
    assert_eq!(fake.calls(), 4);
}

/// A server that closes its connections in good order loses no call.
#[tokio::test]
async fn goaway_loses_nothing() {
    let fake = Fake::with_calls_a_connection(3, echo).await;
    let client = client(&fake);
    for _ in 0..3 {
        call(&client).await.unwrap();
    }
    call(&client).await.unwrap();
    assert!(fake.connections() >= 2);
    assert_eq!(fake.calls(), 4);
}

/// A connection that breaks fails the call that the server may have seen; the next call gets a new one.
#[tokio::test]
async fn broken_connections_are_replaced() {
    let fake = Fake::start(|number, call| {
        if number == 0 {
            Answer::Close
        } else {
            echo(number, call)
        }
    })
    .await;
    let client = client(&fake);
    assert!(matches!(call(&client).await, Err(CallError::NoAnswer(_))));
    assert_eq!(call(&client).await.unwrap(), &b"hello"[..]);
    assert_eq!(fake.connections(), 2);
}

/// A server that breaks every connection after it has answered once is not left alone for it.
#[tokio::test]
async fn flapping_servers_are_not_punished() {
    let fake = Fake::start(|number, call| {
        if number % 2 == 0 {
            echo(number, call)
        } else {
            Answer::Close
        }
    })
    .await;
    let client = client(&fake);
    let begun = Instant::now();
    for _ in 0..10 {
        call(&client).await.unwrap();
        assert!(matches!(call(&client).await, Err(CallError::NoAnswer(_))));
    }
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

/// While nobody listens calls fail at once and say where; afterwards they succeed.
#[tokio::test]
async fn a_server_that_comes_late() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let client = Client::new(plan(address), options(Compressor::identity()));
    let error = call(&client).await.unwrap_err().to_string();
    assert!(error.contains(&address.to_string()), "{error}");
    let _fake = Fake::on(TcpListener::bind(address).await.unwrap(), usize::MAX, echo);
    while call(&client).await.is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// One dead address of a name costs no call, whichever way they spread.
#[tokio::test]
async fn a_dead_address_among_live_ones() {
    for spread in [Spread::RoundRobin, Spread::PickFirst] {
        let (one, two) = (Fake::start(echo).await, Fake::start(echo).await);
        let dead = SocketAddr::from(([127, 0, 0, 1], 1));
        let client = client_of(&[dead, one.address, two.address], spread);
        call(&client).await.unwrap();
        if spread == Spread::RoundRobin {
            until(|| one.connections() + two.connections() == 2).await;
        }
        while one.calls() + two.calls() < 40 {
            call(&client).await.unwrap();
        }
        match spread {
            Spread::RoundRobin => assert!(
                one.calls() >= 10 && two.calls() >= 10,
                "{} {}",
                one.calls(),
                two.calls()
            ),
            Spread::PickFirst => assert_eq!((two.calls(), two.connections()), (0, 0)),
        }
    }
}

/// A call goes where fewest are in flight: a server that is stuck gets no more than its share at the start.
#[tokio::test]
async fn least_in_flight() {
    let (stuck, well) = (Fake::start(|_, _| Answer::Stall).await, Fake::start(echo).await);
    let client = Arc::new(client_of(&[stuck.address, well.address], Spread::RoundRobin));
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { while call(&client).await.is_ok() {} }
    });
    until(|| stuck.calls() == 1).await;
    for _ in 0..20 {
        call(&client).await.unwrap();
    }
    assert_eq!(stuck.calls(), 1);
    waiting.abort();
}

/// A client that is dropped leaves no connection behind.
#[tokio::test]
async fn dropping_closes() {
    let fake = Fake::start(echo).await;
    let client = client(&fake);
    call(&client).await.unwrap();
    assert_eq!(fake.open(), 1);
    drop(client);
    until(|| fake.open() == 0).await;
}

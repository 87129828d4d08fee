use std::convert::Infallible;

use futures_util::stream;
use http_body_util::StreamBody;

use super::*;
use crate::pipeline::budget::Budget;

const STALL: Duration = Duration::from_secs(60);

/// A body whose DATA frames are `pieces`.
fn body(pieces: Vec<Vec<u8>>) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
    StreamBody::new(stream::iter(
        pieces
            .into_iter()
            .map(|piece| Ok(Frame::data(Bytes::from(piece)))),
    ))
}

fn framed(flag: u8, message: &[u8]) -> Vec<u8> {
    let mut framed = vec![flag];
    framed.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend(message);
    framed
}

async fn read(pieces: Vec<Vec<u8>>) -> Result<Message, ReadError> {
    read_message(&mut body(pieces), 1000, STALL, &Purse::from(&Budget::new(10_000))).await
}

/// The prefix and the message may be cut at every pair of places, with empty frames between.
#[tokio::test]
async fn a_message_may_be_cut_anywhere() {
    let wire = framed(1, b"twelve bytes");
    for first in 0..=wire.len() {
        for second in first..=wire.len() {
            let pieces = vec![
                wire[..first].to_vec(),
                Vec::new(),
                wire[first..second].to_vec(),
                wire[second..].to_vec(),
            ];
            let message = read(pieces).await.unwrap();
            assert!(message.compressed);
            assert_eq!(message.payload.as_slice(), b"twelve bytes");
        }
    }
}

/// A message of no bytes is a message.
#[tokio::test]
async fn an_empty_message_is_a_message() {
    let message = read(vec![framed(0, b"")]).await.unwrap();
    assert!(!message.compressed);
    assert!(message.payload.is_empty());
}

/// No message, a message cut short, two messages and a strange flag are each told apart.
#[tokio::test]
async fn what_is_not_one_message_is_refused() {
    let wire = framed(0, b"message");
    for (pieces, words) in [
        (vec![], "no message"),
        (vec![wire[..3].to_vec()], "within the prefix"),
        (vec![wire[..9].to_vec()], "within its message"),
        (vec![wire.clone(), wire.clone()], "more than one"),
        (vec![[wire.clone(), vec![0]].concat()], "more than one"),
        (vec![framed(2, b"message")], "compressed flag"),
    ] {
        let error = read(pieces).await.unwrap_err();
        assert!(matches!(error, ReadError::Framing(_)));
        assert!(error.to_string().contains(words), "{error}");
    }
}

/// A length beyond the limit, or beyond the budget, is refused on the prefix alone, before the message comes.
#[tokio::test]
async fn a_length_is_judged_before_the_message_is_read() {
    for (limit, room) in [(99, 10_000), (1000, 99)] {
        let budget = Budget::new(room);
        let mut body = body(vec![framed(0, &[7; 100])[..5].to_vec()]);
        let error = read_message(&mut body, limit, STALL, &Purse::from(&budget))
            .await
            .unwrap_err();
        assert!(matches!(error, ReadError::Full { length: 100, .. }), "{error}");
        assert_eq!(budget.used(), 0);
    }
}

/// The budget holds exactly the announced length while the message comes, and nothing when the client goes.
#[tokio::test]
async fn a_message_is_paid_for_while_it_comes() {
    let budget = Budget::new(1000);
    let wire = framed(0, &[7; 100]);
    let pieces = stream::iter(vec![
        Ok(Frame::data(Bytes::from(wire[..50].to_vec()))),
        Err("reset"),
    ]);
    let error = read_message(&mut StreamBody::new(pieces), 1000, STALL, &Purse::from(&budget))
        .await
        .unwrap_err();
    assert!(matches!(error, ReadError::Gone(_)), "{error}");
    assert_eq!(budget.used(), 0);

    let message = read_message(&mut body(vec![wire]), 1000, STALL, &Purse::from(&budget))
        .await
        .unwrap();
    assert_eq!(budget.used(), 100);
    let bytes = message.payload.into_bytes();
    assert_eq!(budget.used(), 100);
    drop(bytes);
    assert_eq!(budget.used(), 0);
}

/// A client that falls silent within its message is given up.
#[tokio::test]
async fn a_silent_client_is_given_up() {
    use futures_util::StreamExt;

    let budget = Budget::new(1000);
    let first = Ok::<_, Infallible>(Frame::data(Bytes::from(framed(0, &[7; 100])[..50].to_vec())));
    let mut body = StreamBody::new(stream::iter(vec![first]).chain(stream::pending()));
    let error = read_message(&mut body, 1000, Duration::from_millis(10), &Purse::from(&budget))
        .await
        .unwrap_err();
    assert!(matches!(error, ReadError::Stalled(_)), "{error}");
    assert_eq!(budget.used(), 0);
}

/// `grpc-timeout` as the protocol writes it; anything else is as if it were absent.
#[test]
fn timeouts() {
    let parse = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", text.parse().unwrap());
        timeout(&headers)
    };
    assert_eq!(timeout(&HeaderMap::new()), None);
    for (text, expected) in [
        ("1H", Some(Duration::from_secs(3600))),
        ("2M", Some(Duration::from_secs(120))),
        ("10S", Some(Duration::from_secs(10))),
        ("99999999m", Some(Duration::from_millis(99_999_999))),
        ("5u", Some(Duration::from_micros(5))),
        ("7n", Some(Duration::from_nanos(7))),
        ("", None),
        ("S", None),
        ("10", None),
        ("10s", None),
        ("-1S", None),
        ("+1S", None),
        ("100000000S", None),
    ] {
        assert_eq!(parse(text), expected, "{text}");
    }
}

/// gRPC content types, with parameters and in any case, and nothing else.
#[test]
fn content_types() {
    for (value, expected) in [
        ("application/grpc", true),
        ("application/grpc+proto", true),
        ("Application/GRPC; charset=utf-8", true),
        ("application/grpc+json", false),
        ("application/grpcish", false),
        ("application/x-protobuf", false),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, value.parse().unwrap());
        assert_eq!(is_grpc(&headers), expected, "{value}");
    }
    assert!(!is_grpc(&HeaderMap::new()));
}

/// A success is one framed message and a status in the trailers; a failure is headers alone.
#[tokio::test]
async fn answers_are_framed() {
    let mut body = answer(b"abc").into_body();
    let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(&data[..], b"\0\0\0\0\x03abc");
    let trailers = body.frame().await.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(trailers["grpc-status"], "0");
    assert!(body.frame().await.is_none());

    let mut body = answer_empty().into_body();
    let data = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(&data[..], b"\0\0\0\0\0");

    let response = answer_status(Status::unavailable("later"));
    assert!(response.body().is_end_stream());
    assert_eq!(response.headers()["grpc-status"], "14");
}

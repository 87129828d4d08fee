use std::io::Write as _;

use bytes::Bytes;
use clap::Parser;
use tonic::Code;

use super::*;
use crate::cli::load;
use crate::cli::numbering::Run;
use crate::config::types::GoDuration;

#[derive(Parser)]
struct SinkLine {
    #[command(flatten)]
    args: Args,
}

#[derive(Parser)]
struct LoadLine {
    #[command(flatten)]
    args: load::Args,
}

const FREE_PORTS: &str = "sink --grpc localhost:0 --http localhost:0 --control localhost:0";

fn parse<T: Parser>(line: &str) -> T {
    T::parse_from(line.split_whitespace())
}

/// Sends through both protocols to a sink with these flags; returns what is missing of what was acknowledged.
async fn missing_after(flags: &str) -> (serde_json::Value, ledger::Stats) {
    let (sink, addresses) = start(&parse::<SinkLine>(&format!("{FREE_PORTS} {flags}")).args)
        .await
        .unwrap();
    let mut missing = Vec::new();
    for (endpoint, protocol) in [(addresses.grpc, "grpc"), (addresses.http, "http")] {
        let line = format!(
            "load --endpoint {endpoint} --protocol {protocol} --spans 4000 --spans-per-request 8 --poison-every 10"
        );
        let args = parse::<LoadLine>(&line).args;
        let run = Run::new(rand::random());
        let (tally, _) = load::send_all(&args, run, Instant::now()).await.unwrap();
        let ids = load::acknowledged_ids(&args, run, &tally);
        missing.push(serde_json::to_value(sink.ledger().missing(&ids)).unwrap());
    }
    let stats = sink.ledger().stats();
    assert_eq!(missing[0], missing[1], "gRPC and HTTP differ");
    (missing.remove(0), stats)
}

/// All of the load arrives, once, over gRPC and over HTTP.
#[tokio::test]
async fn takes_everything() {
    let (missing, stats) = missing_after("").await;
    assert_eq!(
        (&missing["expected"], &missing["missing"]),
        (&3_950.into(), &0.into())
    );
    assert_eq!((stats.spans, stats.distinct, stats.duplicates), (8_000, 8_000, 0));
}

/// What is refused for now is sent again until it is taken, and refusals are counted, not taken.
#[tokio::test]
async fn random_refusals_lose_nothing() {
    let (missing, stats) = missing_after("--fail-rate 0.05 --delay 1ms").await;
    assert_eq!(
        (&missing["expected"], &missing["missing"]),
        (&3_950.into(), &0.into())
    );
    assert_eq!((stats.spans, stats.distinct), (8_000, 8_000));
    assert!(stats.refused["UNAVAILABLE"] > 0);
}

/// Partial refusal takes the neighbours and not the poisoned span.
#[tokio::test]
async fn partial_refusal_takes_the_neighbours() {
    let (missing, stats) = missing_after("--partial-refuse-name poison").await;
    assert_eq!(
        (&missing["expected"], &missing["missing"]),
        (&3_950.into(), &0.into())
    );
    assert_eq!(
        (&missing["rejected"], &missing["poisoned_arrived"]),
        (&50.into(), &0.into())
    );
    assert_eq!((stats.spans, stats.rejected_spans), (7_900, 100));
}

/// Refusal by name refuses whole requests for good; they are never acknowledged.
#[tokio::test]
async fn refusal_by_name_is_final() {
    let (missing, stats) = missing_after("--refuse-name poison").await;
    assert_eq!(
        (&missing["expected"], &missing["missing"]),
        (&3_600.into(), &0.into())
    );
    assert_eq!((stats.spans, stats.refused["INVALID_ARGUMENT"]), (7_200, 100));
}

/// Refusal by name takes the code it is told to.
#[tokio::test]
async fn refusal_by_name_has_its_code() {
    let (missing, stats) = missing_after("--refuse-name poison --refuse-code UNIMPLEMENTED").await;
    assert_eq!(missing["expected"], 3_600);
    assert_eq!(stats.refused["UNIMPLEMENTED"], 100);
}

/// A destination that goes away and comes back loses nothing that it acknowledged.
#[tokio::test]
async fn absences_lose_nothing() {
    let (missing, stats) = missing_after("--die-every 100ms --down-for 10ms --delay 10ms").await;
    assert_eq!(
        (&missing["expected"], &missing["missing"]),
        (&3_950.into(), &0.into())
    );
    assert_eq!(stats.distinct, 8_000);
    // Two connections for gRPC and sixteen for HTTP are what it takes without absences.
    assert!(stats.connections > 18, "{}", stats.connections);
}

/// The throttle takes its rate and a short burst, and says when there is room again.
#[tokio::test]
async fn the_throttle_says_when() {
    let sink = Sink::new(&parse::<SinkLine>(FREE_PORTS).args);
    assert_eq!(sink.throttle(1_000, 150), Ok(()));
    let delay = sink.throttle(1_000, 1).unwrap_err();
    assert!(
        delay <= Duration::from_millis(51) && delay > Duration::ZERO,
        "{delay:?}"
    );
    assert_eq!(sink.throttle(0, 1_000_000), Ok(()));
}

/// The flags' defaults and the JSON's are the same, and a wrong value is named.
#[test]
fn knobs_agree() {
    assert_eq!(parse::<SinkLine>("sink").args.behaviour, Behaviour::default());
    assert_eq!(
        serde_json::from_str::<Behaviour>("{}").unwrap(),
        Behaviour::default()
    );
    let wrong = Behaviour {
        fail_code: "UNWELL".into(),
        ..Behaviour::default()
    };
    assert!(
        wrong
            .validate()
            .unwrap_err()
            .starts_with("fail_code: `UNWELL` is not a gRPC status code")
    );
}

/// Windows lie at the end of each period, and what is left of them is said.
#[test]
fn windows_come_and_go() {
    let behaviour = Behaviour {
        pause_every: GoDuration::secs(5),
        pause_for: GoDuration::secs(1),
        ..Behaviour::default()
    };
    assert_eq!(behaviour.pause(Duration::from_millis(3_900)), None);
    assert_eq!(
        behaviour.pause(Duration::from_millis(4_250)),
        Some(Duration::from_millis(750))
    );
    assert_eq!(behaviour.pause(Duration::from_secs(5)), None);
    assert_eq!(Behaviour::default().pause(Duration::ZERO), None);
}

/// A small body that inflates beyond the bound is refused while inflating, whatever the codec.
#[test]
fn bombs_are_refused() {
    let zeros = vec![0; 10 << 20];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&zeros).unwrap();
    let bombs = [
        ("gzip", gzip.finish().unwrap()),
        ("zstd", zstd::encode_all(&zeros[..], 1).unwrap()),
    ];
    for (codec, bomb) in bombs {
        let refused = body::decompress(bomb.clone().into(), codec, 1 << 20).unwrap_err();
        assert_eq!(refused.code, Code::ResourceExhausted);
        assert_eq!(
            body::decompress(bomb.into(), codec, 10 << 20).unwrap().len(),
            10 << 20
        );
    }
}

/// A gRPC message whose prefix lies, or is cut, is malformed.
#[test]
fn lying_prefixes_are_malformed() {
    for body in [&b""[..], b"\0\0\0", b"\0\0\0\0\x05abc", b"\0\0\0\0\x01abc"] {
        assert_eq!(
            body::unframe(Bytes::copy_from_slice(body), "", 100)
                .unwrap_err()
                .code,
            Code::InvalidArgument
        );
    }
    assert_eq!(
        body::unframe(Bytes::from_static(b"\0\0\0\0\x03abc"), "gzip", 100).unwrap(),
        "abc"
    );
}

/// Beyond its bound the ledger counts without telling apart, and says so; kept requests are the last ones.
#[test]
fn the_ledger_is_bounded() {
    let mut ledger = Ledger::new(Bounds {
        max_distinct: 3,
        keep_requests: 2,
        keep_bytes: 100,
    });
    for request in 0..4u64 {
        ledger.take(ledger::Taken {
            message: Bytes::from(format!("<{request}>")),
            wire_bytes: 3,
            compression: "identity".into(),
            keys: vec![request, 0],
            spans: 2,
            rejected: 0,
        });
    }
    let stats = ledger.stats();
    assert_eq!(
        (stats.spans, stats.distinct, stats.duplicates, stats.untracked),
        (8, 3, 4, 1)
    );
    assert_eq!(ledger.kept(), "<2><3>");
}

/// OTLP/JSON is taken as protobuf is, and answered in JSON.
#[tokio::test]
async fn json_is_taken() {
    let (sink, addresses) = start(&parse::<SinkLine>(FREE_PORTS).args).await.unwrap();
    let span = r#"{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"a"}"#;
    let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#);
    assert_eq!(post(addresses.http, &text).await, (200, "{}".into()));
    let stats = sink.ledger().stats();
    assert_eq!((stats.spans, stats.distinct), (1, 1));
    let (status, body) = post(addresses.http, "{").await;
    assert!(
        status == 400 && body.starts_with(r#"{"code":3,"#),
        "{status} {body}"
    );
}

async fn post(address: SocketAddr, json: &str) -> (u16, String) {
    use http_body_util::{BodyExt, Full};
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(hyper_util::rt::TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = http::Request::post("/v1/traces")
        .header("host", "sink")
        .header("content-type", "application/json; charset=utf-8")
        .body(Full::new(Bytes::from(json.to_owned())))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

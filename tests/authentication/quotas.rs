//! Quotas: what is too much is told when to come back, by key, and costs the others nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tonic::Code;

use super::post;
use super::support::grpc::{EXPORT, Grpc, framed};
use super::support::otlp;
use super::support::spanway::Spanway;

fn start(quota: &str) -> Spanway {
    Spanway::start(&format!(
        "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: 127.0.0.1:0, auth: {{authenticator: keys}}}}, \
         http: {{endpoint: 127.0.0.1:0, auth: {{authenticator: keys}}}}}}}}}}\n\
         extensions: {{keys: {{keys: [{{name: loud, secret: loud, permissions: [ingest], quota: {{{quota}}}}}, \
         {{name: quiet, secret: quiet, permissions: [ingest]}}]}}}}\n\
         exporters: {{nop: }}\n\
         service: {{extensions: [keys], pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}}}\n"
    ))
}

const LOUD: (&str, &str) = ("authorization", "Bearer loud");
const QUIET: (&str, &str) = ("authorization", "Bearer quiet");

/// Guarantees: beyond its quota a key is refused in each protocol's words, with the time to come back; the refusals are
/// counted for it, and nobody else is refused.
#[tokio::test(flavor = "multi_thread")]
async fn too_much_is_refused() {
    let gateway = start("requests_per_second: 1, burst: 4s");
    let grpc = Grpc::connect(gateway.grpc).await;
    let call = async |key| {
        let pieces = vec![framed(false, &otlp::encoded(1))];
        grpc.call(EXPORT, &[key], pieces).await
    };
    for _ in 0..4 {
        assert_eq!(call(LOUD).await.code(), Code::Ok);
    }
    let answer = call(LOUD).await;
    assert_eq!(answer.code(), Code::ResourceExhausted, "{}", answer.message());
    let delay = answer.details().retry_info().unwrap().retry_delay.unwrap();
    assert!(delay <= Duration::from_secs(1) && !delay.is_zero(), "{delay:?}");
    assert!(
        answer.message().contains("`loud` sends more requests"),
        "{}",
        answer.message()
    );
    for path in ["/v1/traces", "/i/v1/traces"] {
        let answer = post(gateway.http, path, LOUD, otlp::encoded(1)).await;
        assert_eq!(answer.status, 429, "{answer:?}");
        assert_eq!(answer.headers["retry-after"], "1");
        let answer = post(gateway.http, path, QUIET, otlp::encoded(1)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    tokio::time::sleep(delay).await;
    assert_eq!(call(LOUD).await.code(), Code::Ok);
    let scrape = gateway.scrape();
    let refused = |labels: &str| scrape.sum("spanway_auth_refused_requests", labels);
    assert_eq!(
        refused("authenticator=\"keys\",caller=\"loud\",limit=\"requests\""),
        3
    );
    assert_eq!(
        refused("authenticator=\"keys\",caller=\"quiet\",limit=\"requests\""),
        0
    );
    assert_eq!(
        scrape.sum("spanway_receiver_refused_requests", "reason=\"over_quota\""),
        3
    );
}

/// Guarantees: bytes are counted before they are read, or while they come where nobody said how many there are; a request
/// larger than what may come at once passes, and is made up for.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_are_counted_beforehand() {
    let gateway = start("bytes_per_second: 10000, burst: 1s");

    let begin = |more: &str| {
        let mut stream = TcpStream::connect(gateway.http).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let head = format!(
            "POST /v1/traces HTTP/1.1\r\nhost: a\r\nauthorization: Bearer loud\r\ncontent-type: application/x-protobuf\r\n\
             expect: 100-continue\r\n{more}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    };
    let status = |stream: &mut TcpStream| {
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8(answer.to_vec()).unwrap()
    };
    let mut chunked = begin("transfer-encoding: chunked");
    let mut asked = [0; 25];
    chunked.read_exact(&mut asked).unwrap();
    assert!(
        asked.starts_with(b"HTTP/1.1 100"),
        "{}",
        String::from_utf8_lossy(&asked)
    );
    for _ in 0..2 {
        chunked.write_all(b"1f40\r\n").unwrap();
        chunked.write_all(&[0; 8000]).unwrap();
        chunked.write_all(b"\r\n").unwrap();
    }
    chunked.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(status(&mut chunked), "HTTP/1.1 429");

    tokio::time::sleep(Duration::from_secs(1)).await;
    let answer = post(gateway.http, "/v1/traces", LOUD, otlp::sized(30_000)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = post(gateway.http, "/v1/traces", LOUD, otlp::encoded(1)).await;
    assert_eq!(answer.status, 429, "{answer:?}");
    let seconds: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((2..=3).contains(&seconds), "{answer:?}");
    // The answer is there while nothing of the body is.
    assert_eq!(status(&mut begin("content-length: 5000")), "HTTP/1.1 429");
}

/// What somebody measures who sends one request after the other.
struct Measured {
    worst_of_hundred: Duration,
    refused: usize,
}

async fn measure(grpc: &Grpc, requests: usize) -> Measured {
    let body = otlp::encoded(10);
    let (mut took, mut refused) = (Vec::with_capacity(requests), 0);
    for _ in 0..requests {
        let begun = Instant::now();
        let answer = grpc.call(EXPORT, &[QUIET], vec![framed(false, &body)]).await;
        took.push(begun.elapsed());
        refused += usize::from(answer.code() != Code::Ok);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    took.sort_unstable();
    Measured {
        worst_of_hundred: took[requests * 99 / 100],
        refused,
    }
}

/// Guarantees: while one key sends fifty times its quota, no more than its quota passes, and nothing of another's is refused;
/// in the long variant, the slowest of a hundred requests of that other takes less than a tenth longer.
#[tokio::test(flavor = "multi_thread")]
async fn the_loud_leave_room_for_the_quiet() {
    const QUOTA: u64 = 100;
    let is_long = super::support::long();
    let requests = if is_long { 3000 } else { 300 };
    let gateway = start(&format!("requests_per_second: {QUOTA}, burst: 1s"));
    let quiet = Grpc::connect(gateway.grpc).await;
    measure(&quiet, 100).await;

    let mut gained = Vec::new();
    for _ in 0..if is_long { 5 } else { 1 } {
        let alone = measure(&quiet, requests).await;
        let (stop, sent, passed) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
            Arc::new(AtomicU64::new(0)),
        );
        let loud = Grpc::connect(gateway.grpc).await;
        let begun = Instant::now();
        let noise = {
            let (stop, sent, passed) = (stop.clone(), sent.clone(), passed.clone());
            tokio::spawn(async move {
                let body = otlp::encoded(10);
                let mut tick = tokio::time::interval(Duration::from_millis(20));
                while !stop.load(Ordering::SeqCst) {
                    tick.tick().await;
                    let calls = (0..QUOTA * 50 / 50).map(|_| {
                        let pieces = vec![framed(false, &body)];
                        loud.call(EXPORT, &[LOUD], pieces)
                    });
                    for answer in futures_util::future::join_all(calls).await {
                        sent.fetch_add(1, Ordering::SeqCst);
                        passed.fetch_add(u64::from(answer.code() == Code::Ok), Ordering::SeqCst);
                    }
                }
            })
        };
        let beside = measure(&quiet, requests).await;
        stop.store(true, Ordering::SeqCst);
        noise.await.unwrap();
        let seconds = begun.elapsed().as_secs_f64();
        let (sent, passed) = (sent.load(Ordering::SeqCst), passed.load(Ordering::SeqCst));
        println!(
            "alone {:?}, beside {:?}; {:.0} of {:.0} requests a second passed",
            alone.worst_of_hundred,
            beside.worst_of_hundred,
            passed as f64 / seconds,
            sent as f64 / seconds
        );
        assert_eq!((alone.refused, beside.refused), (0, 0));
        assert!(
            passed as f64 <= QUOTA as f64 * (seconds + 1.0) + 1.0,
            "{passed} in {seconds}s"
        );
        assert!(
            sent > 3 * passed,
            "{sent} were sent, {passed} passed: that is not loud"
        );
        gained.push(beside.worst_of_hundred.as_secs_f64() / alone.worst_of_hundred.as_secs_f64());
    }
    if is_long {
        // Both share this machine's processors with everything else on it; its best round says what the gateway does.
        let least = gained.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(least < 1.1, "{gained:?}");
    }
}

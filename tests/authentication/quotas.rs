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

/// How long each of some requests took that one sends after the other, and how many were refused.
async fn measure(grpc: &Grpc, requests: usize, took: &mut Vec<Duration>) -> usize {
    let body = otlp::encoded(10);
    let mut refused = 0;
    for _ in 0..requests {
        let begun = Instant::now();
        let answer = grpc.call(EXPORT, &[QUIET], vec![framed(false, &body)]).await;
        took.push(begun.elapsed());
        refused += usize::from(answer.code() != Code::Ok);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    refused
}

/// Of a hundred, one took longer.
fn p99(took: &mut [Duration]) -> Duration {
    took.sort_unstable();
    took[took.len() * 99 / 100]
}

/// Somebody who sends fifty times the quota, while told to.
#[derive(Default)]
struct Loud {
    sends: AtomicBool,
    sent: AtomicU64,
    passed: AtomicU64,
}

const QUOTA: u64 = 10;

impl Loud {
    async fn go_on(self: Arc<Self>, grpc: Grpc) {
        let body = otlp::encoded(10);
        let mut tick = tokio::time::interval(Duration::from_millis(10));
        loop {
            tick.tick().await;
            if !self.sends.load(Ordering::SeqCst) {
                continue;
            }
            let calls = (0..QUOTA * 50 / 100).map(|_| {
                let pieces = vec![framed(false, &body)];
                grpc.call(EXPORT, &[LOUD], pieces)
            });
            for answer in futures_util::future::join_all(calls).await {
                self.sent.fetch_add(1, Ordering::SeqCst);
                self.passed
                    .fetch_add(u64::from(answer.code() == Code::Ok), Ordering::SeqCst);
            }
        }
    }
}

/// Guarantees: while one key sends fifty times its quota, no more than its quota passes, and nothing of another's is refused;
/// in the long variant, on a machine that is quiet, the slowest of a hundred requests of that other takes less than a tenth
/// longer. Both are measured in
/// turns, so that whatever else this machine does weighs on both.
#[tokio::test(flavor = "multi_thread")]
async fn the_loud_leave_room_for_the_quiet() {
    let is_long = super::support::long();
    let (turns, requests) = if is_long { (60, 100) } else { (3, 100) };
    let gateway = start(&format!("requests_per_second: {QUOTA}, burst: 1s"));
    let quiet = Grpc::connect(gateway.grpc).await;
    measure(&quiet, 100, &mut Vec::new()).await;

    let loud = Arc::new(Loud::default());
    let begun = Instant::now();
    let noise = tokio::spawn(loud.clone().go_on(Grpc::connect(gateway.grpc).await));
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    let mut refused = 0;
    for _ in 0..turns {
        for (sends, took) in [(false, &mut alone), (true, &mut beside)] {
            loud.sends.store(sends, Ordering::SeqCst);
            refused += measure(&quiet, requests, took).await;
        }
    }
    noise.abort();
    let seconds = begun.elapsed().as_secs_f64();
    let (sent, passed) = (
        loud.sent.load(Ordering::SeqCst),
        loud.passed.load(Ordering::SeqCst),
    );
    let tails = (p99(&mut alone), p99(&mut beside));
    let (half, half_beside) = (alone[alone.len() / 2], beside[beside.len() / 2]);
    let (alone, beside) = tails;
    println!(
        "alone {alone:?} (median {half:?}), beside {beside:?} (median {half_beside:?}); \
         {passed} of {sent} requests passed in {seconds:.0}s"
    );
    assert_eq!(refused, 0);
    let most = QUOTA as f64 * (seconds + 1.0) + 1.0;
    assert!(passed as f64 <= most, "{passed} passed, of {most}");
    assert!(
        sent > 3 * passed,
        "{sent} were sent, {passed} passed: that is not loud"
    );
    // Where the slowest of a hundred takes many times the usual although nobody is loud, others are, and it says nothing.
    let is_quiet = alone < 4 * half;
    if is_long && !is_quiet {
        println!("this machine is too busy to tell how much longer requests take");
    }
    if is_long && is_quiet {
        let more = beside.as_secs_f64() / alone.as_secs_f64();
        assert!(more < 1.1, "{more}");
    }
}

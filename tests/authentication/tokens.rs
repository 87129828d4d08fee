//! Tokens from an OAuth 2.0 server: they end, the server is away, and spans arrive all the same.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::support::child::wait_until;
use super::support::load::Load;
use super::support::sink::Sink;
use super::support::spanway::{Plan, Spanway};

/// A token lives for so long.
const LIFE: u64 = 2;

/// A server that writes the tokens that count into a file, which the gateway behind it asks.
struct TokenServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    valid: PathBuf,
    is_away: AtomicBool,
    issued: AtomicUsize,
    refused: AtomicUsize,
    current: Mutex<Vec<(String, Instant)>>,
}

impl TokenServer {
    fn start(valid: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            valid,
            is_away: AtomicBool::new(false),
            issued: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
            current: Mutex::default(),
        });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = serving.clone();
                std::thread::spawn(move || serving.serve(&stream.unwrap()));
            }
        });
        Self { address, shared }
    }
}

impl Shared {
    fn serve(&self, stream: &TcpStream) {
        let mut reader = BufReader::new(stream);
        loop {
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) == 0 {
                    return;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head += &line;
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            // `gateway:hush`
            let is_client = head.contains("Basic Z2F0ZXdheTpodXNo");
            let (status, body) = if self.is_away.load(Ordering::SeqCst) {
                self.refused.fetch_add(1, Ordering::SeqCst);
                (503, "{}".to_owned())
            } else if !is_client || !body.starts_with(b"grant_type=client_credentials") {
                (401, "{\"error\": \"invalid_client\"}".to_owned())
            } else {
                let token = self.issue();
                (
                    200,
                    format!(
                        "{{\"access_token\": \"{token}\", \"token_type\": \"Bearer\", \"expires_in\": {LIFE}}}"
                    ),
                )
            };
            let mut stream = stream;
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    }

    /// A new token; those that have ended count no longer.
    fn issue(&self) -> String {
        let token = format!("token-{}", self.issued.fetch_add(1, Ordering::SeqCst));
        let mut current = self.current.lock().unwrap();
        current.push((token.clone(), Instant::now()));
        self.write(&mut current);
        token
    }

    fn write(&self, current: &mut Vec<(String, Instant)>) {
        current.retain(|(_, issued)| issued.elapsed() < Duration::from_secs(LIFE));
        let lines: String = current.iter().map(|(token, _)| format!("{token}\n")).collect();
        let new = self.valid.with_extension("new");
        std::fs::write(&new, lines + "none\n").unwrap();
        std::fs::rename(&new, &self.valid).unwrap();
    }

    /// All tokens count no longer.
    fn revoke(&self) {
        let mut current = self.current.lock().unwrap();
        current.clear();
        self.write(&mut current);
    }
}

/// Guarantees: tokens are renewed before they end; one that is revoked is fetched anew; while the server is away spans wait;
/// of all this no acknowledged span is lost, and clients are refused only for a while.
#[test]
fn tokens_end_and_servers_go_away() {
    let directory = tempfile::tempdir().unwrap();
    let valid = directory.path().join("valid");
    std::fs::write(&valid, "none\n").unwrap();
    let server = TokenServer::start(valid.clone());
    let sink = Sink::start(&[]);
    let asking = Plan::default()
        .extension("bearertokenauth", &format!("{{filename: '{}'}}", valid.display()))
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""))
        .yaml();
    let asks = "{endpoint: 127.0.0.1:0, auth: {authenticator: bearertokenauth}}";
    let second = Spanway::start(&asking.replace("{endpoint: 127.0.0.1:0}", asks));
    let settings = format!(
        "{{client_id: gateway, client_secret: hush, token_url: 'http://{}/token', expiry_buffer: 500ms, timeout: 5s}}",
        server.address
    );
    let exporter = format!(
        "{{endpoint: '{}', tls: {{insecure: true}}, auth: {{authenticator: oauth2client}}, \
         retry_on_failure: {{initial_interval: 50ms, max_interval: 500ms}}}}",
        second.grpc
    );
    let first = Plan::default()
        .extension("oauth2client", &settings)
        .exporter("otlp_grpc", &exporter)
        .start();

    let load = Load::start(first.grpc, "--rate 1000 --duration 7s --retry-for 30s");
    let shared = &server.shared;
    wait_until("a token was renewed", || {
        shared.issued.load(Ordering::SeqCst) >= 2
    });
    shared.revoke();
    wait_until("a revoked token was replaced", || {
        shared.issued.load(Ordering::SeqCst) >= 3
    });
    shared.is_away.store(true, Ordering::SeqCst);
    wait_until("the server was missed for longer than a token lives", || {
        std::thread::sleep(Duration::from_millis(50));
        let current = shared.current.lock().unwrap();
        let newest = current.last().map(|(_, issued)| issued.elapsed());
        newest.is_none_or(|age| age > Duration::from_secs(LIFE)) && shared.refused.load(Ordering::SeqCst) > 0
    });
    shared.is_away.store(false, Ordering::SeqCst);

    let report = load.report();
    assert_eq!(report.requests_given_up, 0, "{report:?}");
    let missing = sink.missing(&report);
    assert!(missing.expected > 0 && missing.missing == 0, "{missing:?}");
    let scrape = first.scrape();
    assert!(scrape.sum("spanway_auth_tokens_fetched", "extension=\"oauth2client\"") >= 3);
    let log = first.child.stderr.all().join("\n");
    assert!(!log.contains("hush") && !log.contains("token-"), "{log}");
}

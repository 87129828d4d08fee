//! An HTTP/1.1 server for tests that answers with the very bytes of a script.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request as the server got it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The request line and the headers, in lower case.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What the server does about a request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Writes these one after the other, each flushed.
    Bytes(Vec<Vec<u8>>),
    /// Writes these, then closes.
    Last(Vec<u8>),
    /// Never answers.
    Stall,
}

/// Runs until dropped.
pub struct Fake {
    /// Where it listens.
    pub address: SocketAddr,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

type Script = dyn Fn(usize, Seen) -> Reply + Send + Sync;

// === impl Reply ===

impl Reply {
    /// A whole answer; `head` is more headers, each with its line end.
    pub fn new(status: u16, head: &str, body: &[u8]) -> Self {
        Self::Bytes(vec![answer(status, head, body)])
    }
}

/// The bytes of an answer.
pub fn answer(status: u16, head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\n{head}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

// === impl Fake ===

impl Fake {
    /// Answers each request by its number (from 0) and content.
    pub async fn start(script: impl Fn(usize, Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let connections = Arc::new(AtomicUsize::new(0));
        let mut task = JoinSet::new();
        task.spawn(accept(
            listener,
            Arc::new(script),
            requests.clone(),
            connections.clone(),
        ));
        Self {
            address,
            requests,
            connections,
            _task: task,
        }
    }

    /// Requests that came.
    pub fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    /// Connections that came.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn accept(
    listener: TcpListener,
    script: Arc<Script>,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
) {
    let mut tasks = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        connections.fetch_add(1, Ordering::SeqCst);
        tasks.spawn(serve(stream, script.clone(), requests.clone()));
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Script>, requests: Arc<AtomicUsize>) {
    while let Some(seen) = receive(&mut stream).await {
        let number = requests.fetch_add(1, Ordering::SeqCst);
        match script(number, seen) {
            Reply::Bytes(pieces) => {
                for piece in pieces {
                    if stream.write_all(&piece).await.is_err() {
                        return;
                    }
                    tokio::task::yield_now().await;
                }
            }
            Reply::Last(bytes) => {
                stream.write_all(&bytes).await.ok();
                return;
            }
            Reply::Stall => std::future::pending().await,
        }
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end);
    let head = String::from_utf8(bytes).unwrap().to_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.lines().next());
    // A request without a body need not say so.
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Seen { head, body })
}

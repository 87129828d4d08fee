//! A gRPC server for tests that answers by a script, down to the frame.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use h2::Reason;
use h2::server::{Connection, SendResponse};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A call as the server got it.
#[derive(Clone, Debug)]
pub struct Call {
    /// `:path`.
    pub path: String,
    /// `:authority`.
    pub authority: String,
    /// All others.
    pub headers: HeaderMap,
    /// The first byte of the prefix.
    pub flag: u8,
    /// The message behind the prefix, as it was sent.
    pub message: Bytes,
}

/// What the server does about a call.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Response headers, DATA frames, trailers.
    Frames(Box<Response<()>>, Vec<Bytes>, Option<HeaderMap>),
    /// Never answers.
    Stall,
    /// RST_STREAM.
    Reset(Reason),
    /// Closes the connection without a word.
    Close,
}

type Script = dyn Fn(usize, Call) -> Answer + Send + Sync;

/// Runs until dropped.
pub struct Fake {
    /// Where it listens.
    pub address: SocketAddr,
    counts: Arc<Counts>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Counts {
    calls: AtomicUsize,
    connections: AtomicUsize,
    open: AtomicUsize,
}

// === impl Answer ===

impl Answer {
    /// A message in one frame, with status OK.
    pub fn ok(message: &[u8]) -> Self {
        Self::chunks(vec![framed(0, message)])
    }

    /// These DATA frames, with status OK.
    pub fn chunks(chunks: Vec<Bytes>) -> Self {
        Self::Frames(head(200, &[]), chunks, Some(headers(&[("grpc-status", "0")])))
    }

    /// A status in trailers.
    pub fn status(trailers: &[(&'static str, &str)]) -> Self {
        Self::Frames(head(200, &[]), Vec::new(), Some(headers(trailers)))
    }

    /// A status in the headers, with nothing else.
    pub fn trailers_only(status: u16, fields: &[(&'static str, &str)]) -> Self {
        Self::Frames(head(status, fields), Vec::new(), None)
    }
}

// === impl Fake ===

impl Fake {
    /// Answers each call by its number (from 0) and content.
    pub async fn start(script: impl Fn(usize, Call) -> Answer + Send + Sync + 'static) -> Self {
        Self::with_calls_a_connection(usize::MAX, script).await
    }

    /// The same, and says GOAWAY on each connection after so many calls.
    pub async fn with_calls_a_connection(
        calls: usize,
        script: impl Fn(usize, Call) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, calls, script)
    }

    /// The same, on a listener that exists.
    pub fn on(
        listener: TcpListener,
        calls: usize,
        script: impl Fn(usize, Call) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, calls, Arc::new(script), counts.clone()));
        Self {
            address,
            counts,
            _tasks: tasks,
        }
    }

    /// Calls that came.
    pub fn calls(&self) -> usize {
        self.counts.calls.load(Ordering::SeqCst)
    }

    /// Connections that came.
    pub fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// Connections that stand now.
    pub fn open(&self) -> usize {
        self.counts.open.load(Ordering::SeqCst)
    }
}

async fn accept(listener: TcpListener, calls: usize, script: Arc<Script>, counts: Arc<Counts>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (script, counts) = (script.clone(), counts.clone());
        connections.spawn(async move {
            counts.connections.fetch_add(1, Ordering::SeqCst);
            counts.open.fetch_add(1, Ordering::SeqCst);
            serve(stream, calls, script, &counts).await;
            counts.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn serve(stream: TcpStream, calls: usize, script: Arc<Script>, counts: &Arc<Counts>) {
    stream.set_nodelay(true).unwrap();
    let mut http2 = h2::server::Builder::new();
    http2
        .initial_window_size(16 << 20)
        .initial_connection_window_size(16 << 20);
    let Ok(mut connection): Result<Connection<TcpStream, Bytes>, _> = http2.handshake(stream).await else {
        return;
    };
    let (close, mut closed) = tokio::sync::mpsc::channel(1);
    let mut streams = JoinSet::new();
    let mut seen = 0;
    loop {
        tokio::select! {
            accepted = connection.accept() => {
                let Some(Ok((request, respond))) = accepted else { return };
                seen += 1;
                if seen == calls {
                    connection.graceful_shutdown();
                }
                let (script, close, counts) = (script.clone(), close.clone(), counts.clone());
                streams.spawn(async move {
                    if let Some(call) = receive(request).await {
                        let number = counts.calls.fetch_add(1, Ordering::SeqCst);
                        answer(script(number, call), respond, close).await;
                    }
                });
            }
            _ = closed.recv() => return,
        }
    }
}

async fn receive(request: http::Request<h2::RecvStream>) -> Option<Call> {
    let (head, mut body) = request.into_parts();
    let mut bytes = BytesMut::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.ok()?;
        body.flow_control().release_capacity(chunk.len()).ok()?;
        bytes.extend_from_slice(&chunk);
    }
    let message = bytes.split_off(5).freeze();
    assert_eq!(bytes[1..5], u32::try_from(message.len()).unwrap().to_be_bytes());
    Some(Call {
        path: head.uri.path().to_owned(),
        authority: head.uri.authority().unwrap().to_string(),
        headers: head.headers,
        flag: bytes[0],
        message,
    })
}

async fn answer(answer: Answer, mut respond: SendResponse<Bytes>, close: tokio::sync::mpsc::Sender<()>) {
    match answer {
        Answer::Frames(head, chunks, trailers) => {
            let alone = chunks.is_empty() && trailers.is_none();
            let Ok(mut stream) = respond.send_response(*head, alone) else {
                return;
            };
            let count = chunks.len();
            for (place, chunk) in chunks.into_iter().enumerate() {
                let last = trailers.is_none() && place + 1 == count;
                stream.send_data(chunk, last).ok();
                // So that each chunk leaves as a frame of its own.
                tokio::task::yield_now().await;
            }
            if let Some(trailers) = trailers {
                stream.send_trailers(trailers).ok();
            }
        }
        Answer::Stall => std::future::pending().await,
        Answer::Reset(reason) => respond.send_reset(reason),
        Answer::Close => close.send(()).await.unwrap_or_default(),
    }
}

/// A message behind its prefix.
pub fn framed(flag: u8, message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag][..], &length, message].concat().into()
}

fn head(status: u16, fields: &[(&'static str, &str)]) -> Box<Response<()>> {
    let mut response = Response::builder().status(status).body(()).unwrap();
    *response.headers_mut() = headers(fields);
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert("content-type", kind);
    Box::new(response)
}

/// A header map of these fields.
pub fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    };
    fields.iter().map(field).collect()
}

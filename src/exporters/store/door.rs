//! The door for `spanway query`: a Unix socket in the store's directory, which only its owner may use.
//!
//! `POST /query` takes a [`SpanQuery`] and gives back a `Result<Answer, QueryError>`, both as JSON. Whoever hangs up has its query
//! cancelled.

use std::convert::Infallible;
use std::fs::{File, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use crate::query::model::{Answer, QueryError, SpanQuery, SpanStore};

/// The socket's name in the store's directory.
pub const SOCKET: &str = "query.sock";

/// No question is longer, in bytes.
const LONGEST: usize = 1 << 20;

/// How long a guest may take to begin to ask.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait after somebody could not be let in.
const PAUSE: Duration = Duration::from_millis(100);

/// So many are answered at the same time; others wait.
const GUESTS: usize = 16;

/// An open door; it closes when this is dropped.
pub struct Door {
    path: PathBuf,
    task: JoinHandle<()>,
}

// === impl Door ===

impl Door {
    /// Opens the door in a directory that nobody else works in.
    pub fn open(directory: &Path, store: Arc<dyn SpanStore>) -> io::Result<Self> {
        let path = directory.join(SOCKET);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // A socket's path may have 107 bytes; through the open directory it is short.
        let opened = File::open(directory)?;
        let short = through(&opened);
        let listener = UnixListener::bind(&short)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
        Ok(Self {
            path,
            task: tokio::spawn(serve(listener, store)),
        })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
        drop(std::fs::remove_file(&self.path));
    }
}

/// Knocks at the door of a directory.
pub async fn connect(directory: &Path) -> io::Result<UnixStream> {
    let opened = File::open(directory)?;
    UnixStream::connect(through(&opened)).await
}

fn through(directory: &File) -> PathBuf {
    format!("/proc/self/fd/{}/{SOCKET}", directory.as_raw_fd()).into()
}

async fn serve(listener: UnixListener, store: Arc<dyn SpanStore>) {
    let room = Arc::new(Semaphore::new(GUESTS));
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            // Such as too many open files: that does not pass at once.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let store = store.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request| answer(request, store.as_ref()));
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(PATIENCE)
                .keep_alive(false);
            // A guest who hangs up has nothing more to hear.
            drop(http.serve_connection(TokioIo::new(stream), answer).await);
            drop(permit);
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    store: &dyn SpanStore,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let result = match (request.method(), request.uri().path()) {
        (&Method::POST, "/query") => answer_query(request.into_body(), store).await,
        (method, path) => Err(QueryError::Invalid(format!("there is no `{method} {path}` here"))),
    };
    let status = match &result {
        Ok(_) => StatusCode::OK,
        Err(QueryError::Invalid(_)) => StatusCode::BAD_REQUEST,
        Err(QueryError::Unavailable(_)) => StatusCode::SERVICE_UNAVAILABLE,
        Err(QueryError::TooLong(_) | QueryError::TooMuch(_)) => StatusCode::UNPROCESSABLE_ENTITY,
        Err(QueryError::Cancelled | QueryError::Failed(_)) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let body = serde_json::to_vec(&result).unwrap_or_default();
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    Ok(response)
}

async fn answer_query(body: Incoming, store: &dyn SpanStore) -> Result<Answer, QueryError> {
    let body = Limited::new(body, LONGEST).collect().await;
    let body = body.map_err(|error| QueryError::Invalid(format!("the question cannot be read: {error}")))?;
    let query: SpanQuery = serde_json::from_slice(&body.to_bytes())
        .map_err(|error| QueryError::Invalid(format!("the question is no query: {error}")))?;
    store.answer(query).await
}

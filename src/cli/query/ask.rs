//! Who answers: the gateway that works on the store, or this process.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::exporters::store::{DIRECTORY, door};
use crate::query::model::{Answer, QueryError, SpanQuery, SpanStore};
use crate::store::search::Searcher;
use crate::store::{Settings, Store, StoreError, Unbounded, Unobserved};

/// How often a store that is being opened is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Where the store lies.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// The store's directory, as `directory` of the exporter `store` says.
    #[arg(long, global = true, default_value = DIRECTORY)]
    directory: PathBuf,
}

// === impl Place ===

impl Place {
    /// Has a question answered.
    pub(super) async fn ask(&self, question: SpanQuery) -> Result<Answer, String> {
        let directory = &self.directory;
        if !directory.is_dir() {
            return Err(format!("there is no span store in `{}`", directory.display()));
        }
        let answer = match door::connect(directory).await {
            Ok(stream) => ask_gateway(stream, &question).await?,
            Err(error) if is_closed(&error) => ask_directory(directory, question).await?,
            Err(error) => return Err(format!("`{}`: {error}", directory.join(door::SOCKET).display())),
        };
        answer.map_err(|error| error.to_string())
    }
}

/// Whether nobody is behind the door.
fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}

async fn ask_gateway(stream: UnixStream, question: &SpanQuery) -> Result<Result<Answer, QueryError>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the gateway does not answer: {error}");
    let body = serde_json::to_vec(question).map_err(|error| error.to_string())?;
    let request = Request::post("/query").header("host", "localhost");
    let request = request
        .body(Full::<Bytes>::from(body))
        .map_err(|error| error.to_string())?;
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| failed(&error))?;
    let connection = tokio::spawn(connection);
    let response = sender
        .send_request(request)
        .await
        .map_err(|error| failed(&error))?;
    let body = response
        .into_body()
        .collect()
        .await
        .map_err(|error| failed(&error))?;
    connection.abort();
    serde_json::from_slice(&body.to_bytes()).map_err(|error| failed(&error))
}

async fn ask_directory(directory: &Path, question: SpanQuery) -> Result<Result<Answer, QueryError>, String> {
    let settings = Settings {
        lock_timeout: Duration::ZERO,
        ..Settings::new(directory)
    };
    let store = Store::open(settings, Arc::new(Unobserved), Arc::new(Unbounded));
    let store = store.map_err(|error| match error {
        StoreError::Locked(_) => format!("{error}; it works there, but does not answer queries"),
        _ => error.to_string(),
    })?;
    let store = Arc::new(store);
    while !store.ready() {
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    let searcher = Searcher::over(store.clone()).map_err(|error| error.to_string())?;
    let answer = searcher.answer(question).await;
    store.close().map_err(|error| error.to_string())?;
    Ok(answer)
}

//! A small HTTP/1.1 server for pages about ourselves: metrics, health.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// The most connections at a time; pages are for one scraper and a few probes.
const CONNECTIONS: usize = 64;

/// After a failed accept (no file handles left, say) we wait this long.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a client may take to send its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers one request.
pub type Page = Arc<dyn Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Send + Sync>;

/// Binds `endpoint` and serves `page` until the returned task is aborted or the process ends.
pub async fn serve(endpoint: &str, page: Page) -> io::Result<(SocketAddr, tokio::task::JoinHandle<()>)> {
    let listener = TcpListener::bind(endpoint).await?;
    let address = listener.local_addr()?;
    Ok((address, tokio::spawn(accept(listener, page))))
}

/// A page of text.
pub fn text(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(
        http::header::CONTENT_TYPE,
        http::HeaderValue::from_static(content_type),
    );
    response
}

async fn accept(listener: TcpListener, page: Page) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(slot) = connections.clone().acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let page = page.clone();
                tokio::spawn(async move {
                    answer(stream, page).await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn answer(stream: TcpStream, page: Page) {
    let service = service_fn(move |request| {
        let response = page(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    // A client that went away is its own business.
    drop(server.serve_connection(TokioIo::new(stream), service).await);
}

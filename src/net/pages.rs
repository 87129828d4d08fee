//! A small HTTP/1.1 server for pages about ourselves: metrics, health.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use super::listen::Listener;
use super::stream::Stream;
use crate::telemetry::receiver::ConnectionEvents;

/// The most connections at a time; pages are for one scraper and a few probes.
const CONNECTIONS: usize = 64;

/// How long a client may take to send its request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Answers one request.
pub type Page = Arc<dyn Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Send + Sync>;

/// Serves `page` to whoever connects, until `stop` is cancelled. When there are too many, the oldest connection makes way.
pub async fn serve(listener: Listener, page: Page, events: ConnectionEvents, stop: CancellationToken) {
    let mut tasks = JoinSet::new();
    let mut open: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let (socket, peer) = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = tasks.join_next() => continue,
            () = stop.cancelled() => return,
        };
        open.retain(|task| !task.is_finished());
        if open.len() >= CONNECTIONS
            && let Some(oldest) = open.pop_front()
        {
            oldest.abort();
            events.displaced();
        }
        let (page, tls, events) = (page.clone(), listener.tls().cloned(), events.clone());
        open.push_back(tasks.spawn(async move {
            let _open = events.opened();
            let stream = match tls {
                None => Stream::Plain(socket),
                Some(tls) => match tls.accept(socket).await {
                    Ok(stream) => stream,
                    Err(error) => return events.insecure(peer, &error),
                },
            };
            answer(stream, page).await;
        }));
    }
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

async fn answer(stream: Stream, page: Page) {
    let service = service_fn(move |request| {
        let response = page(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    // A client that went away is its own business.
    drop(server.serve_connection(TokioIo::new(stream), service).await);
}

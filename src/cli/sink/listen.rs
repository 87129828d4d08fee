//! The sink's listeners and connections, and its absences, which end all connections at once.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};

use super::reply::Reply;
use super::{Sink, control, service};

/// How often the sink looks whether it is time to be absent, or to be back.
const TICK: Duration = Duration::from_millis(5);

/// Listens on an address; says where, since port 0 picks a free one.
pub(super) async fn bind(address: &str) -> Result<(TcpListener, SocketAddr), String> {
    let failed = |error| format!("cannot listen on {address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Publishes whether the sink is absent.
pub(super) async fn absences(sink: Arc<Sink>) {
    loop {
        let down = sink.behaviour().is_down(sink.age());
        sink.down
            .send_if_modified(|was| std::mem::replace(was, down) != down);
        tokio::time::sleep(TICK).await;
    }
}

/// Serves OTLP, except while absent.
pub(super) async fn accept(sink: Arc<Sink>, listener: TcpListener) {
    loop {
        // An accept that fails (out of file descriptors) is tried again when others have closed.
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(TICK).await;
            continue;
        };
        let mut down = sink.down.subscribe();
        if *down.borrow_and_update() {
            continue;
        }
        sink.ledger().connected();
        let sink = sink.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = serve(stream, sink, service::answer) => {}
                _ = down.wait_for(|down| *down) => {}
            }
        });
    }
}

/// Serves control, which is never absent.
pub(super) async fn accept_control(sink: Arc<Sink>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve(stream, sink.clone(), control::answer));
            }
            Err(_) => tokio::time::sleep(TICK).await,
        }
    }
}

async fn serve<F, Fut>(stream: TcpStream, sink: Arc<Sink>, answer: F)
where
    F: Fn(Arc<Sink>, Request<Incoming>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Response<Reply>, Infallible>> + Send + 'static,
{
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new());
    server
        .http2()
        .timer(TokioTimer::new())
        .initial_stream_window_size(4 << 20)
        .initial_connection_window_size(16 << 20)
        .max_frame_size(1 << 20)
        .max_concurrent_streams(1024);
    let service = service_fn(move |request| answer(sink.clone(), request));
    // A client that breaks off is no event for a sink.
    let _broken = server.serve_connection(TokioIo::new(stream), service).await;
}

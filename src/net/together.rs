//! Runs the requests of a connection in the connection's own task.
//!
//! A task for each request costs a spawn, wake-ups across threads and a fight for the connection's lock, which is
//! most of what a small request costs. Connections are spread over the threads instead.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use hyper::rt::Executor;

/// Takes the futures that hyper wants to have run. Clones share what they took. The futures of HTTP/2 hold clones themselves, so
/// that whoever owns the inbox must empty it in the end.
#[derive(Clone, Default)]
pub struct Inbox(Arc<Mutex<Vec<BoxFuture<'static, ()>>>>);

/// The requests of one connection; dropped with it, for then their client has gone.
#[derive(Default)]
pub struct Requests {
    inbox: Inbox,
    running: FuturesUnordered<BoxFuture<'static, ()>>,
}

// === impl Inbox ===

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Inbox {
    fn execute(&self, request: F) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Box::pin(request));
    }
}

impl Inbox {
    fn take(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

// === impl Requests ===

impl Requests {
    /// Where the connection's requests are to be put.
    pub fn inbox(&self) -> Inbox {
        self.inbox.clone()
    }

    /// Drives the connection and its requests until the connection ends. May be dropped and called again.
    pub async fn drive<C: Future>(&mut self, mut connection: Pin<&mut C>) -> C::Output {
        poll_fn(|cx| {
            let ended = connection.as_mut().poll(cx);
            if ended.is_pending() {
                self.poll(cx);
            }
            ended
        })
        .await
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        self.running.extend(self.inbox.take());
        while let Poll::Ready(Some(())) = self.running.poll_next_unpin(cx) {}
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        // Those that came with the connection's last breath; dropping them may put others in.
        loop {
            let left = self.inbox.take();
            if left.is_empty() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests that a connection brings in the moment in which it ends are dropped with it, though they hold the inbox.
    #[tokio::test]
    async fn the_last_requests_are_dropped() {
        let alive = Arc::new(());
        let mut requests = Requests::default();
        let inbox = requests.inbox();
        let held = alive.clone();
        let mut connection = Box::pin(async move {
            let request = (inbox.clone(), held);
            inbox.execute(async move {
                let _request = request;
                std::future::pending().await
            });
        });
        requests.drive(connection.as_mut()).await;
        drop((connection, requests));
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}

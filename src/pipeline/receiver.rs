//! The seam between the graph and receivers.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::intake::Intake;

/// Takes spans in, once started.
pub trait Receiver: Send {
    /// Binds and begins to serve; returns once it listens, or says why it cannot. After `stop` is cancelled
    /// it takes no new connection, refuses new requests and finishes those it has; the returned future
    /// ends when the last has been answered.
    fn start(
        self: Box<Self>,
        intake: Arc<dyn Intake>,
        stop: CancellationToken,
    ) -> BoxFuture<'static, Result<BoxFuture<'static, ()>, std::io::Error>>;
}

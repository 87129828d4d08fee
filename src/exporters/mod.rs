//! Components that hand spans to a destination.

pub mod debug;
pub mod nop;
pub mod otlp_grpc;
pub mod otlp_http;

mod otlp_answer;

use std::fmt;
use std::sync::Arc;

use crate::config::factory::Factory;
use crate::pipeline::delivery::{QueueSettings, RetrySettings};
use crate::pipeline::destination::Destination;

/// What an exporter's factory makes: where spans go, and how delivery feeds it.
#[derive(Clone)]
pub struct Exporter {
    /// Sends one batch once.
    pub destination: Arc<dyn Destination>,
    /// The `sending_queue` block.
    pub queue: QueueSettings,
    /// The `retry_on_failure` block.
    pub retry: RetrySettings,
}

/// Every exporter of this build.
pub fn table() -> Vec<Factory<Exporter, ()>> {
    vec![
        debug::factory(),
        nop::factory(),
        otlp_grpc::factory(),
        otlp_http::factory(),
    ]
}

// === impl Exporter ===

impl fmt::Debug for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exporter")
            .field("queue", &self.queue)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

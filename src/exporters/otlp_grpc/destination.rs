//! One batch, one call.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Config, failure};
use crate::exporters::otlp_answer;
use crate::net::grpc::client::Client;
use crate::pipeline::destination::{Destination, Failure, Outgoing, Sent};

/// The method of OTLP's trace service.
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// An OTLP server behind gRPC.
#[derive(Debug)]
pub struct OtlpGrpc {
    client: Client,
    timeout: Option<Duration>,
}

// === impl OtlpGrpc ===

impl OtlpGrpc {
    /// For the exporter `id`. Connects nowhere before the first batch. The error says what is wrong with the settings.
    pub fn new(config: &Config, id: &str) -> Result<Self, String> {
        Ok(Self {
            client: Client::new(config.plan(id)?, config.options()?),
            timeout: config.attempt_timeout(),
        })
    }

    async fn export(&self, batch: Outgoing) -> Result<Sent, Failure> {
        otlp_answer::check_size(&batch)?;
        let answer = self.client.unary(EXPORT, batch.into_bytes(), self.timeout).await;
        answer.map(otlp_answer::sent).map_err(failure::of)
    }
}

impl Destination for OtlpGrpc {
    fn send(&self, batch: Outgoing) -> BoxFuture<'_, Result<Sent, Failure>> {
        self.export(batch).boxed()
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout
    }
}

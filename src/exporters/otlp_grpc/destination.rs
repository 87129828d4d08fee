//! One batch, one call.

use std::time::Duration;

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::HeaderMap;
use tonic::Code;

use super::{Config, failure};
use crate::exporters::authorized::{Authorized, Sends, Unsent};
use crate::exporters::otlp_answer;
use crate::net::auth;
use crate::net::grpc::client::{CallError, Client};
use crate::pipeline::destination::{Destination, Failure, Outgoing, Sent};

/// The method of OTLP's trace service.
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// An OTLP server behind gRPC.
#[derive(Debug)]
pub struct OtlpGrpc {
    client: Client,
    authorized: Authorized,
    timeout: Option<Duration>,
}

// === impl OtlpGrpc ===

impl OtlpGrpc {
    /// For the exporter `id`. Connects nowhere before the first batch. The error says what is wrong with the settings.
    pub fn new(config: &Config, id: &str) -> Result<Self, String> {
        Ok(Self {
            client: Client::new(config.plan(id)?, config.options()?),
            authorized: Authorized::default(),
            timeout: config.attempt_timeout(),
        })
    }

    /// Puts the credentials on requests that `client` gives.
    pub fn with_credentials(self, client: Option<Arc<dyn auth::Client>>) -> Self {
        Self {
            authorized: Authorized::new(client, self.timeout),
            ..self
        }
    }

    async fn export(&self, headers: &HeaderMap, batch: Outgoing) -> Result<Sent, Unsent> {
        otlp_answer::check_size(&batch)?;
        let (bytes, timeout) = (batch.into_bytes(), self.timeout);
        let answer = self.client.unary_with(EXPORT, headers, bytes, timeout).await;
        answer.map(otlp_answer::sent).map_err(|error| Unsent {
            unauthenticated: matches!(&error, CallError::Refused(verdict) if verdict.code == Code::Unauthenticated),
            failure: failure::of(error),
        })
    }
}

impl Sends for OtlpGrpc {
    fn send<'a>(&'a self, headers: &'a HeaderMap, batch: Outgoing) -> BoxFuture<'a, Result<Sent, Unsent>> {
        self.export(headers, batch).boxed()
    }
}

impl Destination for OtlpGrpc {
    fn send(&self, batch: Outgoing) -> BoxFuture<'_, Result<Sent, Failure>> {
        self.authorized.send(self, self.client.headers(), batch).boxed()
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout
    }
}

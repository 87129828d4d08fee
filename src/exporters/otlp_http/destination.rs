//! One batch, one request.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, StatusCode, Uri};

use super::{Config, Encoding, outcome};
use crate::exporters::authorized::{Authorized, Sends, Unsent};
use crate::exporters::otlp_answer;
use crate::net::auth;
use crate::net::compress::Compressor;
use crate::net::http_client::{Client, NoAnswer};
use crate::net::parts::Parts;
use crate::pipeline::destination::{Destination, Failure, Outgoing, Sent};

/// An OTLP server behind HTTP.
#[derive(Debug)]
pub struct OtlpHttp {
    client: Client,
    uri: Uri,
    headers: HeaderMap,
    authorized: Authorized,
    encoding: Encoding,
    compressor: Compressor,
    timeout: Option<Duration>,
}

// === impl OtlpHttp ===

impl OtlpHttp {
    /// For the exporter `id`. Connects nowhere before the first batch. The error says what is wrong with the settings.
    pub fn new(config: &Config, id: &str) -> Result<Self, String> {
        let url = config.url()?;
        Ok(Self {
            headers: config.header_map(&url)?,
            authorized: Authorized::default(),
            client: Client::new(config.connections(&url, id)?),
            uri: Uri::from(url.path),
            encoding: config.encoding,
            compressor: config.compressor()?,
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
        let unsendable = |error: io::Error| Failure::Data(format!("cannot compress the batch: {error}"));
        let body = self.encode(batch.into_bytes()).await?;
        let body = self.compressor.compress(body).await.map_err(unsendable)?;
        let body = Parts::new(&[], &body);
        match self.client.post(&self.uri, headers, body, self.timeout).await {
            Ok(answer) => outcome::of(&answer).map_err(|failure| Unsent {
                failure,
                unauthenticated: answer.status == StatusCode::UNAUTHORIZED,
            }),
            Err(NoAnswer(message)) => Err(Unsent::from(Failure::NotNow {
                message,
                retry_after: None,
            })),
        }
    }

    async fn encode(&self, parts: Vec<Bytes>) -> Result<Vec<Bytes>, Failure> {
        let encoding = self.encoding;
        let encoded = match encoding {
            Encoding::Proto => encoding.encode(parts),
            // Off the threads that serve connections: a large batch takes many milliseconds.
            Encoding::Json => tokio::task::spawn_blocking(move || encoding.encode(parts))
                .await
                .map_err(|error| Failure::Data(format!("cannot write the batch as JSON: {error}")))?,
        };
        encoded.map_err(|malformed| Failure::Data(format!("cannot write the batch as JSON: {malformed}")))
    }
}

impl Sends for OtlpHttp {
    fn send<'a>(&'a self, headers: &'a HeaderMap, batch: Outgoing) -> BoxFuture<'a, Result<Sent, Unsent>> {
        self.export(headers, batch).boxed()
    }
}

impl Destination for OtlpHttp {
    fn send(&self, batch: Outgoing) -> BoxFuture<'_, Result<Sent, Failure>> {
        self.authorized.send(self, &self.headers, batch).boxed()
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout
    }
}

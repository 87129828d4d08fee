//! One batch, one request.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Uri};

use super::{Config, Encoding, outcome};
use crate::exporters::otlp_answer;
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
            client: Client::new(config.connections(&url, id)?),
            uri: Uri::from(url.path),
            encoding: config.encoding,
            compressor: config.compressor()?,
            timeout: config.attempt_timeout(),
        })
    }

    async fn export(&self, batch: Outgoing) -> Result<Sent, Failure> {
        otlp_answer::check_size(&batch)?;
        let unsendable = |error: io::Error| Failure::Data(format!("cannot compress the batch: {error}"));
        let body = self.encode(batch.into_bytes()).await?;
        let body = self.compressor.compress(body).await.map_err(unsendable)?;
        let body = Parts::new(&[], &body);
        match self
            .client
            .post(&self.uri, &self.headers, body, self.timeout)
            .await
        {
            Ok(answer) => outcome::of(&answer),
            Err(NoAnswer(message)) => Err(Failure::NotNow {
                message,
                retry_after: None,
            }),
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

impl Destination for OtlpHttp {
    fn send(&self, batch: Outgoing) -> BoxFuture<'_, Result<Sent, Failure>> {
        self.export(batch).boxed()
    }

    fn timeout(&self) -> Option<Duration> {
        self.timeout
    }
}

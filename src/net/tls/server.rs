//! The server's side: a socket becomes a stream once its client has agreed, and has shown a certificate where one is asked for.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::time::timeout;

use super::fresh::Fresh;
use super::pem::Material;
use super::verify::Clients;
use super::{Protocols, ServerTls, alpn};
use crate::net::stream::{Socket, Stream};
use crate::telemetry::tls::TlsEvents;

/// How long a client may take over its part.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes TLS of sockets; clones share what was read.
#[derive(Clone, Debug)]
pub struct Acceptor {
    config: Arc<Fresh<ServerConfig>>,
}

// === impl Acceptor ===

impl Acceptor {
    /// What a connection costs beside its socket, in bytes: a record in each direction, and the state of its ciphers.
    pub const COST: usize = 40 * 1024;

    /// Reads what sound settings name, for the component `owner`. An error says what cannot be used.
    pub fn new(tls: &ServerTls, protocols: Protocols, owner: &str) -> Result<Self, String> {
        let settings = tls.clone();
        let make = move |material: &Material| make(&settings, material, protocols);
        let config = Fresh::new(tls.sources(), TlsEvents::new(owner), make);
        Ok(Self {
            config: Arc::new(config.map_err(|why| format!("`tls`: {why}"))?),
        })
    }

    /// Shakes hands with a client.
    pub async fn accept(&self, socket: Socket) -> io::Result<Stream> {
        let acceptor = tokio_rustls::TlsAcceptor::from(self.config.get().await);
        let stream = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(socket)).await;
        let stream = stream.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no TLS within 10s"))??;
        Ok(Stream::Tls(Box::new(stream.into())))
    }
}

fn make(tls: &ServerTls, material: &Material, protocols: Protocols) -> Result<ServerConfig, String> {
    let spoken = tls.spoken().map_err(|(key, why)| format!("`{key}` {why}"))?;
    let builder = ServerConfig::builder_with_provider(spoken.provider.clone())
        .with_protocol_versions(&spoken.versions)
        .map_err(|error| error.to_string())?;
    let builder = match &material.authorities {
        Some(pem) => {
            let clients = Clients::new(pem.certificates()?, spoken.provider).map_err(|why| pem.wrong(why))?;
            builder.with_client_cert_verifier(Arc::new(clients))
        }
        None => builder.with_no_client_auth(),
    };
    let Some((certificate, key)) = &material.pair else {
        return Err("there is no certificate".into());
    };
    let mut config = builder
        .with_single_cert(certificate.certificates()?, key.private_key()?)
        .map_err(|error| key.wrong(error))?;
    config.alpn_protocols = alpn(protocols);
    Ok(config)
}

//! The client's side: a socket and the server's name become a stream that nobody else reads.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::time::timeout;

use super::fresh::Fresh;
use super::pem::Material;
use super::verify::{Anyone, Servers};
use super::{ClientTls, Protocols, alpn};
use crate::net::stream::{Socket, Stream};
use crate::telemetry::tls::TlsEvents;

/// How long the server may take over its part.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes TLS of sockets; clones share what was read.
#[derive(Clone, Debug)]
pub struct Connector {
    config: Arc<Fresh<ClientConfig>>,
    /// The name that the server's certificate must have, in place of the one it is called by.
    name: Option<String>,
    protocols: Protocols,
}

// === impl Connector ===

impl Connector {
    /// Reads what sound settings name, for the component `owner`. An error says what cannot be used.
    pub fn new(tls: &ClientTls, protocols: Protocols, owner: &str) -> Result<Self, String> {
        let inside = |why: String| format!("`tls`: {why}");
        let settings = tls.clone();
        let make = move |material: &Material| make(&settings, material, protocols);
        let config = Fresh::new(tls.sources(), TlsEvents::new(owner), make).map_err(inside)?;
        Ok(Self {
            config: Arc::new(config),
            name: Some(tls.server_name_override.clone()).filter(|name| !name.is_empty()),
            protocols,
        })
    }

    /// The name that was set for the server.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Shakes hands with a server that is called `host`.
    pub async fn connect(&self, host: &str, socket: Socket) -> io::Result<Stream> {
        let host = self.name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("`{host}` is no name that a certificate could have"),
            )
        })?;
        let connector = tokio_rustls::TlsConnector::from(self.config.get().await);
        let stream = timeout(HANDSHAKE_TIMEOUT, connector.connect(name, socket)).await;
        let stream = stream
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no TLS within 10s"))?
            .map_err(|error| io::Error::new(error.kind(), format!("TLS: {error}")))?;
        let agreed = stream.get_ref().1.alpn_protocol();
        match agreed {
            Some(agreed) if !self.protocols.iter().any(|known| known.as_bytes() == agreed) => {
                let agreed = String::from_utf8_lossy(agreed);
                Err(io::Error::other(format!(
                    "TLS: the server speaks `{agreed}` here"
                )))
            }
            _ => Ok(Stream::Tls(Box::new(stream.into()))),
        }
    }
}

fn make(tls: &ClientTls, material: &Material, protocols: Protocols) -> Result<ClientConfig, String> {
    let spoken = tls.spoken().map_err(|(key, why)| format!("`{key}` {why}"))?;
    let builder = ClientConfig::builder_with_provider(spoken.provider.clone())
        .with_protocol_versions(&spoken.versions)
        .map_err(|error| error.to_string())?;
    let builder = if tls.insecure_skip_verify {
        let anyone = Arc::new(Anyone(spoken.provider));
        builder.dangerous().with_custom_certificate_verifier(anyone)
    } else {
        let (named, with_system) = match &material.authorities {
            Some(pem) => (pem.certificates()?, tls.include_system_ca_certs_pool),
            None => (Vec::new(), true),
        };
        let servers =
            Servers::new(named, with_system, spoken.provider).map_err(|why| match &material.authorities {
                Some(pem) => pem.wrong(why),
                None => why,
            })?;
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(servers))
    };
    let mut config = match &material.pair {
        Some((certificate, key)) => builder
            .with_client_auth_cert(certificate.certificates()?, key.private_key()?)
            .map_err(|error| key.wrong(error))?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = alpn(protocols);
    Ok(config)
}

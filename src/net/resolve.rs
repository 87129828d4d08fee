//! Where a destination is: reading the endpoint of an exporter, looking its name up, opening the connection.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};

use super::stream::Socket;

/// How long one address may take to answer before the next is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the peer may leave what we sent without a sign of having got it.
#[cfg(target_os = "linux")]
const SILENCE: Duration = Duration::from_secs(20);

/// What an endpoint names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A host and a port of TCP.
    Host {
        /// A name or an address, the latter without brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A socket of this machine.
    Unix(PathBuf),
}

/// Where one connection can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// Over TCP.
    Tcp(SocketAddr),
    /// On this machine.
    Unix(PathBuf),
}

// === impl Target ===

impl Target {
    /// Reads a gRPC endpoint: `host:port`, `http://host:port`, `https://host:port`, `dns:///host:port`, `unix:///path`.
    pub fn parse_grpc(endpoint: &str) -> Result<Self, String> {
        if let Some(path) = endpoint.strip_prefix("unix:") {
            return unix(path).map_err(|problem| format!("`{endpoint}` {problem}"));
        }
        let (scheme, rest) = endpoint.split_once("://").unwrap_or(("", endpoint));
        if rest.is_empty() {
            return Err("is empty, but must name a host and a port, as in `backend:4317`".into());
        }
        let rest = match scheme {
            "" | "http" | "https" => rest.strip_suffix('/').unwrap_or(rest),
            "dns" | "passthrough" => rest.strip_prefix('/').ok_or_else(|| {
                format!("`{endpoint}` names a DNS server; write `{scheme}:///host:port` to use the system's")
            })?,
            other => {
                return Err(format!(
                    "`{endpoint}` has the scheme `{other}`; use `host:port`, `https://`, `dns:///` or `unix:///`"
                ));
            }
        };
        // `dns:host:port` is gRPC's short form.
        let rest = rest.strip_prefix("dns:").unwrap_or(rest);
        Self::parse(rest).map_err(|problem| format!("`{endpoint}` {problem}"))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (host, port) = text
            .rsplit_once(':')
            .ok_or("has no port; write it as in `backend:4317`")?;
        let port = port
            .parse()
            .map_err(|_| format!("has the port `{port}`, which is not a number up to 65535"))?;
        let host = match host.strip_prefix('[') {
            Some(address) => address.strip_suffix(']').ok_or("has a `[` without its `]`")?,
            None if host.contains(':') => {
                return Err("has an IPv6 address without brackets; write `[::1]:4317`".into());
            }
            None => host,
        };
        if host.is_empty() || host.contains(['/', '@', ' ']) {
            return Err(format!(
                "has the host `{host}`, which is not a name or an address"
            ));
        }
        Ok(Self::Host {
            host: host.into(),
            port,
        })
    }

    /// The addresses behind the name now, each once, in the resolver's order; never none.
    pub async fn resolve(&self) -> io::Result<Vec<Address>> {
        let (host, port) = match self {
            Self::Host { host, port } => (host.as_str(), *port),
            Self::Unix(path) => return Ok(vec![Address::Unix(path.clone())]),
        };
        let mut addresses: Vec<Address> = Vec::new();
        for address in tokio::net::lookup_host((host, port)).await?.map(Address::Tcp) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            return Err(io::Error::other(format!("{host} has no address")));
        }
        Ok(addresses)
    }

    /// Whether there is no name to look up.
    pub fn is_address(&self) -> bool {
        match self {
            Self::Host { host, .. } => host.parse::<IpAddr>().is_ok(),
            Self::Unix(_) => true,
        }
    }

    /// The host by name or address; `localhost` behind a Unix socket.
    pub fn host(&self) -> &str {
        match self {
            Self::Host { host, .. } => host,
            Self::Unix(_) => "localhost",
        }
    }

    /// The name that HTTP calls the server by, where no other is set.
    pub fn authority(&self) -> String {
        match self {
            Self::Host { .. } => self.to_string(),
            Self::Unix(_) => self.host().to_owned(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Host { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// What follows `unix:`: two slashes and a whole path, or a path.
fn unix(text: &str) -> Result<Target, String> {
    let path = match text.strip_prefix("//") {
        Some(whole) if !whole.starts_with('/') => {
            return Err("has a relative path after `unix://`; write `unix:///path` or `unix:path`".into());
        }
        Some(whole) => whole,
        None => text,
    };
    match path {
        "" | "/" => Err("names no socket; write `unix:///path`".into()),
        path => Ok(Target::Unix(path.into())),
    }
}

// === impl Address ===

impl Address {
    async fn connect(&self) -> io::Result<Socket> {
        match self {
            Self::Tcp(address) => {
                let stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                notice_silence(&stream)?;
                Ok(Socket::Tcp(stream))
            }
            Self::Unix(path) => UnixStream::connect(path).await.map(Socket::Unix),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Opens a connection to the first address that answers, ready for many small writes. The error names the
/// last address that did not.
pub async fn connect(addresses: &[Address]) -> io::Result<Socket> {
    let mut last = io::Error::other("no address to connect to");
    for address in addresses {
        match tokio::time::timeout(CONNECT_TIMEOUT, address.connect()).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => last = io::Error::new(error.kind(), format!("{address}: {error}")),
            Err(_) => {
                let message = format!("{address}: no answer within {CONNECT_TIMEOUT:?}");
                last = io::Error::new(io::ErrorKind::TimedOut, message);
            }
        }
    }
    Err(last)
}

// A peer that vanished without a word would otherwise hold its connection for a quarter of an hour.
#[cfg(target_os = "linux")]
fn notice_silence(stream: &TcpStream) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(SILENCE))
}

#[cfg(not(target_os = "linux"))]
fn notice_silence(_: &TcpStream) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every form that the Collector's users write is read.
    #[test]
    fn endpoints() {
        for (text, read) in [
            ("backend:4317", "backend:4317"),
            ("http://backend:4317", "backend:4317"),
            ("http://backend:4317/", "backend:4317"),
            ("dns:///backend.svc:4317", "backend.svc:4317"),
            ("dns:backend:4317", "backend:4317"),
            ("[::1]:4317", "[::1]:4317"),
            ("127.0.0.1:4317", "127.0.0.1:4317"),
            ("unix:///run/otlp.sock", "unix:/run/otlp.sock"),
            ("unix:/run/otlp.sock", "unix:/run/otlp.sock"),
            ("unix:otlp.sock", "unix:otlp.sock"),
        ] {
            assert_eq!(
                Target::parse_grpc(text).map(|target| target.to_string()),
                Ok(read.into())
            );
        }
    }

    /// What cannot be an endpoint is refused with its text and a reason.
    #[test]
    fn wrong_endpoints() {
        for (text, says) in [
            ("", "empty"),
            ("backend", "no port"),
            ("backend:http", "`http`"),
            ("::1:4317", "brackets"),
            ("unix://run/otlp.sock", "unix:///path"),
            ("unix:", "no socket"),
            ("dns://8.8.8.8/backend:4317", "DNS server"),
            ("ftp://backend:21", "`ftp`"),
            ("http://backend:4317/v1/traces", "not a number"),
        ] {
            let problem = Target::parse_grpc(text).unwrap_err();
            assert!(
                problem.contains(says) && problem.contains(text),
                "{text}: {problem}"
            );
        }
    }

    /// An address that refuses does not keep the next from being used.
    #[tokio::test]
    async fn the_next_address_is_tried() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let alive = listener.local_addr().unwrap();
        let dead = Address::Tcp(([127, 0, 0, 1], 1).into());
        let both = [dead.clone(), Address::Tcp(alive)];
        let socket = connect(&both).await.unwrap();
        assert!(matches!(socket, Socket::Tcp(stream) if stream.peer_addr().unwrap() == alive));
        assert!(
            connect(&[dead])
                .await
                .unwrap_err()
                .to_string()
                .contains("127.0.0.1:1")
        );
    }
}

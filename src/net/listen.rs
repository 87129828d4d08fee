//! Sockets that listen where a configuration's `endpoint` says.

#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use socket2::{Domain, Protocol, SockRef, Socket as RawSocket, Type};
use tokio::net::{TcpListener, UnixListener};

use super::handover::{self, Held, Name};
use super::stream::Socket;
use super::tls::Acceptor;
use super::unix;
use crate::config::settings::Problems;

/// Connections that the kernel may keep for us before we accept them.
const BACKLOG: i32 = 1024;

/// How long to leave accepting alone after the process ran out of something, such as file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// The kind of socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// TCP over IPv4 and IPv6.
    #[default]
    Tcp,
    /// TCP over IPv4 alone.
    Tcp4,
    /// TCP over IPv6 alone.
    Tcp6,
    /// A socket of this machine; the endpoint is its path.
    Unix,
}

/// Where to listen, as the keys of a configuration say it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// `host:port`, or the path of a Unix socket.
    pub endpoint: &'a str,
    /// The kind of socket.
    pub transport: Transport,
    /// Who may use a Unix socket, as `chmod` has it in octal digits; the process's umask decides, when empty.
    pub mode: &'a str,
}

/// One or more listening sockets behind one endpoint: `localhost` is two addresses.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<Listening>,
    tls: Option<Acceptor>,
    /// What the next configuration may take over.
    _held: Vec<Arc<Held>>,
}

#[derive(Debug)]
enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener, String),
}

// === impl Place ===

impl<'a> Place<'a> {
    /// TCP on all addresses of `endpoint`.
    pub fn tcp(endpoint: &'a str) -> Self {
        Self {
            endpoint,
            transport: Transport::Tcp,
            mode: "",
        }
    }

    /// Whether only this machine reaches it.
    pub fn is_local(&self) -> bool {
        self.transport == Transport::Unix || is_local(self.endpoint)
    }

    /// Adds what is wrong with the keys.
    pub fn validate(&self, problems: &mut Problems) {
        if self.transport != Transport::Unix {
            if let Err(error) = split(self.endpoint) {
                problems.add("endpoint", error.to_string());
            }
            if !self.mode.is_empty() {
                problems.add("socket_mode", "is for `transport: unix` alone");
            }
        } else {
            if let Err(why) = unix::check(self.endpoint) {
                problems.add("endpoint", why);
            }
            if let Err(why) = unix::mode(self.mode) {
                problems.add("socket_mode", why);
            }
        }
    }
}

// === impl Listener ===

impl Listener {
    /// Listens at a place. An empty host is every address of the machine; port 0 is any free port.
    pub async fn bind(place: Place<'_>) -> io::Result<Self> {
        let endpoint = place.endpoint;
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on {endpoint}: {error}"));
        let bound = match place.transport {
            Transport::Unix => {
                let mode = unix::mode(place.mode).map_err(io::Error::other)?;
                bind_unix(endpoint, mode).map(|bound| vec![bound])
            }
            transport => bind_all(endpoint, transport).await,
        };
        let (sockets, held) = bound.map_err(named)?.into_iter().unzip();
        Ok(Self {
            sockets,
            tls: None,
            _held: held,
        })
    }

    /// With TLS on every connection, if there is any.
    pub fn with_tls(self, tls: Option<Acceptor>) -> Self {
        Self { tls, ..self }
    }

    /// What makes TLS of its connections.
    pub fn tls(&self) -> Option<&Acceptor> {
        self.tls.as_ref()
    }

    /// The addresses of TCP listened on.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        let tcp = self.sockets.iter().filter_map(|socket| match socket {
            Listening::Tcp(socket) => Some(socket.local_addr()),
            Listening::Unix(..) => None,
        });
        tcp.collect()
    }

    /// Where it listens, for people.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let names = self.sockets.iter().map(|socket| match socket {
            Listening::Tcp(socket) => socket.local_addr().map(|address| address.to_string()),
            Listening::Unix(_, path) => Ok(path.clone()),
        });
        names.collect()
    }

    /// The next connection, ready for small writes, and where it is from. Survives every error: a connection that was aborted
    /// is passed over, and a lack of resources is waited out.
    pub async fn accept(&self) -> (Socket, Option<SocketAddr>) {
        loop {
            match poll_fn(|cx| self.poll_accept(cx)).await {
                Ok(accepted) => return accepted,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections for the moment");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn poll_accept(&self, cx: &mut std::task::Context<'_>) -> Poll<io::Result<(Socket, Option<SocketAddr>)>> {
        self.sockets
            .iter()
            .map(|socket| socket.poll_accept(cx))
            .find(Poll::is_ready)
            .unwrap_or(Poll::Pending)
    }
}

// === impl Listening ===

impl Listening {
    fn poll_accept(&self, cx: &mut std::task::Context<'_>) -> Poll<io::Result<(Socket, Option<SocketAddr>)>> {
        match self {
            Self::Tcp(socket) => socket.poll_accept(cx).map_ok(|(stream, peer)| {
                // Only fails on a connection that is already gone.
                let _ = stream.set_nodelay(true);
                (Socket::Tcp(stream), Some(peer))
            }),
            Self::Unix(socket, _) => socket
                .poll_accept(cx)
                .map_ok(|(stream, _)| (Socket::Unix(stream), None)),
        }
    }
}

type Bound = (Listening, Arc<Held>);

fn bind_unix(endpoint: &str, mode: Option<u32>) -> io::Result<Bound> {
    let path = Path::new(endpoint);
    let name = Name::Unix(path.to_path_buf());
    let held = match handover::take_over(&name) {
        Some(held) => held,
        None => {
            let (socket, presence) = unix::bind(path, mode)?;
            handover::hold(name, Held::Unix(socket, presence))
        }
    };
    Ok((listening(&held, endpoint)?, held))
}

/// A handle of its own on a socket that is held.
fn listening(held: &Held, endpoint: &str) -> io::Result<Listening> {
    match held {
        Held::Tcp(socket) => TcpListener::from_std(socket.try_clone()?).map(Listening::Tcp),
        Held::Unix(socket, _) => {
            let socket = UnixListener::from_std(socket.try_clone()?)?;
            Ok(Listening::Unix(socket, endpoint.to_owned()))
        }
    }
}

async fn bind_all(endpoint: &str, transport: Transport) -> io::Result<Vec<Bound>> {
    let mut port = None;
    let mut sockets: Vec<Bound> = Vec::new();
    let mut missing = None;
    for mut address in resolve(endpoint, transport).await? {
        if let Some(port) = port {
            address.set_port(port);
        }
        match bind(address, transport) {
            Ok(held) => {
                if let Held::Tcp(socket) = &*held {
                    port = Some(socket.local_addr()?.port());
                }
                sockets.push((listening(&held, endpoint)?, held));
            }
            // A name may have an address that this machine has not, such as ::1 without IPv6.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some(error) if sockets.is_empty() => Err(error),
        _ => Ok(sockets),
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

fn bind(address: SocketAddr, transport: Transport) -> io::Result<Arc<Held>> {
    if let Some(held) = handover::take_over(&Name::Tcp(address)) {
        return Ok(held);
    }
    let socket = RawSocket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // As in Go, `[::]` serves IPv4 as well; every other address is of one family anyway.
        let both = address.ip().is_unspecified() && transport == Transport::Tcp;
        socket.set_only_v6(!both)?;
    }
    SockRef::from(&socket).set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let socket: std::net::TcpListener = socket.into();
    let name = Name::Tcp(socket.local_addr()?);
    Ok(handover::hold(name, Held::Tcp(socket)))
}

async fn resolve(endpoint: &str, transport: Transport) -> io::Result<Vec<SocketAddr>> {
    let (host, port) = split(endpoint)?;
    let mut addresses: Vec<SocketAddr> = match host {
        "" if transport != Transport::Tcp4 && has_ipv6() => {
            vec![(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port).into()]
        }
        "" => vec![(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port).into()],
        // Not asked of a resolver: what it means is fixed (RFC 6761), and some answer with one of the two.
        "localhost" => vec![
            (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into(),
            (IpAddr::V6(Ipv6Addr::LOCALHOST), port).into(),
        ],
        _ => tokio::net::lookup_host((host, port)).await?.collect(),
    };
    addresses.retain(|address| match transport {
        Transport::Tcp => address.is_ipv4() || has_ipv6(),
        Transport::Tcp4 => address.is_ipv4(),
        Transport::Tcp6 => address.is_ipv6(),
        Transport::Unix => false,
    });
    addresses.dedup();
    if addresses.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::AddrNotAvailable,
            "the host has no address of the wanted family",
        ));
    }
    Ok(addresses)
}

fn has_ipv6() -> bool {
    RawSocket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP)).is_ok()
}

/// Whether only this machine reaches an endpoint, by the endpoint's own words: no name but `localhost` is looked up.
pub fn is_local(endpoint: &str) -> bool {
    let host = split(endpoint).map_or("", |(host, _)| host);
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Host and port of `host:port`, `[v6]:port` or `:port`.
pub fn split(endpoint: &str) -> io::Result<(&str, u16)> {
    let wrong = |why: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("`{endpoint}` {why}"));
    let (host, port) = endpoint
        .rsplit_once(':')
        .ok_or_else(|| wrong("has no port; write host:port"))?;
    let port = port
        .parse()
        .map_err(|_| wrong("does not end in a port between 0 and 65535"))?;
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(host) => Ok((host, port)),
        None if host.contains(['[', ']', ':', '/']) => Err(wrong(
            "is not host:port; an IPv6 address stands in brackets, and there is no scheme",
        )),
        None => Ok((host, port)),
    }
}

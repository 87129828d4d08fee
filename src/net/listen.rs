//! Sockets that listen where a configuration's `endpoint` says.

#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::Poll;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};

/// Connections that the kernel may keep for us before we accept them.
const BACKLOG: i32 = 1024;

/// How long to leave accepting alone after the process ran out of something, such as file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Which addresses of a name to listen on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// All of them.
    #[default]
    Any,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

/// One or more listening sockets behind one endpoint: `localhost` is two addresses.
#[derive(Debug)]
pub struct Listener {
    sockets: Vec<TcpListener>,
}

// === impl Listener ===

impl Listener {
    /// Listens on `host:port`. An empty host is every address of the machine; port 0 is any free port.
    pub async fn bind(endpoint: &str, family: Family) -> io::Result<Self> {
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("cannot listen on {endpoint}: {error}"));
        let mut sockets: Vec<TcpListener> = Vec::new();
        let mut missing = None;
        for mut address in resolve(endpoint, family).await.map_err(named)? {
            if let Some(first) = sockets.first().filter(|_| address.port() == 0) {
                address.set_port(first.local_addr()?.port());
            }
            match bind(address, family) {
                Ok(socket) => sockets.push(socket),
                // A name may have an address that this machine has not, such as ::1 without IPv6.
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => missing = Some(error),
                Err(error) => return Err(named(error)),
            }
        }
        match missing {
            Some(error) if sockets.is_empty() => Err(named(error)),
            _ => Ok(Self { sockets }),
        }
    }

    /// The addresses listened on.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.sockets.iter().map(TcpListener::local_addr).collect()
    }

    /// The next connection, ready for small writes. Survives every error: a connection that was aborted is
    /// passed over, and a lack of resources is waited out.
    pub async fn accept(&self) -> (TcpStream, SocketAddr) {
        loop {
            match poll_fn(|cx| self.poll_accept(cx)).await {
                Ok((stream, peer)) => {
                    // Only fails on a connection that is already gone.
                    let _ = stream.set_nodelay(true);
                    return (stream, peer);
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept connections for the moment");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn poll_accept(&self, cx: &mut std::task::Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.sockets
            .iter()
            .map(|socket| socket.poll_accept(cx))
            .find(Poll::is_ready)
            .unwrap_or(Poll::Pending)
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionRefused
    )
}

fn bind(address: SocketAddr, family: Family) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // As in Go, `[::]` serves IPv4 as well; every other address is of one family anyway.
        let both = address.ip().is_unspecified() && family == Family::Any;
        socket.set_only_v6(!both)?;
    }
    SockRef::from(&socket).set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

async fn resolve(endpoint: &str, family: Family) -> io::Result<Vec<SocketAddr>> {
    let (host, port) = split(endpoint)?;
    let mut addresses: Vec<SocketAddr> = match host {
        "" if family != Family::V4 && has_ipv6() => vec![(IpAddr::V6(Ipv6Addr::UNSPECIFIED), port).into()],
        "" => vec![(IpAddr::V4(Ipv4Addr::UNSPECIFIED), port).into()],
        // Not asked of a resolver: what it means is fixed (RFC 6761), and some answer with one of the two.
        "localhost" => vec![
            (IpAddr::V4(Ipv4Addr::LOCALHOST), port).into(),
            (IpAddr::V6(Ipv6Addr::LOCALHOST), port).into(),
        ],
        _ => tokio::net::lookup_host((host, port)).await?.collect(),
    };
    addresses.retain(|address| match family {
        Family::Any => address.is_ipv4() || has_ipv6(),
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
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
    Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP)).is_ok()
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

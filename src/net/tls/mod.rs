//! TLS of connections: the Collector's `tls` keys, and what they make of a socket.
//!
//! Promises: nothing below TLS 1.2 is spoken; files are read again when they change, and where what they then hold cannot be
//! used, what was read before goes on working and is told so; no error shows a key.

mod client;
mod fresh;
mod keys;
mod pem;
mod server;
mod spoken;
#[cfg(test)]
mod tests;
mod verify;

pub use client::Connector;
pub use keys::{ClientTls, ServerTls};
pub use server::Acceptor;

/// What a side speaks on top of TLS, in its order of preference (ALPN).
pub type Protocols = &'static [&'static str];

/// HTTP/2 alone, as gRPC wants it.
pub const HTTP2: Protocols = &["h2"];

/// HTTP/1.1 alone.
pub const HTTP1: Protocols = &["http/1.1"];

/// Either HTTP.
pub const HTTP: Protocols = &["h2", "http/1.1"];

fn alpn(protocols: Protocols) -> Vec<Vec<u8>> {
    protocols.iter().map(|name| name.as_bytes().to_vec()).collect()
}

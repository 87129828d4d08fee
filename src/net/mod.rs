//! Listeners, TLS, HTTP/2 settings, compression, gRPC framing and clients.

pub mod auth;
pub mod buffer;
pub mod causes;
pub mod compress;
pub mod decompress;
pub mod grpc;
pub mod gzip;
pub mod handover;
pub mod headers;
pub mod http_client;
pub mod inflate;
pub mod io;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod linger;
pub mod listen;
pub mod pages;
pub mod parts;
pub mod resolve;
pub mod serve;
pub mod stream;
pub mod tls;
pub mod together;
pub mod unix;

//! Listeners, HTTP/2 settings, compression, gRPC framing and clients.

pub mod compress;
pub mod grpc;
pub mod headers;
pub mod parts;
pub mod resolve;
pub mod tls;

//! Listeners, HTTP/2 settings, compression, gRPC framing and clients.

pub mod causes;
pub mod compress;
pub mod grpc;
pub mod gzip;
pub mod headers;
pub mod http_client;
pub mod parts;
pub mod resolve;
pub mod tls;

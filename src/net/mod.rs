//! Listeners, HTTP/2 settings, compression, gRPC framing and clients.

pub mod pages;
pub mod buffer;
pub mod decompress;
pub mod grpc;
pub mod io;
pub mod listen;
pub mod serve;

//! Listeners, HTTP/2 settings, compression, gRPC framing and clients.

pub mod pages;

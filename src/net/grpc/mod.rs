//! gRPC by hand on hyper's HTTP/2: messages stay bytes, and the codec of their compression is ours to choose.

pub mod client;
pub mod server;

//! gRPC's framing on bodies of HTTP/2, without a codec between the wire and the bytes.

pub mod server;

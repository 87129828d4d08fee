//! What the black-box suites of the receiver share: a gateway to talk to, and plain clients to talk with.
#![allow(dead_code, reason = "each suite uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

pub mod gateway;
pub mod grpc;
pub mod http;
pub mod otlp;

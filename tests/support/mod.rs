//! What the black-box suites share: for those of the receiver a gateway in this process and plain clients to talk
//! with; for the others gateway, load and sink as processes of the binary.
#![allow(dead_code, reason = "each suite uses its own part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

pub mod child;
pub mod control;
pub mod disk;
pub mod gateway;
pub mod grpc;
pub mod http;
pub mod load;
pub mod otlp;
#[cfg(feature = "store")]
pub mod query;
pub mod scrape;
pub mod sink;
pub mod spanway;
#[cfg(feature = "store")]
pub mod store;

/// Whether the long variants are wanted (`tests/run --long`).
pub fn long() -> bool {
    std::env::var_os("SPANWAY_TESTS_LONG").is_some()
}

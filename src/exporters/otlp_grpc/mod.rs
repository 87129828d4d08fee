//! Sends spans to an OTLP server over gRPC. Also known as `otlp`.
//!
//! Promises: one attempt a batch, within `timeout`; never more than 64 MiB a request; what the server says is
//! told on as what is to be done about it (`failure.rs`).

mod config;
mod destination;
mod failure;

#[cfg(test)]
mod tests;

pub use config::{BalancerName, Config};
pub use destination::OtlpGrpc;

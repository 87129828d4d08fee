//! Clients of Kafka: what the exporter and the receiver have in common.
//!
//! The client itself is librdkafka. Here are the Collector's keys of a connection, what they are there, and what a
//! client tells about itself.

mod context;
mod encoding;
mod settings;

#[cfg(test)]
mod tests;

pub use context::{Told, code_of};
pub use encoding::Encoding;
pub use settings::{Authentication, Connection, Metadata, MetadataRetry, PlainText, Sasl};

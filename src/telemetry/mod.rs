//! What the process tells about itself: one place an event, the ledgers, health.

pub mod auth;
pub mod board;
pub mod configuration;
pub mod connector;
pub mod exporter;
pub mod file;
pub mod health;
pub mod journal;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod ledger;
pub mod logs;
pub mod process;
pub mod processor;
pub mod query;
pub mod quiet;
pub mod receiver;
pub mod statements;
pub mod store;
pub mod tls;

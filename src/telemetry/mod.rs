//! What the process tells about itself: one place an event, the ledgers, health.
pub mod board;
pub mod exporter;
pub mod health;
pub mod ledger;
pub mod process;
pub mod quiet;
//! One place an event: its log line and its metric; the ledgers; health.
pub mod receiver;

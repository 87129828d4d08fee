//! What the process tells about itself: one place an event, the ledgers, health.

pub mod exporter;
pub mod ledger;
pub mod quiet;

//! One place an event: its log line and its metric; the ledgers; health.

pub mod receiver;

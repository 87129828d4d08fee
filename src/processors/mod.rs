//! Components between receivers and exporters.

pub mod batch;
pub mod memory_limiter;

//! From the log to a destination: batches, concurrent sends, retries, splitting, settling.

pub mod settings;

pub use settings::{BatchSizer, QueueBatchSettings, QueueSettings, QueueSizer, RetrySettings};

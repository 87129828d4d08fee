//! From the log to a destination: batches, concurrent sends, retries, splitting, settling. The same for every
//! exporter; what differs is its [`Destination`](super::destination::Destination).

mod aside;
mod attempt;
pub mod driver;
pub mod gate;
mod partly;
pub mod settings;
pub mod slots;

#[cfg(test)]
mod tests;

pub use driver::{Driver, Outlet, Way};
pub use gate::Gate;
pub use settings::{BatchSizer, QueueBatchSettings, QueueSettings, QueueSizer, RetrySettings};
pub use slots::Slots;

//! The log between a pipeline's processors and its exporters, as exporters see it.
//!
//! An exporter reads through its [`Cursor`]: it takes records in batches, sends them, and settles each. Without a
//! journal the cursor holds all that is not yet settled; with one, what its feed has read ahead.
//!
//! A record is *waiting* (in the queue, or for its next attempt), *being sent*, or *settled*; it is settled once.
//! What waits can be withdrawn by its client at any moment, which frees its bytes at once; what is being sent
//! cannot.

pub mod batching;
pub mod cursor;
mod queue;
pub mod rate;
pub mod record;

#[cfg(test)]
mod tests;

pub use batching::Batching;
pub use cursor::{Cursor, Next};
pub use record::{Record, Waiter};

//! Between receivers and exporters: admission, the log, acknowledgement, delivery, the graph.

pub mod budget;
pub mod client;
pub mod delivery;
pub mod destination;
pub mod intake;
pub mod receiver;
pub mod verdict;

//! Between receivers and exporters: admission, the log, acknowledgement, delivery, the graph.

pub mod budget;
pub mod client;
pub mod delivery;
pub mod destination;
pub mod entrance;
pub mod flow;
pub mod intake;
pub mod log;
pub mod receiver;
pub mod ticket;
pub mod verdict;

//! Between receivers and exporters: admission, the log, acknowledgement, delivery, the graph.

pub mod budget;
pub mod client;
pub mod delivery;
pub mod destination;
pub mod disk;
pub mod doorway;
pub mod entrance;
pub mod flow;
pub mod graph;
pub mod intake;
pub mod keeper;
pub mod lifecycle;
pub mod log;
pub mod parts;
pub mod processing;
pub mod processor;
pub mod receiver;
pub mod routing;
pub mod stage;
pub mod storage;
pub mod ticket;
pub mod verdict;

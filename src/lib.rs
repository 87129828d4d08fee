//! Spanway: a trace gateway. One line a room; dependencies point one way, and `tests/house.rs` holds that.

/// What a user types: run, validate, test-pipeline, components, print-config, load, sink.
pub mod cli;
/// The table of every component that this build has.
pub mod components;
/// The Collector's YAML: load, expand, merge, diagnose.
pub mod config;
/// Components that join one pipeline to another.
pub mod connectors;
/// Components that hand spans to a destination.
pub mod exporters;
/// Components beside the pipelines.
pub mod extensions;
/// The append-only log on disk: records, cursors, group commit. Knows nothing of spans.
pub mod journal;
/// Listeners, HTTP/2 settings, compression, gRPC framing and clients.
pub mod net;
/// The Collector's transformation language: parse, check, run on views.
pub mod ottl;
/// Admission, the log and its cursors, acknowledgement, delivery, the graph and its lifecycle.
pub mod pipeline;
/// Components between receivers and exporters.
pub mod processors;
/// The questions that a span store answers, and the answers.
#[cfg(feature = "store")]
pub mod query;
/// Components that take spans in.
pub mod receivers;
/// The span store: keeps what it is sent, and finds it again.
#[cfg(feature = "store")]
pub mod store;
/// One place an event: its log line and its metric; the ledgers; health.
pub mod telemetry;
/// OTLP bytes: walk, views, edits, splice and split, JSON. No I/O, no async.
pub mod wire;

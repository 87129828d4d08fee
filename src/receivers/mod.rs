//! Components that take spans in.

pub mod otlp;

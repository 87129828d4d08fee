//! The span store.

pub mod format;
pub mod segment;

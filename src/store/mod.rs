//! The span store.

pub mod format;
pub mod search;
pub mod segment;

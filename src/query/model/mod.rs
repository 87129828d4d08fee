//! What stores are asked and what they answer. Above it nobody knows files or columns; below it stores execute it.

mod span;

pub use span::FoundSpan;

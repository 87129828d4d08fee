//! Facts recorded from Go, and what holds for all texts.

mod format;
mod json;
mod numbers;
mod texts;

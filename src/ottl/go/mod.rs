//! What Go's standard library and the small libraries of the Collector make of texts, numbers and times. The meaning of OTTL
//! rests on it.
//!
//! Promises: functions of their arguments alone, but for the database of time zones; the same results as Go's, for the
//! reasons that Go has, where nothing else is said; nothing panics, whatever the text; work and memory are in proportion to
//! what goes in and out, and what comes out has a bound.

pub mod case;
mod digits;
pub mod duration;
pub mod expand;
pub mod format;
pub mod glob;
pub mod json;
pub mod number;
pub mod sort;
pub mod time;

#[cfg(test)]
mod tests;

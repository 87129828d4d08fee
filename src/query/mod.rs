//! Questions about spans and their answers.

pub mod model;

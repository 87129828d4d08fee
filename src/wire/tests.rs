//! What the wire promises, for generated requests and for hand-made ones.

mod corpus;
mod cutting;
mod editing;
mod framing;
pub(crate) mod generate;
mod json;
mod limits;
mod walking;

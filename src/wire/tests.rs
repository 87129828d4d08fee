//! What the wire promises, for generated requests and for hand-made ones.

mod cutting;
mod generate;
mod limits;
mod walking;

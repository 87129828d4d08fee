//! Statements at random, and the inputs of the fuzz target, judged by the naive twin.

mod bounded;
mod corpus;
mod grammar;
mod judged;
mod requests;

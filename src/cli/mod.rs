//! What a user types.

pub mod components;
pub mod print_config;
pub mod validate;

#[cfg(test)]
mod tests;

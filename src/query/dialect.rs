//! What a product's API is to the server that all of them share.

use axum::Router;
use axum::response::Response;

use super::model::QueryError;

/// A product's API.
pub struct Dialect {
    /// The product, `posthog`.
    pub name: &'static str,
    /// Its endpoints, with their own words for a method that they do not take.
    pub router: Router,
    /// Whether a path belongs to the product, served or not.
    pub owns: fn(&str) -> bool,
    /// Says in the product's form why there is no answer.
    pub refuse: fn(&Refusal) -> Response,
    /// Its part of the OpenAPI document, in YAML: `tags`, `paths`, and `components` whose names begin with the product's.
    pub openapi: &'static str,
}

/// Why there is no answer, before the product's own code or whatever the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is served on this path.
    NotFound(String),
    /// The body has more bytes than this.
    TooLarge(usize),
    /// The body did not come, or not as HTTP has it; says how.
    Unreadable(String),
    /// There is no room for the request now.
    Busy(String),
    /// The store has no answer.
    Query(QueryError),
    /// A defect of ours.
    Defect,
}

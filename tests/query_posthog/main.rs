//! PostHog's tracing API: every endpoint, parameter, operator and error; walks while spans arrive; hostile requests.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

mod errors;
mod facets;
mod filters;
mod listing;
mod numbers;
mod paging;
mod spans;
mod sparkline;
mod trace;

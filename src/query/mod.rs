//! Searching spans. [`model`] is the seam: whoever asks knows it alone, and whoever stores spans answers it. The other
//! modules are the query APIs of four products, each a [`Dialect`](dialect::Dialect): requests become [`model::SpanQuery`]s, and what is
//! found becomes that product's JSON.

pub mod context;
pub mod dialect;
#[cfg(test)]
pub mod fake;
pub mod mackerel;
pub mod members;
pub mod model;
pub mod openapi;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[expect(clippy::panic, reason = "an oracle of tests panics when it is wrong")]
pub mod oracle;
pub mod parameters;
pub mod phoenix;
pub mod posthog;
pub mod shown;
pub mod stores;
pub mod throttle;
pub mod traceloop;

#[cfg(test)]
mod tests;

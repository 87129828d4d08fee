//! Components between receivers and exporters.

mod actions;
pub mod attributes;
pub mod batch;
pub mod filter;
mod matching;
pub mod memory_limiter;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[expect(clippy::panic, reason = "a judge of tests panics when it disagrees")]
pub mod oracle;
pub mod probabilistic_sampler;
pub mod redaction;
pub mod resource;
pub mod resource_detection;
pub mod span;
pub mod transform;
mod values;

use crate::config::factory::Factory;
use crate::pipeline::stage::Stage;

/// Every processor of this build.
pub fn table() -> Vec<Factory<Stage, ()>> {
    vec![
        attributes::factory(),
        batch::factory(),
        filter::factory(),
        memory_limiter::factory(),
        probabilistic_sampler::factory(),
        redaction::factory(),
        resource::factory(),
        resource_detection::factory(),
        span::factory(),
        transform::factory(),
    ]
}

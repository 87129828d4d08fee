//! Components between receivers and exporters.

pub mod batch;
pub mod memory_limiter;
pub mod probabilistic_sampler;
pub mod resource_detection;

use crate::config::factory::Factory;
use crate::pipeline::stage::Stage;

/// Every processor of this build.
pub fn table() -> Vec<Factory<Stage, ()>> {
    vec![
        batch::factory(),
        memory_limiter::factory(),
        probabilistic_sampler::factory(),
        resource_detection::factory(),
    ]
}

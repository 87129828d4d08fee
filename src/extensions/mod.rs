//! Components beside the pipelines.

pub mod file_storage;
pub mod health_check;
pub mod inert;

use crate::config::factory::Factory;
use crate::pipeline::parts::Extension;
use crate::telemetry::health::Health;

/// Every extension of this build.
pub fn table() -> Vec<Factory<Box<dyn Extension>, Health>> {
    vec![
        file_storage::factory(),
        health_check::factory(),
        inert::pprof(),
        inert::zpages(),
    ]
}

//! Components beside the pipelines.

pub mod file_storage;
pub mod health_check;
pub mod inert;
pub mod keys;
#[cfg(feature = "store")]
pub mod query;

use crate::config::factory::Factory;
use crate::pipeline::parts::{Extension, Surroundings};

/// Every extension of this build.
pub fn table() -> Vec<Factory<Box<dyn Extension>, Surroundings>> {
    vec![
        file_storage::factory(),
        health_check::factory(),
        inert::pprof(),
        inert::zpages(),
        keys::factory(),
        #[cfg(feature = "store")]
        query::factory(),
    ]
}

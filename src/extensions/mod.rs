//! Components beside the pipelines.

pub mod basicauth;
pub mod bearertokenauth;
pub mod file_storage;
pub mod headers_setter;
pub mod health_check;
pub mod inert;
pub mod keys;
pub mod oauth2client;
#[cfg(feature = "store")]
pub mod query;

use crate::config::factory::Factory;
use crate::pipeline::parts::{Extension, Surroundings};

/// Every extension of this build.
pub fn table() -> Vec<Factory<Box<dyn Extension>, Surroundings>> {
    vec![
        basicauth::factory(),
        bearertokenauth::factory(),
        file_storage::factory(),
        headers_setter::factory(),
        health_check::factory(),
        inert::pprof(),
        inert::zpages(),
        keys::factory(),
        oauth2client::factory(),
        #[cfg(feature = "store")]
        query::factory(),
    ]
}

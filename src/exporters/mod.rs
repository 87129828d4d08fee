//! Components that hand spans to a destination.

pub mod debug;
pub mod file;
#[cfg(feature = "kafka")]
pub mod kafka;
pub mod nop;
pub mod otlp_grpc;
pub mod otlp_http;
#[cfg(feature = "store")]
pub mod store;

mod authorized;
mod otlp_answer;

use crate::config::factory::Factory;
use crate::pipeline::parts::{Exporter, Surroundings};

/// Every exporter of this build.
pub fn table() -> Vec<Factory<Exporter, Surroundings>> {
    vec![
        debug::factory(),
        file::factory(),
        #[cfg(feature = "kafka")]
        kafka::factory(),
        nop::factory(),
        otlp_grpc::factory(),
        otlp_http::factory(),
        #[cfg(feature = "store")]
        store::factory(),
    ]
}

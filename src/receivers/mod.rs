//! Components that take spans in.

use crate::config::factory::Factory;
use crate::pipeline::parts::Surroundings;
use crate::pipeline::receiver::Receiver;

#[cfg(feature = "kafka")]
pub mod kafka;
pub mod nop;
pub mod otlp;
pub mod otlp_json_file;

mod payload;

/// Every receiver of this build.
pub fn table() -> Vec<Factory<Box<dyn Receiver>, Surroundings>> {
    vec![
        #[cfg(feature = "kafka")]
        kafka::factory(),
        nop::factory(),
        otlp::factory(),
        otlp_json_file::factory(),
    ]
}

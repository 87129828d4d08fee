//! Components that take spans in.

use crate::config::factory::Factory;
use crate::pipeline::parts::Surroundings;
use crate::pipeline::receiver::Receiver;

pub mod nop;
pub mod otlp;

/// Every receiver of this build.
pub fn table() -> Vec<Factory<Box<dyn Receiver>, Surroundings>> {
    vec![nop::factory(), otlp::factory()]
}

//! Components that take spans in.

use crate::config::factory::Factory;
use crate::pipeline::receiver::Receiver;

pub mod nop;
pub mod otlp;

/// Every receiver of this build.
pub fn table() -> Vec<Factory<Box<dyn Receiver>, ()>> {
    vec![nop::factory(), otlp::factory()]
}

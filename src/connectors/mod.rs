//! Components that join one pipeline to another.

pub mod forward;

use crate::config::factory::Factory;
use crate::pipeline::parts::Connector;

/// Every connector of this build.
pub fn table() -> Vec<Factory<Connector, ()>> {
    vec![forward::factory()]
}

//! Components that join one pipeline to another.

pub mod forward;
pub mod routing;

use crate::config::factory::Factory;
use crate::pipeline::parts::Connector;

/// Every connector of this build.
pub fn table() -> Vec<Factory<Connector, ()>> {
    vec![forward::factory(), routing::factory()]
}

//! `forward`: hands everything that one pipeline yields to the pipelines that name it as a receiver. It has no
//! keys, and nothing waits in it: an acknowledgement comes from the exporters behind it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::settings::Settings;
use crate::pipeline::parts::Connector;

/// No keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForwardSettings {}

impl Settings for ForwardSettings {}

/// How configuration sees and builds it.
pub fn factory() -> Factory<Connector, ()> {
    let about = About {
        name: "forward",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Hands the spans of one pipeline to others.",
    };
    Factory::of::<ForwardSettings>(Kind::Connector, about, |_, _, ()| Ok(Connector::Forward))
}

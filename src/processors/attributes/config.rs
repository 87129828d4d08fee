//! Keys of the `attributes` processor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Attributes;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::processors::actions::ActionSettings;
use crate::processors::matching::{self, MatchSettings};

/// Actions on the attributes of spans.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttributesSettings {
    /// What a span must have to be worked on; all spans are where it is not written.
    pub include: Option<MatchSettings>,
    /// What a span must not have to be worked on.
    pub exclude: Option<MatchSettings>,
    /// What to do, in this order; each action sees what the one before has left.
    pub actions: Vec<ActionSettings>,
}

impl Settings for AttributesSettings {
    fn no_effect() -> Vec<KeyNote> {
        matching::no_effect()
    }

    fn unsupported() -> Vec<KeyNote> {
        matching::unsupported()
    }

    fn validate(&self, problems: &mut Problems) {
        Attributes::new(self, problems);
    }
}

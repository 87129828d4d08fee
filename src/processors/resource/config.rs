//! Keys of the `resource` processor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Resource;
use crate::config::settings::{Problems, Settings};
use crate::processors::actions::ActionSettings;

/// Actions on the attributes of resources.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResourceSettings {
    /// What to do, in this order; each action sees what the one before has left.
    pub attributes: Vec<ActionSettings>,
}

impl Settings for ResourceSettings {
    fn validate(&self, problems: &mut Problems) {
        Resource::new(self, problems);
    }
}

//! `resource`: actions on the attributes of resources.
//!
//! Promise: resources that no action touches keep their bytes, and spans always do.

mod config;

#[cfg(test)]
mod tests;

pub use config::ResourceSettings;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::settings::Problems;
use crate::pipeline::processor::{Context, Fate, Processor};
use crate::pipeline::stage::Stage;
use crate::processors::actions::Actions;
use crate::wire::ResourceEdit;

struct Resource(Actions);

/// How configuration sees and builds it.
pub fn factory() -> Factory<Stage, ()> {
    let about = About {
        name: "resource",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Inserts, changes, deletes, hashes, extracts and converts attributes of resources.",
    };
    Factory::of::<ResourceSettings>(Kind::Processor, about, |settings, _, ()| {
        Ok(Stage::sees(Resource::new(&settings, &mut Problems::default())))
    })
}

// === impl Resource ===

impl Resource {
    fn new(settings: &ResourceSettings, problems: &mut Problems) -> Self {
        Self(Actions::new(&settings.attributes, "attributes", problems))
    }
}

impl Processor for Resource {
    fn resource(&self, context: Context<'_>, resource: &mut ResourceEdit<'_>) -> Fate {
        self.0.apply(context.client, resource);
        Fate::Keep
    }
}

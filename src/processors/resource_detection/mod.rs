//! `resource_detection`: says in the resources of spans where this gateway runs.
//!
//! Promises: detection ends within its timeout, the names that it looks up included, and stands beside the requests
//! thereafter; a later one that fails leaves what is known. Detectors, keys and attributes are the Collector's; the detectors
//! `process`, `container` and `k8s_downward` are ours, with the attributes of the semantic conventions.

mod config;
mod container;
mod cpu;
mod detection;
mod env;
mod k8s_downward;
mod network;
mod os;
mod process;
mod surroundings;
mod system;

#[cfg(test)]
mod tests;

use std::sync::mpsc::Sender;

pub use config::ResourceDetectionSettings;
use detection::{Detected, Detection, Known};
use surroundings::Surroundings;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::id::ComponentId;
use crate::pipeline::processor::{Context, Fate, Processor};
use crate::pipeline::stage::Stage;
use crate::telemetry::processor::DetectionEvents;
use crate::wire::ResourceEdit;

/// How configuration sees and builds it.
pub fn factory() -> Factory<Stage, ()> {
    let about = About {
        name: "resource_detection",
        aliases: &["resourcedetection"],
        stability: Stability::Beta,
        summary: "Writes to each resource what is detected of the host, process, container or pod.",
    };
    Factory::of::<ResourceDetectionSettings>(Kind::Processor, about, |settings, id, ()| {
        stage(&settings, id, &Surroundings::of_this_process())
    })
}

/// Detects for the first time, which may take as long as the timeout.
fn stage(
    settings: &ResourceDetectionSettings,
    id: &ComponentId,
    surroundings: &Surroundings,
) -> Result<Stage, String> {
    let events = DetectionEvents::new(&id.to_string());
    let detection = Detection::new(settings, surroundings, events);
    let known = Known::first(&detection)?;
    let refreshing = settings.refresh_interval.0;
    let refresh = (!refreshing.is_zero())
        .then(|| known.refresh(detection, refreshing))
        .transpose()?;
    Ok(Stage::sees(ResourceDetection {
        known,
        is_override: settings.is_override,
        _refresh: refresh,
    }))
}

/// The processor.
struct ResourceDetection {
    known: Known,
    is_override: bool,
    /// Whoever detects again ends when this goes.
    _refresh: Option<Sender<()>>,
}

// === impl ResourceDetection ===

impl Processor for ResourceDetection {
    fn resource(&self, _: Context<'_>, resource: &mut ResourceEdit<'_>) -> Fate {
        self.known.now().apply(self.is_override, resource);
        Fate::Keep
    }
}

// === impl Detected ===

impl Detected {
    /// Writes what is detected: in the place of what is there with `is_override`, else only what is missing.
    fn apply(&self, is_override: bool, resource: &mut ResourceEdit<'_>) {
        if resource.schema_url().is_empty() && !self.schema_url.is_empty() {
            resource.set_schema_url(&self.schema_url);
        }
        for (key, value) in &self.attributes {
            match resource.pair(key).map(|pair| pair.encoded()) {
                Some(before) if !is_override || before == *value => {}
                _ => resource.upsert(key, value),
            }
        }
    }
}

//! The oldest form of the filter: spans that are included and not excluded stay, without any language.

use super::config::FilterSettings;
use crate::config::settings::Problems;
use crate::pipeline::processor::{Above, Context, Fate, Processor};
use crate::processors::matching::Matching;
use crate::telemetry::processor::{Column, Rule};
use crate::wire::{ResourceEdit, ResourceView, ScopeEdit, SpanEdit};

/// What spans must have to stay.
pub(super) struct Oldest(Matching);

// === impl Oldest ===

impl Oldest {
    /// The form, where it is written and no other is.
    pub fn new(settings: &FilterSettings) -> Option<Self> {
        let is_only = settings.trace_conditions.is_empty() && settings.spans.is_written();
        is_only.then(|| Self(settings.spans.matching(&mut Problems::default())))
    }
}

impl Processor for Oldest {
    fn rules(&self) -> Vec<Rule> {
        vec![Rule {
            name: "spans".into(),
            column: Column::Filtered,
        }]
    }

    /// What came without spans goes, as it does with its last span.
    fn resource(&self, _: Context<'_>, resource: &mut ResourceEdit<'_>) -> Fate {
        match resource.before().has_spans() {
            true => Fate::Keep,
            false => Fate::DropBy(0),
        }
    }

    fn scope(&self, _: Context<'_>, _: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Fate {
        match scope.before().has_spans() {
            true => Fate::Keep,
            false => Fate::DropBy(0),
        }
    }

    fn span(&self, _: Context<'_>, above: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        match self.0.includes(above, span) {
            true => Fate::Keep,
            false => Fate::DropBy(0),
        }
    }
}

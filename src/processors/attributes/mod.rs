//! `attributes`: actions on the attributes of spans.
//!
//! Promise: spans that are not meant, and spans that no action touches, keep their bytes. A span is chosen by what it is
//! before the first action.

mod config;

#[cfg(test)]
mod tests;

pub use config::AttributesSettings;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::settings::Problems;
use crate::pipeline::processor::{Above, Context, Fate, Processor};
use crate::pipeline::stage::Stage;
use crate::processors::actions::Actions;
use crate::processors::matching::Matching;
use crate::wire::SpanEdit;

struct Attributes {
    matching: Matching,
    actions: Actions,
}

/// How configuration sees and builds it.
pub fn factory() -> Factory<Stage, ()> {
    let about = About {
        name: "attributes",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Inserts, changes, deletes, hashes, extracts and converts attributes of spans.",
    };
    Factory::of::<AttributesSettings>(Kind::Processor, about, |settings, _, ()| {
        Ok(Stage::sees(Attributes::new(&settings, &mut Problems::default())))
    })
}

// === impl Attributes ===

impl Attributes {
    fn new(settings: &AttributesSettings, problems: &mut Problems) -> Self {
        let (include, exclude) = (settings.include.as_ref(), settings.exclude.as_ref());
        Self {
            matching: Matching::new(include, exclude, problems),
            actions: Actions::new(&settings.actions, "actions", problems),
        }
    }
}

impl Processor for Attributes {
    fn span(&self, context: Context<'_>, above: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        if self.matching.includes(above, span) {
            self.actions.apply(context.client, span);
        }
        Fate::Keep
    }
}

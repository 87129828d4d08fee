//! `span`: names out of attributes, attributes out of names, and the status.
//!
//! Promise: spans that are not meant, and spans that nothing applies to, keep their bytes.

mod config;
mod rename;

#[cfg(test)]
mod tests;

pub use config::{NameSettings, SpanSettings, StatusSettings, ToAttributesSettings};

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::settings::Problems;
use crate::pipeline::processor::{Above, Context, Fate, Processor};
use crate::pipeline::stage::Stage;
use crate::processors::matching::Matching;
use crate::wire::SpanEdit;

use rename::{FromAttributes, ToAttributes};

struct Span {
    matching: Matching,
    from_attributes: Option<FromAttributes>,
    to_attributes: Option<ToAttributes>,
    /// `STATUS_CODE_*` as a number, and the message.
    status: Option<(i32, String)>,
}

/// How configuration sees and builds it.
pub fn factory() -> Factory<Stage, ()> {
    let about = About {
        name: "span",
        aliases: &[],
        stability: Stability::Alpha,
        summary: "Makes span names from attributes and attributes from span names, and sets the status.",
    };
    Factory::of::<SpanSettings>(Kind::Processor, about, |settings, _, ()| {
        Ok(Stage::sees(Span::new(&settings, &mut Problems::default())))
    })
}

// === impl Span ===

impl Span {
    fn new(settings: &SpanSettings, problems: &mut Problems) -> Self {
        let name = &settings.name;
        let (include, exclude) = (settings.include.as_ref(), settings.exclude.as_ref());
        let to_attributes = name.to_attributes.as_ref().filter(|to| !to.rules.is_empty());
        if name.from_attributes.is_empty() && to_attributes.is_none() && settings.status.is_none() {
            problems.add(
                "name",
                "must have from_attributes or to_attributes.rules, or status must be set",
            );
        }
        Self {
            matching: Matching::new(include, exclude, problems),
            from_attributes: (!name.from_attributes.is_empty()).then(|| FromAttributes {
                keys: name.from_attributes.clone(),
                separator: name.separator.clone(),
            }),
            to_attributes: to_attributes.map(|to| ToAttributes {
                rules: to.rules.clone(),
                break_after_match: to.break_after_match,
                keep_original_name: to.keep_original_name,
            }),
            status: settings.status.as_ref().and_then(|status| status.meant(problems)),
        }
    }
}

impl Processor for Span {
    fn span(&self, _: Context<'_>, above: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        if self.matching.includes(above, span) {
            if let Some(from) = &self.from_attributes {
                from.apply(span);
            }
            if let Some(to) = &self.to_attributes {
                to.apply(span);
            }
            if let Some((code, message)) = &self.status {
                let is_so = span.status().code == *code && span.status().message == message;
                if !is_so {
                    span.set_status(*code, message);
                }
            }
        }
        Fate::Keep
    }
}

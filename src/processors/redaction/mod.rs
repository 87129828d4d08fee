//! `redaction`: takes away attributes that may not pass, and masks what may not be seen of the others.
//!
//! Promises: what leaves is what the Collector's processor of this name would leave; what it has nothing to take from
//! stays the same bytes. The work grows with the length of the attributes and not faster, whatever they hold, and
//! masking makes none of them longer than a fixed bound allows.

mod attributes;
mod config;
mod database;
mod masking;
mod names;
mod summary;
mod url;

#[cfg(test)]
mod tests;

pub use config::RedactionSettings;

use crate::config::factory::{About, Factory, Kind, Stability};
use crate::config::pattern::Patterns;
use crate::pipeline::processor::{Above, Context, Fate, Processor};
use crate::pipeline::stage::Stage;
use crate::wire::{Decision, ResourceEdit, ResourceView, ScopeEdit, SpanEdit};
use std::collections::HashSet;

use config::Summary;
use database::Databases;
use masking::Mask;
use url::Urls;

/// The processor.
struct Redaction {
    /// Keys that stay; every key stays where there is no list.
    allowed_keys: Option<HashSet<String>>,
    ignored_keys: HashSet<String>,
    ignored_key_patterns: Patterns,
    blocked_key_patterns: Patterns,
    allowed_values: Patterns,
    blocked_values: Patterns,
    redact_all_types: bool,
    /// Whether any value is asked for; else keys decide alone.
    looks_at_values: bool,
    mask: Mask,
    urls: Option<Urls>,
    databases: Databases,
    summary: Summary,
}

/// How configuration sees and builds it.
pub fn factory() -> Factory<Stage, ()> {
    let about = About {
        name: "redaction",
        aliases: &[],
        stability: Stability::Beta,
        summary: "Removes attributes that are not allowed and masks blocked values, on resources, scopes, spans and events.",
    };
    Factory::of::<RedactionSettings>(Kind::Processor, about, |settings, _, ()| {
        Ok(Stage::sees(Redaction::new(settings)))
    })
}

// === impl Redaction ===

impl Redaction {
    fn new(settings: RedactionSettings) -> Self {
        let allowed = settings.allowed_keys.into_iter();
        let always = summary::ALWAYS_ALLOWED.iter().map(|key| (*key).to_owned());
        let patterns = [
            &settings.allowed_values,
            &settings.blocked_key_patterns,
            &settings.blocked_values,
        ];
        let is_matched = patterns.iter().any(|patterns| !patterns.is_empty());
        let urls = Urls::new(settings.url_sanitizer);
        let databases = Databases::new(settings.db_sanitizer);
        Self {
            allowed_keys: (!settings.allow_all_keys).then(|| allowed.chain(always).collect()),
            ignored_keys: settings.ignored_keys.into_iter().collect(),
            ignored_key_patterns: Patterns::new(settings.ignored_key_patterns),
            blocked_key_patterns: Patterns::new(settings.blocked_key_patterns),
            allowed_values: Patterns::new(settings.allowed_values),
            blocked_values: Patterns::new(settings.blocked_values),
            redact_all_types: settings.redact_all_types,
            looks_at_values: is_matched || urls.is_some() || databases.in_attributes(),
            mask: Mask::new(settings.hash_function, settings.hmac_key.0.as_bytes()),
            urls,
            databases,
            summary: Summary::of(&settings.summary),
        }
    }
}

impl Processor for Redaction {
    fn resource(&self, _: Context<'_>, resource: &mut ResourceEdit<'_>) -> Fate {
        self.redact(resource);
        Fate::Keep
    }

    fn scope(&self, _: Context<'_>, _: ResourceView<'_>, scope: &mut ScopeEdit<'_>) -> Fate {
        self.redact(scope);
        Fate::Keep
    }

    fn span(&self, _: Context<'_>, _: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        self.redact(span);
        span.edit_events(|_, _, event| {
            self.redact(event);
            Decision::Keep
        });
        self.rename(span);
        Fate::Keep
    }
}

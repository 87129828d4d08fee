//! Which spans a processor works on: `include` and `exclude`, as `attributes` and `span` have them.
//!
//! Promise: the choice is the Collector's, also where it is odd: every entry of `libraries` must match, and a span
//! without any attribute matches no list of attributes.

mod filter;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::literal::Literal;
use crate::config::pattern::Pattern;
use crate::config::settings::{KeyNote, Problems};

use filter::Filter;

/// What a span must have; all that is configured must match.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MatchSettings {
    /// How texts are compared: `strict` is equality, `regexp` finds a regular expression anywhere in them.
    pub match_type: String,
    /// Names of services, of which one must match the resource's `service.name`.
    pub services: Vec<String>,
    /// Names of spans, of which one must match.
    pub span_names: Vec<String>,
    /// Kinds of spans, `SPAN_KIND_SERVER` and so on, of which one must match.
    pub span_kinds: Vec<String>,
    /// Attributes of the span, all of which must match.
    pub attributes: Vec<AttributeSettings>,
    /// Attributes of the resource, all of which must match.
    pub resources: Vec<AttributeSettings>,
    /// Instrumentation scopes, all of which must match.
    pub libraries: Vec<LibrarySettings>,
}

/// An attribute that must be there.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AttributeSettings {
    /// The attribute's key.
    pub key: String,
    /// Its value, of the same type with `strict`, a regular expression with `regexp`; without it any value matches.
    pub value: Option<Literal>,
}

/// An instrumentation scope.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct LibrarySettings {
    /// The scope's name.
    pub name: String,
    /// The scope's version; without it any version matches.
    pub version: Option<String>,
}

/// The spans that are meant: those that are included, less those that are excluded.
#[derive(Clone, Debug, Default)]
pub struct Matching {
    include: Option<Filter>,
    exclude: Option<Filter>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MatchType {
    Strict,
    Regexp,
}

/// A text to compare with, ready to be compared.
#[derive(Clone, Debug)]
enum Text {
    Strict(String),
    Regexp(Pattern),
}

/// Keys of `include` and `exclude` that steer the Collector's own machinery.
pub fn no_effect() -> Vec<KeyNote> {
    let note = "matches are not cached; a regular expression takes time in proportion to the text";
    ["include.regexp", "exclude.regexp"]
        .map(|key| KeyNote::new(key, note))
        .to_vec()
}

/// Keys of `include` and `exclude` that are for logs and metrics.
pub fn unsupported() -> Vec<KeyNote> {
    let keys = [
        "log_bodies",
        "log_severity_texts",
        "log_severity_number",
        "metric_names",
    ];
    let note = "spans have neither log records nor metrics; leave it out";
    ["include", "exclude"]
        .iter()
        .flat_map(|block| keys.map(|key| KeyNote::new(format!("{block}.{key}"), note)))
        .collect()
}

// === impl MatchSettings ===

impl MatchSettings {
    fn filter(&self, problems: &mut Problems) -> Filter {
        let empty = [&self.services, &self.span_names, &self.span_kinds]
            .iter()
            .all(|list| list.is_empty());
        if empty && self.attributes.is_empty() && self.resources.is_empty() && self.libraries.is_empty() {
            let one = "attributes, libraries, resources, services, span_names or span_kinds";
            problems.add("", format!("must name at least one of {one}"));
        }
        let match_type = self.match_type(problems);
        let strict_kinds = self
            .span_kinds
            .iter()
            .enumerate()
            .filter(|_| match_type == Some(MatchType::Strict));
        for (number, kind) in
            strict_kinds.filter(|(_, kind)| !filter::KINDS.iter().skip(1).any(|known| known == kind))
        {
            let known = filter::KINDS.get(1..).unwrap_or_default().join(", ");
            problems.add(
                format!("span_kinds.{number}"),
                format!("is `{kind}`, but kinds are {known}"),
            );
        }
        let texts = |list: &[String], key: &str, problems: &mut Problems| -> Option<Vec<Text>> {
            let texts = list.iter().enumerate().filter_map(|(number, text)| {
                Text::new(text, match_type, &format!("{key}.{number}"), problems)
            });
            let texts: Vec<Text> = texts.collect();
            (!list.is_empty()).then_some(texts)
        };
        Filter {
            services: texts(&self.services, "services", problems),
            span_names: texts(&self.span_names, "span_names", problems),
            span_kinds: texts(&self.span_kinds, "span_kinds", problems),
            libraries: self.libraries(match_type, problems),
            resources: attributes(&self.resources, match_type, "resources", problems),
            attributes: attributes(&self.attributes, match_type, "attributes", problems),
        }
    }

    /// The way of matching, which must be known as soon as anything needs it.
    fn match_type(&self, problems: &mut Problems) -> Option<MatchType> {
        let has_value = |list: &[AttributeSettings]| list.iter().any(|attribute| attribute.value.is_some());
        let is_needed = !self.services.is_empty()
            || !self.span_names.is_empty()
            || !self.span_kinds.is_empty()
            || !self.libraries.is_empty()
            || has_value(&self.attributes)
            || has_value(&self.resources);
        match self.match_type.as_str() {
            "strict" => Some(MatchType::Strict),
            "regexp" => Some(MatchType::Regexp),
            other => {
                if is_needed {
                    problems.add(
                        "match_type",
                        format!("is `{other}`, but must be strict or regexp"),
                    );
                }
                None
            }
        }
    }

    fn libraries(&self, match_type: Option<MatchType>, problems: &mut Problems) -> Vec<filter::Library> {
        let libraries = self.libraries.iter().enumerate().filter_map(|(number, library)| {
            let mut text = |text: &str, key: &str| {
                Text::new(text, match_type, &format!("libraries.{number}.{key}"), problems)
            };
            Some(filter::Library {
                name: text(&library.name, "name")?,
                version: match &library.version {
                    Some(version) => Some(text(version, "version")?),
                    None => None,
                },
            })
        });
        libraries.collect()
    }
}

fn attributes(
    list: &[AttributeSettings],
    match_type: Option<MatchType>,
    key: &str,
    problems: &mut Problems,
) -> Vec<filter::Attribute> {
    let mut attributes = Vec::with_capacity(list.len());
    for (number, attribute) in list.iter().enumerate() {
        let path = format!("{key}.{number}");
        if attribute.key.is_empty() {
            problems.add(format!("{path}.key"), "must be set");
        }
        let wanted = match (&attribute.value, match_type) {
            (None, _) => filter::Wanted::Any,
            (Some(_), None) => continue,
            (Some(value), Some(MatchType::Strict)) => {
                filter::Wanted::Value(crate::processors::values::value(value))
            }
            (Some(Literal::String(text)), regexp) => {
                match Text::new(text, regexp, &format!("{path}.value"), problems) {
                    Some(text) => filter::Wanted::Text(text),
                    None => continue,
                }
            }
            (Some(_), Some(MatchType::Regexp)) => {
                problems.add(
                    format!("{path}.value"),
                    "must be a text where match_type is regexp",
                );
                continue;
            }
        };
        attributes.push(filter::Attribute {
            key: attribute.key.clone(),
            wanted,
        });
    }
    attributes
}

// === impl Text ===

impl Text {
    fn new(text: &str, match_type: Option<MatchType>, key: &str, problems: &mut Problems) -> Option<Self> {
        match match_type? {
            MatchType::Strict => Some(Self::Strict(text.to_owned())),
            MatchType::Regexp => match Pattern::new(text) {
                Ok(pattern) => Some(Self::Regexp(pattern)),
                Err(error) => {
                    problems.add(key, error);
                    None
                }
            },
        }
    }

    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Strict(wanted) => wanted == text,
            Self::Regexp(pattern) => pattern.is_match(text),
        }
    }
}

// === impl Matching ===

impl Matching {
    /// What `include` and `exclude` mean; what is wrong with them goes to `problems`.
    pub fn new(
        include: Option<&MatchSettings>,
        exclude: Option<&MatchSettings>,
        problems: &mut Problems,
    ) -> Self {
        let mut filter = |settings: Option<&MatchSettings>, key: &str| {
            settings.map(|settings| {
                let mut filter = None;
                problems.below(key, |problems| filter = Some(settings.filter(problems)));
                filter.unwrap_or_default()
            })
        };
        Self {
            include: filter(include, "include"),
            exclude: filter(exclude, "exclude"),
        }
    }
}

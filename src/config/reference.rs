//! The documentation of a component's keys, from its settings type.

use serde_json::Value;

use super::diagnostic::Diagnostics;
use super::node::Node;
use super::schema::{Schema, Type};
use super::settings::Settings;

/// Sections within sections, before a type that contains itself is left alone.
const MAX_DEPTH: usize = 12;

/// What is known of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyDoc {
    /// Dotted path below the component; `*` for keys of the user's own and for list items.
    pub path: String,
    /// What it does when it is written.
    pub class: Class,
    /// What a user writes there: `duration`, `whole number`.
    pub what: String,
    /// What applies when it is not written; empty when nothing does.
    pub default: String,
    /// A sentence about it.
    pub meaning: String,
}

/// What a key of the Collector is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It does what it does there.
    Works,
    /// Accepted and noted.
    NoEffect,
    /// An error.
    Unsupported,
}

/// Every key of a settings type, those without effect and those not supported included.
pub fn keys<C: Settings>() -> Vec<KeyDoc> {
    let schema = Schema::of::<C>();
    let defaults = serde_json::to_value(C::default()).unwrap_or_default();
    let mut keys = Vec::new();
    walk(schema.root(), "", Some(&defaults), 0, &mut keys);
    let notes = [
        (Class::NoEffect, C::no_effect()),
        (Class::Unsupported, C::unsupported()),
    ];
    for (class, notes) in notes {
        keys.extend(notes.into_iter().map(|note| KeyDoc {
            path: note.path,
            class,
            what: String::new(),
            default: String::new(),
            meaning: note.note,
        }));
    }
    keys
}

fn walk(of: Type<'_>, path: &str, defaults: Option<&Value>, depth: usize, keys: &mut Vec<KeyDoc>) {
    if depth > MAX_DEPTH {
        return;
    }
    for (key, inner) in of.keys() {
        let path = join(path, key);
        // The value that `Default` gives; in a section that is off by default, what its type says.
        let default = defaults
            .and_then(|defaults| defaults.get(key))
            .or(inner.default());
        let section = inner.is_section();
        keys.push(KeyDoc {
            path: path.clone(),
            class: Class::Works,
            what: inner.what(),
            default: match section {
                true => String::new(),
                false => default.map(shown).unwrap_or_default(),
            },
            meaning: inner.sentence(),
        });
        let inside = default.filter(|default| !default.is_null());
        walk(inner, &path, inside, depth + 1, keys);
        for each in inner.values().into_iter().chain(inner.items()) {
            walk(each, &join(&path, "*"), None, depth + 1, keys);
        }
    }
}

/// A dotted path and a key below it.
pub(super) fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Notes every default that differs from the Collector's and applies, because its key is not written and the
/// section that it stands in is on.
pub fn note_differing<C: Settings>(
    node: &Node,
    settings: &C,
    journaled: bool,
    diagnostics: &mut Diagnostics,
) {
    let effective = serde_json::to_value(settings).unwrap_or_default();
    for key in C::differing_defaults(journaled) {
        let (parent, _) = key.path.rsplit_once('.').unwrap_or_default();
        let mut section = parent.split('.').filter(|segment| !segment.is_empty());
        let on = section.try_fold(&effective, |at, segment| at.get(segment));
        let (nearest, written) = node.find(&key.path);
        if !written && on.is_some_and(|on| !on.is_null()) {
            diagnostics.note(
                Some(nearest.key_origin()),
                format!("`{}` differs from the Collector: {}", key.path, key.note),
            );
        }
    }
}

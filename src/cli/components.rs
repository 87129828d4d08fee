//! `spanway components`: what this build has, the keys of each component, and the reference in `docs/`.

use crate::config::diagnostic::nearest;
use crate::config::factory::{Catalog, Component, Kind};
use crate::config::manual;
use crate::config::reference::{Class, KeyDoc};

/// What to show.
#[derive(Clone, Copy, Debug, Default)]
pub struct Show<'a> {
    /// Only components of that type.
    pub name: Option<&'a str>,
    /// Every key: type, default, meaning. Shown for a single component in any case.
    pub keys: bool,
    /// The whole reference as Markdown, which is `docs/configuration.md`.
    pub markdown: bool,
}

/// Lists components. `Err` when there is none of that name.
pub fn components(catalog: &Catalog, show: Show<'_>) -> Result<String, String> {
    if show.markdown {
        return Ok(manual::markdown(catalog));
    }
    let wanted = |component: &Component| show.name.is_none_or(|name| component.answers_to(name));
    let with_keys = show.keys || show.name.is_some();
    let mut out = String::new();
    for kind in Kind::ALL {
        let mut found = catalog.of(kind).filter(|component| wanted(component)).peekable();
        if found.peek().is_none() {
            continue;
        }
        out += &format!("{}:\n", kind.section());
        for component in found {
            out += &line(component);
            if with_keys {
                out += &key_lines(&component.keys());
            }
        }
    }
    match (out.is_empty(), show.name) {
        (true, Some(name)) => Err(missing(catalog, name)),
        _ => Ok(out),
    }
}

fn line(component: &Component) -> String {
    let about = &component.about;
    let aliases = match about.aliases {
        [] => String::new(),
        aliases => format!(" (or {})", aliases.join(", ")),
    };
    let name = format!("{}{aliases}", about.name);
    format!("  {name:<28} {:<7} {}\n", about.stability.as_str(), about.summary)
}

fn key_lines(keys: &[KeyDoc]) -> String {
    let width = keys.iter().map(|key| key.path.len()).max().unwrap_or(0);
    keys.iter()
        .map(|key| {
            let what = match (key.class, key.default.as_str()) {
                (Class::Works, "") => key.what.clone(),
                (Class::Works, default) => format!("{}, default {default}", key.what),
                (Class::NoEffect, _) => "no effect".into(),
                (Class::Unsupported, _) => "not supported".into(),
            };
            format!("    {:width$}  [{what}] {}\n", key.path, key.meaning)
        })
        .collect()
}

fn missing(catalog: &Catalog, name: &str) -> String {
    let names = catalog.iter().flat_map(|component| {
        [component.about.name]
            .into_iter()
            .chain(component.about.aliases.iter().copied())
    });
    match nearest(name, names) {
        Some(near) => format!("this build has no component `{name}`; did you mean `{near}`?\n"),
        None => format!("this build has no component `{name}`; `spanway components` lists what it has\n"),
    }
}

//! The names for the logs of particular programs.

mod servers;
mod system;
mod web;

use std::borrow::Cow;

/// What a name stands for.
pub(super) fn definition(name: &str) -> Option<Cow<'static, str>> {
    let families = [web::DEFINITIONS, system::DEFINITIONS, servers::DEFINITIONS];
    families.into_iter().find_map(|family| find(family, name))
}

/// What a name stands for in a table.
pub(super) fn find(table: &[(&str, &'static str)], name: &str) -> Option<Cow<'static, str>> {
    let found = table.iter().find(|(known, _)| *known == name);
    found.map(|(_, pattern)| Cow::Borrowed(*pattern))
}

//! `UserAgent`: which program sent a request, and on which system, by what it says of itself.
//!
//! Promises: a name, `Other` where none is known, in time proportional to the text. The rules are our own; for what is common
//! they give what the Collector gives, which the tests hold to.

mod browser;
mod products;
mod system;
#[cfg(test)]
mod tests;
mod words;

use products::{FIRST, LAST, Product, THEN, Version};
use words::{Words, behind, version};

use crate::wire::Value;

/// Something with a version.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    name: String,
    version: Option<String>,
}

/// What a user agent tells: the keys of the semantic conventions with their values.
pub fn user_agent(text: &str) -> Vec<(String, Value)> {
    let words = &Words::new(text);
    let program = program(words).unwrap_or_else(|| Named::new("Other", None));
    let system = system::system(words);
    let mut fields = vec![
        ("user_agent.name", program.name),
        ("user_agent.original", text.to_owned()),
        ("user_agent.version", program.version.unwrap_or_default()),
        ("os.name", system.name),
    ];
    fields.extend(system.version.map(|version| ("os.version", version)));
    fields
        .into_iter()
        .map(|(key, value)| (key.to_owned(), Value::String(value)))
        .collect()
}

/// The program: robots before apps, apps before browsers, and libraries last.
fn program(words: &Words<'_>) -> Option<Named> {
    listed(words, FIRST)
        .or_else(|| robot(words))
        .or_else(|| listed(words, THEN))
        .or_else(|| browser::browser(words))
        .or_else(|| app(words))
        .or_else(|| listed(words, LAST))
        .or_else(|| runtime(words))
}

/// The first program of a list that is there.
fn listed(words: &Words<'_>, list: &[Product]) -> Option<Named> {
    let found = words.starts().flat_map(|rest| {
        let products = list.iter().enumerate();
        products.filter_map(move |(rank, product)| Some((rank, product, behind(rest, product.token)?)))
    });
    let (_, product, rest) = found.min_by_key(|(rank, ..)| *rank)?;
    Some(Named::new(
        product.name,
        match product.version {
            Version::Behind(parts) => version(rest, parts),
            Version::Of(token) => words.version(token, 3),
            Version::Known(version) => Some(version.to_owned()),
            Version::Nowhere => None,
        },
    ))
}

fn robot(words: &Words<'_>) -> Option<Named> {
    let robot = words.robot()?;
    Some(Named::new(robot.name, version(robot.rest, 3)))
}

/// An app of Apple's systems, which say their own name first.
fn app(words: &Words<'_>) -> Option<Named> {
    let network = words.after("CFNetwork")?;
    let (name, rest) = words.text().split_once('/')?;
    // The services of the system have longer names.
    match name.matches('.').count() > 1 || name.contains('(') {
        true => Some(Named::new("CFNetwork", version(network, 3))),
        false => Some(Named::new(name, version(rest, 3))),
    }
}

/// What languages say by themselves.
fn runtime(words: &Words<'_>) -> Option<Named> {
    let text = words.text();
    if let Some(rest) = words.after("Java") {
        // Until version 8 it was called 1.8.
        let rest = rest.strip_prefix("/1.").unwrap_or(rest);
        return Some(Named::new("Java", version(rest, 3)));
    }
    let rest = text
        .strip_prefix("Python/")
        .and_then(|_| words.after("aiohttp"))?;
    Some(Named::new("Python aiohttp", version(rest, 3)))
}

// === impl Named ===

impl Named {
    fn new(name: impl Into<String>, version: Option<String>) -> Self {
        Self {
            name: name.into(),
            version,
        }
    }
}

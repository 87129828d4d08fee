//! Putting a grok pattern together.

use std::collections::HashMap;

use super::{DOT, Definitions};
use crate::ottl::parsers::shown;

/// Names within names.
const MAX_DEPTH: usize = 64;

/// Bytes of what is put together.
const MAX_LEN: usize = 64 << 10;

/// A pattern without references.
#[derive(Debug, Default)]
pub(super) struct Expansion {
    /// The pattern. Dots in the names of groups are three underscores.
    pub text: String,
    /// The types that fields should have, by the names of their groups.
    pub types: HashMap<String, String>,
}

/// One `%{NAME:field:type}`.
struct Reference<'a> {
    name: &'a str,
    field: Option<&'a str>,
    kind: Option<&'a str>,
}

// === impl Expansion ===

impl Expansion {
    /// Replaces all references in `text`, and those in what they stand for.
    pub fn new(text: &str, named_captures_only: bool, definitions: &Definitions) -> Result<Self, String> {
        let mut expansion = Self::default();
        expansion.put(text, named_captures_only, definitions, 0)?;
        Ok(expansion)
    }

    fn put(
        &mut self,
        text: &str,
        named_only: bool,
        definitions: &Definitions,
        depth: usize,
    ) -> Result<(), String> {
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("%{") {
            self.push(before)?;
            let Some((reference, behind_it)) = Reference::parse(behind) else {
                self.push("%{")?;
                rest = behind;
                continue;
            };
            rest = behind_it;
            let name = reference.name;
            if depth >= MAX_DEPTH {
                return Err(format!(
                    "the grok pattern {} leads through more than {MAX_DEPTH} names",
                    shown(name)
                ));
            }
            let definition = definitions
                .get(name)
                .ok_or_else(|| format!("the grok pattern {} is not known", shown(name)))?;
            let group = reference.field.unwrap_or(name).replace('.', DOT);
            match reference.field {
                None if named_only => self.push("(")?,
                _ => self.push(&format!("(?P<{group}>"))?,
            }
            if let Some(kind) = reference.kind {
                self.types.insert(group, kind.to_owned());
            }
            self.put(&definition, named_only, definitions, depth + 1)?;
            self.push(")")?;
        }
        self.push(rest)
    }

    fn push(&mut self, text: &str) -> Result<(), String> {
        self.text.push_str(text);
        match self.text.len() {
            0..=MAX_LEN => Ok(()),
            _ => Err(format!(
                "put together, the grok pattern takes more than {MAX_LEN} bytes"
            )),
        }
    }
}

// === impl Reference ===

impl<'a> Reference<'a> {
    /// The reference behind a `%{`, and what comes behind it; nothing where there is none.
    fn parse(text: &'a str) -> Option<(Self, &'a str)> {
        let (inner, behind) = text.split_once('}')?;
        let is_word = |text: &&str| !text.is_empty() && text.bytes().all(is_letter);
        let is_field = |text: &&str| {
            !text.is_empty() && text.bytes().all(|byte| is_letter(byte) || b"+.".contains(&byte))
        };
        let mut parts = inner.split(':');
        let name = parts.next().filter(is_word)?;
        let (field, kind) = (parts.next(), parts.next());
        let is_valid = field.is_none_or(|field| is_field(&field))
            && kind.is_none_or(|kind| is_word(&kind))
            && parts.next().is_none();
        is_valid.then_some((Self { name, field, kind }, behind))
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

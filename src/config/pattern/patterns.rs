//! Several patterns that are asked together.

use regex::{Regex, RegexBuilder};

use super::{MAX_COMPILED, MAX_DEPTH, Pattern};

/// Patterns in order, and in one pass whether any of them matches.
#[derive(Clone, Debug, Default)]
pub struct Patterns {
    each: Vec<Pattern>,
    /// All of them in one, where there are several and they are not too large.
    any: Option<Regex>,
}

// === impl Patterns ===

impl Patterns {
    /// These patterns together.
    pub fn new(each: Vec<Pattern>) -> Self {
        let all: Vec<String> = each
            .iter()
            .map(|pattern| format!("(?:{})", pattern.regex.as_str()))
            .collect();
        let any = (each.len() > 1).then(|| {
            RegexBuilder::new(&all.join("|"))
                .size_limit(MAX_COMPILED)
                .nest_limit(MAX_DEPTH + 2)
                .build()
        });
        Self {
            each,
            any: any.and_then(Result::ok),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.each.is_empty()
    }

    /// Whether any of them matches anywhere in `text`.
    pub fn is_match(&self, text: &str) -> bool {
        match &self.any {
            Some(any) => any.is_match(text),
            None => self.each.iter().any(|pattern| pattern.is_match(text)),
        }
    }

    /// The patterns, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.each.iter()
    }
}

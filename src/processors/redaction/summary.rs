//! Attributes that tell what was done.

use super::config::Summary;
use crate::wire::{Amendment, Message, ValueView};

/// Summaries of a redaction before this one that pass whatever is allowed. Those of allowed attributes do not.
pub(super) const ALWAYS_ALLOWED: [&str; 5] = [
    "redaction.redacted.keys",
    "redaction.redacted.count",
    "redaction.masked.keys",
    "redaction.masked.count",
    "redaction.ignored.count",
];

/// What was found in the attributes of one message.
pub(super) struct Findings {
    pub(super) redacted: Finding,
    pub(super) masked: Finding,
    pub(super) allowed: Finding,
    pub(super) ignored: Finding,
    summary: Summary,
}

/// Attributes that one and the same thing was done with.
pub(super) struct Finding {
    count: i64,
    /// Their keys, where these are told.
    keys: Option<Vec<String>>,
}

// === impl Findings ===

impl Findings {
    pub(super) fn new(summary: Summary) -> Self {
        let with_keys = summary == Summary::KeysAndCounts;
        Self {
            redacted: Finding::new(with_keys),
            masked: Finding::new(with_keys),
            allowed: Finding::new(with_keys),
            ignored: Finding::new(false),
            summary,
        }
    }

    /// Adds the attributes that tell of it, to those of earlier redactions.
    pub(super) fn tell<'a, V: Message<'a>>(self, message: &mut Amendment<'a, V>) {
        if self.summary == Summary::Silent {
            return;
        }
        self.redacted
            .tell(message, "redaction.redacted.keys", "redaction.redacted.count");
        self.masked
            .tell(message, "redaction.masked.keys", "redaction.masked.count");
        self.allowed
            .tell(message, "redaction.allowed.keys", "redaction.allowed.count");
        self.ignored.tell(message, "", "redaction.ignored.count");
    }
}

// === impl Finding ===

impl Finding {
    fn new(with_keys: bool) -> Self {
        Self {
            count: 0,
            keys: with_keys.then(Vec::new),
        }
    }

    /// The attribute with this key is one of them.
    pub(super) fn add(&mut self, key: &str) {
        self.count += 1;
        if let Some(keys) = &mut self.keys {
            keys.push(key.to_owned());
        }
    }

    fn tell<'a, V: Message<'a>>(self, message: &mut Amendment<'a, V>, keys_key: &str, count_key: &str) {
        if self.count == 0 {
            return;
        }
        if let Some(mut keys) = self.keys {
            if let Some(ValueView::String(before)) = message.attribute(keys_key) {
                keys.extend(
                    before
                        .split(',')
                        .filter(|_| !before.is_empty())
                        .map(str::to_owned),
                );
            }
            keys.sort_unstable();
            message.upsert(keys_key, &keys.join(","));
        }
        let before = match message.attribute(count_key) {
            Some(ValueView::Int(before)) => before,
            _ => 0,
        };
        message.upsert(count_key, &self.count.wrapping_add(before));
    }
}

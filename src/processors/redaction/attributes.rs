//! What becomes of each attribute.

use std::borrow::Cow;

use super::Redaction;
use super::database::Statement;
use super::masking::Room;
use super::summary::Findings;
use crate::wire::{Amendment, AttributeView, Change, Message, ValueView};

/// What is to be done with an attribute.
enum Verdict {
    /// Nobody looks at it.
    Ignored,
    /// Its key may not pass.
    Redacted,
    /// Its value may pass.
    Allowed,
    /// It gets this value.
    Masked(String),
    /// There is nothing to mask.
    Clean,
}

// === impl Redaction ===

impl Redaction {
    /// Redacts the attributes of a resource, scope, span or event, and tells of it in their summary.
    pub(super) fn redact<'a, V: Message<'a>>(&self, message: &mut Amendment<'a, V>) {
        let statement = self.databases.of_attributes(message);
        let (mut room, mut findings) = (Room::new(), Findings::new(self.summary));
        message.change_each(|attribute| {
            let key = attribute.key();
            match self.verdict(attribute, statement, &mut room) {
                Verdict::Ignored => findings.ignored.add(key),
                Verdict::Allowed => findings.allowed.add(key),
                Verdict::Clean => {}
                Verdict::Redacted => {
                    findings.redacted.add(key);
                    return Change::Remove;
                }
                Verdict::Masked(text) => {
                    findings.masked.add(key);
                    return Change::Value(text);
                }
            }
            Change::Keep
        });
        findings.tell(message);
    }

    fn verdict(
        &self,
        attribute: AttributeView<'_>,
        statement: Option<Statement<'_>>,
        room: &mut Room,
    ) -> Verdict {
        let key = attribute.key();
        if self.ignored_keys.contains(key) || self.ignored_key_patterns.is_match(key) {
            return Verdict::Ignored;
        }
        if self
            .allowed_keys
            .as_ref()
            .is_some_and(|allowed| !allowed.contains(key))
        {
            return Verdict::Redacted;
        }
        if !self.looks_at_values {
            return Verdict::Clean;
        }
        let text = match attribute.value() {
            ValueView::String(text) => Cow::Borrowed(text),
            other if self.redact_all_types => other.text(),
            _ => Cow::Borrowed(""),
        };
        if self.allows(&text) {
            return Verdict::Allowed;
        }
        if self.blocked_key_patterns.is_match(key) {
            return Verdict::Masked(self.mask.lines(&text, room));
        }
        match self.masked(key, &text, statement, room) {
            Some(masked) if masked != text => Verdict::Masked(masked),
            _ => Verdict::Clean,
        }
    }

    /// Whether a text passes, whatever it holds.
    pub(super) fn allows(&self, text: &str) -> bool {
        self.allowed_values.is_match(text)
    }

    /// The text without what may not be seen; nothing where nobody finds anything to do.
    fn masked(
        &self,
        key: &str,
        text: &str,
        statement: Option<Statement<'_>>,
        room: &mut Room,
    ) -> Option<String> {
        let mut masked: Option<String> = None;
        if self.blocked_values.is_match(text) {
            for pattern in self.blocked_values.iter() {
                let text = masked.as_deref().unwrap_or(text);
                masked = self.mask.matches(pattern, text, room).or(masked);
            }
        }
        if let Some(urls) = self.urls.as_ref().filter(|urls| urls.lists(key)) {
            masked = Some(urls.sanitized(masked.as_deref().unwrap_or(text)));
        }
        if let Some(statement) = statement.filter(|statement| statement.lists(key)) {
            masked = Some(statement.sanitized(masked.as_deref().unwrap_or(text)));
        }
        masked
    }
}

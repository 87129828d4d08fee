//! Names of spans, which only the sanitizers change.

use super::Redaction;
use crate::wire::SpanEdit;

const INTERNAL: i32 = 1;
const SERVER: i32 = 2;
const CLIENT: i32 = 3;

/// Whoever has one of these is a span of HTTP.
const HTTP_KEYS: [&str; 9] = [
    "http.route",
    "http.request.method",
    "http.request.method_original",
    "http.response.status_code",
    "url.full",
    "http.scheme",
    "http.target",
    "http.method",
    "http.url",
];

// === impl Redaction ===

impl Redaction {
    /// Sanitizes the name of a span whose attributes were redacted.
    pub(super) fn rename(&self, span: &mut SpanEdit<'_>) {
        if !self.urls.as_ref().is_some_and(|urls| urls.in_names()) && !self.databases.in_names() {
            return;
        }
        if self.allows(span.name()) {
            return;
        }
        let name = self.without_url(span).or_else(|| self.without_statement(span));
        // These say nothing; the name itself says more.
        if let Some(name) = name.filter(|name| !matches!(name.as_str(), "" | "...")) {
            span.set_name(&name);
        }
    }

    /// The name as a URL, where it is one and not all of it would be masked.
    fn without_url(&self, span: &SpanEdit<'_>) -> Option<String> {
        let urls = self.urls.as_ref().filter(|urls| urls.in_names())?;
        if !matches!(span.kind(), CLIENT | SERVER) {
            return None;
        }
        let name = span.name();
        if !name.contains('/') && !HTTP_KEYS.iter().any(|key| span.pair(key).is_some()) {
            return None;
        }
        let sanitized = urls.sanitized(name);
        let mut segments = sanitized
            .split('/')
            .filter(|segment| !segment.is_empty())
            .peekable();
        let is_masked = segments.peek().is_some() && segments.all(|segment| segment == "*");
        (sanitized != name && !is_masked).then_some(sanitized)
    }

    /// The name as a statement of the span's database.
    fn without_statement(&self, span: &SpanEdit<'_>) -> Option<String> {
        if !self.databases.in_names() || !matches!(span.kind(), CLIENT | SERVER | INTERNAL) {
            return None;
        }
        let sanitized = self.databases.of_name(span)?.sanitized(span.name());
        (sanitized != span.name()).then_some(sanitized)
    }
}

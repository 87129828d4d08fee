//! What only resources and scopes have.

use super::super::reader::wire;
use super::super::writer::{put_bytes, put_key, put_varint, wrapped_len};
use super::{Amendment, Header, ResourceEdit, ScopeEdit};

impl<'a, V: Header<'a>> Amendment<'a, V> {
    /// The schema URL, edits included.
    pub fn schema_url(&self) -> &str {
        self.schema_url
            .as_deref()
            .unwrap_or_else(|| self.view.schema_url())
    }

    /// Sets the schema URL.
    pub fn set_schema_url(&mut self, url: &str) {
        self.schema_url = Some(url.to_owned());
        self.edits += 1;
    }

    /// What is edited as it is now, as the body of a `ResourceSpans` without scopes, or of a `ScopeSpans` without spans: a
    /// view reads it.
    pub fn envelope(&self) -> Vec<u8> {
        let (len, schema_url) = (self.len(), self.schema_url());
        let mut out = Vec::with_capacity(wrapped_len(len) + wrapped_len(schema_url.len()));
        put_key(&mut out, 1, wire::LEN);
        put_varint(&mut out, len as u64);
        self.put(&mut out);
        if !schema_url.is_empty() {
            put_bytes(&mut out, 3, schema_url.as_bytes());
        }
        out
    }

    /// The schema URL, where it was set.
    pub(in crate::wire) fn new_schema_url(&self) -> Option<&str> {
        self.schema_url.as_deref()
    }
}

// === impl ResourceEdit ===

impl ResourceEdit<'_> {
    /// Attributes that the sender dropped, edits included.
    pub fn dropped_attributes_count(&self) -> u32 {
        self.int(2) as u32
    }

    /// Says how many attributes were dropped before.
    pub fn set_dropped_attributes_count(&mut self, count: u32) {
        self.set_int(2, u64::from(count));
    }
}

// === impl ScopeEdit ===

impl ScopeEdit<'_> {
    /// The scope's name, edits included.
    pub fn name(&self) -> &str {
        self.text(1)
    }

    /// Renames the scope.
    pub fn set_name(&mut self, name: &str) {
        self.set(1, name.as_bytes());
    }

    /// The scope's version, edits included.
    pub fn version(&self) -> &str {
        self.text(2)
    }

    /// Sets the scope's version.
    pub fn set_version(&mut self, version: &str) {
        self.set(2, version.as_bytes());
    }

    /// Attributes that the sender dropped, edits included.
    pub fn dropped_attributes_count(&self) -> u32 {
        self.int(4) as u32
    }

    /// Says how many attributes were dropped before.
    pub fn set_dropped_attributes_count(&mut self, count: u32) {
        self.set_int(4, u64::from(count));
    }
}

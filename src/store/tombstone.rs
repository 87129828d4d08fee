//! Deletions: rules that hide rows from every read until a merge leaves them out.

use serde::{Deserialize, Serialize};

use crate::wire::Identity;

/// Deletes every span that was there when it was made and fits all that it names. One that names nothing deletes all.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
pub struct Tombstone {
    /// Spans with a lower number; set by the store.
    #[serde(default)]
    pub before: u64,
    /// Of this project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Of this trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<[u8; 16]>,
    /// With this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span_id: Option<[u8; 8]>,
    /// That started before, in nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_before: Option<u64>,
}

// === impl Tombstone ===

impl Tombstone {
    /// Whether it deletes this span.
    pub fn covers(&self, number: u64, project: &str, span: &Identity) -> bool {
        number < self.before
            && self.project.as_ref().is_none_or(|known| known == project)
            && self.trace_id.is_none_or(|known| known == span.trace_id)
            && self.span_id.is_none_or(|known| known == span.span_id)
            && self.started_before.is_none_or(|before| span.start < before)
    }
}

/// Whether any of them deletes this span.
pub(super) fn deleted(tombstones: &[(u64, Tombstone)], number: u64, project: &str, span: &Identity) -> bool {
    let mut known = tombstones.iter();
    known.any(|(_, tombstone)| tombstone.covers(number, project, span))
}

//! A resource or scope as each part of the processors left it.

use crate::pipeline::processor::Fate;

/// What each part of a pass left.
#[derive(Default)]
pub(super) struct Versions {
    /// What was edited, as envelopes that a view reads.
    versions: Vec<Vec<u8>>,
    /// By part: which version it left, if anything was edited until then.
    left: Vec<Option<usize>>,
    /// Which part drops it, or rejects the request for it. The part does so when a span below reaches it, since the parts
    /// before may drop spans for their own reasons.
    pub end: Option<(usize, Fate)>,
    /// Whether the processor whose turn it is after all parts have seen it edited it.
    pub is_edited: bool,
    /// How many edits were made by then.
    pub edits: u32,
}

// === impl Versions ===

impl Versions {
    pub fn clear(&mut self) {
        self.versions.clear();
        self.left.clear();
        self.end = None;
    }

    /// The next part has seen it and left a new version, or the one before.
    pub fn leave(&mut self, version: Option<Vec<u8>>) {
        self.versions.extend(version);
        self.left.push(self.versions.len().checked_sub(1));
    }

    /// The envelope that the part of this number left; none where nothing was edited until then.
    pub fn seen_by(&self, number: usize) -> Option<&[u8]> {
        let version = self.left.get(number).copied().flatten()?;
        self.versions.get(version).map(Vec::as_slice)
    }

    /// Whether it ends with the part of this number; then, how.
    pub fn end_by(&self, number: usize) -> Option<&Fate> {
        let end = self.end.as_ref().filter(|(by, _)| *by == number);
        end.map(|(_, fate)| fate)
    }
}

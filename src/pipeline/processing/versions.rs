//! A resource or scope as each part of the processors left it.

use crate::wire::Decision;

/// What each part of a pass left.
#[derive(Default)]
pub(super) struct Versions {
    /// What was edited, as envelopes that a view reads.
    versions: Vec<Vec<u8>>,
    /// By part: which version it left, if anything was edited until then.
    left: Vec<Option<usize>>,
    /// Which part drops it, by which rule of its processor.
    pub dropped: Option<(usize, usize)>,
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
        self.dropped = None;
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

    /// Whether the part of this number drops it; then, by which rule.
    pub fn dropped_by(&self, number: usize) -> Option<usize> {
        self.dropped.filter(|(by, _)| *by == number).map(|(_, rule)| rule)
    }

    /// What is dropped goes with its last span, which the processors before may drop for their own reasons; what is below it
    /// without a span, at once.
    pub fn decision(&self, spans: usize) -> Decision {
        match self.dropped {
            Some(_) if spans == 0 => Decision::Drop,
            _ => Decision::Keep,
        }
    }
}

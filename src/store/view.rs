//! What a reader sees: the head, the segments and the tombstones of one moment.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::head::{Part, PartView};
use super::segment::Segment;
use super::tombstone::{self, Tombstone};
use crate::wire::Identity;

/// The store at one moment. What happens later does not change it; while it is held, what it shows keeps its memory and
/// its files.
pub struct View {
    parts: Vec<PartView>,
    held: Held,
    next: u64,
}

/// What is neither written to nor taken apart, only replaced.
#[derive(Clone, Default)]
pub(super) struct Held {
    /// By id.
    pub segments: Arc<[Arc<Segment>]>,
    /// With their ids.
    pub tombstones: Arc<[(u64, Tombstone)]>,
}

/// What readers are given views of.
#[derive(Default)]
pub(super) struct Visible(Mutex<Now>);

/// What is there now.
#[derive(Default)]
pub(super) struct Now {
    /// Oldest first; the last takes rows.
    pub parts: Vec<Arc<Part>>,
    pub held: Held,
}

// === impl View ===

impl View {
    /// The parts of the head, oldest first.
    pub fn parts(&self) -> &[PartView] {
        &self.parts
    }

    /// The segments.
    pub fn segments(&self) -> &[Arc<Segment>] {
        &self.held.segments
    }

    /// The deletions, which are to be applied to every row.
    pub fn tombstones(&self) -> impl Iterator<Item = &Tombstone> {
        self.held.tombstones.iter().map(|(_, tombstone)| tombstone)
    }

    /// Whether a span has been deleted.
    pub fn is_deleted(&self, number: u64, project: &str, span: &Identity) -> bool {
        tombstone::deleted(&self.held.tombstones, number, project, span)
    }

    /// The insertion number that comes next: all spans with a lower one are here, and none with a higher.
    pub fn next_number(&self) -> u64 {
        self.next
    }
}

// === impl Visible ===

impl Visible {
    /// What a reader sees.
    pub fn view(&self) -> View {
        let now = self.now();
        let parts: Vec<PartView> = now.parts.iter().map(Part::view).collect();
        View {
            next: parts.last().map_or(0, PartView::next_number),
            held: now.held.clone(),
            parts: parts.into_iter().filter(|part| !part.is_empty()).collect(),
        }
    }

    pub fn held(&self) -> Held {
        self.now().held.clone()
    }

    /// Readers see nothing of a change before this is let go of.
    pub fn now(&self) -> MutexGuard<'_, Now> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Held ===

impl Held {
    /// The id behind the newest tombstone: those below it are applied to whatever is written by this.
    pub fn cleaned(&self) -> u64 {
        self.tombstones.iter().map(|(id, _)| id + 1).max().unwrap_or(0)
    }

    /// Replaces segments.
    pub fn replace(&mut self, gone: &[u64], added: Vec<Arc<Segment>>) {
        let kept = self
            .segments
            .iter()
            .filter(|segment| !gone.contains(&segment.id()));
        let mut segments: Vec<_> = kept.cloned().chain(added).collect();
        segments.sort_by_key(|segment| segment.id());
        self.segments = segments.into();
    }
}

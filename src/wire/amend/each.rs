//! Edits of all attributes at once, in time that grows with their number and not with its square.

use std::collections::BTreeSet;

use super::{Amendment, Message, Piece};
use crate::wire::values::ToValue;
use crate::wire::views::AttributeView;

/// What becomes of one attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays as it is.
    Keep,
    /// It gets this value, in its place.
    Value(T),
    /// It goes.
    Remove,
}

/// Attributes of which some are removed one after the other. Their numbers are those that they had before.
struct Places {
    /// Which attribute is in which place.
    taken: Vec<usize>,
    /// By attribute: the first that goes and has the same key, when it goes itself.
    family: Vec<Option<usize>>,
    /// Where the members of each family are.
    members: BTreeSet<(usize, usize)>,
}

impl<'a, V: Message<'a>> Amendment<'a, V> {
    /// Asks about each attribute, duplicates of a key included, and does with all of them what was answered. Which go
    /// depends on their keys alone. They go in their order, as with [`Amendment::remove`]: each time the first of the
    /// key, and the last attribute takes its place.
    pub fn change_each<T: ToValue>(&mut self, mut change: impl FnMut(AttributeView<'_>) -> Change<T>) {
        let (mut values, mut removed) = (Vec::new(), Vec::new());
        for (number, attribute) in self.attributes().enumerate() {
            match change(attribute) {
                Change::Keep => {}
                Change::Value(value) => values.push((number, value)),
                Change::Remove => removed.push(number),
            }
        }
        if values.is_empty() && removed.is_empty() {
            return;
        }
        self.open();
        let places = self.pieces.iter().enumerate();
        let attributes: Vec<usize> = places
            .filter_map(|(place, piece)| Self::is_attribute(piece).then_some(place))
            .collect();
        for (number, value) in values {
            if let Some(at) = attributes.get(number) {
                self.revalue(*at, &value);
            }
        }
        if !removed.is_empty() {
            self.remove_numbered(&attributes, &removed);
        }
    }

    /// Removes attributes by number; `attributes` tells the places of all of them.
    fn remove_numbered(&mut self, attributes: &[usize], removed: &[usize]) {
        let piece = |number: usize| attributes.get(number).and_then(|at| self.pieces.get(*at));
        let key = |number| piece(number).map(|piece| AttributeView::new(self.payload(piece)).key());
        let left = Places::new(attributes.len(), removed, key).without(removed);
        let left: Vec<Piece> = left
            .into_iter()
            .filter_map(|number| piece(number).copied())
            .collect();
        let mut left = left.into_iter();
        self.pieces.retain_mut(|piece| {
            if !Self::is_attribute(piece) {
                return true;
            }
            let next = left.next();
            next.is_some_and(|next| {
                *piece = next;
                true
            })
        });
        self.edits += 1;
    }
}

// === impl Places ===

impl Places {
    fn new<'k>(count: usize, removed: &[usize], key: impl Fn(usize) -> Option<&'k str>) -> Self {
        let mut by_key: Vec<_> = removed.iter().map(|number| (key(*number), *number)).collect();
        by_key.sort_unstable();
        let (mut family, mut members) = (vec![None; count], BTreeSet::new());
        for same in by_key.chunk_by(|(one, _), (other, _)| one == other) {
            let first = same.first().map_or(0, |(_, number)| *number);
            for (_, number) in same {
                members.insert((first, *number));
                if let Some(family) = family.get_mut(*number) {
                    *family = Some(first);
                }
            }
        }
        Self {
            taken: (0..count).collect(),
            family,
            members,
        }
    }

    fn family(&self, number: usize) -> Option<usize> {
        self.family.get(number).copied().flatten()
    }

    /// What is left in which order.
    fn without(mut self, removed: &[usize]) -> Vec<usize> {
        for number in removed {
            let Some(family) = self.family(*number) else {
                continue;
            };
            let Some((_, hole)) = self.members.range((family, 0)..).next().copied() else {
                continue;
            };
            self.members.remove(&(family, hole));
            let Some(moved) = self.taken.pop() else { continue };
            let last = self.taken.len();
            let Some(place) = self.taken.get_mut(hole) else {
                continue;
            };
            *place = moved;
            if let Some(family) = self.family(moved) {
                self.members.remove(&(family, last));
                self.members.insert((family, hole));
            }
        }
        self.taken
    }
}

//! Equal headers are kept once: most requests of a service have the same resource and scopes.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::quality::RandomState;

use super::batch::Drafts;
use super::row::Above;

/// Beyond this many different ones, which is no usual traffic, all are forgotten.
const MOST: usize = 65_536;

/// The headers that were seen lately.
#[derive(Default)]
pub struct Headers {
    projects: HashSet<Arc<str>, RandomState>,
    bytes: HashSet<Bytes, RandomState>,
    /// The one that came last: the next is often the same.
    last: Option<Arc<Above>>,
}

// === impl Headers ===

impl Headers {
    /// What stands above `drafts`, and how many bytes of memory that takes which were not counted before.
    pub fn of(&mut self, drafts: &Drafts) -> (Arc<Above>, usize) {
        let same = |last: &&Arc<Above>| {
            *last.project == *drafts.project && last.resource == drafts.resource && last.scope == drafts.scope
        };
        if let Some(last) = self.last.as_ref().filter(same) {
            return (last.clone(), 0);
        }
        if self.bytes.len() + self.projects.len() > MOST {
            *self = Self::default();
        }
        let mut added = size_of::<Above>();
        let mut count = |bytes: usize| added += bytes;
        let above = Above {
            project: known(&mut self.projects, drafts.project.as_str(), Arc::from, &mut count),
            resource: known(
                &mut self.bytes,
                &drafts.resource[..],
                Bytes::copy_from_slice,
                &mut count,
            ),
            scope: known(
                &mut self.bytes,
                &drafts.scope[..],
                Bytes::copy_from_slice,
                &mut count,
            ),
        };
        let above = Arc::new(above);
        self.last = Some(above.clone());
        (above, added)
    }
}

/// The one in `set` that is equal to `value`; added when there is none.
fn known<'a, B, T>(
    set: &mut HashSet<T, RandomState>,
    value: &'a B,
    make: impl FnOnce(&'a B) -> T,
    count: &mut impl FnMut(usize),
) -> T
where
    B: ?Sized + Eq + Hash + AsRef<[u8]>,
    T: Clone + Eq + Hash + std::borrow::Borrow<B>,
{
    if let Some(known) = set.get(value) {
        return known.clone();
    }
    let made = make(value);
    count(value.as_ref().len() + 2 * size_of::<T>());
    set.insert(made.clone());
    made
}

//! A request made ready for the head: taken apart by whoever sends it, so that the journal's thread need not.

use std::hash::{BuildHasher, Hasher};

use bytes::Bytes;
use foldhash::quality::RandomState;

use crate::wire::{Identity, Index, ResourceView, Traces, ValueView};

/// The resource attribute that names a project where the door does not.
const PROJECT: &str = "openinference.project.name";

/// The project of spans that nothing names one for.
const DEFAULT: &str = "default";

/// The spans of a request, in order.
pub struct Batch {
    /// Bytes of the buffer that the spans share.
    pub buffer: usize,
    /// Spans of one scope each.
    pub groups: Vec<Drafts>,
}

/// Spans with what stands above them.
pub struct Drafts {
    /// Their project.
    pub project: String,
    /// See [`Above`](super::Above).
    pub resource: Vec<u8>,
    /// Likewise.
    pub scope: Vec<u8>,
    /// The spans.
    pub spans: Vec<Draft>,
}

/// A span that is to become a row.
pub struct Draft {
    /// Ids and times.
    pub identity: Identity,
    /// Of project, resource, scope and span.
    pub hash: u64,
    /// The body of the span.
    pub span: Bytes,
    /// A segment has it: it is a duplicate.
    pub is_sealed: bool,
}

// === impl Batch ===

impl Batch {
    /// Takes `traces` apart. `project` is what the door says; else the resource does.
    pub fn of(project: Option<&str>, traces: &Traces, key: &RandomState) -> Self {
        let index = Index::of(traces);
        let groups = index.groups().map(|group| {
            let mut drafts = Drafts {
                project: project.map_or_else(|| named(group.resource()), str::to_owned),
                resource: Vec::new(),
                scope: Vec::new(),
                spans: Vec::new(),
            };
            group.write_resource(&mut drafts.resource);
            group.write_scope(&mut drafts.scope);
            let above = drafts.hash(key);
            drafts.spans.extend(group.spans().map(|span| Draft {
                identity: Identity::of(&span),
                hash: hash(key, above, &span),
                span,
                is_sealed: false,
            }));
            drafts
        });
        Self {
            buffer: traces.bytes().len(),
            groups: groups.filter(|drafts| !drafts.spans.is_empty()).collect(),
        }
    }
}

fn named(resource: ResourceView<'_>) -> String {
    match resource.attribute(PROJECT) {
        Some(ValueView::String(name)) if !name.is_empty() => name.to_owned(),
        _ => DEFAULT.to_owned(),
    }
}

// === impl Drafts ===

impl Drafts {
    fn hash(&self, key: &RandomState) -> u64 {
        let lengths = [self.project.len(), self.resource.len()];
        let mut hasher = key.build_hasher();
        lengths.iter().for_each(|length| hasher.write_usize(*length));
        hasher.write(self.project.as_bytes());
        hasher.write(&self.resource);
        hasher.write(&self.scope);
        hasher.finish()
    }
}

fn hash(key: &RandomState, above: u64, span: &[u8]) -> u64 {
    let mut hasher = key.build_hasher();
    hasher.write_u64(above);
    hasher.write(span);
    hasher.finish()
}

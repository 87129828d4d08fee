//! Spans of one request, sorted into those that may share messages.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;

use super::message::Way;
use super::plan::{ByTrace, Rules};
use super::topics::Topics;
use crate::wire::{ResourceView, Sorter, SpanView};

/// A trace id, as 32 hexadecimal digits.
pub type Hex = [u8; 32];

/// Spans that may share messages.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub enum Lot {
    /// All of the topic.
    Topic,
    /// Those of this partition.
    Partition(i32),
    /// Those of this trace.
    Trace([u8; 16]),
}

/// The lots that the spans of one request are sorted into.
pub struct ByLot<'a> {
    rules: &'a Rules,
    topics: &'a Topics,
    common: Way,
    /// Where it is the same for all.
    topic: Option<String>,
    /// The way of the resource at hand, how many partitions its topic has, and what a message of it may have.
    way: Arc<Way>,
    partitions: i32,
    max_bytes: usize,
    /// The lots so far, by number.
    pub groups: Vec<Group>,
    /// Where in `groups` a lot of the way at hand is.
    numbers: HashMap<Lot, usize>,
    /// The last trace, and its group: spans of a trace often come together.
    last: Option<([u8; 16], usize)>,
}

/// Spans of one request that may share messages.
pub struct Group {
    /// Where they go.
    pub way: Arc<Way>,
    /// What they have in common.
    pub lot: Lot,
    max_bytes: usize,
}

// === impl ByLot ===

impl<'a> ByLot<'a> {
    /// No span is sorted yet. `common` is all of their ways but the topic, which is `topic` where it is the same for all.
    pub fn new(rules: &'a Rules, topics: &'a Topics, common: Way, topic: Option<String>) -> Self {
        Self {
            rules,
            topics,
            common,
            topic,
            way: Arc::default(),
            partitions: 0,
            max_bytes: 0,
            groups: Vec::new(),
            numbers: HashMap::new(),
            last: None,
        }
    }

    fn lot(&self, id: [u8; 16]) -> Lot {
        match (self.rules.by_trace, self.rules.hasher) {
            (None, _) => Lot::Topic,
            (Some(ByTrace::Partition), Some(hasher)) => {
                Lot::Partition(hasher.partition(&hex(&id), self.partitions))
            }
            _ => Lot::Trace(id),
        }
    }
}

impl Sorter for ByLot<'_> {
    fn resource(&mut self, resource: ResourceView<'_>) {
        let topic = self
            .topic
            .clone()
            .unwrap_or_else(|| self.rules.topic_in(resource));
        if self.way.topic == topic {
            return;
        }
        self.partitions = self.topics.partitions(&topic).map_or(0, |(count, _)| count);
        self.way = Arc::new(Way {
            topic,
            ..self.common.clone()
        });
        self.max_bytes = self.rules.max_bytes(self.topics, &self.way, size_of::<Hex>());
        let known = self.groups.iter().enumerate();
        let known = known.filter(|(_, group)| group.way == self.way);
        self.numbers = known.map(|(number, group)| (group.lot, number)).collect();
        self.last = None;
    }

    fn group(&mut self, span: SpanView<'_>) -> usize {
        let id: [u8; 16] = span.trace_id().try_into().unwrap_or_default();
        if let Some((last, group)) = self.last
            && last == id
        {
            return group;
        }
        let lot = self.lot(id);
        let next = self.groups.len();
        let group = *self.numbers.entry(lot).or_insert(next);
        if group == next {
            self.groups.push(Group {
                way: self.way.clone(),
                lot,
                max_bytes: self.max_bytes,
            });
        }
        self.last = Some((id, group));
        group
    }

    fn max_bytes(&self, group: usize) -> usize {
        self.groups.get(group).map_or(usize::MAX, |group| group.max_bytes)
    }
}

/// The key of a message that begins with this trace.
pub fn key_of(id: &[u8; 16]) -> Bytes {
    Bytes::copy_from_slice(&hex(id))
}

fn hex(id: &[u8; 16]) -> Hex {
    let digit = |half: u8| match half {
        0..10 => b'0' + half,
        _ => b'a' + half - 10,
    };
    let mut hex = [0; 32];
    for (pair, byte) in hex.as_chunks_mut::<2>().0.iter_mut().zip(id) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    hex
}

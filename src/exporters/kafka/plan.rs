//! From a batch to messages: which spans go together, where to, and how many at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::config::{Config, Hasher, SIGNAL_HEADER};
use super::lots::{ByLot, Hex, Lot, key_of};
use super::message::{Message, Piece, Way, protobuf_bytes};
use super::topics::{self, Topics};
use crate::net::kafka::Encoding;
use crate::pipeline::client::Client;
use crate::pipeline::destination::{Failure, Left, Outgoing, Part};
use crate::wire::{ResourceView, ValueView};

/// What the keys say about where spans go.
#[derive(Debug)]
pub struct Rules {
    topic: String,
    topic_from_metadata: String,
    topic_from_attribute: String,
    key_from_metadata: String,
    headers: Vec<(String, Vec<u8>)>,
    headers_from_metadata: Vec<String>,
    /// Where trace ids decide what goes together.
    pub(super) by_trace: Option<ByTrace>,
    /// None takes one partition after the other.
    pub(super) hasher: Option<Hasher>,
    encoding: Encoding,
    next: AtomicUsize,
}

/// What the traces of a message have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByTrace {
    /// Their partition.
    Partition,
    /// They are one.
    Alone,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub struct Plan {
    /// To be sent.
    pub messages: Vec<Message>,
    /// Spans that go nowhere.
    pub left: Vec<Left>,
}

/// Messages that are being filled.
struct Filling<'a> {
    rules: &'a Rules,
    topics: &'a Topics,
    /// Why nothing can go to some topics.
    wrong: &'a HashMap<String, Failure>,
    /// The messages and their encoded bytes, each by where it goes.
    open: HashMap<(Arc<Way>, Lot), (Message, usize)>,
    plan: Plan,
}

// === impl Rules ===

impl Rules {
    /// As the keys say.
    pub fn new(config: &Config) -> Self {
        let fixed = config.record_headers.0.iter();
        let mut headers: Vec<_> = fixed
            .map(|(name, value)| (name.clone(), value.0.clone().into_bytes()))
            .collect();
        if config.signal_header {
            headers.push((SIGNAL_HEADER.into(), b"traces".to_vec()));
        }
        let hasher = config.hasher();
        Self {
            topic: config.traces.topic.clone(),
            topic_from_metadata: config.traces.topic_from_metadata_key.clone(),
            topic_from_attribute: config.topic_from_attribute.clone(),
            key_from_metadata: config.traces.message_key_from_metadata_key.clone(),
            headers,
            headers_from_metadata: config.include_metadata_keys.clone(),
            by_trace: config.partition_traces_by_id.then_some(match hasher {
                Some(_) if !config.message_per_trace => ByTrace::Partition,
                _ => ByTrace::Alone,
            }),
            hasher,
            encoding: config.traces.encoding,
            next: AtomicUsize::new(0),
        }
    }

    /// The topic that nothing else than the configuration names.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Whether spans may name topics, so that a bad one is theirs.
    pub fn names_topics(&self) -> bool {
        !self.topic_from_attribute.is_empty() || !self.topic_from_metadata.is_empty()
    }

    /// Whether the number of partitions must be known beforehand.
    pub fn counts_partitions(&self) -> bool {
        self.by_trace == Some(ByTrace::Partition) || self.hasher.is_none()
    }

    /// The topics of a batch, each once.
    pub fn topics(&self, batch: &Outgoing) -> Vec<String> {
        let mut topics = Vec::new();
        let mut add = |topic: String| {
            if topics::check(&topic).is_ok() && !topics.contains(&topic) {
                topics.push(topic);
            }
        };
        for part in &batch.parts {
            match self.topic_of(&part.client) {
                Some(topic) => add(topic),
                None => part
                    .traces
                    .resources()
                    .for_each(|resource| add(self.topic_in(resource))),
            }
        }
        topics
    }

    /// The messages of a batch. What is known of topics bounds them; `wrong` says why nothing can go to some of them.
    pub fn plan(&self, batch: &Outgoing, topics: &Topics, wrong: &HashMap<String, Failure>) -> Plan {
        let mut filling = Filling {
            rules: self,
            topics,
            wrong,
            open: HashMap::new(),
            plan: Plan::default(),
        };
        for (number, part) in batch.parts.iter().enumerate() {
            filling.add(number, part);
        }
        filling.end()
    }

    /// One partition after the other, of so many.
    fn in_turn(&self, partitions: i32) -> i32 {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let partitions = partitions.max(1).unsigned_abs() as usize;
        i32::try_from(turn % partitions).unwrap_or(0)
    }

    /// The most bytes of protobuf in a message.
    pub(super) fn max_bytes(&self, topics: &Topics, way: &Way, key: usize) -> usize {
        let encoded = topics.get(&way.topic).max_bytes.saturating_sub(way.overhead(key));
        protobuf_bytes(self.encoding, encoded).max(1)
    }

    /// The topic that all spans of this sender go to; none when their resources decide.
    fn topic_of(&self, client: &Client) -> Option<String> {
        let told = value_of(client, &self.topic_from_metadata);
        match (told, self.topic_from_attribute.is_empty()) {
            (Some(topic), _) => Some(topic.to_owned()),
            (None, true) => Some(self.topic.clone()),
            (None, false) => None,
        }
    }

    /// The topic that a resource names, or the usual one.
    pub(super) fn topic_in(&self, resource: ResourceView<'_>) -> String {
        match resource.attribute(&self.topic_from_attribute) {
            Some(ValueView::String(topic)) if !topic.is_empty() => topic.to_owned(),
            _ => self.topic.clone(),
        }
    }

    /// All but the topic.
    fn way(&self, part: &Part) -> Way {
        let mut headers = self.headers.clone();
        for name in &self.headers_from_metadata {
            let values = part.client.metadata(name).iter();
            headers.extend(values.map(|value| (name.clone(), value.clone().into_bytes())));
        }
        let key = value_of(&part.client, &self.key_from_metadata);
        Way {
            topic: String::new(),
            headers,
            key: key.map(|key| Bytes::copy_from_slice(key.as_bytes())),
        }
    }
}

// === impl Filling ===

impl Filling<'_> {
    fn add(&mut self, number: usize, part: &Part) {
        let way = self.rules.way(part);
        match (self.rules.topic_of(&part.client), self.rules.by_trace) {
            (Some(topic), None) => {
                let way = Arc::new(Way { topic, ..way });
                let max_bytes = self.rules.max_bytes(self.topics, &way, 0);
                for traces in part.traces.split(0, max_bytes) {
                    self.put(&way, Lot::Topic, Piece { part: number, traces });
                }
            }
            (topic, _) => {
                let mut sorter = ByLot::new(self.rules, self.topics, way, topic);
                for (group, traces) in part.traces.divide(&mut sorter) {
                    if let Some(group) = sorter.groups.get(group) {
                        self.put(&group.way, group.lot, Piece { part: number, traces });
                    }
                }
            }
        }
    }

    /// Adds a piece to the message of its lot, or begins the next one.
    fn put(&mut self, way: &Arc<Way>, lot: Lot, piece: Piece) {
        let illegal = topics::check(&way.topic).map_err(Failure::Data);
        if let Some(why) = illegal.err().or_else(|| self.wrong.get(&way.topic).cloned()) {
            let Piece { part, traces } = piece;
            return self.plan.left.push(Left { part, traces, why });
        }
        let key_bytes = if lot == Lot::Topic { 0 } else { size_of::<Hex>() };
        let max_bytes = self.rules.max_bytes(self.topics, way, key_bytes);
        let bytes = piece.traces.bytes().len();
        let place = (way.clone(), lot);
        if let Some((message, filled)) = self.open.get_mut(&place) {
            if *filled + bytes <= max_bytes {
                message.pieces.push(piece);
                *filled += bytes;
                return;
            }
            if let Some((full, _)) = self.open.remove(&place) {
                self.plan.messages.push(full);
            }
        }
        let message = self.begin(way, lot, piece);
        self.open.insert(place, (message, bytes));
    }

    /// A message that holds one piece so far.
    fn begin(&self, way: &Arc<Way>, lot: Lot, piece: Piece) -> Message {
        let (partition, key) = match lot {
            Lot::Topic => (None, way.key.clone()),
            Lot::Partition(partition) => {
                let first = piece.traces.first_trace_id();
                (Some(partition), first.map(|id| key_of(&id)))
            }
            Lot::Trace(id) => (None, Some(key_of(&id))),
        };
        let partition = match self.rules.hasher {
            Some(_) => partition,
            None => self
                .topics
                .partitions(&way.topic)
                .map(|(count, _)| self.rules.in_turn(count)),
        };
        Message {
            is_alone: self.topics.get(&way.topic).is_alone,
            way: way.clone(),
            partition,
            key,
            pieces: vec![piece],
            was_refused: false,
        }
    }

    fn end(mut self) -> Plan {
        let rest = self.open.into_values().map(|(message, _)| message);
        self.plan.messages.extend(rest);
        self.plan
    }
}

/// The first value of a metadata key, where there is one that is not empty.
fn value_of<'a>(client: &'a Client, key: &str) -> Option<&'a str> {
    if key.is_empty() {
        return None;
    }
    let value = client.metadata(key).first()?;
    Some(value.as_str()).filter(|value| !value.is_empty())
}

//! From a batch to messages: which spans go together, where to, and how many at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::config::{Config, Hasher, SIGNAL_HEADER};
use super::message::{Message, Piece, Way, protobuf_bytes};
use super::topics::{self, Topics};
use crate::net::kafka::Encoding;
use crate::pipeline::client::Client;
use crate::pipeline::destination::{Failure, Left, Outgoing, Part};
use crate::wire::{ResourceView, Sorter, SpanView, Traces, ValueView};

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
    by_trace: Option<ByTrace>,
    /// None takes one partition after the other.
    hasher: Option<Hasher>,
    encoding: Encoding,
    next: AtomicUsize,
}

/// What the traces of a message have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByTrace {
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

/// A trace id, as 32 hexadecimal digits.
type Hex = [u8; 32];

/// Spans that may share messages.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Lot {
    /// All of the topic.
    Topic,
    /// Those of this partition.
    Partition(i32),
    /// Those of this trace.
    Trace([u8; 16]),
}

/// Messages that are being filled, each by where it goes.
#[derive(Default)]
struct Filling {
    /// The messages and their encoded bytes.
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
        let mut filling = Filling::default();
        for (number, part) in batch.parts.iter().enumerate() {
            let way = self.way(part);
            match (self.topic_of(&part.client), self.by_trace) {
                (Some(topic), None) => {
                    let way = Arc::new(Way { topic, ..way });
                    let max_bytes = self.max_bytes(topics, &way, 0);
                    for traces in part.traces.split(0, max_bytes) {
                        self.put(&mut filling, &way, Lot::Topic, number, traces, topics, wrong);
                    }
                }
                (topic, _) => {
                    let mut sorter = ByLot::new(self, topics, way, topic);
                    let divided = part.traces.divide(&mut sorter);
                    for (group, traces) in divided {
                        if let Some((way, lot)) = sorter.groups.get(group) {
                            self.put(&mut filling, way, *lot, number, traces, topics, wrong);
                        }
                    }
                }
            }
        }
        let rest = std::mem::take(&mut filling.open);
        filling
            .plan
            .messages
            .extend(rest.into_values().map(|(message, _)| message));
        filling.plan
    }

    #[expect(clippy::too_many_arguments, reason = "one call in two places")]
    fn put(
        &self,
        filling: &mut Filling,
        way: &Arc<Way>,
        lot: Lot,
        part: usize,
        traces: Traces,
        topics: &Topics,
        wrong: &HashMap<String, Failure>,
    ) {
        let illegal = topics::check(&way.topic).map_err(Failure::Data);
        if let Some(why) = illegal.err().or_else(|| wrong.get(&way.topic).cloned()) {
            return filling.plan.left.push(Left { part, traces, why });
        }
        let key_bytes = if lot == Lot::Topic { 0 } else { size_of::<Hex>() };
        let max_bytes = self.max_bytes(topics, way, key_bytes);
        let bytes = traces.bytes().len();
        let place = (way.clone(), lot);
        if let Some((message, filled)) = filling.open.get_mut(&place) {
            if *filled + bytes <= max_bytes {
                message.pieces.push(Piece { part, traces });
                *filled += bytes;
                return;
            }
            if let Some((full, _)) = filling.open.remove(&place) {
                filling.plan.messages.push(full);
            }
        }
        let message = self.begin(way, lot, Piece { part, traces }, topics);
        filling.open.insert(place, (message, bytes));
    }

    /// A message that holds one piece so far.
    fn begin(&self, way: &Arc<Way>, lot: Lot, piece: Piece, topics: &Topics) -> Message {
        let partitions = topics.partitions(&way.topic).map_or(0, |(count, _)| count);
        let (partition, key) = match lot {
            Lot::Topic => (None, way.key.clone()),
            Lot::Partition(partition) => (
                Some(partition),
                piece.traces.first_trace_id().map(|id| key_of(&id)),
            ),
            Lot::Trace(id) => (None, Some(key_of(&id))),
        };
        let in_turn =
            || self.next.fetch_add(1, Ordering::Relaxed) % partitions.max(1).unsigned_abs() as usize;
        let partition = match self.hasher {
            Some(_) => partition,
            None => i32::try_from(in_turn()).ok(),
        };
        Message {
            is_alone: topics.get(&way.topic).is_alone,
            way: way.clone(),
            partition,
            key,
            pieces: vec![piece],
            was_refused: false,
        }
    }

    /// The most bytes of protobuf in a message.
    fn max_bytes(&self, topics: &Topics, way: &Way, key: usize) -> usize {
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
    fn topic_in(&self, resource: ResourceView<'_>) -> String {
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

/// The first value of a metadata key, where there is one that is not empty.
fn value_of<'a>(client: &'a Client, key: &str) -> Option<&'a str> {
    if key.is_empty() {
        return None;
    }
    let value = client.metadata(key).first()?;
    Some(value.as_str()).filter(|value| !value.is_empty())
}

/// The lots that the spans of one request are sorted into.
struct ByLot<'a> {
    rules: &'a Rules,
    topics: &'a Topics,
    common: Way,
    /// Where it is the same for all.
    topic: Option<String>,
    /// The way of the resource at hand, and how many partitions its topic has.
    way: Arc<Way>,
    partitions: i32,
    groups: Vec<(Arc<Way>, Lot)>,
    /// Where in `groups` a lot of the way at hand is.
    numbers: HashMap<Lot, usize>,
    /// The last trace, and its group: spans of a trace often come together.
    last: Option<([u8; 16], usize)>,
}

// === impl ByLot ===

impl<'a> ByLot<'a> {
    fn new(rules: &'a Rules, topics: &'a Topics, common: Way, topic: Option<String>) -> Self {
        Self {
            rules,
            topics,
            common,
            topic,
            way: Arc::default(),
            partitions: 0,
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
        let known = self.groups.iter().enumerate();
        let known = known.filter(|(_, (way, _))| *way == self.way);
        self.numbers = known.map(|(number, (_, lot))| (*lot, number)).collect();
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
            self.groups.push((self.way.clone(), lot));
        }
        self.last = Some((id, group));
        group
    }

    fn max_bytes(&self, group: usize) -> usize {
        let Some((way, _)) = self.groups.get(group) else {
            return usize::MAX;
        };
        self.rules.max_bytes(self.topics, way, size_of::<Hex>())
    }
}

fn key_of(id: &[u8; 16]) -> Bytes {
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

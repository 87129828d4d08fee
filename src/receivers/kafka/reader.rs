//! The thread that reads: polls the client, begins what was read, pauses partitions that have enough in flight.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::config::FromClientConfigAndContext;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::{ClientConfig, Message as _, TopicPartitionList};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::config::Config;
use super::handling::{Handling, Message};
use super::member::Member;
use super::partition::Partition;
use crate::net::kafka::code_of;
use crate::telemetry::kafka::ConsumerEvents;

/// How long a poll waits for a message, with partitions that pause and without.
const POLL_PAUSED: Duration = Duration::from_millis(5);
const POLL: Duration = Duration::from_millis(100);

/// Messages that may be remembered of a partition whose first is not settled.
const MOST_REMEMBERED: usize = 10_000;

/// Reads until it is told to stop.
pub struct Reader {
    consumer: Arc<BaseConsumer<Member>>,
    handling: Arc<Handling>,
    events: Arc<ConsumerEvents>,
    runtime: Handle,
    stop: CancellationToken,
    /// Bytes that all partitions together may have in flight.
    most: usize,
    /// Between two commits; none commits whenever something was settled.
    interval: Duration,
    committed: Instant,
    paused: HashSet<(String, i32)>,
}

// === impl Reader ===

impl Reader {
    /// A member of the group. The error says what is wrong with the settings.
    pub fn new(
        config: &Config,
        client: &ClientConfig,
        member: Member,
        handling: Arc<Handling>,
        events: Arc<ConsumerEvents>,
        stop: CancellationToken,
    ) -> io::Result<Self> {
        let consumer = BaseConsumer::from_config_and_context(client, member).map_err(io::Error::other)?;
        let topics: Vec<&str> = config.traces.topics.iter().map(String::as_str).collect();
        consumer.subscribe(&topics).map_err(io::Error::other)?;
        Ok(Self {
            consumer: Arc::new(consumer),
            handling,
            events,
            runtime: Handle::current(),
            stop,
            most: (config.max_in_flight_mib as usize) << 20,
            interval: match config.autocommit.enable {
                true => config.autocommit.interval.0,
                false => Duration::ZERO,
            },
            committed: Instant::now(),
            paused: HashSet::new(),
        })
    }

    /// Reads until it is told to stop, then leaves the group. That revokes all partitions, which waits for what is in flight
    /// and commits how far they are.
    pub fn run(mut self) {
        let consumer = self.consumer.clone();
        while !self.stop.is_cancelled() {
            let wait = if self.paused.is_empty() { POLL } else { POLL_PAUSED };
            match consumer.poll(wait) {
                Some(Ok(message)) => {
                    if let Some((topic, partition)) = self.begin(&message) {
                        self.pause(&topic, partition);
                    }
                }
                Some(Err(error @ KafkaError::MessageConsumptionFatal(_))) => {
                    consumer.context().ended(&error.to_string());
                }
                // The client has told about it, and goes on by itself.
                Some(Err(_)) | None => {}
            }
            self.tend();
        }
    }

    /// Begins with a message. Returns its partition where that has enough now.
    fn begin(&mut self, message: &BorrowedMessage<'_>) -> Option<(String, i32)> {
        let (topic, number, offset) = (message.topic(), message.partition(), message.offset());
        let payload = message.payload().unwrap_or_default();
        // It was revoked while the message was on its way to us.
        let partition = self.consumer.context().partition(topic, number)?;
        if !partition.offsets().read(offset, payload.len()) {
            return None;
        }
        let budget = self.handling.budget();
        let room = budget.reserve(payload.len());
        let is_full = room.is_err();
        // It is in memory already; no other of its partition comes before there is room.
        let room = room.unwrap_or_else(|_| budget.overdraw(payload.len()));
        self.events.read(payload.len());
        let read = Message {
            topic: topic.to_owned(),
            number,
            work: partition.work(),
            offset,
            payload: room.bind(payload.to_vec()),
            headers: headers(message),
        };
        let handling = self.handling.clone();
        self.runtime.spawn(async move { handling.handle(read).await });
        let goes_on = !is_full && has_room(&partition, self.share());
        (!goes_on).then(|| (topic.to_owned(), number))
    }

    /// What has to be done now and then.
    fn tend(&mut self) {
        self.resume();
        if self.committed.elapsed() >= self.interval {
            self.committed = Instant::now();
            self.consumer.context().commit(&self.consumer, CommitMode::Async);
            self.events.holding(self.in_flight(), self.paused.len());
        }
    }

    fn pause(&mut self, topic: &str, number: i32) {
        if let Err(error) = self.consumer.pause(&one(topic, number)) {
            self.failed(&error);
        }
        self.paused.insert((topic.to_owned(), number));
    }

    /// Lets partitions go on that have room again.
    fn resume(&mut self) {
        let budget = self.handling.budget();
        if self.paused.is_empty() || budget.used() >= budget.limit() {
            return;
        }
        let share = self.share();
        let member = self.consumer.context().clone();
        let goes_on = |(topic, number): &(String, i32)| {
            let partition = member.partition(topic, *number);
            partition.is_none_or(|partition| has_room(&partition, share / 2))
        };
        let resumed: Vec<_> = self.paused.extract_if(goes_on).collect();
        for (topic, number) in resumed {
            // One that was revoked meanwhile is unknown there, and begins anew when it comes back.
            if member.partition(&topic, number).is_some()
                && let Err(error) = self.consumer.resume(&one(&topic, number))
            {
                self.failed(&error);
            }
        }
    }

    /// Bytes that each partition may have in flight.
    fn share(&self) -> usize {
        let assigned = self.consumer.context().assigned();
        let count: usize = assigned.values().map(std::collections::BTreeMap::len).sum();
        self.most / count.max(1)
    }

    fn in_flight(&self) -> usize {
        let assigned = self.consumer.context().assigned();
        let partitions = assigned.values().flat_map(std::collections::BTreeMap::values);
        partitions.map(|partition| partition.offsets().bytes()).sum()
    }

    fn failed(&self, error: &KafkaError) {
        let code = format!("{:?}", code_of(error));
        let told = self.consumer.context().told();
        told.events().troubled(&code, &error.to_string());
    }
}

fn has_room(partition: &Partition, share: usize) -> bool {
    let offsets = partition.offsets();
    offsets.bytes() < share.max(1) && offsets.remembered() < MOST_REMEMBERED
}

fn one(topic: &str, number: i32) -> TopicPartitionList {
    let mut list = TopicPartitionList::with_capacity(1);
    list.add_partition(topic, number);
    list
}

fn headers(message: &BorrowedMessage<'_>) -> Vec<(String, String)> {
    let text = |value: Option<&[u8]>| String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
    let headers = message.headers().into_iter();
    let all = headers.flat_map(|headers| {
        headers
            .iter()
            .map(|header| (header.key.to_owned(), text(header.value)))
    });
    all.collect()
}

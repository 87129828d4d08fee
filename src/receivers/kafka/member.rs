//! A member of a consumer group: which partitions it has, and what it does when that changes.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::statistics::Statistics;
use rdkafka::{Offset, TopicPartitionList};

use super::partition::Partition;
use crate::net::kafka::{Told, code_of};
use crate::telemetry::kafka::{ConsumerEvents, Progress};

/// How long a rebalance waits for what is in flight of the partitions that go.
const HANDING_BACK: Duration = Duration::from_secs(5);

/// How long of that is for trying to commit.
const COMMITTING: Duration = Duration::from_secs(2);

/// Between two attempts.
const COMMIT_PAUSE: Duration = Duration::from_millis(50);

/// What librdkafka calls back.
pub struct Member {
    told: Told,
    events: Arc<ConsumerEvents>,
    assigned: Mutex<Assigned>,
    /// Whether the client has failed for good.
    has_ended: AtomicBool,
}

/// Partitions by topic and number.
pub type Assigned = HashMap<String, BTreeMap<i32, Arc<Partition>>>;

// === impl Member ===

impl Member {
    /// A member that has no partitions yet.
    pub fn new(told: Told, events: Arc<ConsumerEvents>) -> Self {
        Self {
            told,
            events,
            assigned: Mutex::default(),
            has_ended: AtomicBool::new(false),
        }
    }

    /// The client has failed for good.
    pub fn ended(&self, reason: &str) {
        if !self.has_ended.swap(true, Ordering::Relaxed) {
            self.events.ended(reason);
        }
    }

    /// What the client tells.
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// The partitions that it has now.
    pub fn assigned(&self) -> MutexGuard<'_, Assigned> {
        self.assigned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of the partitions that it has.
    pub fn partition(&self, topic: &str, partition: i32) -> Option<Arc<Partition>> {
        self.assigned().get(topic)?.get(&partition).cloned()
    }

    /// Commits how far all partitions are, where that changed.
    pub fn commit(&self, consumer: &BaseConsumer<Self>, mode: CommitMode) {
        let mut offsets = TopicPartitionList::new();
        for (topic, partitions) in self.assigned().iter() {
            for (number, partition) in partitions {
                add(&mut offsets, topic, *number, partition.offsets().commit());
            }
        }
        // What becomes of an asynchronous one, `commit_callback` is told.
        if offsets.count() > 0
            && let Err(error) = consumer.commit(&offsets, mode)
        {
            self.not_committed(&error, &offsets);
        }
    }

    /// Commits these until that is done, or the deadline.
    fn commit_by(&self, consumer: &BaseConsumer<Self>, offsets: &TopicPartitionList, deadline: Instant) {
        while offsets.count() > 0 {
            let Err(error) = consumer.commit(offsets, CommitMode::Sync) else {
                return;
            };
            self.not_committed(&error, offsets);
            if Instant::now() > deadline {
                return;
            }
            std::thread::sleep(COMMIT_PAUSE);
        }
    }

    fn not_committed(&self, error: &KafkaError, offsets: &TopicPartitionList) {
        if code_of(error) == RDKafkaErrorCode::NoOffset {
            return;
        }
        self.told.events().failed(&format!("{:?}", code_of(error)), 1);
        self.events.commit_failed(&error.to_string());
        for element in offsets.elements() {
            if let Some(partition) = self.partition(element.topic(), element.partition()) {
                partition.offsets().forget_commit();
            }
        }
    }

    fn take(&self, list: &TopicPartitionList) {
        let mut assigned = self.assigned();
        for element in list.elements() {
            let topic = assigned.entry(element.topic().to_owned()).or_default();
            topic.insert(element.partition(), Arc::default());
        }
        self.events.assigned(&shown(list), count(&assigned));
    }

    /// Waits for what is in flight of these partitions, commits how far they are, and lets them go.
    fn hand_back(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) {
        let deadline = Instant::now() + HANDING_BACK;
        let elements = list.elements();
        let known = elements.iter().filter_map(|element| {
            let partition = self.partition(element.topic(), element.partition())?;
            Some((element, partition))
        });
        let going: Vec<_> = known.collect();
        let mut offsets = TopicPartitionList::new();
        for (element, partition) in &going {
            partition.wait(deadline);
            // Also where a commit is under way: it may come too late, or fail.
            add(
                &mut offsets,
                element.topic(),
                element.partition(),
                partition.offsets().reached(),
            );
        }
        // When the group took them away because we were not heard of, they are another's already.
        if !consumer.assignment_lost() {
            self.commit_by(consumer, &offsets, deadline.min(Instant::now() + COMMITTING));
        }
        let mut repeated = 0;
        let mut assigned = self.assigned();
        for (element, partition) in &going {
            partition.gone.cancel();
            repeated += partition.offsets().remembered();
            if let Some(topic) = assigned.get_mut(element.topic()) {
                topic.remove(&element.partition());
            }
        }
        assigned.retain(|_, partitions| !partitions.is_empty());
        self.events.revoked(&shown(list), count(&assigned), repeated);
    }
}

fn add(offsets: &mut TopicPartitionList, topic: &str, number: i32, offset: Option<i64>) {
    if let Some(offset) = offset {
        // It fails for offsets below zero alone, which no message has.
        offsets
            .add_partition_offset(topic, number, Offset::Offset(offset))
            .ok();
    }
}

fn count(assigned: &Assigned) -> usize {
    assigned.values().map(BTreeMap::len).sum()
}

/// `topic[0,3], other[1]`
fn shown(list: &TopicPartitionList) -> String {
    let mut topics: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for element in list.elements() {
        let numbers = topics.entry(element.topic().to_owned()).or_default();
        numbers.push(element.partition().to_string());
    }
    let topics = topics.iter();
    let topics = topics.map(|(topic, numbers)| format!("{topic}[{}]", numbers.join(",")));
    topics.collect::<Vec<_>>().join(", ")
}

impl ClientContext for Member {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.told.log(level, facility, line);
    }

    fn stats(&self, statistics: Statistics) {
        if self.told.statistics(&statistics) && !self.has_ended.load(Ordering::Relaxed) {
            self.events.recovered();
        }
        let assigned = self.assigned();
        let mut all = Vec::new();
        for (topic, partitions) in assigned.iter() {
            let measured = statistics.topics.get(topic);
            for (number, partition) in partitions {
                let Some(offset) = partition.offsets().reached() else {
                    continue;
                };
                let measured = measured.and_then(|topic| topic.partitions.get(number));
                // -1001 stands for what is not known.
                let end = measured.map(|partition| partition.ls_offset.max(partition.hi_offset));
                all.push(Progress {
                    topic,
                    partition: *number,
                    offset,
                    lag: end.filter(|end| *end >= 0).map(|end| (end - offset).max(0)),
                });
            }
        }
        self.events.progress(&all);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.told.error(&error, reason);
        if !self.has_ended.load(Ordering::Relaxed) {
            self.events.failing(reason);
        }
    }
}

impl ConsumerContext for Member {
    fn pre_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(list) => self.take(list),
            Rebalance::Revoke(list) => self.hand_back(consumer, list),
            Rebalance::Error(error) => self
                .told
                .error(error, "the group could not agree on who reads what"),
        }
    }

    fn commit_callback(&self, result: KafkaResult<()>, offsets: &TopicPartitionList) {
        if let Err(error) = result {
            self.not_committed(&error, offsets);
        }
    }
}

//! What is told about clients of Kafka, of exporters and receivers: each event's log line and its metrics.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{Counter, Gauge, Label, counter, gauge};
use tracing::{debug, error, info, warn};

use super::health::{Health, Trouble};
use super::quiet::Quiet;

/// Whose client it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// An exporter's.
    Exporter,
    /// A receiver's.
    Receiver,
}

/// The events of one client.
#[derive(Debug)]
pub struct KafkaEvents {
    side: Side,
    id: String,
    queued_messages: Gauge,
    queued_bytes: Gauge,
    quiet: Mutex<Quiet>,
}

/// What a client knows of one broker.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BrokerState {
    /// `host:port`.
    pub name: String,
    /// Whether there is a connection that can be used.
    pub is_up: bool,
    /// Requests that have no answer yet.
    pub in_flight: i64,
    /// How long an answer takes, on average.
    pub round_trip: Duration,
    /// How long the slowest hundredth of answers takes at least.
    pub slow_round_trip: Duration,
    /// How long the broker asked to be left alone, on average.
    pub throttle: Duration,
    /// Connections that were made, those that failed included.
    pub connects: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Requests that were not answered in time.
    pub timeouts: u64,
}

/// What a client holds that was not acknowledged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Queued {
    /// Messages.
    pub messages: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// The events of an exporter's messages.
#[derive(Debug)]
pub struct ProducerEvents {
    exporter: String,
    messages: Counter,
    bytes: Counter,
    in_flight: Gauge,
    cut: Counter,
}

/// The events of a receiver's messages.
#[derive(Debug)]
pub struct ConsumerEvents {
    receiver: String,
    health: Health,
    messages: Counter,
    bytes: Counter,
    dead_lettered: Counter,
    given_up: Counter,
    handed_back: Counter,
    retries: Counter,
    paused: Gauge,
    in_flight: Gauge,
    assigned: Gauge,
    quiet: Mutex<Quiet>,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coordinates<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// The partition of the topic.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
}

/// How far the reading of one partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The offset that is read next.
    pub offset: i64,
    /// Messages that are there and not read, where that is known.
    pub lag: Option<i64>,
}

// === impl Side ===

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Exporter => "exporter",
            Self::Receiver => "receiver",
        }
    }
}

// === impl KafkaEvents ===

impl KafkaEvents {
    /// The events of the client of the component with this id.
    pub fn new(side: Side, id: &str) -> Self {
        let label = vec![Label::new(side.name(), id.to_owned())];
        Self {
            side,
            id: id.to_owned(),
            queued_messages: gauge!("spanway_kafka_queued_messages", label.clone()),
            queued_bytes: gauge!("spanway_kafka_queued_bytes", label),
            quiet: Mutex::default(),
        }
    }

    /// The state of things, every few seconds.
    pub fn measured(&self, queued: Queued, brokers: &[BrokerState]) {
        self.queued_messages.set(queued.messages as f64);
        self.queued_bytes.set(queued.bytes as f64);
        for broker in brokers {
            let labels = vec![self.label(), Label::new("broker", broker.name.clone())];
            let show = |name: &'static str, value: f64| gauge!(name, labels.clone()).set(value);
            show("spanway_kafka_broker_up", f64::from(u8::from(broker.is_up)));
            show("spanway_kafka_broker_requests_in_flight", broker.in_flight as f64);
            show(
                "spanway_kafka_broker_round_trip_seconds",
                broker.round_trip.as_secs_f64(),
            );
            show(
                "spanway_kafka_broker_round_trip_p99_seconds",
                broker.slow_round_trip.as_secs_f64(),
            );
            show(
                "spanway_kafka_broker_throttle_seconds",
                broker.throttle.as_secs_f64(),
            );
            let count = |name: &'static str, value: u64| counter!(name, labels.clone()).absolute(value);
            count("otelcol_kafka_broker_connects", broker.connects);
            count("spanway_kafka_broker_retries", broker.retries);
            count("spanway_kafka_broker_timeouts", broker.timeouts);
        }
    }

    /// A request or message failed; `code` is Kafka's or the client's name of the error.
    pub fn failed(&self, code: &str, count: u64) {
        let labels = vec![self.label(), Label::new("code", code.to_owned())];
        counter!("spanway_kafka_errors", labels).increment(count);
    }

    /// The client cannot do its work, and goes on trying.
    pub fn troubled(&self, code: &str, reason: &str) {
        self.failed(code, 1);
        let held_back = self.quiet.lock().unwrap_or_else(PoisonError::into_inner).speak();
        if let Some(held_back) = held_back {
            let (side, id) = (self.side.name(), &self.id);
            warn!(side, id, code, reason, held_back, "trouble with Kafka");
        }
    }

    /// The client had to be made anew.
    pub fn renewed(&self, reason: &str) {
        error!(
            side = self.side.name(),
            id = self.id,
            reason,
            "Kafka's client failed and is made anew; messages in flight are sent again"
        );
    }

    /// A line of the client library's own log.
    pub fn library(&self, facility: &str, line: &str) {
        debug!(
            side = self.side.name(),
            id = self.id,
            facility,
            line,
            "librdkafka"
        );
    }

    fn label(&self) -> Label {
        Label::new(self.side.name(), self.id.clone())
    }
}

// === impl ProducerEvents ===

impl ProducerEvents {
    /// The events of the exporter with this id.
    pub fn new(exporter: &str) -> Self {
        let label = exporter.to_owned();
        Self {
            messages: counter!("otelcol_kafka_exporter_messages", "exporter" => label.clone()),
            bytes: counter!("otelcol_kafka_exporter_bytes", "exporter" => label.clone()),
            in_flight: gauge!("spanway_kafka_exporter_in_flight_bytes", "exporter" => label.clone()),
            cut: counter!("spanway_kafka_exporter_cut_messages", "exporter" => label.clone()),
            exporter: label,
        }
    }

    /// A message of so many bytes was handed to the client.
    pub fn sent(&self, bytes: usize) {
        self.in_flight.increment(bytes as f64);
    }

    /// A message has its delivery report.
    pub fn reported(&self, bytes: usize, is_delivered: bool) {
        self.in_flight.decrement(bytes as f64);
        if is_delivered {
            self.messages.increment(1);
            self.bytes.increment(bytes as u64);
        }
    }

    /// The broker found a message too large, and its spans are sent in smaller ones, now and from now on.
    pub fn cut(&self, topic: &str, bytes: usize, limit: usize) {
        self.cut.increment(1);
        warn!(
            exporter = self.exporter,
            topic,
            bytes,
            limit,
            "a message is too large for its topic and is cut; set `producer.max_message_bytes`"
        );
    }
}

// === impl ConsumerEvents ===

impl ConsumerEvents {
    /// The events of the receiver with this id; `health` learns when it cannot read.
    pub fn new(receiver: &str, health: Health) -> Self {
        let label = receiver.to_owned();
        let count = |name: &'static str| {
            let counter = counter!(name, "receiver" => label.clone());
            counter.absolute(0);
            counter
        };
        let show = |name: &'static str| gauge!(name, "receiver" => label.clone());
        Self {
            messages: count("otelcol_kafka_receiver_messages"),
            bytes: count("otelcol_kafka_receiver_bytes"),
            dead_lettered: count("spanway_kafka_receiver_dead_lettered_messages"),
            given_up: count("spanway_kafka_receiver_given_up_messages"),
            handed_back: count("spanway_kafka_receiver_handed_back_messages"),
            retries: count("spanway_kafka_receiver_retries"),
            paused: show("spanway_kafka_receiver_paused_partitions"),
            in_flight: show("spanway_kafka_receiver_in_flight_bytes"),
            assigned: show("spanway_kafka_receiver_assigned_partitions"),
            quiet: Mutex::default(),
            health,
            receiver: label,
        }
    }

    /// A message was read.
    pub fn read(&self, bytes: usize) {
        self.messages.increment(1);
        self.bytes.increment(bytes as u64);
    }

    /// Bytes of messages that the pipelines have not answered yet, and partitions that wait for them.
    pub fn holding(&self, bytes: usize, paused: usize) {
        self.in_flight.set(bytes as f64);
        self.paused.set(paused as f64);
    }

    /// How far each partition is.
    pub fn progress(&self, partitions: &[Progress<'_>]) {
        for progress in partitions {
            let labels = vec![
                Label::new("receiver", self.receiver.clone()),
                Label::new("topic", progress.topic.to_owned()),
                Label::new("partition", progress.partition.to_string()),
            ];
            gauge!("otelcol_kafka_receiver_current_offset", labels.clone()).set(progress.offset as f64);
            if let Some(lag) = progress.lag {
                gauge!("otelcol_kafka_receiver_offset_lag", labels).set(lag as f64);
            }
        }
    }

    /// Partitions were assigned; now there are so many.
    pub fn assigned(&self, partitions: &str, count: usize) {
        self.assigned.set(count as f64);
        info!(receiver = self.receiver, partitions, count, "partitions assigned");
    }

    /// Partitions go to another member; of the messages in flight so many will be read again there.
    pub fn revoked(&self, partitions: &str, count: usize, repeated: usize) {
        self.assigned.set(count as f64);
        self.handed_back.increment(repeated as u64);
        info!(
            receiver = self.receiver,
            partitions, count, repeated, "partitions revoked"
        );
    }

    /// The pipelines did not take a message now; it is tried again.
    pub fn retried(&self, at: Coordinates<'_>, reason: &str) {
        self.retries.increment(1);
        self.speak(|held_back| {
            let Coordinates {
                topic,
                partition,
                offset,
            } = at;
            warn!(
                receiver = self.receiver,
                topic, partition, offset, reason, held_back, "a message is not taken now and is tried again"
            );
        });
    }

    /// Nobody can take a message, or a part of it; it is set aside in `file`, where it was written to one.
    pub fn dead_lettered(&self, at: Coordinates<'_>, reason: &str, file: Option<&str>) {
        self.dead_lettered.increment(1);
        let Coordinates {
            topic,
            partition,
            offset,
        } = at;
        let receiver = &self.receiver;
        self.speak(|held_back| match file {
            Some(file) => error!(
                receiver,
                topic, partition, offset, reason, file, held_back, "a message is set aside"
            ),
            None => error!(
                receiver,
                topic,
                partition,
                offset,
                reason,
                held_back,
                "a message is passed over; it is in Kafka as long as its topic keeps it"
            ),
        });
    }

    /// A message could not be written to the directory of dead letters.
    pub fn unwritten(&self, directory: &str, problem: &str) {
        error!(
            receiver = self.receiver,
            directory, problem, "cannot write a dead letter"
        );
    }

    /// Spans of a message were given up, as `message_marking.on_error` asks.
    pub fn given_up(&self, at: Coordinates<'_>, reason: &str) {
        self.given_up.increment(1);
        self.speak(|held_back| {
            let Coordinates {
                topic,
                partition,
                offset,
            } = at;
            error!(
                receiver = self.receiver,
                topic, partition, offset, reason, held_back, "a message is given up"
            );
        });
    }

    /// Offsets could not be committed; the next commit has them.
    pub fn commit_failed(&self, reason: &str) {
        self.speak(|held_back| {
            warn!(
                receiver = self.receiver,
                reason, held_back, "offsets are not committed"
            );
        });
    }

    /// Nothing can be read now.
    pub fn failing(&self, reason: &str) {
        let trouble = Trouble::degrades(format!("it cannot read from Kafka: {reason}"));
        self.health.trouble(&self.key(), Some(trouble));
    }

    /// Reading has ended for good: the group has another member under the same name, or something as grave.
    pub fn ended(&self, reason: &str) {
        let trouble = Trouble::degrades(format!("it reads nothing any more: {reason}"));
        self.health.trouble(&self.key(), Some(trouble));
        error!(
            receiver = self.receiver,
            reason, "nothing is read any more, until the gateway is started anew"
        );
    }

    /// Reading goes on.
    pub fn recovered(&self) {
        self.health.trouble(&self.key(), None);
    }

    fn key(&self) -> String {
        format!("receiver `{}`", self.receiver)
    }

    fn speak(&self, line: impl FnOnce(u64)) {
        let held_back = self.quiet.lock().unwrap_or_else(PoisonError::into_inner).speak();
        if let Some(held_back) = held_back {
            line(held_back);
        }
    }
}

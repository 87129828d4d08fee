//! A batch becomes messages; it is accepted when all their delivery reports say so.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use rdkafka::error::RDKafkaErrorCode;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::client::Client;
use super::config::Config;
use super::message::Message;
use super::outcome;
use super::plan::{Plan, Rules};
use super::topics::Topics;
use crate::net::kafka::{Encoding, Told};
use crate::pipeline::destination::{Destination, Failure, Left, Outgoing, Sent};
use crate::telemetry::kafka::{KafkaEvents, ProducerEvents, Side};

/// A topic that was just made has no partitions for a moment.
const MAKING: Duration = Duration::from_millis(100);

/// A Kafka cluster to send to.
pub struct Kafka {
    client: Arc<Client>,
    rules: Arc<Rules>,
    topics: Arc<Topics>,
    encoding: Encoding,
    /// Above this a message together with others was alone in its set all the same.
    set_bytes: usize,
    /// A message above this is not sent.
    most_bytes: usize,
    timeout: Duration,
    makes_topics: bool,
}

/// What becomes of a batch, as far as is known.
#[derive(Default)]
struct Tally {
    delivered: usize,
    left: Vec<Left>,
}

// === impl Kafka ===

impl Kafka {
    /// Begins to connect. The error says what is wrong with the settings.
    pub fn new(config: &Config, id: &str) -> Result<Self, String> {
        let told = Told::new(KafkaEvents::new(Side::Exporter, id));
        let most = (config.max_in_flight_mib as usize) << 20;
        let producer = &config.producer;
        let refresh = config.metadata.refresh_interval.0;
        Ok(Self {
            client: Arc::new(Client::new(config.client(), most, told, ProducerEvents::new(id))?),
            rules: Arc::new(Rules::new(config)),
            topics: Arc::new(Topics::new(producer.max_message_bytes, refresh)),
            encoding: config.traces.encoding,
            set_bytes: producer.max_message_bytes,
            most_bytes: producer.max_broker_write_bytes,
            timeout: config.timeout.0,
            makes_topics: producer.allow_auto_topic_creation,
        })
    }

    async fn export(&self, batch: Outgoing) -> Result<Sent, Failure> {
        if batch.spans == 0 {
            return self.probe().await;
        }
        let wrong = self.count_partitions(&batch).await;
        let Plan { mut messages, left } = self.rules.plan(&batch, &self.topics, &wrong);
        let mut tally = Tally { delivered: 0, left };
        while !messages.is_empty() {
            messages = self.deliver(messages, &mut tally).await;
        }
        tally.verdict()
    }

    /// Whether the cluster answers.
    async fn probe(&self) -> Result<Sent, Failure> {
        let topic = self.rules.topic().to_owned();
        match self.ask_partitions(&topic).await {
            Ok(_) => Ok(Sent::default()),
            Err(code) => Err(self.failure(code, &topic)),
        }
    }

    /// Learns how many partitions the batch's topics have, where that matters and is not known; and where it cannot be
    /// known, why.
    async fn count_partitions(&self, batch: &Outgoing) -> HashMap<String, Failure> {
        let mut wrong = HashMap::new();
        if !self.rules.counts_partitions() {
            return wrong;
        }
        for topic in self.rules.topics(batch) {
            match self.topics.partitions(&topic) {
                Some((_, is_old)) => {
                    if is_old {
                        self.ask_again(topic);
                    }
                }
                None => match self.wait_for_partitions(&topic).await {
                    Ok(count) => self.topics.has_partitions(&topic, count),
                    Err(code) => {
                        let failure = self.failure(code, &topic);
                        wrong.insert(topic, failure);
                    }
                },
            }
        }
        wrong
    }

    /// The old number is good enough until the new one is here.
    fn ask_again(&self, topic: String) {
        // Nobody else need ask meanwhile.
        if let Some((count, _)) = self.topics.partitions(&topic) {
            self.topics.has_partitions(&topic, count);
        }
        let (client, topics, timeout) = (self.client.clone(), self.topics.clone(), self.timeout);
        tokio::task::spawn_blocking(move || {
            if let Ok(count) = client.partitions(&topic, timeout) {
                topics.has_partitions(&topic, count);
            }
        });
    }

    /// A topic that does not exist may be made by asking for it.
    async fn wait_for_partitions(&self, topic: &str) -> Result<i32, RDKafkaErrorCode> {
        let deadline = Instant::now() + self.timeout;
        loop {
            let asked = self.ask_partitions(topic).await;
            let is_coming = match asked {
                Err(RDKafkaErrorCode::LeaderNotAvailable) => true,
                Err(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                    self.makes_topics
                }
                _ => false,
            };
            if !is_coming || Instant::now() + MAKING > deadline {
                return asked;
            }
            tokio::time::sleep(MAKING).await;
        }
    }

    async fn ask_partitions(&self, topic: &str) -> Result<i32, RDKafkaErrorCode> {
        let (client, topic, timeout) = (self.client.clone(), topic.to_owned(), self.timeout);
        let asked = tokio::task::spawn_blocking(move || client.partitions(&topic, timeout)).await;
        asked.unwrap_or(Err(RDKafkaErrorCode::Fail))
    }

    /// Sends messages and waits for their reports. Returns those that must be sent otherwise.
    async fn deliver(&self, mut messages: Vec<Message>, tally: &mut Tally) -> Vec<Message> {
        let (reports, mut reported) = mpsc::unbounded_channel();
        let mut under_way: Vec<Option<(Message, usize)>> = Vec::with_capacity(messages.len());
        while let Some(message) = messages.pop() {
            let payload = match self.content(&message).await {
                Ok(payload) => payload,
                Err(why) => {
                    tally.left.extend(message.left(&why));
                    continue;
                }
            };
            let bytes = payload.len();
            // In JSON it may turn out longer than it was thought to be.
            if bytes > self.topics.get(&message.way.topic).max_bytes && message.spans() > 1 {
                messages.extend(message.halves());
            } else if bytes > self.most_bytes {
                tally.left.extend(message.left(&self.too_large(bytes, None)));
            } else {
                self.client
                    .send(under_way.len(), &message, &payload, &reports)
                    .await;
                under_way.push(Some((message, bytes)));
            }
        }
        drop(reports);
        let mut again = Vec::new();
        while let Some((number, result)) = reported.recv().await {
            if let Some((message, bytes)) = under_way.get_mut(number).and_then(Option::take) {
                self.settle(message, bytes, result, tally, &mut again);
            }
        }
        // Every ticket reports before it goes; one that did not is a defect, and its spans are still ours.
        for (message, _) in under_way.into_iter().flatten() {
            let why = self.failure(RDKafkaErrorCode::Fail, &message.way.topic);
            tally.left.extend(message.left(&why));
        }
        again
    }

    async fn content(&self, message: &Message) -> Result<Bytes, Failure> {
        let encoding = self.encoding;
        let content = match encoding {
            Encoding::OtlpProto => message.payload(encoding),
            // Off the threads that serve connections: a large message takes milliseconds.
            Encoding::OtlpJson => {
                let message = message.clone();
                tokio::task::spawn_blocking(move || message.payload(encoding))
                    .await
                    .map_err(|error| Failure::Data(format!("cannot write the spans as JSON: {error}")))?
            }
        };
        content.map_err(|malformed| Failure::Data(format!("cannot write the spans as JSON: {malformed}")))
    }

    fn settle(
        &self,
        message: Message,
        bytes: usize,
        result: Result<(), RDKafkaErrorCode>,
        tally: &mut Tally,
        again: &mut Vec<Message>,
    ) {
        let topic = &message.way.topic;
        match result {
            Ok(()) => {
                tally.delivered += message.spans();
                if message.was_refused && message.is_alone {
                    self.topics.takes_alone(topic);
                }
            }
            Err(code) if outcome::is_too_large(code) => {
                let was_alone = message.is_alone || bytes > self.set_bytes;
                match (was_alone, message.spans()) {
                    // Perhaps those beside it were to blame.
                    (false, _) => again.push(message.refused()),
                    (true, 1) => {
                        let why = self.too_large(bytes, Some(topic));
                        tally.left.extend(message.left(&why));
                    }
                    (true, _) => {
                        let limit = self.topics.refused(topic, bytes);
                        self.client.events().cut(topic, bytes, limit);
                        again.extend(message.refused().halves());
                    }
                }
            }
            Err(code) => {
                if code == RDKafkaErrorCode::UnknownPartition {
                    self.topics.forget_partitions(topic);
                }
                let why = self.failure(code, topic);
                tally.left.extend(message.left(&why));
            }
        }
    }

    fn failure(&self, code: RDKafkaErrorCode, topic: &str) -> Failure {
        outcome::of(code, topic, self.rules.names_topics(), self.client.told())
    }

    fn too_large(&self, bytes: usize, topic: Option<&str>) -> Failure {
        Failure::Data(match topic {
            Some(topic) => {
                format!("one span alone is a message of {bytes} bytes, larger than topic `{topic}` takes")
            }
            None => format!(
                "one span alone is a message of {bytes} bytes, above `producer.max_broker_write_bytes`, which is {}",
                self.most_bytes
            ),
        })
    }
}

impl Destination for Kafka {
    fn send(&self, batch: Outgoing) -> BoxFuture<'_, Result<Sent, Failure>> {
        self.export(batch).boxed()
    }
}

// === impl Tally ===

impl Tally {
    fn verdict(self) -> Result<Sent, Failure> {
        let is_data = |left: &Left| matches!(left.why, Failure::Data(_));
        match self.left.first() {
            None => Ok(Sent::default()),
            // Nothing was taken, and nothing is wrong with the spans.
            Some(first) if self.delivered == 0 && !self.left.iter().any(is_data) => Err(first.why.clone()),
            Some(_) => Err(Failure::Partly(self.left)),
        }
    }
}

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

/// A message and its content.
struct Ready {
    message: Message,
    payload: Bytes,
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
        let Plan { messages, left } = self.rules.plan(&batch, &self.topics, &wrong);
        let mut tally = Tally { delivered: 0, left };
        let mut messages = messages;
        while !messages.is_empty() {
            let ready = self.encode(messages, &mut tally).await?;
            messages = self.deliver(ready, &mut tally).await;
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

    /// The contents of messages. In JSON they may turn out too long, and are cut until they are not.
    async fn encode(&self, messages: Vec<Message>, tally: &mut Tally) -> Result<Vec<Ready>, Failure> {
        let (encoding, topics) = (self.encoding, self.topics.clone());
        let (ready, left) = match encoding {
            Encoding::OtlpProto => encode_all(messages, encoding, &topics),
            // Off the threads that serve connections: a large batch takes many milliseconds.
            Encoding::OtlpJson => {
                tokio::task::spawn_blocking(move || encode_all(messages, encoding, &topics))
                    .await
                    .map_err(|error| Failure::Data(format!("cannot write the batch as JSON: {error}")))?
            }
        };
        tally.left.extend(left);
        Ok(ready)
    }

    /// Sends messages and waits for their reports. Returns those that must be sent otherwise.
    async fn deliver(&self, ready: Vec<Ready>, tally: &mut Tally) -> Vec<Message> {
        let (reports, mut reported) = mpsc::unbounded_channel();
        let mut under_way: Vec<Option<Message>> = Vec::with_capacity(ready.len());
        let mut sizes = Vec::with_capacity(ready.len());
        for Ready { message, payload } in ready {
            if payload.len() > self.most_bytes {
                tally
                    .left
                    .extend(message.left(&self.too_large(payload.len(), None)));
                continue;
            }
            self.client
                .send(under_way.len(), &message, &payload, &reports)
                .await;
            sizes.push(payload.len());
            under_way.push(Some(message));
        }
        drop(reports);
        let mut again = Vec::new();
        while let Some((number, result)) = reported.recv().await {
            let message = under_way.get_mut(number).and_then(Option::take);
            if let (Some(message), Some(bytes)) = (message, sizes.get(number)) {
                self.settle(message, *bytes, result, tally, &mut again);
            }
        }
        // Every ticket reports before it goes; one that did not is a defect, and its spans are still ours.
        for message in under_way.into_iter().flatten() {
            let why = self.failure(RDKafkaErrorCode::Fail, &message.way.topic);
            tally.left.extend(message.left(&why));
        }
        again
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

fn encode_all(messages: Vec<Message>, encoding: Encoding, topics: &Topics) -> (Vec<Ready>, Vec<Left>) {
    let mut todo = messages;
    let (mut ready, mut left) = (Vec::with_capacity(todo.len()), Vec::new());
    while let Some(message) = todo.pop() {
        let max_bytes = topics.get(&message.way.topic).max_bytes;
        match message.payload(encoding) {
            Ok(payload) if payload.len() > max_bytes && message.spans() > 1 => todo.extend(message.halves()),
            Ok(payload) => ready.push(Ready { message, payload }),
            Err(malformed) => {
                let why = Failure::Data(format!("cannot write the spans as JSON: {malformed}"));
                left.extend(message.left(&why));
            }
        }
    }
    (ready, left)
}

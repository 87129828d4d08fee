//! A cluster that librdkafka simulates, and what can be read of it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::{Message as _, Offset, TopicPartitionList};

use super::config;
use crate::exporters::kafka::Kafka;

/// A cluster, and a reader of it.
pub struct Cluster(pub MockCluster<'static, DefaultProducerContext>);

/// A message that was read.
#[derive(Debug)]
pub struct Read {
    /// Where it was.
    pub partition: i32,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its content.
    pub payload: Bytes,
}

/// How long anything may take here.
const LONG: Duration = Duration::from_secs(60);

impl Cluster {
    /// Three brokers, and a topic with three partitions.
    pub fn start() -> Self {
        let cluster = MockCluster::new(3).unwrap();
        cluster.create_topic("otlp_spans", 3, 3).unwrap();
        Self(cluster)
    }

    /// An exporter to it, with these keys beside.
    pub fn exporter(&self, more: &str) -> Kafka {
        let yaml = format!(
            "brokers: ['{}']\nproducer: {{linger: 0s}}\n{more}",
            self.0.bootstrap_servers().replace(',', "', '")
        );
        Kafka::new(&config(&yaml), "kafka").unwrap()
    }

    /// Everything in a topic, once it has so many messages; and a moment later, so that what is too much is seen.
    pub fn read(&self, topic: &str, partitions: i32, count: usize) -> Vec<Read> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.0.bootstrap_servers())
            .set("group.id", "reader")
            .set("check.crcs", "true")
            .set("enable.partition.eof", "true")
            .create()
            .unwrap();
        let mut all = TopicPartitionList::new();
        for partition in 0..partitions {
            all.add_partition_offset(topic, partition, Offset::Beginning)
                .unwrap();
        }
        consumer.assign(&all).unwrap();
        let deadline = Instant::now() + LONG;
        let (mut messages, mut ends) = (Vec::new(), std::collections::HashSet::new());
        while Instant::now() < deadline && (messages.len() < count || ends.len() < partitions as usize) {
            match consumer.poll(Duration::from_millis(50)) {
                Some(Ok(message)) => messages.push(Read {
                    partition: message.partition(),
                    key: message.key().map(<[u8]>::to_vec),
                    payload: Bytes::copy_from_slice(message.payload().unwrap_or_default()),
                }),
                Some(Err(rdkafka::error::KafkaError::PartitionEOF(partition))) => _ = ends.insert(partition),
                _ => {}
            }
        }
        messages
    }
}

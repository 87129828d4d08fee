//! The keys as properties of librdkafka.

use rdkafka::ClientConfig;

use super::acks::RequiredAcks;
use super::config::{Config, Hasher};

// === impl Config ===

impl Config {
    /// What the client is told.
    pub(super) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        self.connection().configure(&mut client);
        let producer = &self.producer;
        let is_idempotent = producer.required_acks == RequiredAcks::All;
        client
            .set("acks", producer.required_acks.to_string())
            .set("enable.idempotence", is_idempotent.to_string())
            .set(
                "max.in.flight.requests.per.connection",
                if is_idempotent { "5" } else { "1" },
            )
            .set(
                "request.timeout.ms",
                self.timeout.0.as_millis().clamp(1, 900_000).to_string(),
            )
            .set(
                "message.timeout.ms",
                self.delivery_timeout.0.as_millis().to_string(),
            )
            .set(
                "linger.ms",
                producer.linger.0.as_millis().min(900_000).to_string(),
            )
            .set("compression.codec", producer.compression.name())
            // A set of messages is what a topic's limit is about.
            .set("batch.size", producer.max_message_bytes.to_string())
            .set("message.max.bytes", producer.max_broker_write_bytes.to_string())
            // What is in flight is bounded here, in bytes.
            .set("queue.buffering.max.messages", "0")
            .set("queue.buffering.max.kbytes", "2147483647")
            .set(
                "allow.auto.create.topics",
                producer.allow_auto_topic_creation.to_string(),
            )
            .set(
                "partitioner",
                match self.hasher().unwrap_or_default() {
                    Hasher::SaramaCompat => "fnv1a_random",
                    Hasher::Murmur2 => "murmur2_random",
                },
            );
        if let Some(level) = producer.compression_params.level {
            client.set("compression.level", level.to_string());
        }
        client
    }
}

//! The keys of `kafka`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::acks::RequiredAcks;
use crate::config::id::ComponentId;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::{GoDuration, Section};
use crate::net::headers::Headers;
use crate::net::kafka::{Authentication, Connection, Encoding, Metadata};
use crate::net::tls::ClientTls;
use crate::pipeline::delivery::{QueueSettings, RetrySettings};

/// Sends spans to Kafka.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Brokers to begin with, as in `kafka:9092`; they name the others.
    pub brokers: Vec<String>,
    /// Whether the addresses of `brokers` are looked up, and their names looked up again from these, as Kerberos needs.
    pub resolve_canonical_bootstrap_servers_only: bool,
    /// What the client calls itself to the brokers.
    pub client_id: String,
    /// The rack or zone that the client is in.
    pub rack_id: String,
    /// How long a connection may take to be made.
    pub dial_timeout: GoDuration,
    /// How long an unused connection is kept.
    pub conn_idle_timeout: GoDuration,
    /// What is asked about the cluster, and how often.
    pub metadata: Metadata,
    /// TLS of the connections, when it is written; in the clear without it.
    pub tls: Section<ClientTls>,
    /// How the client shows who it is.
    pub auth: Authentication,
    /// How long the broker may take for one produce request, replication included.
    pub timeout: GoDuration,
    /// How long a message is tried, without a second copy of it in its partition, before its spans are put off as
    /// `retry_on_failure` says, which may make a second copy.
    pub delivery_timeout: GoDuration,
    /// Where spans go, and how.
    pub traces: Traces,
    /// The resource attribute whose value is the topic; spans without it go to `traces.topic`.
    pub topic_from_attribute: String,
    /// Metadata keys of the sender that become headers of its messages; needs `include_metadata` on the receiver.
    pub include_metadata_keys: Vec<String>,
    /// Headers of every message.
    pub record_headers: Headers,
    /// Whether every message has the header `otelcol.signal: traces`.
    pub signal_header: bool,
    /// Whether the trace id, in hexadecimal, decides the partition, so that one consumer sees all of a trace. A message
    /// then holds traces of one partition, and has the id of the first of them as its key.
    pub partition_traces_by_id: bool,
    /// With `partition_traces_by_id`: whether each message holds one trace alone, as the Collector has it. That costs
    /// many messages, and is for consumers that look at keys.
    pub message_per_trace: bool,
    /// How the partition of a message is chosen.
    pub record_partitioner: Partitioner,
    /// How messages are made and sent.
    pub producer: Producer,
    /// The most MiB of messages that have no delivery report yet.
    pub max_in_flight_mib: u32,
    /// How spans wait for this exporter.
    pub sending_queue: QueueSettings,
    /// What happens after a failure that may pass.
    pub retry_on_failure: RetrySettings,
}

/// Where spans go, and how.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traces {
    /// The topic, where nothing else says one.
    pub topic: String,
    /// The metadata key of the sender whose value is the topic; prevails over `topic_from_attribute`.
    pub topic_from_metadata_key: String,
    /// The metadata key of the sender whose value is the key of its messages.
    pub message_key_from_metadata_key: String,
    /// `otlp_proto` or `otlp_json`.
    pub encoding: Encoding,
}

/// How the partition of a message is chosen; without any of these by its key, where it has one.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Partitioner {
    /// By its key; without a key one partition for a moment, then another.
    pub sticky_key: Section<StickyKey>,
    /// One after the other, whatever the key.
    pub round_robin: Section<RoundRobin>,
}

/// Choosing partitions by keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct StickyKey {
    /// `sarama_compat`, which is FNV-1a, or `murmur2`, which Kafka's own Java clients use.
    pub hasher: Hasher,
}

/// Choosing one partition after the other; has no keys.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoundRobin {}

/// How a key becomes a number.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hasher {
    /// FNV-1a with 32 bits, as Sarama and the Collector have it.
    #[default]
    SaramaCompat,
    /// Murmur2, as Kafka's own Java clients have it.
    Murmur2,
}

/// How messages are made and sent.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Producer {
    /// Messages are cut, between spans, to this many bytes before compression. A single span that is larger goes alone, and
    /// the topic's own `max.message.bytes` decides.
    pub max_message_bytes: usize,
    /// No message of more bytes is sent, whatever the topic takes: a broker would close the connection.
    pub max_broker_write_bytes: usize,
    /// Who must have a message before it counts as delivered: `all` replicas in sync (or -1), the leader (1), nobody (0).
    /// With `all` each message is in its partition once, however often it is sent.
    pub required_acks: RequiredAcks,
    /// How messages are compressed: `none`, `gzip`, `snappy`, `lz4` or `zstd`.
    pub compression: Compression,
    /// How hard to compress.
    pub compression_params: Level,
    /// Whether topics that do not exist are made.
    pub allow_auto_topic_creation: bool,
    /// How long a message waits for others that go the same way.
    pub linger: GoDuration,
}

/// How messages are compressed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip
    Gzip,
    /// Snappy
    Snappy,
    /// LZ4
    Lz4,
    /// Zstandard
    Zstd,
}

/// How hard to compress.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Level {
    /// The codec's own level; unless written the codec's default.
    pub level: Option<i32>,
}

// === impl Config ===

impl Default for Config {
    fn default() -> Self {
        Self {
            brokers: Connection::default_brokers(),
            resolve_canonical_bootstrap_servers_only: false,
            client_id: "otel-collector".into(),
            rack_id: String::new(),
            dial_timeout: GoDuration::secs(10),
            conn_idle_timeout: GoDuration::secs(540),
            metadata: Metadata::default(),
            tls: Section::Off,
            auth: Authentication::default(),
            timeout: GoDuration::secs(5),
            delivery_timeout: GoDuration::secs(30),
            traces: Traces::default(),
            topic_from_attribute: String::new(),
            include_metadata_keys: Vec::new(),
            record_headers: Headers::default(),
            signal_header: false,
            partition_traces_by_id: false,
            message_per_trace: false,
            record_partitioner: Partitioner::default(),
            producer: Producer::default(),
            max_in_flight_mib: 64,
            sending_queue: QueueSettings::default(),
            retry_on_failure: RetrySettings::default(),
        }
    }
}

impl Settings for Config {
    fn no_effect() -> Vec<KeyNote> {
        let other = "this gateway takes traces";
        let mut notes = Connection::no_effect();
        notes.extend(
            [
                "logs",
                "metrics",
                "profiles",
                "partition_metrics_by_resource_attributes",
                "partition_logs_by_resource_attributes",
                "partition_logs_by_trace_id",
            ]
            .map(|key| KeyNote::new(key, other)),
        );
        notes.push(KeyNote::new(
            "producer.flush_max_messages",
            "what is in flight is bounded in bytes, by `max_in_flight_mib`",
        ));
        notes.push(KeyNote::new(
            "producer.max_inflight_requests_per_broker",
            "there are as many as keep messages single and in order",
        ));
        notes
    }

    fn unsupported() -> Vec<KeyNote> {
        let old = "is an old place; write it below `traces`";
        let mut notes = Connection::unsupported();
        notes.push(KeyNote::new("topic", old));
        notes.push(KeyNote::new("encoding", old));
        notes.push(KeyNote::new(
            "record_partitioner.least_backup",
            "is not available in this version; messages without a key stick to a partition for a moment",
        ));
        notes.push(KeyNote::new(
            "record_partitioner.extension",
            "partitioners of extensions are not available in this version",
        ));
        notes
    }

    fn differing_defaults(journaled: bool) -> Vec<KeyNote> {
        let mut notes = vec![KeyNote::new(
            "producer.required_acks",
            "all, and idempotent, where the Collector has 1: what was delivered outlives a broker, and is there once",
        )];
        notes.extend(QueueSettings::differing_defaults(journaled));
        notes.extend(RetrySettings::differing_defaults(journaled));
        notes
    }

    fn warn(&self, journaled: bool, warnings: &mut Problems) {
        let acks = self.producer.required_acks;
        if acks != RequiredAcks::All {
            warnings.add(
                "producer.required_acks",
                format!("is {acks}: messages that count as delivered are lost with the broker that has them"),
            );
        }
        warnings.below("sending_queue", |warnings| {
            self.sending_queue.warn(journaled, warnings);
        });
        warnings.below("retry_on_failure", |warnings| {
            self.retry_on_failure.warn(journaled, warnings);
        });
    }

    fn storage(&self) -> Option<(&'static str, &ComponentId)> {
        self.sending_queue.storage()
    }

    fn settle(&mut self, journaled: bool) {
        self.sending_queue.settle(journaled);
        self.retry_on_failure.settle(journaled);
    }

    fn validate(&self, problems: &mut Problems) {
        self.connection().validate(problems);
        if let Err(problem) = super::topics::check(&self.traces.topic) {
            problems.add("traces.topic", problem);
        }
        if self.partition_traces_by_id && !self.traces.message_key_from_metadata_key.is_empty() {
            problems.add(
                "traces.message_key_from_metadata_key",
                "cannot stand beside `partition_traces_by_id`, which makes the trace id the key",
            );
        }
        if self.signal_header {
            let names = self.record_headers.0.iter().map(|(name, _)| name);
            if names
                .chain(&self.include_metadata_keys)
                .any(|name| name == SIGNAL_HEADER)
            {
                problems.add(
                    "signal_header",
                    format!("`{SIGNAL_HEADER}` is written elsewhere, too"),
                );
            }
        }
        let partitioner = &self.record_partitioner;
        if partitioner.sticky_key.on().is_some() && partitioner.round_robin.on().is_some() {
            problems.add(
                "record_partitioner",
                "can have one of `sticky_key` and `round_robin`",
            );
        }
        if self.delivery_timeout < GoDuration::secs(1) {
            problems.add(
                "delivery_timeout",
                format!("is {}, but must be at least 1s", self.delivery_timeout),
            );
        }
        if self.max_in_flight_mib == 0 || self.max_in_flight_mib > 2048 {
            problems.add(
                "max_in_flight_mib",
                format!("is {}, but must be 1 to 2048", self.max_in_flight_mib),
            );
        }
        problems.below("producer", |problems| self.producer.validate(problems));
        problems.below("sending_queue", |problems| self.sending_queue.validate(problems));
        problems.below("retry_on_failure", |problems| {
            self.retry_on_failure.validate(problems)
        });
    }
}

/// The header that `signal_header` writes.
pub(super) const SIGNAL_HEADER: &str = "otelcol.signal";

impl Config {
    /// The keys of the connection.
    pub(super) fn connection(&self) -> Connection<'_> {
        Connection {
            brokers: &self.brokers,
            client_id: &self.client_id,
            rack_id: &self.rack_id,
            resolve_canonical: self.resolve_canonical_bootstrap_servers_only,
            dial_timeout: self.dial_timeout,
            conn_idle_timeout: self.conn_idle_timeout,
            metadata: &self.metadata,
            tls: &self.tls,
            auth: &self.auth,
        }
    }

    /// How keys become partitions; none where they do not.
    pub(super) fn hasher(&self) -> Option<Hasher> {
        let sticky = self.record_partitioner.sticky_key.on();
        match self.record_partitioner.round_robin.on() {
            Some(_) => None,
            None => Some(sticky.map_or(Hasher::default(), |sticky| sticky.hasher)),
        }
    }
}

// === impl Traces ===

impl Default for Traces {
    fn default() -> Self {
        Self {
            topic: "otlp_spans".into(),
            topic_from_metadata_key: String::new(),
            message_key_from_metadata_key: String::new(),
            encoding: Encoding::default(),
        }
    }
}

// === impl Producer ===

impl Default for Producer {
    fn default() -> Self {
        Self {
            max_message_bytes: 1_000_000,
            max_broker_write_bytes: 100 << 20,
            required_acks: RequiredAcks::default(),
            compression: Compression::default(),
            compression_params: Level::default(),
            allow_auto_topic_creation: true,
            linger: GoDuration::millis(10),
        }
    }
}

impl Producer {
    fn validate(&self, problems: &mut Problems) {
        let (max, write) = (self.max_message_bytes, self.max_broker_write_bytes);
        if !(1024..=1_000_000_000).contains(&max) {
            problems.add(
                "max_message_bytes",
                format!("is {max}, but must be 1024 to 1000000000"),
            );
        } else if !(max..=1_000_000_000).contains(&write) {
            problems.add(
                "max_broker_write_bytes",
                format!("is {write}, but must be from `max_message_bytes`, which is {max}, to 1000000000"),
            );
        }
        let levels = self.compression.levels();
        if let Some(level) = self.compression_params.level
            && !levels.contains(&level)
        {
            let (least, most) = (levels.start(), levels.end());
            problems.add(
                "compression_params.level",
                format!(
                    "is {level}, but must be {least} to {most} for `{}`",
                    self.compression.name()
                ),
            );
        }
    }
}

// === impl Compression ===

impl Compression {
    /// Its name, to a user and to librdkafka.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// The levels that librdkafka has for it; -1 is the default.
    fn levels(self) -> std::ops::RangeInclusive<i32> {
        match self {
            Self::None | Self::Snappy => -1..=0,
            Self::Gzip => -1..=9,
            Self::Lz4 | Self::Zstd => -1..=12,
        }
    }
}

//! The keys of `kafka`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::types::{GoDuration, Section};
use crate::net::kafka::{Authentication, Connection, Encoding, Metadata};
use crate::net::tls::ClientTls;

/// Reads spans from Kafka.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Brokers to begin with, as in `kafka:9092`; they name the others.
    pub brokers: Vec<String>,
    /// Whether the addresses of `brokers` are looked up, and their names looked up again from these, as Kerberos needs.
    pub resolve_canonical_bootstrap_servers_only: bool,
    /// What the client calls itself to the brokers.
    pub client_id: String,
    /// The rack or zone that the client is in, so that it may read from a replica nearby.
    pub rack_id: String,
    /// How long a connection may take to be made.
    pub dial_timeout: GoDuration,
    /// How long an unused connection is kept.
    pub conn_idle_timeout: GoDuration,
    /// What is asked about the cluster, and how often; here at least every 30s, to find topics that are new.
    pub metadata: Metadata,
    /// TLS of the connections, when it is written; in the clear without it.
    pub tls: Section<ClientTls>,
    /// How the client shows who it is.
    pub auth: Authentication,
    /// What is read, and how it is encoded.
    pub traces: Traces,
    /// The group whose members share the partitions among them. Groups know nothing of each other: each reads everything.
    pub group_id: String,
    /// A name that stays this member's own, so that it gets its partitions back when it restarts within
    /// `session_timeout`, without a rebalance.
    pub group_instance_id: String,
    /// How partitions are shared: `cooperative-sticky`, `range` or `roundrobin`, the preferred one first. All members of a
    /// group must have one in common.
    pub group_rebalance_strategies: Vec<Strategy>,
    /// The older way to write one of `group_rebalance_strategies`.
    pub group_rebalance_strategy: Option<Strategy>,
    /// After how long without a sign of life the group gives this member's partitions to others.
    pub session_timeout: GoDuration,
    /// How often this member gives a sign of life.
    pub heartbeat_interval: GoDuration,
    /// Where a group begins that has read nothing yet: `latest` or `earliest`.
    pub initial_offset: InitialOffset,
    /// How often it is written down how far the group is.
    pub autocommit: AutoCommit,
    /// When a message counts as read.
    pub message_marking: MessageMarking,
    /// How long to wait between attempts with a message that is not taken.
    pub error_backoff: ErrorBackoff,
    /// Headers of messages that become attributes.
    pub header_extraction: HeaderExtraction,
    /// The least bytes that a broker waits for before it answers.
    pub min_fetch_size: u32,
    /// The most bytes that a broker answers with.
    pub max_fetch_size: u32,
    /// The same for each partition.
    pub max_partition_fetch_size: u32,
    /// How long a broker waits for `min_fetch_size`.
    pub max_fetch_wait: GoDuration,
    /// The most MiB of messages that the pipelines have not answered yet, in all partitions together; each pauses at
    /// its share.
    pub max_in_flight_mib: u32,
    /// Where messages are put that cannot be read, or that no destination takes. Without it their coordinates are logged.
    pub dead_letters: Section<DeadLetters>,
}

/// What is read, and how it is encoded.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Traces {
    /// Topics; one that begins with `^` is a regular expression for all whose names it matches.
    pub topics: Vec<String>,
    /// Regular expressions for topics that are left out, where `topics` has one.
    pub exclude_topics: Vec<String>,
    /// `otlp_proto` or `otlp_json`.
    pub encoding: Encoding,
}

/// How partitions are shared among the members of a group.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Partitions stay where they are as far as possible, and those that stay are read on meanwhile.
    #[serde(rename = "cooperative-sticky")]
    CooperativeSticky,
    /// Neighbours go to the same member.
    Range,
    /// In turn.
    RoundRobin,
}

/// Where a group begins.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum InitialOffset {
    /// With what comes from then on.
    #[default]
    Latest,
    /// With the first message that is there.
    Earliest,
}

/// How often it is written down how far the group is.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoCommit {
    /// Whether that is done at intervals; else whenever something was taken.
    pub enable: bool,
    /// The interval. What was taken since the last time is read again after a crash.
    pub interval: GoDuration,
}

/// When a message counts as read.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MessageMarking {
    /// When the pipelines have acknowledged it (`true`, so that nothing is lost) or when it was received (`false`).
    pub after: bool,
    /// Whether it counts as read also when the pipelines did not take it, which loses it; `false` tries again.
    pub on_error: bool,
}

/// How long to wait between attempts with a message that is not taken.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ErrorBackoff {
    /// The wait before the second attempt.
    pub initial_interval: GoDuration,
    /// The longest wait.
    pub max_interval: GoDuration,
    /// What each wait is multiplied with for the next.
    pub multiplier: f64,
    /// How much chance varies each wait: 0.5 is between half and one and a half of it.
    pub randomization_factor: f64,
}

/// Headers of messages that become attributes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HeaderExtraction {
    /// Whether `headers` become attributes of every resource, `kafka.header.<name>`.
    pub extract_headers: bool,
    /// Their names.
    pub headers: Vec<String>,
}

/// Where messages are put that cannot be read.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeadLetters {
    /// A directory, made when it is not there. Each message is a file named after its topic, partition and offset.
    pub directory: PathBuf,
    /// The most MiB of them; past that, only their coordinates are logged.
    pub max_mib: u64,
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
            traces: Traces::default(),
            group_id: "otel-collector".into(),
            group_instance_id: String::new(),
            group_rebalance_strategies: Vec::new(),
            group_rebalance_strategy: None,
            session_timeout: GoDuration::secs(10),
            heartbeat_interval: GoDuration::secs(3),
            initial_offset: InitialOffset::default(),
            autocommit: AutoCommit::default(),
            message_marking: MessageMarking::default(),
            error_backoff: ErrorBackoff::default(),
            header_extraction: HeaderExtraction::default(),
            min_fetch_size: 1,
            max_fetch_size: 1 << 20,
            max_partition_fetch_size: 1 << 20,
            max_fetch_wait: GoDuration::millis(250),
            max_in_flight_mib: 64,
            dead_letters: Section::Off,
        }
    }
}

impl Settings for Config {
    fn no_effect() -> Vec<KeyNote> {
        let other = "this gateway takes traces";
        let always = "partitions never wait for each other; `max_in_flight_mib` bounds what is in flight";
        let mut notes = Connection::no_effect();
        notes.extend(["logs", "metrics", "profiles"].map(|key| KeyNote::new(key, other)));
        notes.extend([
            KeyNote::new("partition_processing", always),
            KeyNote::new(
                "message_marking.on_permanent_error",
                "what nobody can take is set aside, and reading goes on",
            ),
            KeyNote::new("error_backoff.enabled", "what is not taken is always tried again"),
            KeyNote::new("error_backoff.max_elapsed_time", "it is tried until it is taken"),
            KeyNote::new(
                "max_decompress_batch_bytes",
                "what is fetched and not yet read is bounded at 32 MiB",
            ),
            KeyNote::new("telemetry", "metrics of the receiver are always there"),
        ]);
        notes
    }

    fn unsupported() -> Vec<KeyNote> {
        let old = "is an old place; write it below `traces`";
        let mut notes = Connection::unsupported();
        notes.push(KeyNote::new("topic", old));
        notes.push(KeyNote::new("encoding", old));
        notes
    }

    fn differing_defaults(_journaled: bool) -> Vec<KeyNote> {
        vec![KeyNote::new(
            "message_marking.after",
            "true, where the Collector has false: what was not delivered is read again",
        )]
    }

    fn warn(&self, _journaled: bool, warnings: &mut Problems) {
        if !self.message_marking.after {
            warnings.add(
                "message_marking.after",
                "is false: messages count as read before their spans are delivered, and a crash loses those",
            );
        }
        if self.message_marking.on_error {
            warnings.add(
                "message_marking.on_error",
                "is true: messages that are not taken at the first attempt are lost, which is counted",
            );
        }
    }

    fn validate(&self, problems: &mut Problems) {
        self.connection().validate(problems);
        problems.below("traces", |problems| self.traces.validate(problems));
        if self.group_id.is_empty() {
            problems.add("group_id", "is empty, but must name a group");
        }
        if self.group_rebalance_strategy.is_some() && !self.group_rebalance_strategies.is_empty() {
            problems.add(
                "group_rebalance_strategy",
                "cannot stand beside `group_rebalance_strategies`",
            );
        }
        let strategies = self.strategies();
        if strategies.len() > 1 && strategies.contains(&Strategy::CooperativeSticky) {
            problems.add(
                "group_rebalance_strategies",
                "has `cooperative-sticky` beside others, with which it cannot be combined here",
            );
        }
        if self.heartbeat_interval >= self.session_timeout {
            problems.add(
                "heartbeat_interval",
                format!(
                    "is {}, but must be less than session_timeout, which is {}",
                    self.heartbeat_interval, self.session_timeout
                ),
            );
        }
        if self.max_fetch_size < self.min_fetch_size {
            let (max, min) = (self.max_fetch_size, self.min_fetch_size);
            problems.add(
                "max_fetch_size",
                format!("is {max}, but must be at least min_fetch_size, which is {min}"),
            );
        }
        for (key, size) in [
            ("min_fetch_size", self.min_fetch_size),
            ("max_fetch_size", self.max_fetch_size),
            ("max_partition_fetch_size", self.max_partition_fetch_size),
        ] {
            if !(1..=100_000_000).contains(&size) {
                problems.add(key, format!("is {size}, but must be 1 to 100000000"));
            }
        }
        if self.max_in_flight_mib == 0 || self.max_in_flight_mib > 65_536 {
            problems.add(
                "max_in_flight_mib",
                format!("is {}, but must be 1 to 65536", self.max_in_flight_mib),
            );
        }
        let backoff = &self.error_backoff;
        if backoff.multiplier.is_nan() || backoff.multiplier < 1.0 {
            problems.add(
                "error_backoff.multiplier",
                format!("is {}, but must be at least 1", backoff.multiplier),
            );
        }
        if !(0.0..=1.0).contains(&backoff.randomization_factor) {
            problems.add(
                "error_backoff.randomization_factor",
                format!("is {}, but must be between 0 and 1", backoff.randomization_factor),
            );
        }
        if let Some(letters) = self.dead_letters.on()
            && letters.directory.as_os_str().is_empty()
        {
            problems.add("dead_letters.directory", "is empty, but must name a directory");
        }
    }
}

impl Config {
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

    pub(super) fn strategies(&self) -> Vec<Strategy> {
        match (
            self.group_rebalance_strategy,
            self.group_rebalance_strategies.as_slice(),
        ) {
            (Some(one), _) => vec![one],
            (None, []) => vec![Strategy::CooperativeSticky],
            (None, several) => several.to_vec(),
        }
    }
}

// === impl Traces ===

impl Default for Traces {
    fn default() -> Self {
        Self {
            topics: vec!["otlp_spans".into()],
            exclude_topics: Vec::new(),
            encoding: Encoding::default(),
        }
    }
}

impl Traces {
    fn validate(&self, problems: &mut Problems) {
        if self.topics.is_empty() || self.topics.iter().any(String::is_empty) {
            problems.add("topics", "must name topics, and none that is empty");
        }
        let patterns = self.topics.iter().enumerate();
        let patterns = patterns.filter(|(_, topic)| topic.starts_with('^'));
        let has_pattern = patterns.clone().next().is_some();
        for (at, pattern) in patterns {
            if let Err(error) = regex::Regex::new(pattern) {
                problems.add(
                    format!("topics.{at}"),
                    format!("`{pattern}` is no regular expression: {error}"),
                );
            }
        }
        if !self.exclude_topics.is_empty() && !has_pattern {
            problems.add(
                "exclude_topics",
                "leaves topics out of those that a regular expression finds, but `topics` has none that begins with `^`",
            );
        }
        for (at, pattern) in self.exclude_topics.iter().enumerate() {
            let place = format!("exclude_topics.{at}");
            if pattern.is_empty() {
                problems.add(place, "is empty, which would match all topics");
            } else if pattern.contains(',') {
                problems.add(
                    place,
                    format!("`{pattern}` has a comma, which cannot be here; write two expressions"),
                );
            } else if let Err(error) = regex::Regex::new(pattern) {
                problems.add(place, format!("`{pattern}` is no regular expression: {error}"));
            }
        }
    }
}

// === impl AutoCommit ===

impl Default for AutoCommit {
    fn default() -> Self {
        Self {
            enable: true,
            interval: GoDuration::secs(1),
        }
    }
}

// === impl MessageMarking ===

impl Default for MessageMarking {
    fn default() -> Self {
        Self {
            after: true,
            on_error: false,
        }
    }
}

// === impl ErrorBackoff ===

impl Default for ErrorBackoff {
    fn default() -> Self {
        Self {
            initial_interval: GoDuration::secs(1),
            max_interval: GoDuration::secs(30),
            multiplier: 1.5,
            randomization_factor: 0.5,
        }
    }
}

// === impl DeadLetters ===

impl Default for DeadLetters {
    fn default() -> Self {
        Self {
            directory: PathBuf::new(),
            max_mib: 100,
        }
    }
}

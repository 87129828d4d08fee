//! The keys as properties of librdkafka.

use rdkafka::ClientConfig;

use super::config::{Config, InitialOffset, Strategy};
use crate::config::types::GoDuration;

/// Topics that are new are found after this long at the latest.
const FIND_TOPICS_MS: u128 = 30_000;

/// The largest answer of a broker that is read.
const RECEIVED_BYTES: u32 = 256 << 20;

/// What is fetched and not yet read.
const QUEUED_KIB: u32 = 32 << 10;

/// How long fetching pauses when that is full.
const FETCH_PAUSE_MS: u32 = 20;

// === impl Config ===

impl Config {
    /// What the client is told.
    pub(super) fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        self.connection().configure(&mut client);
        let millis = |time: GoDuration| time.0.as_millis();
        let refresh = millis(self.metadata.refresh_interval).clamp(1000, FIND_TOPICS_MS);
        let fetch = self.max_fetch_size;
        client
            .set("topic.metadata.refresh.interval.ms", refresh.to_string())
            .set("group.id", &self.group_id)
            .set("partition.assignment.strategy", names(&self.strategies()))
            .set("session.timeout.ms", millis(self.session_timeout).to_string())
            .set(
                "heartbeat.interval.ms",
                millis(self.heartbeat_interval).to_string(),
            )
            .set(
                "auto.offset.reset",
                match self.initial_offset {
                    InitialOffset::Latest => "latest",
                    InitialOffset::Earliest => "earliest",
                },
            )
            // How far the group is, is known here.
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("fetch.min.bytes", self.min_fetch_size.to_string())
            .set("fetch.wait.max.ms", millis(self.max_fetch_wait).to_string())
            .set(
                "max.partition.fetch.bytes",
                self.max_partition_fetch_size.to_string(),
            )
            // The library wants the first to be the least of the three; the last must hold one message of any size.
            .set("message.max.bytes", fetch.clamp(1000, 1_000_000).to_string())
            .set("fetch.max.bytes", fetch.max(1000).to_string())
            .set("receive.message.max.bytes", RECEIVED_BYTES.to_string())
            .set("queued.max.messages.kbytes", QUEUED_KIB.to_string())
            .set("fetch.queue.backoff.ms", FETCH_PAUSE_MS.to_string())
            .set("allow.auto.create.topics", "false");
        if !self.group_instance_id.is_empty() {
            client.set("group.instance.id", &self.group_instance_id);
        }
        if !self.traces.exclude_topics.is_empty() {
            client.set("topic.blacklist", self.traces.exclude_topics.join(","));
        }
        client
    }
}

fn names(strategies: &[Strategy]) -> String {
    let name = |strategy: &Strategy| match strategy {
        Strategy::CooperativeSticky => "cooperative-sticky",
        Strategy::Range => "range",
        Strategy::RoundRobin => "roundrobin",
    };
    let names: Vec<_> = strategies.iter().map(name).collect();
    names.join(",")
}

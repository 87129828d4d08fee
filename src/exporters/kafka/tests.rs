//! The keys, where spans go, and what becomes of them in a cluster that librdkafka simulates and that is told to fail.

mod cluster;
mod failing;
mod planning;

use super::config::{Compression, Config, Hasher};
use crate::config::settings::{Problems, Settings};
use crate::config::types::GoDuration;
use crate::net::kafka::Encoding;

pub(super) fn config(yaml: &str) -> Config {
    serde_saphyr::from_str(yaml).unwrap()
}

fn problems(yaml: &str) -> Vec<String> {
    let mut problems = Problems::default();
    config(yaml).validate(&mut problems);
    let shown = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.path, problem.note));
    shown.collect()
}

/// A Collector's block runs unchanged, and the defaults are the Collector's but for the acknowledgements.
#[test]
fn a_collectors_block() {
    let yaml = "
brokers: [one:9092, two:9092]
client_id: edge
traces: {topic: spans, encoding: otlp_json, topic_from_metadata_key: x-topic}
topic_from_attribute: team
include_metadata_keys: [x-tenant]
record_headers: [{name: zone, value: a}]
record_partitioner: {sticky_key: {hasher: murmur2}}
metadata: {refresh_interval: 1m, retry: {backoff: 100ms}}
auth: {sasl: {mechanism: SCRAM-SHA-512, username: me, password: secret}}
tls: {ca_file: /ca.pem}
timeout: 3s
producer: {required_acks: -1, compression: zstd, compression_params: {level: 3}, max_message_bytes: 500000, linger: 0s}
sending_queue: {num_consumers: 4}
";
    let read = config(yaml);
    assert_eq!(read.traces.encoding, Encoding::OtlpJson);
    assert_eq!(read.producer.compression, Compression::Zstd);
    assert_eq!(read.hasher(), Some(Hasher::Murmur2));
    let client = read.client();
    for (key, value) in [
        ("bootstrap.servers", "one:9092,two:9092"),
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanism", "SCRAM-SHA-512"),
        ("ssl.ca.location", "/ca.pem"),
        ("acks", "all"),
        ("enable.idempotence", "true"),
        ("request.timeout.ms", "3000"),
        ("batch.size", "500000"),
        ("compression.level", "3"),
        ("linger.ms", "0"),
        ("partitioner", "murmur2_random"),
        ("topic.metadata.refresh.interval.ms", "60000"),
    ] {
        assert_eq!(client.get(key), Some(value), "{key}");
    }
    let defaults = config("{}");
    assert_eq!(defaults.brokers, ["localhost:9092"]);
    assert_eq!(defaults.traces.topic, "otlp_spans");
    assert_eq!(defaults.timeout, GoDuration::secs(5));
    assert_eq!(defaults.producer.max_message_bytes, 1_000_000);
    assert_eq!(defaults.client().get("acks"), Some("all"));
    assert_eq!(
        config("producer: {required_acks: 1}")
            .client()
            .get("enable.idempotence"),
        Some("false")
    );
}

/// What is wrong is named with its key.
#[test]
fn what_is_wrong_is_named() {
    let first = |yaml: &str| problems(yaml).into_iter().next().unwrap_or_default();
    assert_eq!(problems("{}"), Vec::<String>::new());
    for (yaml, starts) in [
        ("brokers: []", "brokers: is empty"),
        ("brokers: ['a:1,b:2']", "brokers.0: `a:1,b:2` is not one broker"),
        ("traces: {topic: 'a b'}", "traces.topic: `a b` is no name"),
        (
            "auth: {sasl: {mechanism: GSSAPI, username: a, password: b}}",
            "auth.sasl.mechanism: is `GSSAPI`",
        ),
        (
            "auth: {sasl: {mechanism: PLAIN, password: b}}",
            "auth.sasl.username: is empty",
        ),
        (
            "auth: {plain_text: {username: a}}",
            "auth.plain_text.password: is empty",
        ),
        (
            "producer: {max_message_bytes: 1}",
            "producer.max_message_bytes: is 1",
        ),
        (
            "producer: {max_broker_write_bytes: 5}",
            "producer.max_broker_write_bytes: is 5",
        ),
        (
            "producer: {compression: gzip, compression_params: {level: 11}}",
            "producer.compression_params.level: is 11",
        ),
        (
            "record_partitioner: {sticky_key: , round_robin: }",
            "record_partitioner: can have one",
        ),
        (
            "{signal_header: true, include_metadata_keys: [otelcol.signal]}",
            "signal_header: `otelcol.signal` is written",
        ),
        (
            "{partition_traces_by_id: true, traces: {message_key_from_metadata_key: k}}",
            "traces.message_key_from_metadata_key: cannot stand",
        ),
        ("delivery_timeout: 1ms", "delivery_timeout: is 1ms"),
        ("max_in_flight_mib: 0", "max_in_flight_mib: is 0"),
    ] {
        assert!(first(yaml).starts_with(starts), "{yaml}: {}", first(yaml));
    }
}

/// Keys become the partitions that Sarama and Kafka's own clients make of them; the hashes are those of their tests.
#[test]
fn partitions_are_those_of_others() {
    let most = i32::MAX;
    for (key, hash) in [
        ("kafka", 0x0d33_c4e1),
        ("giberish123456789", 0x77a5_8295),
        ("1234", 0x023b_dd03),
        ("", 0x7ee3_623b),
    ] {
        assert_eq!(
            Hasher::SaramaCompat.partition(key.as_bytes(), most),
            hash % most,
            "{key}"
        );
    }
    for (key, hash) in [
        ("21", -973_932_308_i32),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ] {
        assert_eq!(
            Hasher::Murmur2.partition(key.as_bytes(), 1000),
            (hash & i32::MAX) % 1000,
            "{key}"
        );
    }
}

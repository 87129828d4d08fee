//! The keys, how far a partition is, and reading from a cluster that librdkafka simulates.

mod model;
mod reading;

use super::config::{Config, InitialOffset, Strategy};
use crate::config::settings::{Problems, Settings};
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

/// A Collector's block runs unchanged, and the defaults are the Collector's, but that messages are marked afterwards.
#[test]
fn a_collectors_block() {
    let yaml = "
brokers: [one:9092]
traces: {topics: [^spans-.*, more], exclude_topics: [-old$], encoding: otlp_json}
group_id: stores
group_instance_id: store-1
group_rebalance_strategies: [range, roundrobin]
session_timeout: 20s
heartbeat_interval: 2s
initial_offset: earliest
rack_id: a
autocommit: {interval: 2s}
header_extraction: {extract_headers: true, headers: [tenant]}
max_fetch_wait: 100ms
";
    let read = config(yaml);
    assert_eq!(read.traces.encoding, Encoding::OtlpJson);
    assert_eq!(read.initial_offset, InitialOffset::Earliest);
    assert_eq!(problems(yaml), Vec::<String>::new());
    let client = read.client();
    for (key, value) in [
        ("group.id", "stores"),
        ("group.instance.id", "store-1"),
        ("partition.assignment.strategy", "range,roundrobin"),
        ("session.timeout.ms", "20000"),
        ("auto.offset.reset", "earliest"),
        ("client.rack", "a"),
        ("topic.blacklist", "-old$"),
        ("enable.auto.commit", "false"),
        ("fetch.wait.max.ms", "100"),
    ] {
        assert_eq!(client.get(key), Some(value), "{key}");
    }
    let defaults = config("{}");
    assert_eq!(defaults.traces.topics, ["otlp_spans"]);
    assert_eq!(defaults.group_id, "otel-collector");
    assert!(defaults.message_marking.after && !defaults.message_marking.on_error);
    assert_eq!(
        defaults.client().get("partition.assignment.strategy"),
        Some("cooperative-sticky")
    );
    assert_eq!(
        config("group_rebalance_strategy: range").strategies(),
        [Strategy::Range]
    );
}

/// What is wrong is named with its key.
#[test]
fn what_is_wrong_is_named() {
    let first = |yaml: &str| problems(yaml).into_iter().next().unwrap_or_default();
    assert_eq!(problems("{}"), Vec::<String>::new());
    for (yaml, starts) in [
        ("group_id: ''", "group_id: is empty"),
        ("traces: {topics: []}", "traces.topics: must name topics"),
        (
            "traces: {topics: ['^(']}",
            "traces.topics.0: `^(` is no regular expression",
        ),
        (
            "traces: {exclude_topics: [a]}",
            "traces.exclude_topics: leaves topics out",
        ),
        (
            "traces: {topics: [^a], exclude_topics: ['a,b']}",
            "traces.exclude_topics.0: `a,b` has a comma",
        ),
        ("heartbeat_interval: 10s", "heartbeat_interval: is 10s"),
        (
            "max_fetch_size: 1000\nmin_fetch_size: 2000",
            "max_fetch_size: is 1000",
        ),
        (
            "group_rebalance_strategies: [range, cooperative-sticky]",
            "group_rebalance_strategies: has",
        ),
        (
            "group_rebalance_strategy: range\ngroup_rebalance_strategies: [range]",
            "group_rebalance_strategy: cannot",
        ),
        (
            "error_backoff: {multiplier: 0.5}",
            "error_backoff.multiplier: is 0.5",
        ),
        ("dead_letters: ", "dead_letters.directory: is empty"),
    ] {
        assert!(first(yaml).starts_with(starts), "{yaml}: {}", first(yaml));
    }
}

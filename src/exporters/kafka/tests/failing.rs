//! What becomes of a batch when the cluster does not do as it should.

use std::time::Duration;

use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr as Error};

use super::cluster::Cluster;
use super::planning::{request, span, spans};
use crate::pipeline::destination::{Destination, Failure, Outgoing, Sent};

/// A batch of three requests with four spans each, in two traces.
fn batch() -> Outgoing {
    let of = |first: u64| {
        (first..first + 4)
            .map(|id| span((id % 2) as u8 + 1, id, 50))
            .collect()
    };
    Outgoing::of([0, 4, 8].map(|first| request(None, of(first))))
}

/// The ids of all spans in the topic, sorted.
fn ids(cluster: &Cluster, spans_wanted: usize) -> Vec<u64> {
    let mut count = 1;
    loop {
        let messages = cluster.read("otlp_spans", 3, count);
        let all = messages.iter().flat_map(|message| spans(&message.payload));
        let mut ids: Vec<_> = all
            .map(|span| u64::from_be_bytes(span.span_id.try_into().unwrap()))
            .collect();
        ids.sort_unstable();
        if ids.len() >= spans_wanted || messages.len() < count {
            return ids;
        }
        count = messages.len() + 1;
    }
}

fn all() -> Vec<u64> {
    (0..12).collect()
}

/// A batch arrives, each span once; keyed by trace, those of a trace in one partition under its id.
#[tokio::test]
async fn a_batch_arrives() {
    let cluster = Cluster::start();
    assert_eq!(cluster.exporter("").send(batch()).await, Ok(Sent::default()));
    assert_eq!(ids(&cluster, 12), all());

    let cluster = Cluster::start();
    let keyed = cluster.exporter("partition_traces_by_id: true\nmessage_per_trace: true");
    assert_eq!(keyed.send(batch()).await, Ok(Sent::default()));
    let messages = cluster.read("otlp_spans", 3, 2);
    assert_eq!(messages.len(), 2);
    for message in messages {
        let trace = spans(&message.payload)[0].trace_id[0];
        assert_eq!(message.key, Some(format!("{trace:02x}").repeat(16).into_bytes()));
        assert!((0..3).contains(&message.partition));
    }
}

/// Errors that pass cost neither a span nor a second copy: no leader, no answer, a lost connection, too few replicas.
#[tokio::test(flavor = "multi_thread")]
async fn what_passes_leaves_no_trace() {
    for error in [
        Error::RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
        Error::RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        Error::RD_KAFKA_RESP_ERR__TRANSPORT,
        Error::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        Error::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        Error::RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
    ] {
        let cluster = Cluster::start();
        let exporter = cluster.exporter("");
        cluster.0.request_errors(RDKafkaApiKey::Produce, &[error, error]);
        assert_eq!(exporter.send(batch()).await, Ok(Sent::default()), "{error:?}");
        assert_eq!(ids(&cluster, 12), all(), "{error:?}");
    }
}

/// A message that is refused for its size is sent alone; then it is cut, and one span that is too large costs no other.
#[tokio::test(flavor = "multi_thread")]
async fn too_large() {
    let too_large = Error::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    // Those beside it were to blame.
    let cluster = Cluster::start();
    let exporter = cluster.exporter("");
    cluster.0.request_errors(RDKafkaApiKey::Produce, &[too_large]);
    assert_eq!(exporter.send(batch()).await, Ok(Sent::default()));
    assert_eq!(ids(&cluster, 12), all());

    // It is too large itself: alone, too, and so its halves are sent.
    let cluster = Cluster::start();
    let exporter = cluster.exporter("");
    cluster.0.request_errors(RDKafkaApiKey::Produce, &[too_large; 2]);
    assert_eq!(exporter.send(batch()).await, Ok(Sent::default()));
    assert_eq!(ids(&cluster, 12), all());
    assert!(cluster.read("otlp_spans", 3, 2).len() >= 2);

    // One span is.
    let cluster = Cluster::start();
    let exporter = cluster.exporter("");
    let one = Outgoing::of([request(None, vec![span(1, 7, 50)])]);
    cluster.0.request_errors(RDKafkaApiKey::Produce, &[too_large; 2]);
    let Err(Failure::Partly(left)) = exporter.send(one).await else {
        panic!("a span that is too large is left");
    };
    assert_eq!((left.len(), left[0].part, left[0].traces.spans()), (1, 0, 1));
    assert!(
        matches!(&left[0].why, Failure::Data(why) if why.contains("larger than topic `otlp_spans` takes"))
    );
    assert_eq!(exporter.send(batch()).await, Ok(Sent::default()));
    assert_eq!(ids(&cluster, 12), all());
}

/// What the broker will never take is data, and is named; what somebody has to mend is the destination.
#[tokio::test(flavor = "multi_thread")]
async fn refusals() {
    let cluster = Cluster::start();
    let exporter = cluster.exporter("");
    cluster
        .0
        .request_errors(RDKafkaApiKey::Produce, &[Error::RD_KAFKA_RESP_ERR_INVALID_RECORD]);
    let failure = exporter.send(batch()).await.unwrap_err();
    let Failure::Partly(left) = failure else {
        panic!("{failure:?}");
    };
    assert_eq!(left.iter().map(|left| left.traces.spans()).sum::<usize>(), 12);
    assert!(left.iter().all(|left| matches!(left.why, Failure::Data(_))));

    // A quota that is used up passes.
    let cluster = Cluster::start();
    let exporter = cluster.exporter("");
    let throttled = Error::RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED;
    cluster.0.request_errors(RDKafkaApiKey::Produce, &[throttled]);
    let failure = exporter.send(batch()).await.unwrap_err();
    assert!(matches!(failure, Failure::NotNow { .. }), "{failure:?}");
    assert_eq!(exporter.send(batch()).await, Ok(Sent::default()));
    assert_eq!(ids(&cluster, 12), all());

    for error in [
        Error::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
        Error::RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
    ] {
        let cluster = Cluster::start();
        let exporter = cluster.exporter("");
        cluster.0.request_errors(RDKafkaApiKey::Produce, &[error; 5]);
        let failure = exporter.send(batch()).await.unwrap_err();
        assert!(
            matches!(failure, Failure::Destination(_)),
            "{error:?}: {failure:?}"
        );
    }
}

/// A cluster that is away is not now, within the time that a delivery may take; when it is back, all is as before.
#[tokio::test(flavor = "multi_thread")]
async fn away_and_back() {
    let cluster = Cluster::start();
    let exporter = cluster.exporter("delivery_timeout: 1s");
    for broker in 1..=3 {
        cluster.0.broker_down(broker).unwrap();
    }
    let failure = exporter.send(batch()).await.unwrap_err();
    assert!(matches!(failure, Failure::NotNow { .. }), "{failure:?}");
    assert!(exporter.send(Outgoing::probe()).await.is_err());
    for broker in 1..=3 {
        cluster.0.broker_up(broker).unwrap();
    }
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while exporter.send(Outgoing::probe()).await.is_err() {
        assert!(std::time::Instant::now() < deadline, "it does not come back");
    }
    while exporter.send(batch()).await.is_err() {
        assert!(std::time::Instant::now() < deadline, "it takes nothing");
    }
    let mut found = ids(&cluster, 12);
    found.dedup();
    assert_eq!(found, all());
}

/// A cluster that answers late is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn slow() {
    let cluster = Cluster::start();
    let exporter = cluster.exporter("");
    for broker in 1..=3 {
        cluster
            .0
            .broker_round_trip_time(broker, Duration::from_millis(700))
            .unwrap();
    }
    assert_eq!(exporter.send(batch()).await, Ok(Sent::default()));
    assert_eq!(ids(&cluster, 12), all());
}

/// As many bytes as may be in flight are: the rest of a batch waits for room and arrives.
#[tokio::test(flavor = "multi_thread")]
async fn in_flight_is_bounded() {
    let cluster = Cluster::start();
    let exporter = cluster.exporter("max_in_flight_mib: 1");
    let large = |id| request(None, vec![span(1, id, 400_000)]);
    let batch = Outgoing::of((0..12).map(large).collect::<Vec<_>>());
    assert_eq!(exporter.send(batch).await, Ok(Sent::default()));
    assert_eq!(ids(&cluster, 12), all());
}

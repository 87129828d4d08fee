//! Reading from a cluster that librdkafka simulates, into pipelines that do as they are told.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, DefaultProducerContext, Producer};
use rdkafka::{Offset, TopicPartitionList};
use tokio_util::sync::CancellationToken;

use super::config;
use crate::pipeline::budget::Budget;
use crate::pipeline::intake::{Arrival, Intake};
use crate::pipeline::receiver::Receiver;
use crate::pipeline::verdict::{Accepted, Refused};
use crate::receivers::kafka::Kafka;
use crate::telemetry::health::Health;

/// How long anything may take here.
const LONG: Duration = Duration::from_secs(60);

/// Pipelines that keep what comes, after they have refused it so many times; a span called `never` they hold for ever.
struct Keeper {
    budget: Budget,
    refusals: Mutex<u32>,
    kept: Mutex<Vec<Arrival>>,
}

impl Intake for Keeper {
    fn accept(&self, arrival: Arrival) -> BoxFuture<'_, Result<Accepted, Refused>> {
        async move {
            let bytes = arrival.traces.bytes();
            if String::from_utf8_lossy(bytes).contains("never") {
                return std::future::pending().await;
            }
            let mut refusals = self.refusals.lock().unwrap();
            if *refusals > 0 {
                *refusals -= 1;
                return Err(self.over_budget(0));
            }
            self.kept.lock().unwrap().push(arrival);
            Ok(Accepted::default())
        }
        .boxed()
    }

    fn congested(&self, _: Option<Duration>) -> Option<Refused> {
        None
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn over_budget(&self, _: usize) -> Refused {
        Refused {
            message: "not now".into(),
            retry_after: Duration::from_millis(10),
        }
    }
}

/// A cluster with a topic of one partition.
struct Cluster(MockCluster<'static, DefaultProducerContext>);

impl Cluster {
    fn start() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic("otlp_spans", 1, 1).unwrap();
        Self(cluster)
    }

    fn put(&self, payloads: &[Bytes]) {
        let client: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", self.0.bootstrap_servers())
            .create()
            .unwrap();
        for payload in payloads {
            let headers = OwnedHeaders::new()
                .insert(Header {
                    key: "tenant",
                    value: Some("blue"),
                })
                .insert(Header {
                    key: "tenant",
                    value: Some("red"),
                });
            let record = BaseRecord::<(), [u8]>::to("otlp_spans")
                .payload(payload)
                .partition(0)
                .headers(headers);
            client.send(record).unwrap();
        }
        client.flush(LONG).unwrap();
    }

    /// What the group has committed.
    fn committed(&self) -> Option<i64> {
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.0.bootstrap_servers())
            .set("group.id", "otel-collector")
            .create()
            .unwrap();
        let mut list = TopicPartitionList::new();
        list.add_partition("otlp_spans", 0);
        let found = consumer.committed_offsets(list, LONG).unwrap();
        match found.find_partition("otlp_spans", 0).unwrap().offset() {
            Offset::Offset(offset) => Some(offset),
            _ => None,
        }
    }

    async fn read(&self, more: &str, keeper: &Arc<Keeper>) -> (CancellationToken, BoxFuture<'static, ()>) {
        let yaml = format!(
            "brokers: ['{}']\ninitial_offset: earliest\nautocommit: {{interval: 50ms}}\nerror_backoff: {{initial_interval: 10ms}}\n{more}",
            self.0.bootstrap_servers()
        );
        let receiver = Kafka {
            id: "kafka".into(),
            config: config(&yaml),
            health: Health::default(),
        };
        let stop = CancellationToken::new();
        let ended = Box::new(receiver)
            .start(keeper.clone(), stop.clone())
            .await
            .unwrap();
        (stop, ended)
    }
}

fn keeper(refusals: u32) -> Arc<Keeper> {
    Arc::new(Keeper {
        budget: Budget::new(64 << 20),
        refusals: Mutex::new(refusals),
        kept: Mutex::default(),
    })
}

fn message(name: &str) -> Bytes {
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.into(),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }
        .encode_to_vec()
        .into()
}

fn names(keeper: &Keeper) -> Vec<String> {
    let kept = keeper.kept.lock().unwrap();
    let requests = kept
        .iter()
        .map(|arrival| ExportTraceServiceRequest::decode(arrival.traces.bytes().as_ref()).unwrap());
    let mut names: Vec<_> = requests
        .flat_map(|request| request.resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .map(|span| span.name)
        .collect();
    names.sort();
    names
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What is refused is tried again until it is taken; then its offset is committed, and after a stop nothing is read again.
#[tokio::test(flavor = "multi_thread")]
async fn refused_is_not_lost() {
    let cluster = Cluster::start();
    cluster.put(&[message("a"), message("b"), message("c")]);
    let first = keeper(5);
    let (stop, ended) = cluster.read("", &first).await;
    until("all are taken", || names(&first).len() == 3).await;
    assert_eq!(names(&first), ["a", "b", "c"]);
    until("they are committed", || cluster.committed() == Some(3)).await;
    stop.cancel();
    ended.await;

    cluster.put(&[message("d")]);
    let second = keeper(0);
    let (stop, ended) = cluster.read("", &second).await;
    until("the new one is read", || !names(&second).is_empty()).await;
    assert_eq!(names(&second), ["d"]);
    stop.cancel();
    ended.await;
    assert_eq!(cluster.committed(), Some(4));
    assert_eq!(
        second.budget.used(),
        second
            .kept
            .lock()
            .unwrap()
            .iter()
            .map(|arrival| arrival.traces.bytes().len())
            .sum::<usize>()
    );
}

/// What comes after a message that is not acknowledged is delivered and not committed: it is read again, after a stop that
/// does not wait for ever.
#[tokio::test(flavor = "multi_thread")]
async fn commits_stop_at_the_first_that_is_open() {
    let cluster = Cluster::start();
    cluster.put(&[message("a"), message("never"), message("c")]);
    let first = keeper(0);
    let (stop, ended) = cluster.read("", &first).await;
    until("the others are taken", || names(&first).len() == 2).await;
    until("the first is committed", || cluster.committed() == Some(1)).await;
    stop.cancel();
    let begun = Instant::now();
    ended.await;
    assert!(
        begun.elapsed() < Duration::from_secs(30),
        "a stop waits 5 s for what is in flight"
    );
    assert_eq!(cluster.committed(), Some(1));
}

/// A message that is no request is set aside under its coordinates, byte for byte; so is one of which a span was not taken;
/// the partition goes on.
#[tokio::test(flavor = "multi_thread")]
async fn poison_is_set_aside() {
    let cluster = Cluster::start();
    let mut misfit = ExportTraceServiceRequest::decode(message("short").as_ref()).unwrap();
    let mut wrong = misfit.resource_spans[0].scope_spans[0].spans[0].clone();
    wrong.span_id = vec![1];
    misfit.resource_spans[0].scope_spans[0].spans.push(wrong);
    let misfit = Bytes::from(misfit.encode_to_vec());
    let garbage = Bytes::from_static(b"\x0a\xff garbage");
    cluster.put(&[
        garbage.clone(),
        message("a"),
        misfit.clone(),
        Bytes::new(),
        message("b"),
    ]);
    let directory = tempfile::tempdir().unwrap();
    let keeper = keeper(0);
    let letters = format!("dead_letters: {{directory: '{}'}}", directory.path().display());
    let (stop, ended) = cluster.read(&letters, &keeper).await;
    until("all are committed", || cluster.committed() == Some(5)).await;
    assert_eq!(names(&keeper), ["a", "b", "short"]);
    let mut files: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["otlp_spans-0-0.bin", "otlp_spans-0-2.bin"]);
    let content = |file: &str| std::fs::read(directory.path().join(file)).unwrap();
    assert_eq!(content("otlp_spans-0-0.bin"), garbage);
    assert_eq!(content("otlp_spans-0-2.bin"), misfit);
    stop.cancel();
    ended.await;
}

/// Headers become attributes of every resource, the first of a name; pipelines see them all, and where the message was.
#[tokio::test(flavor = "multi_thread")]
async fn headers_are_told() {
    let cluster = Cluster::start();
    cluster.put(&[message("a")]);
    let keeper = keeper(0);
    let extraction = "header_extraction: {extract_headers: true, headers: [tenant, none]}";
    let (stop, ended) = cluster.read(extraction, &keeper).await;
    until("it is taken", || !names(&keeper).is_empty()).await;
    let kept = keeper.kept.lock().unwrap().remove(0);
    let resource = kept.traces.resources().next().unwrap();
    let attributes: Vec<_> = resource
        .attributes()
        .map(|attribute| attribute.key().to_owned())
        .collect();
    assert_eq!(attributes, ["kafka.header.tenant"]);
    assert!(matches!(
        resource.attribute("kafka.header.tenant"),
        Some(crate::wire::ValueView::String("blue"))
    ));
    assert_eq!(kept.client.metadata("tenant"), ["blue", "red"]);
    assert_eq!(kept.client.metadata("kafka.topic"), ["otlp_spans"]);
    assert_eq!(kept.client.metadata("kafka.offset"), ["0"]);
    stop.cancel();
    ended.await;
}

/// JSON is read as well as protobuf; a message of the other encoding is poison.
#[tokio::test(flavor = "multi_thread")]
async fn json_is_read() {
    let cluster = Cluster::start();
    let json = crate::wire::json::from_protobuf(&message("a")).unwrap();
    cluster.put(&[json.into(), message("b")]);
    let keeper = keeper(0);
    let (stop, ended) = cluster.read("traces: {encoding: otlp_json}", &keeper).await;
    until("both are committed", || cluster.committed() == Some(2)).await;
    assert_eq!(names(&keeper), ["a"]);
    stop.cancel();
    ended.await;
}

/// A partition that has its share in flight pauses, and goes on when that is taken; a budget that is full is waited for.
#[tokio::test(flavor = "multi_thread")]
async fn in_flight_is_bounded() {
    let cluster = Cluster::start();
    // The simulated cluster keeps 5 MB of a partition.
    let large: Vec<_> = (0..10)
        .map(|number| message(&format!("{number:02}{}", "x".repeat(400_000))))
        .collect();
    cluster.put(&large);
    let keeper = Arc::new(Keeper {
        budget: Budget::new(1 << 20),
        refusals: Mutex::new(6),
        kept: Mutex::default(),
    });
    let (stop, ended) = cluster.read("max_in_flight_mib: 1", &keeper).await;
    let mut seen = Vec::new();
    until("all are taken", || {
        // Whoever keeps them lets them go, so that there is room for the next.
        let kept = std::mem::take(&mut *keeper.kept.lock().unwrap());
        seen.extend(kept.iter().map(|arrival| arrival.traces.bytes().len()));
        seen.len() == 10
    })
    .await;
    until("they are committed", || cluster.committed() == Some(10)).await;
    stop.cancel();
    ended.await;
}

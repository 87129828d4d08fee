use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use super::shared;
use super::*;
use crate::config::settings::{Problems, Settings};
use crate::config::types::GoDuration;
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::entrance::Entrance;
use crate::pipeline::flow::{Output, Pipeline};
use crate::pipeline::intake::{Arrival, Intake};
use crate::pipeline::keeper::{Keeper, Keeping, Opens};
use crate::pipeline::verdict::{Accepted, Refused};
use crate::telemetry::exporter::ExporterEvents;
use crate::telemetry::health::Health;
use crate::telemetry::ledger::{ExporterColumns, ExporterLedger};
use crate::wire::Traces;

/// A pipeline with store exporters alone.
struct World {
    entrance: Entrance,
    pipeline: Arc<Pipeline>,
    keepers: Vec<Arc<dyn Keeper>>,
    ledgers: Vec<ExporterLedger>,
    health: Health,
    budget: Budget,
}

fn config(directory: &Path) -> Config {
    Config {
        directory: directory.display().to_string(),
        ..Config::default()
    }
}

impl World {
    async fn new(configs: &[Config]) -> Self {
        let (health, budget) = (Health::default(), Budget::new(256 << 20));
        let keepers = configs
            .iter()
            .map(|config| config.open(&budget, &health).unwrap());
        let keepers: Vec<_> = keepers.collect();
        let keepings = keepers.iter().enumerate().map(|(branch, keeper)| {
            let events = Arc::new(ExporterEvents::new("store", health.clone()));
            Keeping::new(keeper.clone(), events, branch as u16)
        });
        let keepings: Vec<_> = keepings.collect();
        let ledgers = keepings.iter().map(|keeping| keeping.ledger.clone()).collect();
        let pipeline = Arc::new(Pipeline {
            ledger: Default::default(),
            processing: None,
            outputs: keepings.into_iter().map(Output::Keeper).collect(),
        });
        let world = Self {
            entrance: Entrance {
                pipelines: vec![pipeline.clone()],
                budget: budget.clone(),
                ack_timeout: Duration::from_secs(20),
                stopping: Arc::default(),
            },
            pipeline,
            keepers,
            ledgers,
            health,
            budget,
        };
        world
            .until(|world| world.entrance.congested(None).is_none())
            .await;
        world
    }

    async fn until(&self, fulfilled: impl Fn(&Self) -> bool) {
        let wait = async {
            while !fulfilled(self) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
    }

    async fn send(&self, traces: &Traces) -> Result<Accepted, Refused> {
        let arrival = Arrival {
            traces: traces.clone(),
            client: Client::unknown(),
            patience: None,
        };
        self.entrance.accept(arrival).await
    }

    /// Whether everything is accounted for.
    fn balances(&self) -> bool {
        let mut exporters = self.ledgers.iter().map(ExporterLedger::columns);
        self.pipeline.ledger.columns().balances() && exporters.all(|columns| columns.balances())
    }
}

fn request(ids: std::ops::Range<u8>, name: &str) -> Traces {
    let span = |id: u8| Span {
        trace_id: vec![1; 16],
        span_id: vec![id; 8],
        name: name.into(),
        start_time_unix_nano: 1_700_000_000_000_000_000,
        ..Span::default()
    };
    let request = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: ids.map(span).collect(),
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    };
    Traces::check(request.encode_to_vec().into()).unwrap().traces
}

fn spans_in(directory: &Path) -> u64 {
    let size = shared::find(directory).unwrap().store.size();
    size.spans + size.head_spans
}

/// Guarantees: an acknowledged span is visible; one that comes again is delivered and not kept twice; both ledgers balance;
/// all of it is there after a restart, and the memory goes back to the budget.
#[tokio::test]
async fn acknowledged_spans_are_kept_once() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::new(&[config(directory.path())]).await;
    assert_eq!(world.send(&request(0..10, "a")).await, Ok(Accepted::default()));
    assert_eq!(spans_in(directory.path()), 10);
    assert_eq!(world.send(&request(0..20, "a")).await, Ok(Accepted::default()));
    assert_eq!(spans_in(directory.path()), 20);
    let expected = ExporterColumns {
        handed_over: 30,
        delivered: 30,
        ..ExporterColumns::default()
    };
    assert_eq!(world.ledgers[0].columns(), expected);
    let columns = world.pipeline.ledger.columns();
    assert_eq!((columns.accepted, columns.handed_over), (30, 30));
    assert!(world.balances());
    world.keepers[0].close().unwrap();
    let budget = world.budget.clone();
    drop(world);
    let freed = async {
        while budget.used() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), freed)
        .await
        .unwrap();
    let _again = World::new(&[config(directory.path())]).await;
    assert_eq!(spans_in(directory.path()), 20);
}

/// Guarantees: exporters that name one directory share its store, so that a span which comes through both is there once;
/// other settings for the same directory are refused.
#[tokio::test]
async fn one_directory_has_one_store() {
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = config(&directory.path().join("."));
    let world = World::new(&[config(directory.path()), config(directory.path())]).await;
    assert_eq!(world.send(&request(0..10, "a")).await, Ok(Accepted::default()));
    assert_eq!(spans_in(directory.path()), 10);
    assert!(world.balances());
    let other = Config {
        fsync: false,
        ..elsewhere
    };
    let error = other.open(&world.budget, &world.health).err().unwrap();
    assert!(error.contains("with other settings"), "{error}");
}

/// Guarantees: while segments cannot be written, the head fills, requests are refused with a delay and health says why;
/// nothing that was acknowledged is lost, and when the disk works again so does the store.
#[tokio::test]
async fn trouble_with_segments_is_back_pressure() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = config(directory.path());
    config.segment.max_spans = 50;
    let world = World::new(&[config]).await;
    let (segments, away) = (directory.path().join("segments"), directory.path().join("away"));
    std::fs::rename(&segments, &away).unwrap();
    let mut kept = 0;
    let refused = loop {
        match world.send(&request(0..50, &kept.to_string())).await {
            Ok(_) => kept += 50,
            Err(refused) => break refused,
        }
        assert!(kept <= 200);
    };
    assert!(refused.retry_after > Duration::ZERO);
    assert!(refused.message.contains("memory is full"), "{}", refused.message);
    world.until(|world| !world.health.troubles().is_empty()).await;
    assert!(world.balances());
    std::fs::rename(&away, &segments).unwrap();
    world.until(|world| world.health.troubles().is_empty()).await;
    world
        .until(|world| world.entrance.congested(None).is_none())
        .await;
    assert!(world.send(&request(0..50, "last")).await.is_ok());
    assert_eq!(spans_in(directory.path()), kept + 50);
}

/// Guarantees: a request that the store does not take is withdrawn, in the ledger and in the answer.
#[tokio::test]
async fn what_is_not_taken_is_withdrawn() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::new(&[config(directory.path())]).await;
    world.keepers[0].close().unwrap();
    let refused = world.send(&request(0..10, "a")).await.unwrap_err();
    assert!(
        refused.message.contains("the journal is closed"),
        "{}",
        refused.message
    );
    let expected = ExporterColumns {
        handed_over: 10,
        withdrawn: 10,
        ..ExporterColumns::default()
    };
    assert_eq!(world.ledgers[0].columns(), expected);
    assert!(world.balances());
}

/// Guarantees: a value that makes no sense is refused under its key.
#[test]
fn senseless_values_are_named() {
    let mut config = Config {
        directory: String::new(),
        ..Config::default()
    };
    config.segment.max_spans = 0;
    config.segment.max_bytes_mib = 4096;
    config.segment.max_age = GoDuration(Duration::ZERO);
    let mut problems = Problems::default();
    config.validate(&mut problems);
    let keys: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
    let expected = [
        "directory",
        "segment.max_spans",
        "segment.max_bytes_mib",
        "segment.max_age",
    ];
    assert_eq!(keys, expected);
    let mut problems = Problems::default();
    Config::default().validate(&mut problems);
    assert!(problems.is_empty());
}

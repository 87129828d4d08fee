//! A seeded simulation of clients, the whole way of their spans, and destinations that misbehave. Time is
//! simulated, so a thousand runs take seconds; a failure names its seed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio_util::sync::CancellationToken;

use super::settings::RetrySettings;
use super::{Driver, Gate, Outlet, Slots};
use crate::config::types::GoDuration;
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::delivery::{BatchSizer, QueueSizer};
use crate::pipeline::destination::{Destination, Failure, Outgoing, Sent};
use crate::pipeline::entrance::Entrance;
use crate::pipeline::flow::{Branching, Output, Pipeline};
use crate::pipeline::intake::{Arrival, Intake};
use crate::pipeline::log::cursor::Capacity;
use crate::pipeline::log::{Batching, Cursor};
use crate::telemetry::exporter::ExporterEvents;
use crate::telemetry::ledger::{ExporterLedger, PipelineLedger};
use crate::wire::Traces;

const POISON: &str = "poison";

/// A destination that does what its dice say.
struct Moody {
    dice: Mutex<StdRng>,
    /// Out of a hundred sends: these fail for now, throttle, refuse us altogether, hang.
    fails: u32,
    throttles: u32,
    shuts: u32,
    /// While set, nothing succeeds.
    dead: AtomicBool,
    received: Mutex<HashSet<u64>>,
    sends: AtomicU64,
    largest: AtomicU64,
}

impl Moody {
    fn new(seed: u64, fails: u32, throttles: u32, shuts: u32) -> Arc<Self> {
        Arc::new(Self {
            dice: Mutex::new(StdRng::seed_from_u64(seed)),
            fails,
            throttles,
            shuts,
            dead: AtomicBool::new(false),
            received: Mutex::default(),
            sends: AtomicU64::new(0),
            largest: AtomicU64::new(0),
        })
    }

    fn roll(&self, below: u32) -> u32 {
        self.dice.lock().unwrap().random_range(0..below)
    }

    fn has(&self, id: u64) -> bool {
        self.received.lock().unwrap().contains(&id)
    }

    async fn receive(&self, batch: Outgoing) -> Result<Sent, Failure> {
        self.sends.fetch_add(1, Ordering::Relaxed);
        self.largest.fetch_max(batch.spans as u64, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(self.roll(50).into())).await;
        let request =
            ExportTraceServiceRequest::decode(batch.parts.concat().as_slice()).expect("valid OTLP leaves");
        let spans: Vec<Span> = spans_of(request);
        assert_eq!(spans.len(), batch.spans, "the batch says how many spans it has");
        let mood = self.roll(100);
        if self.dead.load(Ordering::Relaxed) || mood < self.fails {
            // Half of these arrived all the same: only the answer was lost.
            if mood % 2 == 0 && !spans.iter().any(|span| span.name == POISON) {
                self.keep(&spans);
            }
            return Err(Failure::NotNow {
                message: "not now".into(),
                retry_after: None,
            });
        }
        if mood < self.fails + self.throttles {
            return Err(Failure::NotNow {
                message: "slow down".into(),
                retry_after: Some(Duration::from_millis(70)),
            });
        }
        if mood < self.fails + self.throttles + self.shuts {
            return Err(Failure::Destination("who are you".into()));
        }
        if spans.iter().any(|span| span.name == POISON) {
            return Err(Failure::Data("poison".into()));
        }
        self.keep(&spans);
        Ok(Sent::default())
    }

    fn keep(&self, spans: &[Span]) {
        self.received.lock().unwrap().extend(spans.iter().map(id_of));
    }
}

impl Destination for Moody {
    fn send(&self, batch: Outgoing) -> BoxFuture<'_, Result<Sent, Failure>> {
        self.receive(batch).boxed()
    }
}

fn spans_of(request: ExportTraceServiceRequest) -> Vec<Span> {
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn id_of(span: &Span) -> u64 {
    u64::from_be_bytes(span.span_id.as_slice().try_into().expect("eight bytes"))
}

/// A request whose spans have these ids; those in `poison` are bad.
fn request(ids: std::ops::Range<u64>, poison: &HashSet<u64>) -> Traces {
    let span = |id: u64| Span {
        trace_id: vec![1; 16],
        span_id: id.to_be_bytes().to_vec(),
        name: if poison.contains(&id) {
            POISON.into()
        } else {
            "good".into()
        },
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: ids.map(span).collect(),
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    let bytes = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    Traces::check(bytes.into()).expect("valid").traces
}

/// One pipeline, its exporters, and what drives them.
struct World {
    entrance: Arc<Entrance>,
    ledgers: Vec<ExporterLedger>,
    pipeline: Arc<Pipeline>,
    budget: Budget,
    stop: CancellationToken,
    drivers: Vec<tokio::task::JoinHandle<()>>,
}

fn batching(min: usize, max: usize) -> Batching {
    Batching {
        min,
        max,
        sizer: BatchSizer::Items,
        timeout: Duration::from_millis(200),
        ..Batching::default()
    }
}

fn retry() -> RetrySettings {
    RetrySettings {
        initial_interval: GoDuration::millis(100),
        max_interval: GoDuration::secs(2),
        ..RetrySettings::default()
    }
}

fn world(destinations: &[Arc<Moody>], batching: &Batching) -> World {
    let budget = Budget::new(64 << 20);
    let stop = CancellationToken::new();
    let (mut outputs, mut ledgers, mut drivers) = (Vec::new(), Vec::new(), Vec::new());
    for (branch, destination) in destinations.iter().enumerate() {
        let ledger = ExporterLedger::default();
        let capacity = Capacity {
            size: 1_000_000,
            sizer: QueueSizer::Requests,
        };
        let cursor = Cursor::new(batching.clone(), capacity, budget.clone(), ledger.clone());
        let gate = Gate::new(retry());
        let outlet = Arc::new(Outlet {
            destination: destination.clone(),
            gate: gate.clone(),
            retry: retry(),
            slots: Slots::new(4, Some(Duration::from_secs(1))),
            events: Arc::new(ExporterEvents::new("moody", ledger.clone())),
        });
        let events = outlet.events.clone();
        drivers.push(tokio::spawn(
            Driver::new(outlet, cursor.clone()).run(stop.clone(), stop.clone()),
        ));
        let branch = u16::try_from(branch).expect("few");
        outputs.push(Output::Exporter(Branching {
            cursor,
            gate,
            awaited: true,
            blocks: false,
            branch,
            events,
        }));
        ledgers.push(ledger);
    }
    let pipeline = Arc::new(Pipeline {
        ledger: PipelineLedger::default(),
        outputs,
    });
    let entrance = Arc::new(Entrance {
        pipelines: vec![pipeline.clone()],
        budget: budget.clone(),
        ack_timeout: Duration::from_secs(5),
        stopping: Arc::default(),
    });
    World {
        entrance,
        ledgers,
        pipeline,
        budget,
        stop,
        drivers,
    }
}

impl World {
    /// What holds at every moment.
    fn check(&self, seed: u64) {
        assert!(
            self.pipeline.ledger.columns().balances(),
            "seed {seed}: {:?}",
            self.pipeline.ledger.columns()
        );
        for ledger in &self.ledgers {
            assert!(ledger.columns().balances(), "seed {seed}: {:?}", ledger.columns());
        }
    }

    async fn finish(self, seed: u64) {
        self.stop.cancel();
        for driver in self.drivers {
            driver.await.expect("a driver does not panic");
        }
        for ledger in &self.ledgers {
            let columns = ledger.columns();
            assert!(columns.balances(), "seed {seed}: {columns:?}");
            assert_eq!(columns.in_flight, 0, "seed {seed}: {columns:?}");
        }
        assert_eq!(self.budget.used(), 0, "seed {seed}: bytes were not given back");
    }
}

/// A client that resends what was refused until it is taken; it may lose patience on the way.
async fn client(world: Arc<Entrance>, traces: Traces, seed: u64) -> u64 {
    let mut dice = StdRng::seed_from_u64(seed);
    // It learns patience, or a request that takes long would never come to its end.
    for attempt in 1.. {
        let patience = Duration::from_millis(dice.random_range(20..3000)) * attempt;
        let traces = world.budget.cover(traces.clone());
        let arrival = Arrival {
            traces,
            client: Client::unknown(),
            patience: Some(patience),
        };
        let hangs_up = Duration::from_millis(dice.random_range(10..20_000)) * attempt;
        match tokio::time::timeout(hangs_up, world.accept(arrival)).await {
            Ok(Ok(accepted)) => return accepted.rejected_spans,
            Ok(Err(refused)) => tokio::time::sleep(refused.retry_after).await,
            Err(_) => {}
        }
    }
    unreachable!("attempts do not end")
}

async fn simulate(seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let shuts = if dice.random_ratio(1, 4) { 2 } else { 0 };
    let destinations: Vec<_> = (0..dice.random_range(1..=2))
        .map(|at| {
            Moody::new(
                seed * 7 + at,
                dice.random_range(0..40),
                dice.random_range(0..20),
                shuts,
            )
        })
        .collect();
    let min = [0, 1, 20, 500][dice.random_range(0..4)];
    let max = if min > 0 && dice.random_bool(0.5) {
        min * 2
    } else {
        0
    };
    let world = world(&destinations, &batching(min, max));
    let mut next = 0;
    let mut clients = Vec::new();
    for at in 0..dice.random_range(1..40) {
        let spans = if dice.random_ratio(1, 20) {
            2000
        } else {
            dice.random_range(1..30)
        };
        let ids = next..next + spans;
        next += spans;
        let poison: HashSet<u64> = ids.clone().filter(|_| dice.random_ratio(1, 500)).collect();
        let traces = request(ids.clone(), &poison);
        let answer = tokio::spawn(client(world.entrance.clone(), traces, seed * 1000 + at));
        clients.push((ids, poison, answer));
        if dice.random_bool(0.3) {
            tokio::time::sleep(Duration::from_millis(dice.random_range(0..300))).await;
        }
        world.check(seed);
    }
    for (ids, poison, answer) in clients {
        let rejected = answer.await.expect("a client does not panic");
        world.check(seed);
        assert_eq!(
            rejected,
            poison.len() as u64,
            "seed {seed}: each client learns of its own bad spans"
        );
        for destination in &destinations {
            let lost: Vec<_> = ids
                .clone()
                .filter(|id| !poison.contains(id) && !destination.has(*id))
                .collect();
            assert!(
                lost.is_empty(),
                "seed {seed}: acknowledged and not delivered: {lost:?}"
            );
        }
    }
    if max > 0 {
        for destination in &destinations {
            assert!(
                destination.largest.load(Ordering::Relaxed) <= max as u64,
                "seed {seed}: a batch above its bound"
            );
        }
    }
    world.finish(seed).await;
}

/// Guarantees: whatever destinations and clients do, an acknowledged span was delivered to every destination, only
/// bad spans are rejected and their client learns how many, ledgers balance at every look, nothing stays behind.
#[test]
fn acknowledged_means_delivered() {
    for seed in 0..100 {
        paused().block_on(simulate(seed));
    }
}

fn paused() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime")
}

/// Guarantees: one bad span in a batch of many clients' requests is refused alone, within the bound on sends.
#[test]
fn one_poison_span_costs_nobody_else() {
    paused().block_on(async {
        let destination = Moody::new(1, 0, 0, 0);
        let world = world(&[destination.clone()], &batching(8192, 0));
        let poison = HashSet::from([5000]);
        let answers = (0..100u64).map(|at| {
            let traces = request(at * 100..(at + 1) * 100, &poison);
            let arrival = Arrival {
                traces,
                client: Client::unknown(),
                patience: None,
            };
            let entrance = world.entrance.clone();
            tokio::spawn(async move { entrance.accept(arrival).await })
        });
        let answers: Vec<_> = answers.collect();
        for (at, answer) in answers.into_iter().enumerate() {
            let accepted = answer.await.expect("no panic").expect("accepted");
            assert_eq!(accepted.rejected_spans, u64::from(at == 50));
        }
        assert_eq!(destination.received.lock().unwrap().len(), 9_999);
        assert!(destination.sends.load(Ordering::Relaxed) <= 66);
        world.finish(1).await;
    });
}

/// Guarantees: a request far above the batch size leaves in parts within the bound, and small ones beside it arrive.
#[test]
fn a_large_request_beside_small_ones() {
    paused().block_on(async {
        let destination = Moody::new(2, 0, 0, 0);
        let world = world(&[destination.clone()], &batching(512, 512));
        let none = HashSet::new();
        let sizes = [5, 20_000, 7, 1, 300];
        let mut next = 0;
        let mut answers = Vec::new();
        for size in sizes {
            let traces = request(next..next + size, &none);
            next += size;
            let arrival = Arrival {
                traces,
                client: Client::unknown(),
                patience: None,
            };
            let entrance = world.entrance.clone();
            answers.push(tokio::spawn(async move { entrance.accept(arrival).await }));
        }
        for answer in answers {
            assert_eq!(answer.await.expect("no panic"), Ok(Default::default()));
        }
        assert_eq!(destination.received.lock().unwrap().len() as u64, next);
        assert!(destination.largest.load(Ordering::Relaxed) <= 512);
        world.finish(2).await;
    });
}

/// Guarantees: while a destination fails, requests are refused with a delay, nothing is held, and it is found again
/// by a probe without any client's help.
#[test]
fn a_dead_destination_is_told_and_found_again() {
    paused().block_on(async {
        let destination = Moody::new(3, 0, 0, 0);
        destination.dead.store(true, Ordering::Relaxed);
        let world = world(&[destination.clone()], &batching(100, 0));
        let none = HashSet::new();
        let send = |id: u64| {
            let traces = world.budget.cover(request(id..id + 1, &none));
            let patience = Some(Duration::from_millis(500));
            world.entrance.accept(Arrival {
                traces,
                client: Client::unknown(),
                patience,
            })
        };
        for id in 0..10 {
            let refused = send(id)
                .await
                .expect_err("nothing is acknowledged that was not delivered");
            assert!(refused.retry_after > Duration::ZERO);
        }
        // Of a stopped destination's spans nothing is kept once their clients have been answered.
        assert_eq!(world.budget.used(), 0);
        destination.dead.store(false, Ordering::Relaxed);
        // The probe needs no request of a client.
        let before = destination.sends.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(destination.sends.load(Ordering::Relaxed) > before);
        assert_eq!(send(100).await, Ok(Default::default()));
        world.finish(3).await;
    });
}

/// Guarantees: spans whose client has gone before they were sent are not sent.
#[test]
fn a_client_that_gives_up_takes_its_spans_back() {
    paused().block_on(async {
        let destination = Moody::new(4, 0, 0, 0);
        let world = world(&[destination.clone()], &batching(100, 0));
        let none = HashSet::new();
        // Not awaited requests do not leave early, so this one fills the exporter first.
        let first = world.entrance.accept(Arrival {
            traces: request(0..100, &none),
            client: Client::unknown(),
            patience: None,
        });
        let (first, ()) = tokio::join!(first, async {
            tokio::task::yield_now().await;
            let traces = world.budget.cover(request(100..110, &none));
            let second = world.entrance.accept(Arrival {
                traces,
                client: Client::unknown(),
                patience: None,
            });
            assert!(second.now_or_never().is_none(), "it waits");
        });
        assert_eq!(first, Ok(Default::default()));
        assert_eq!(world.budget.used(), 0);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!destination.has(100));
        assert_eq!(world.ledgers[0].columns().withdrawn, 10);
        world.finish(4).await;
    });
}

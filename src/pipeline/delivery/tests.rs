//! A seeded simulation of clients, the whole way of their spans, and destinations that misbehave. Time is
//! simulated, so a thousand runs take seconds; a failure names its seed.

mod moody;
mod world;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use self::moody::{Moody, request};
use self::world::{batching, world};
use crate::pipeline::client::Client;
use crate::pipeline::entrance::Entrance;
use crate::pipeline::intake::{Arrival, Intake};
use crate::wire::Traces;

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
    let picks = if dice.random_ratio(1, 3) { 30 } else { 0 };
    let destinations: Vec<_> = (0..dice.random_range(1..=2))
        .map(|at| {
            Moody::new(
                seed * 7 + at,
                dice.random_range(0..40),
                dice.random_range(0..20),
                shuts,
                picks,
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
        // Each client learns of its own bad spans. Good ones go with them only where the bound on sends was met.
        let bad = poison.len() as u64;
        assert!(rejected >= bad, "seed {seed}: {rejected} rejected, {bad} bad");
        assert!(
            bad > 2 || rejected == bad,
            "seed {seed}: {rejected} rejected, {bad} bad"
        );
        for destination in &destinations {
            let lost: Vec<_> = ids
                .clone()
                .filter(|id| !poison.contains(id) && !destination.has(*id))
                .collect();
            assert!(
                lost.len() as u64 <= rejected - bad,
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
    for seed in seeds() {
        paused().block_on(simulate(seed));
    }
}

/// `SPANWAY_SEEDS` runs more of them.
fn seeds() -> std::ops::Range<u64> {
    0..std::env::var("SPANWAY_SEEDS")
        .ok()
        .and_then(|seeds| seeds.parse().ok())
        .unwrap_or(100)
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
        let destination = Moody::new(1, 0, 0, 0, 0);
        let world = world(std::slice::from_ref(&destination), &batching(8192, 0));
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
        let destination = Moody::new(2, 0, 0, 0, 0);
        let world = world(std::slice::from_ref(&destination), &batching(512, 512));
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

/// Guarantees: a request that shrinks when it is cut, because it has envelopes without spans, leaves no backlog behind:
/// the drain ends, and ends at once.
#[test]
fn empty_envelopes_leave_no_backlog() {
    paused().block_on(async {
        let destination = Moody::new(5, 0, 0, 0, 0);
        let world = world(std::slice::from_ref(&destination), &batching(10, 10));
        // A resource with nothing but a schema url of 100 bytes.
        let mut envelope = vec![0x0a, 102, 0x1a, 100];
        envelope.extend([b'u'; 100]);
        let bytes = [request(0..30, &HashSet::new()).bytes().to_vec(), envelope].concat();
        let traces = Traces::check(bytes.into()).expect("valid").traces;
        let arrival = Arrival {
            traces,
            client: Client::unknown(),
            patience: None,
        };
        assert_eq!(world.entrance.accept(arrival).await, Ok(Default::default()));
        let finished = tokio::time::timeout(Duration::from_secs(5), world.finish(5)).await;
        assert!(finished.is_ok(), "the drain does not end");
    });
}

/// Guarantees: while a destination fails, requests are refused with a delay, nothing is held, and it is found again
/// by a probe without any client's help.
#[test]
fn a_dead_destination_is_told_and_found_again() {
    paused().block_on(async {
        let destination = Moody::new(3, 0, 0, 0, 0);
        destination.dead.store(true, Ordering::Relaxed);
        let world = world(std::slice::from_ref(&destination), &batching(100, 0));
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
        // While it counts as failing this request would be refused: a probe must have found it before.
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(send(100).await, Ok(Default::default()));
        world.finish(3).await;
    });
}

/// Guarantees: spans whose client has gone before they were sent are not sent.
#[test]
fn a_client_that_gives_up_takes_its_spans_back() {
    paused().block_on(async {
        let destination = Moody::new(4, 0, 0, 0, 0);
        let world = world(std::slice::from_ref(&destination), &batching(100, 0));
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

//! Start, change and stop, in order: what takes spans in starts last and stops first.

mod begun;
mod retired;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use self::begun::Begun;
use self::retired::{Retired, close_journals, close_keepers};
use super::delivery::Driver;
use super::flow::Pipeline;
use super::graph::{Graph, Kept, Live, Sending};
use super::keeper::Keeper;
use crate::config::id::ComponentId;
use crate::journal::Journal;

/// A graph at work.
pub struct Running {
    receivers: HashMap<ComponentId, Serving>,
    drivers: Vec<Driving>,
    /// What ends each extension.
    extensions: HashMap<ComponentId, CancellationToken>,
    exporters: Vec<Sending>,
    kept: Vec<Kept>,
    keepers: Vec<Arc<dyn Keeper>>,
    pipelines: Vec<Weak<Pipeline>>,
    clerks: Clerks,
    live: Live,
    /// Parts of earlier graphs, which end in their own time.
    retiring: JoinSet<()>,
    signals: Signals,
}

/// What parts of a graph are told when it stops.
#[derive(Clone, Default)]
struct Signals {
    refuse: CancellationToken,
    drain: CancellationToken,
    close: CancellationToken,
}

/// A receiver at work.
struct Serving {
    refuse: CancellationToken,
    done: BoxFuture<'static, ()>,
}

/// A driver at work.
struct Driving {
    driver: Arc<Driver>,
    drain: CancellationToken,
    close: CancellationToken,
    task: JoinHandle<()>,
}

/// Those who answer what `spanway journal` asks, one for each journal.
struct Clerks {
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

/// What a stop left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Spans that an exporter still had in memory, by exporter; none when everything left.
    pub left: Vec<(String, u64)>,
    /// Spans that stay on disk until the next start, by exporter.
    pub kept: Vec<(String, u64)>,
    /// Whether receivers still had clients that waited for an answer.
    pub clients_cut_off: bool,
}

// === impl Running ===

impl Running {
    /// Starts delivery, then extensions, then receivers. An error names what could not start.
    pub async fn start(mut graph: Graph) -> Result<Self, String> {
        let signals = Signals::default();
        let drivers = graph.drivers.drain(..);
        let drivers = drivers.map(|driver| signals.drive(driver)).collect();
        let clerks = Clerks::of(&graph.kept, &signals);
        let mut begun = Begun::default();
        begun.start(&mut graph, &signals).await?;
        for entered in graph.receivers {
            entered.doorway.lead_to(entered.entrance);
        }
        Ok(Self {
            receivers: begun.receivers,
            drivers,
            extensions: begun.extensions,
            exporters: graph.exporters,
            keepers: graph.keepers.into_iter().map(|(_, keeps)| keeps.keeper).collect(),
            pipelines: graph
                .pipelines
                .iter()
                .map(|(_, pipeline)| Arc::downgrade(pipeline))
                .collect(),
            kept: graph.kept,
            clerks,
            live: graph.live,
            retiring: JoinSet::new(),
            signals,
        })
    }

    /// What the next graph may take over.
    pub fn live(&self) -> &Live {
        &self.live
    }

    /// Goes on as another graph, which has taken over what does not change: what is new starts, then all changes are made, then
    /// what is gone ends, in its own time. An error says what could not start; then nothing has changed.
    pub async fn go_on_as(&mut self, mut graph: Graph) -> Result<(), String> {
        let next_keepers: Vec<_> = graph
            .keepers
            .iter()
            .map(|(_, keeps)| keeps.keeper.clone())
            .collect();
        let next_pipelines = graph.pipelines.iter();
        let next_pipelines: Vec<_> = next_pipelines
            .map(|(_, pipeline)| Arc::downgrade(pipeline))
            .collect();
        graph.pipelines.clear();
        let is_known = |driver: &Arc<Driver>| {
            self.drivers
                .iter()
                .any(|known| Arc::ptr_eq(&known.driver, driver))
        };
        let (known, fresh): (Vec<_>, Vec<_>) = graph.drivers.drain(..).partition(is_known);
        let fresh = fresh
            .into_iter()
            .map(|driver| self.signals.drive(driver))
            .collect();
        let mut begun = Begun::default();
        if let Err(why) = begun.start(&mut graph, &self.signals).await {
            begun.extensions.values().for_each(CancellationToken::cancel);
            self.retire(Retired {
                receivers: begun.receivers.into_values().collect(),
                drivers: fresh,
                pipelines: next_pipelines,
                journals: difference(&graph.kept, &self.kept),
                exporters: Vec::new(),
                keepers: others(&next_keepers, &self.keepers),
            });
            return Err(why);
        }
        for change in graph.changes {
            change();
        }
        let mut old = std::mem::replace(&mut self.receivers, begun.receivers);
        for entered in graph.receivers {
            entered.doorway.lead_to(entered.entrance);
            goes_on(&mut old, &mut self.receivers, entered.id);
        }
        let mut ended = std::mem::replace(&mut self.extensions, begun.extensions);
        for (id, _) in graph.extensions {
            goes_on(&mut ended, &mut self.extensions, id);
        }
        ended.values().for_each(CancellationToken::cancel);
        let drivers = std::mem::replace(&mut self.drivers, fresh).into_iter();
        let (stay, gone): (Vec<_>, _) =
            drivers.partition(|old| known.iter().any(|known| Arc::ptr_eq(known, &old.driver)));
        self.drivers.extend(stay);
        std::mem::replace(&mut self.clerks, Clerks::none()).end().await;
        self.clerks = Clerks::of(&graph.kept, &self.signals);
        let kept = std::mem::replace(&mut self.kept, graph.kept);
        let keepers = std::mem::replace(&mut self.keepers, next_keepers);
        let pipelines = std::mem::replace(&mut self.pipelines, next_pipelines);
        self.exporters = graph.exporters;
        let live = std::mem::replace(&mut self.live, graph.live);
        self.retire(Retired {
            exporters: live.without(&self.live),
            receivers: old.into_values().collect(),
            drivers: gone,
            pipelines,
            journals: difference(&kept, &self.kept),
            keepers: others(&keepers, &self.keepers),
        });
        Ok(())
    }

    fn retire(&mut self, retired: Retired) {
        while self.retiring.try_join_next().is_some() {}
        self.retiring.spawn(retired.end());
    }

    /// Refuses new requests, lets those under way end and what is held leave, for no longer than `within`.
    pub async fn stop(mut self, within: Duration) -> Drained {
        let deadline = Instant::now() + within;
        // What clients no longer wait for must still have time to leave.
        let answered = Instant::now() + within.mul_f64(0.8);
        self.live.stopping().store(true, Ordering::Relaxed);
        self.signals.refuse.cancel();
        self.signals.drain.cancel();
        let receivers = self.receivers.into_values().map(|serving| serving.done);
        let clients_cut_off = timeout_at(answered, join_all(receivers)).await.is_err();
        self.signals.close.cancel();
        // What is left is read from the ledgers, whether or not the drivers came to their end.
        let drivers = self.drivers.into_iter().map(|driving| driving.task);
        drop(timeout_at(deadline, join_all(drivers)).await);
        let retired = async { while self.retiring.join_next().await.is_some() {} };
        drop(timeout_at(deadline, retired).await);
        drop(timeout_at(deadline, self.clerks.end()).await);
        close_journals(self.kept.iter().flat_map(Kept::journals).collect()).await;
        close_keepers(self.keepers).await;
        let mut drained = Drained {
            clients_cut_off,
            ..Drained::default()
        };
        for Sending { id, cursors, spent } in &self.exporters {
            let mut left: u64 = spent.iter().map(|ledger| ledger.columns().in_flight).sum();
            for cursor in cursors {
                let spans = cursor.ledger().columns().in_flight;
                match cursor.feed() {
                    Some(_) if spans > 0 => drained.kept.push((id.to_string(), spans)),
                    Some(_) => {}
                    None => left += spans,
                }
            }
            if left > 0 {
                drained.left.push((id.to_string(), left));
            }
        }
        drained
    }
}

// === impl Signals ===

impl Signals {
    fn drive(&self, driver: Arc<Driver>) -> Driving {
        let (drain, close) = (self.drain.child_token(), self.close.child_token());
        Driving {
            task: tokio::spawn(driver.clone().run(drain.clone(), close.clone())),
            driver,
            drain,
            close,
        }
    }
}

// === impl Clerks ===

impl Clerks {
    fn none() -> Self {
        Self {
            stop: CancellationToken::new(),
            tasks: Vec::new(),
        }
    }

    fn of(kept: &[Kept], signals: &Signals) -> Self {
        let stop = signals.refuse.child_token();
        let clerks = kept.iter().map(Kept::clerk);
        Self {
            tasks: clerks
                .map(|clerk| tokio::spawn(clerk.run(stop.clone())))
                .collect(),
            stop,
        }
    }

    async fn end(self) {
        self.stop.cancel();
        join_all(self.tasks).await;
    }
}

/// Moves a part that has no successor from the graph before to this one.
fn goes_on<T>(before: &mut HashMap<ComponentId, T>, now: &mut HashMap<ComponentId, T>, id: ComponentId) {
    if let Entry::Vacant(place) = now.entry(id)
        && let Some(part) = before.remove(place.key())
    {
        place.insert(part);
    }
}

/// The journals of `kept` that are not those of `others`, too.
fn difference(kept: &[Kept], others: &[Kept]) -> Vec<Arc<Journal>> {
    let others: Vec<_> = others.iter().flat_map(Kept::journals).collect();
    let journals = kept.iter().flat_map(Kept::journals);
    journals
        .filter(|journal| !others.iter().any(|other| Arc::ptr_eq(journal, other)))
        .collect()
}

/// Those of `keepers` that are not among `others`.
fn others(keepers: &[Arc<dyn Keeper>], others: &[Arc<dyn Keeper>]) -> Vec<Arc<dyn Keeper>> {
    let is_other = |keeper: &Arc<dyn Keeper>| {
        let same = |other: &Arc<dyn Keeper>| std::ptr::addr_eq(Arc::as_ptr(keeper), Arc::as_ptr(other));
        !others.iter().any(same)
    };
    keepers
        .iter()
        .filter(|keeper| is_other(keeper))
        .cloned()
        .collect()
}

//! One pipeline with its exporters, and what holds of it at every moment.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::moody::Moody;
use crate::config::types::GoDuration;
use crate::pipeline::budget::Budget;
use crate::pipeline::delivery::{BatchSizer, Driver, Outlet, QueueSizer, RetrySettings, Slots, Way};
use crate::pipeline::entrance::Entrance;
use crate::pipeline::flow::{Branching, Output, Pipeline};
use crate::pipeline::log::cursor::Capacity;
use crate::pipeline::log::{Batching, Cursor};
use crate::telemetry::exporter::ExporterEvents;
use crate::telemetry::health::Health;
use crate::telemetry::ledger::{ExporterLedger, PipelineLedger};

/// One pipeline, its exporters, and what drives them.
pub struct World {
    pub entrance: Arc<Entrance>,
    pub ledgers: Vec<ExporterLedger>,
    pipeline: Arc<Pipeline>,
    pub budget: Budget,
    stop: CancellationToken,
    drivers: Vec<tokio::task::JoinHandle<()>>,
}

pub fn batching(min: usize, max: usize) -> Batching {
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

pub fn world(destinations: &[Arc<Moody>], batching: &Batching) -> World {
    let budget = Budget::new(64 << 20);
    let stop = CancellationToken::new();
    let (mut outputs, mut ledgers, mut drivers) = (Vec::new(), Vec::new(), Vec::new());
    for (branch, destination) in destinations.iter().enumerate() {
        let ledger = ExporterLedger::default();
        let capacity = Capacity {
            size: 1_000_000,
            sizer: QueueSizer::Requests,
        };
        let cursor = Cursor::new(batching.clone(), capacity, budget.clone(), ledger.clone(), None);
        let way = Way {
            destination: destination.clone(),
            retry: retry(),
            slots: Slots::new(4, Some(Duration::from_secs(1))),
        };
        let events = Arc::new(ExporterEvents::new("moody", Health::default()));
        let outlet = Arc::new(Outlet::new(way, events));
        let gate = outlet.gate.clone();
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
        processing: None,
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
    pub fn check(&self, seed: u64) {
        assert!(
            self.pipeline.ledger.columns().balances(),
            "seed {seed}: {:?}",
            self.pipeline.ledger.columns()
        );
        for ledger in &self.ledgers {
            assert!(ledger.columns().balances(), "seed {seed}: {:?}", ledger.columns());
        }
    }

    pub async fn finish(self, seed: u64) {
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

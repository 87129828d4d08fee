//! The gateway's `/metrics`: the ledgers, and a watcher that sees them balance while the gateway works.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::control;

/// The page of one moment.
#[derive(Debug)]
pub struct Scrape(String);

/// The columns of one ledger.
pub type Columns = BTreeMap<String, u64>;

/// Scrapes without a break until it ends.
pub struct Watch {
    stop: Arc<AtomicBool>,
    scrapes: Option<JoinHandle<usize>>,
}

// === impl Scrape ===

impl Scrape {
    /// What is served there now.
    pub fn fetch(address: SocketAddr) -> Self {
        Self(control::get(address, "/metrics"))
    }

    /// The metrics' names.
    pub fn names(&self) -> Vec<&str> {
        let types = self.0.lines().filter_map(|line| line.strip_prefix("# TYPE "));
        types.filter_map(|line| line.split(' ').next()).collect()
    }

    /// The sum of all series of `name` whose labels contain `labels`.
    pub fn sum(&self, name: &str, labels: &str) -> u64 {
        let series = self.series(name).filter(|(found, _)| found.contains(labels));
        series.map(|(_, value)| value as u64).sum()
    }

    /// A column of an exporter's ledger.
    pub fn exporter(&self, id: &str, column: &str) -> u64 {
        self.ledgers("exporter")[id][column]
    }

    /// The ledgers of a kind (`pipeline`, `exporter`), by id.
    pub fn ledgers(&self, kind: &str) -> BTreeMap<String, Columns> {
        let mut ledgers: BTreeMap<String, Columns> = BTreeMap::new();
        for (labels, value) in self.series(&format!("spanway_{kind}_spans")) {
            let label = |name: &str| {
                let (_, rest) = labels.split_once(&format!("{name}=\"")).unwrap();
                rest.split_once('"').unwrap().0.to_owned()
            };
            ledgers
                .entry(label(kind))
                .or_default()
                .insert(label("state"), value as u64);
        }
        ledgers
    }

    /// Fails unless every ledger balances.
    pub fn check(&self) {
        let sum = |columns: &Columns, names: &[&str]| names.iter().map(|name| columns[*name]).sum::<u64>();
        for (id, columns) in self.ledgers("pipeline") {
            let left = sum(&columns, &["accepted", "recovered"]);
            let right = sum(
                &columns,
                &["filtered", "sampled_out", "withdrawn", "handed_over", "held"],
            );
            assert_eq!(left, right, "the ledger of pipeline {id}: {columns:?}");
        }
        for (id, columns) in self.ledgers("exporter") {
            let left = sum(&columns, &["handed_over", "recovered"]);
            let ways = ["delivered", "refused_downstream", "expired", "dead_lettered"];
            let right = sum(&columns, &ways) + sum(&columns, &["withdrawn", "in_flight"]);
            assert_eq!(left, right, "the ledger of exporter {id}: {columns:?}");
        }
    }

    fn series<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a str, f64)> {
        let name = format!("{name}{{");
        self.0.lines().filter_map(move |line| {
            let rest = line.strip_prefix(&name)?;
            let (labels, value) = rest.rsplit_once("} ")?;
            Some((labels, value.parse().unwrap()))
        })
    }
}

// === impl Watch ===

impl Watch {
    /// Begins.
    pub fn begin(metrics: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let scrapes = std::thread::spawn(move || {
            let mut scrapes = 0;
            while !stopped.load(Ordering::Relaxed) {
                Scrape::fetch(metrics).check();
                scrapes += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            scrapes
        });
        Self {
            stop,
            scrapes: Some(scrapes),
        }
    }

    /// Ends, and fails if any scrape did not balance, or there was none.
    pub fn end(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let scrapes = self.scrapes.take().unwrap().join();
        assert!(scrapes.expect("the ledgers balance at every moment") > 0);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

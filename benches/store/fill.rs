//! Fills a store and says what that cost.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::sleep;
use std::time::{Duration, Instant};

use spanway::store::{Appended, Settings, Store, Unbounded, Unobserved};
use spanway::telemetry::process::cpu_seconds;

use crate::spans;

/// Spans of a request.
const REQUEST: u64 = 512;

/// Requests that are not acknowledged yet, at most.
const UNDER_WAY: u64 = 16;

struct Told(Sender<()>);

impl Appended for Told {
    fn done(self: Box<Self>, result: Result<(), String>) {
        result.unwrap();
        self.0.send(()).unwrap();
    }
}

/// Opens the store, and fills it when it is empty.
pub fn fill(directory: &Path, count: u64) -> Arc<Store> {
    let store = Store::open(
        Settings::new(directory),
        Arc::new(Unobserved),
        Arc::new(Unbounded),
    )
    .unwrap();
    let store = Arc::new(store);
    while !store.ready() {
        sleep(Duration::from_millis(1));
    }
    if store.size().spans > 0 {
        return store;
    }
    let (cpu, maker, started) = (cpu_seconds().unwrap(), thread_seconds(), Instant::now());
    let made = send_all(&store, count);
    let appended = started.elapsed();
    let resting = rest(&store);
    let maker = thread_seconds() - maker;
    let cpu = cpu_seconds().unwrap() - cpu - maker;
    let size = store.size();
    let per_span = |amount: f64| amount / count as f64;
    println!("## Writing {count} spans of {:.0} bytes\n", per_span(made as f64));
    println!("| what | |\n|---|---|");
    println!("| processor time a span, us | {:.2} |", per_span(cpu * 1e6));
    println!(
        "| spans a second until acknowledged (the maker takes {:.0} s) | {:.0} |",
        maker,
        count as f64 / appended.as_secs_f64()
    );
    println!("| seconds until segments rest | {:.1} |", resting.as_secs_f64());
    println!("| bytes on disk a span | {:.1} |", per_span(size.bytes as f64));
    println!("| segments | {} |", size.segments);
    println!(
        "| spans in segments, in the head | {}, {} |",
        size.spans, size.head_spans
    );
    println!("| most resident memory, MiB | {} |\n", peak_mib());
    store
}

fn send_all(store: &Store, count: u64) -> usize {
    let (told, tells) = channel();
    let (mut under_way, mut bytes) = (0, 0);
    for first in (0..count).step_by(REQUEST as usize) {
        let traces = spans::request(first, REQUEST.min(count - first));
        bytes += traces.bytes().len();
        while store.congested().is_some() || store.admit(None, &traces).is_err() {
            sleep(Duration::from_millis(1));
        }
        let room = store.admit(None, &traces).ok();
        store.append(None, &traces, room, Box::new(Told(told.clone())));
        under_way += 1;
        if under_way >= UNDER_WAY {
            tells.recv().unwrap();
            under_way -= 1;
        }
    }
    (0..under_way).for_each(|_| tells.recv().unwrap());
    bytes
}

/// A merge of two million spans takes less.
const MERGING: Duration = Duration::from_secs(15);

/// Waits until segments change no more.
fn rest(store: &Store) -> Duration {
    let started = Instant::now();
    let mut last = (store.size(), Instant::now());
    while last.1.elapsed() < MERGING {
        sleep(Duration::from_millis(50));
        let size = store.size();
        if size != last.0 {
            last = (size, Instant::now());
        }
    }
    last.1 - started
}

/// Processor time of this thread.
fn thread_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks = |at: usize| fields[at].parse::<f64>().unwrap();
    (ticks(11) + ticks(12)) / 100.0
}

/// The most memory that this process ever had.
pub fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

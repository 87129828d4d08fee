//! What the journal costs by itself, without a gateway around it: `cargo bench --bench journal`.
//!
//! Prints Markdown: processor and wall time of a record's whole way, how long a start takes with a backlog, how fast a
//! reader that lags behind catches up. `SPANWAY_TESTS_LONG=1` adds a backlog of 10 GiB; an argument is the directory
//! to work in, which should be on the disk that matters. No framework for benchmarks: they repeat a closure and time
//! it, while here several threads share the work, their processor time counts as much, and the disk is most of it.
#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on says so by panicking"
)]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::RngExt;
use spanway::journal::disk::FileSystem;
use spanway::journal::{CommitError, Cursor, Entry, Journal, Options, Space, Taken, Uncounted, Waiter};
use spanway::telemetry::process::cpu_seconds;
use tempfile::TempDir;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes of a request of 512 spans, and of one of 8.
const RECORDS: [usize; 2] = [240_000, 5_500];

/// How long each way of appending is measured.
const LENGTH: Duration = Duration::from_secs(3);

/// Read at once, as delivery does.
const READ: u64 = 4 << 20;

const GIB: u64 = 1 << 30;

/// Wall and processor time.
struct Watch {
    began: Instant,
    cpu: f64,
}

/// Whoever waits for a record: tells the one thread that appends.
struct Tell(mpsc::Sender<Result<u64, CommitError>>);

fn main() {
    let asked = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let parent = asked.map_or_else(|| env!("CARGO_TARGET_TMPDIR").into(), PathBuf::from);
    println!("# The journal alone, in {}\n", parent.display());
    costs(&parent);
    backlogs(&parent);
}

// === a record's way ===

fn costs(parent: &Path) {
    println!("## Append, commit, take and settle\n");
    println!("| record bytes | durable in | in flight | wall us/record | CPU us/record | MB/s |");
    println!("|---|---|---|---|---|---|");
    for size in RECORDS {
        bare(parent, size);
        for (sync, mode) in [(true, "disk (fsync)"), (false, "system (os)")] {
            for in_flight in [1, 32, 256] {
                let (records, wall, cpu) = cost(parent, size, sync, in_flight);
                row(size, mode, in_flight, records, wall, cpu);
            }
        }
    }
    println!();
}

/// One thread that writes and syncs, for comparison.
fn bare(parent: &Path, size: usize) {
    let directory = TempDir::new_in(parent).unwrap();
    let mut file = File::create(directory.path().join("bare")).unwrap();
    let body = noise(size);
    let watch = Watch::start();
    let mut records = 0;
    while watch.began.elapsed() < LENGTH {
        file.write_all(&body).unwrap();
        file.sync_data().unwrap();
        records += 1;
    }
    let (wall, cpu) = watch.stop();
    row(size, "disk, a bare write and fdatasync", 1, records, wall, cpu);
}

/// Appends with so many records waiting, and settles what comes out; returns how many, and what that took.
fn cost(parent: &Path, size: usize, sync: bool, in_flight: u64) -> (u64, f64, f64) {
    let directory = TempDir::new_in(parent).unwrap();
    let (journal, cursor) = open(directory.path(), sync);
    let (sender, receiver) = mpsc::channel();
    let body = noise(size);
    let watch = Watch::start();
    let (mut appended, mut durable, mut settled) = (0, 0, 0);
    while durable < appended || watch.began.elapsed() < LENGTH {
        while appended - durable < in_flight && watch.began.elapsed() < LENGTH {
            append(&journal, &body, &sender);
            appended += 1;
        }
        if durable < appended {
            receiver.recv().unwrap().unwrap();
            durable += 1;
            settled += settle(&cursor);
        }
    }
    let (wall, cpu) = watch.stop();
    assert_eq!(settled, appended * size as u64);
    (appended, wall, cpu)
}

fn row(size: usize, mode: &str, in_flight: u64, records: u64, wall: f64, cpu: f64) {
    let each = |seconds: f64| seconds / records as f64 * 1e6;
    let rate = records as f64 * size as f64 / wall / 1e6;
    println!(
        "| {size} | {mode} | {in_flight} | {:.1} | {:.2} | {rate:.0} |",
        each(wall),
        each(cpu)
    );
}

// === a start with a backlog, and a reader behind ===

fn backlogs(parent: &Path) {
    println!("## A backlog\n");
    println!("Cold: its files are not in the system's memory.\n");
    println!(
        "| backlog GiB | record bytes | start after a crash, cold s | warm s | after an orderly stop, cold s \
         | reading cold MB/s | CPU s/GB |"
    );
    println!("|---|---|---|---|---|---|---|");
    let long = std::env::var_os("SPANWAY_TESTS_LONG").map(|_| 10 * GIB);
    for bytes in [GIB].into_iter().chain(long) {
        for size in RECORDS {
            backlog(parent, bytes, size);
        }
    }
}

fn backlog(parent: &Path, bytes: u64, size: usize) {
    let directory = TempDir::new_in(parent).unwrap();
    let directory = directory.path();
    fill(directory, bytes, size);
    forget_cache(directory);
    let (crash, journal) = timed(|| open(directory, true));
    drop(journal);
    let (warm, journal) = timed(|| open(directory, true));
    journal.0.close().unwrap();
    drop(journal);
    forget_cache(directory);
    let (orderly, (journal, cursor)) = timed(|| open(directory, true));
    forget_cache(directory);
    let watch = Watch::start();
    let read = settle(&cursor);
    let (wall, cpu) = watch.stop();
    assert!(read >= bytes, "{read} of {bytes} bytes");
    drop(journal);
    println!(
        "| {} | {size} | {crash:.3} | {warm:.3} | {orderly:.3} | {:.0} | {:.2} |",
        bytes / GIB,
        read as f64 / wall / 1e6,
        cpu / (read as f64 / 1e9)
    );
}

/// Appends so many bytes, and ends without closing in order.
fn fill(directory: &Path, bytes: u64, size: usize) {
    let (journal, _cursor) = open(directory, false);
    let (sender, receiver) = mpsc::channel();
    let body = noise(size);
    let records = bytes.div_ceil(size as u64);
    // A few more bytes than a commit takes, so that the thread never waits.
    let ahead = (64 << 20) / size as u64;
    for number in 0..records {
        append(&journal, &body, &sender);
        if number >= ahead {
            receiver.recv().unwrap().unwrap();
        }
    }
    for _ in 0..records.min(ahead) {
        receiver.recv().unwrap().unwrap();
    }
}

/// Has the system write the files and let go of them; `dd` asks for that without copying anything.
fn forget_cache(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let done = Command::new("dd")
            .arg(format!("of={}", path.display()))
            .args([
                "oflag=nocache",
                "conv=notrunc,fdatasync",
                "count=0",
                "status=none",
            ])
            .status();
        assert!(done.unwrap().success(), "dd {}", path.display());
    }
}

// === the journal ===

fn open(directory: &Path, sync: bool) -> (Journal, Cursor) {
    let options = Options {
        sync,
        ..Options::default()
    };
    let journal = Journal::open(
        Arc::new(FileSystem::default()),
        directory,
        options,
        Space::new(100 * GIB),
        Arc::new(Uncounted),
    );
    let journal = journal.unwrap();
    journal.cursor("reader").unwrap();
    let cursor = journal.attach("reader", Arc::new(Uncounted));
    (journal, cursor)
}

fn append(journal: &Journal, body: &Bytes, sender: &mpsc::Sender<Result<u64, CommitError>>) {
    let entry = Entry::new(Bytes::new(), body.clone(), 1);
    journal.append(entry, Box::new(Tell(sender.clone())));
}

/// Settles all that there is; returns the bytes of the bodies.
fn settle(cursor: &Cursor) -> u64 {
    let mut bytes = 0;
    loop {
        let items = match cursor.take(READ) {
            Taken::Items(items) => items,
            Taken::OnDisk => cursor.read(READ).unwrap(),
            Taken::Nothing => return bytes,
        };
        for item in items {
            bytes += item.body.len() as u64;
            cursor.settle(item.seq, item.size, item.weight, || ());
        }
    }
}

impl Waiter for Tell {
    fn done(self: Box<Self>, result: Result<u64, CommitError>) {
        // The receiver outlives every record that it waits for.
        self.0.send(result).unwrap();
    }
}

fn noise(size: usize) -> Bytes {
    let mut bytes = vec![0; size];
    rand::rng().fill(&mut bytes);
    bytes.into()
}

fn timed<T>(run: impl FnOnce() -> T) -> (f64, T) {
    let began = Instant::now();
    let result = run();
    (began.elapsed().as_secs_f64(), result)
}

// === impl Watch ===

impl Watch {
    fn start() -> Self {
        Self {
            began: Instant::now(),
            cpu: cpu_seconds().unwrap(),
        }
    }

    /// Seconds of wall and processor time.
    fn stop(self) -> (f64, f64) {
        (
            self.began.elapsed().as_secs_f64(),
            cpu_seconds().unwrap() - self.cpu,
        )
    }
}

//! The span store's files as a disk and its owner may treat them: not enough room, damage, files of somebody else.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use spanway::query::model::{Find, FindTrace, Found, Page, QueryError, TraceId};

use support::child::{PATIENCE, wait_until};
use support::disk::{Disk, files};
use support::load::Load;
use support::otlp::{request_of, span};
use support::spanway::Spanway;
use support::store::{Asked, plan, post};

const MIB: u64 = 1 << 20;
const HOUR: u64 = 3_600_000_000_000;

/// Sends a hundred spans of trace `number`, which start in an hour of their own, and waits until they are in a file.
fn send(gateway: &Spanway, number: u64, bytes: usize) {
    let before = sealed(gateway);
    let spans = (0..100).map(|id| Span {
        trace_id: trace(number).0.to_vec(),
        attributes: vec![noise(number * 100 + id, bytes / 100)],
        start_time_unix_nano: number * HOUR + id,
        ..span(id)
    });
    post(gateway.http, &request_of(spans.collect()).encode_to_vec());
    wait_until("the spans are in a file", || sealed(gateway) == before + 100);
}

fn sealed(gateway: &Spanway) -> u64 {
    gateway.scrape().sum("spanway_store_sealed_spans", "")
}

fn trace(number: u64) -> TraceId {
    TraceId(u128::from(number).to_be_bytes())
}

/// An attribute that hardly compresses.
fn noise(seed: u64, length: usize) -> KeyValue {
    let mut rng = StdRng::seed_from_u64(seed);
    let letter = |_| char::from(rng.random_range(b'0'..b'p'));
    let text = Any::StringValue((0..length).map(letter).collect());
    KeyValue {
        key: "noise".into(),
        value: Some(AnyValue { value: Some(text) }),
        ..KeyValue::default()
    }
}

/// The segments, the oldest first.
fn segments(directory: &Path) -> Vec<PathBuf> {
    files(&directory.join("segments"))
}

fn count(directory: &Path, number: u64) -> Result<u64, QueryError> {
    let (id, page) = (trace(number), Page::first(1000));
    let answer = Asked(directory).ask(Find::Trace(FindTrace { id, page }))?;
    match answer.found {
        Found::Trace(found) => Ok(found.hits.len() as u64),
        other => panic!("{other:?}"),
    }
}

/// Guarantees: beyond `retention.max_bytes_mib` the files go whose spans started first, as many as it takes, whole; queries
/// go on meanwhile, and a span that stays is found whole.
#[test]
fn retention_by_bytes() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("spans");
    let gateway = plan(
        &directory,
        "retention: {max_bytes_mib: 1}, segment: {max_age: 1s}",
    )
    .start();
    // The newest come first: what goes is told by the start.
    let mut left = Vec::new();
    for number in [5, 6, 1, 2, 3, 4] {
        send(&gateway, number, 600_000);
        wait_until("there is room", || {
            let bytes: u64 = segments(&directory)
                .iter()
                .map(|file| file.metadata().map_or(0, |file| file.len()))
                .sum();
            bytes <= MIB
        });
        left = (1..=6)
            .filter(|number| match count(&directory, *number).unwrap() {
                0 => false,
                spans => {
                    assert_eq!(spans, 100, "a part of trace {number}");
                    true
                }
            })
            .collect();
    }
    assert_eq!(left, [5, 6]);
    let expired = gateway
        .scrape()
        .sum("spanway_store_expired_spans", "reason=\"bytes\"");
    assert_eq!(expired, 400);
}

/// Guarantees: files of somebody else and files that are damaged are set aside when the store is opened, each with a log line
/// that names it; everything else is answered.
#[test]
fn foreign_and_damaged_files() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("spans");
    let plan = plan(&directory, "segment: {max_age: 1s}");
    let mut gateway = plan.start();
    for number in 1..=4 {
        send(&gateway, number, 10_000);
    }
    assert!(gateway.stop_within(PATIENCE).success());
    let known = segments(&directory);
    let name = |file: &Path| file.file_name().unwrap().to_str().unwrap().to_owned();
    let place = directory.join("segments");
    fs::write(place.join("notes.txt"), "mine").unwrap();
    fs::copy(&known[0], place.join("00000000000000ff.parquet")).unwrap();
    // Cut off, overwritten, and gone.
    let half = known[1].metadata().unwrap().len() / 2;
    File::options()
        .write(true)
        .open(&known[1])
        .unwrap()
        .set_len(half)
        .unwrap();
    fs::write(&known[2], "not a segment").unwrap();
    fs::remove_file(&known[3]).unwrap();
    let gateway = plan.start();
    let says = |message: &str, file: &str| {
        gateway.child.stderr.wait_for(message, |line| {
            (line.contains(message) && line.contains(file)).then_some(())
        });
    };
    says(
        "a file that the store knows nothing of was moved here",
        "foreign/notes.txt",
    );
    says(
        "a file that the store knows nothing of was moved here",
        "foreign/00000000000000ff.parquet",
    );
    says("segment is damaged", &format!("damaged/{}", name(&known[1])));
    says("segment is damaged", &format!("damaged/{}", name(&known[2])));
    says("segment is damaged", &name(&known[3]));
    assert_eq!(gateway.scrape().sum("spanway_store_unreadable_spans", ""), 300);
    assert_eq!(fs::read(directory.join("foreign/notes.txt")).unwrap(), b"mine");
    assert_eq!(segments(&directory), known[..1]);
    let found: Vec<u64> = (1..=4).map(|number| count(&directory, number).unwrap()).collect();
    assert_eq!(found, [100, 0, 0, 0]);
    // What is lost can be sent again.
    send(&gateway, 2, 10_000);
    assert_eq!(count(&directory, 2), Ok(100));
}

/// Guarantees: when a page of a file that is in use turns bad, who needs it gets an error that names the file; whoever needs
/// other files has an answer, and spans are taken.
#[test]
fn a_page_turns_bad() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("spans");
    let gateway = plan(&directory, "segment: {max_age: 1s}").start();
    for number in 1..=2 {
        send(&gateway, number, 100_000);
    }
    let file = &segments(&directory)[0];
    assert_eq!(count(&directory, 1), Ok(100));
    let middle = file.metadata().unwrap().len() / 2;
    let opened = File::options().write(true).open(file).unwrap();
    opened.write_all_at(&[0x55; 1000], middle).unwrap();
    let Err(QueryError::Failed(error)) = count(&directory, 1) else {
        panic!("damage was not noticed");
    };
    assert!(error.contains(file.to_str().unwrap()), "{error}");
    assert_eq!(count(&directory, 2), Ok(100));
    send(&gateway, 3, 10_000);
    assert_eq!(count(&directory, 3), Ok(100));
    assert_eq!(Asked(&directory).spans(), 300);
}

/// Guarantees: a full disk refuses spans for as long as it is full, and no longer: clients are told to come back, queries
/// go on, and in the end the store has every acknowledged span, once.
#[test]
fn a_full_disk() {
    let Some(disk) = Disk::mount("a_full_disk", 256) else {
        return;
    };
    let filler = disk.fill_but(12 * MIB);
    let directory = disk.path().join("spans");
    let gateway = plan(&directory, "segment: {max_spans: 5000, max_age: 1s}").start();
    let clients = "--span-bytes 1000 --spans-per-request 100 --rate 10000 --in-flight 8 --retry-for 30m";
    let load = Load::start(gateway.grpc, &format!("{clients} --duration 1h"));
    wait_until("the disk is full", || {
        let scrape = gateway.scrape();
        scrape.sum("spanway_store_failing", "") == 1 && scrape.sum("otelcol_receiver_refused_spans", "") > 0
    });
    assert!(Asked(&directory).spans() > 0);
    fs::remove_file(filler).unwrap();
    wait_until("the store can write again", || {
        gateway.scrape().sum("spanway_store_failing", "") == 0
    });
    let before = sealed(&gateway);
    wait_until("spans are written", || sealed(&gateway) > before);
    let report = load.stop();
    assert!(report.attempts_refused["UNAVAILABLE"] > 0, "{report:?}");
    assert_eq!(report.requests_given_up, 0, "{report:?}");
    let store = Asked(&directory);
    assert_eq!(
        (store.spans(), store.most_copies()),
        (report.spans_acknowledged, 1)
    );
}

//! From OTLP into files and out of them again, through two gateways: nothing is lost, whatever becomes of either.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::fs;
use std::path::Path;

use support::child::{Child, wait_until};
use support::disk::Disk;
use support::load::{Load, Report};
use support::sink::Sink;
use support::spanway::{Plan, Spanway};

const LOAD: &str = "--spans-per-request 100 --in-flight 8 --retry-for 1m --spans 12000 --rate 6000";

/// A gateway that reads what is in the folder, and sends it on.
struct Reader {
    yaml: String,
    _storage: tempfile::TempDir,
    running: Option<(Child, tempfile::NamedTempFile)>,
}

impl Reader {
    fn new(folder: &Path, keys: &str, sink: &Sink) -> Self {
        let storage = tempfile::tempdir().unwrap();
        let (folder, place) = (folder.display(), storage.path().display());
        let exporter = sink.exporter("otlp_grpc", "");
        let yaml = format!(
            "receivers:
  otlp_json_file: {{include: ['{folder}/out/*'], start_at: beginning, poll_interval: 20ms, storage: file_storage, {keys}}}
exporters:
  otlp_grpc: {exporter}
extensions:
  file_storage: {{directory: '{place}'}}
service:
  extensions: [file_storage]
  pipelines:
    traces:
      receivers: [otlp_json_file]
      exporters: [otlp_grpc]
"
        );
        let mut reader = Self {
            yaml,
            _storage: storage,
            running: None,
        };
        reader.start();
        reader
    }

    fn start(&mut self) {
        let (child, file) = Spanway::launch(&self.yaml);
        child.stderr.wait_for("everything is ready", |line| {
            line.contains("everything is ready").then_some(())
        });
        self.running = Some((child, file));
    }

    fn kill(&mut self) {
        let (mut child, _) = self.running.take().unwrap();
        child.kill();
    }
}

/// A gateway that writes to files in the folder.
fn writer(folder: &Path, keys: &str) -> Plan {
    let path = folder.join("out/spans.json");
    let settings = format!("{{path: '{}', create_directory: true, {keys}}}", path.display());
    Plan::default().same_ports().exporter("file", &settings)
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder.join("out")).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn assert_all_arrive(sink: &Sink, report: &Report) {
    assert!(
        report.spans_acknowledged > 0 && report.requests_given_up == 0,
        "{report:?}"
    );
    wait_until("every acknowledged span has arrived", || {
        sink.missing(report).missing == 0
    });
}

/// Guarantees: every acknowledged span arrives, while files are rotated under the reader's hands, and reader and writer are ended
/// by `kill -9` and start again.
#[test]
fn nothing_is_lost_on_the_way_through_files() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start(&[]);
    let plan = writer(folder.path(), "rotation: {max_megabytes: 1}");
    let mut gateway = plan.start();
    let mut reader = Reader::new(folder.path(), "", &sink);
    let load = Load::start(gateway.grpc, LOAD);
    for most in [1, 4] {
        wait_until("files were rotated", || files(folder.path()).len() > most);
        reader.kill();
        gateway.child.kill();
        gateway = plan.start();
        reader.start();
    }
    let report = load.report();
    reader.kill();
    reader.start();
    assert_all_arrive(&sink, &report);
    // A kill repeats what was under way, not all of it.
    let stats = sink.stats();
    assert!(stats.duplicates < stats.distinct, "{stats:?}");
}

/// Guarantees: compressed protobuf comes back as well; a file is deleted when all of it has arrived, and not while a gateway
/// writes to it.
#[test]
fn files_are_deleted_when_they_have_arrived() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start(&[]);
    let framed = "format: proto, compression: zstd";
    let mut gateway = writer(
        folder.path(),
        &format!("{framed}, rotation: {{max_megabytes: 1}}"),
    )
    .start();
    let keys = format!("{framed}, delete_after_read: true, include_file_name: false");
    let _reader = Reader::new(folder.path(), &keys, &sink);
    let load = Load::start(gateway.grpc, LOAD);
    let report = load.report();
    assert_all_arrive(&sink, &report);
    wait_until("only the file that is written to is left", || {
        files(folder.path()) == ["spans.json"]
    });
    gateway.stop_within(support::child::PATIENCE);
    wait_until("that is deleted too", || files(folder.path()).is_empty());
    let stats = sink.stats();
    assert_eq!(
        (stats.spans, stats.distinct),
        (report.spans_acknowledged, report.spans_acknowledged)
    );
}

/// Guarantees: a disk that is full keeps clients waiting, and no record is torn by it; when somebody reads and deletes what is there,
/// all arrives.
#[test]
fn a_full_disk_is_emptied_by_the_reader() {
    let Some(disk) = Disk::mount("a_full_disk_is_emptied_by_the_reader", 3) else {
        return;
    };
    let sink = Sink::start(&[]);
    let retries = "retry_on_failure: {initial_interval: 50ms, max_interval: 200ms}";
    let keys = format!("rotation: {{max_megabytes: 1}}, {retries}");
    let gateway = writer(disk.path(), &keys).start();
    let load = Load::start(gateway.grpc, LOAD);
    wait_until("the disk is full", || {
        gateway.scrape().sum("spanway_exporter_failing", "") == 1
    });
    let _reader = Reader::new(disk.path(), "delete_after_read: true", &sink);
    let report = load.report();
    assert_all_arrive(&sink, &report);
}

/// Guarantees: two exporters do not write to one file, and who tries is told at the start.
#[test]
fn two_writers_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spans.json");
    let settings = format!("{{path: '{}'}}", path.display());
    let plan = Plan::default()
        .exporter("file", &settings)
        .exporter("file/2", &settings);
    let (mut child, _file) = Spanway::launch(&plan.yaml());
    assert!(!child.ended_within(support::child::PATIENCE).success());
    let said = child.stderr.to_end();
    assert!(
        said.contains("another exporter or process writes to it"),
        "{said}"
    );
}

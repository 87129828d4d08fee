//! The keys, patterns of paths, and reading files while they are written, renamed, truncated and deleted.

mod history;
mod parts;
mod reading;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use tokio_util::sync::CancellationToken;

use super::config::Config;
use super::{OtlpJsonFile, factory};
use crate::config::settings::{Problems, Settings};
use crate::pipeline::budget::Budget;
use crate::pipeline::intake::{Arrival, Intake};
use crate::pipeline::receiver::Receiver as _;
use crate::pipeline::storage::{OnFull, StorageSettings};
use crate::pipeline::verdict::{Accepted, Refused};
use crate::telemetry::health::Health;

/// How long anything may take here.
pub const LONG: Duration = Duration::from_secs(20);

/// Pipelines that keep what comes, after they have refused it so many times; of a request with a span called `bad` they refuse
/// a span for good.
pub struct Keeper {
    budget: Budget,
    refusals: Mutex<u32>,
    kept: Mutex<Vec<ExportTraceServiceRequest>>,
}

/// A folder with files, and a receiver for it that can be started and stopped.
pub struct World {
    pub folder: tempfile::TempDir,
    pub keeper: Arc<Keeper>,
    runtime: tokio::runtime::Runtime,
    keys: String,
    has_storage: bool,
    running: Option<(CancellationToken, BoxFuture<'static, ()>)>,
}

impl Intake for Keeper {
    fn accept(&self, arrival: Arrival) -> BoxFuture<'_, Result<Accepted, Refused>> {
        async move {
            let mut refusals = self.refusals.lock().unwrap();
            if *refusals > 0 {
                *refusals -= 1;
                return Err(self.over_budget(0));
            }
            let request = ExportTraceServiceRequest::decode(&**arrival.traces.bytes()).unwrap();
            let is_bad = names(&request).contains(&"bad".to_owned());
            self.kept.lock().unwrap().push(request);
            Ok(Accepted {
                rejected_spans: u64::from(is_bad),
                message: "a bad span".into(),
            })
        }
        .boxed()
    }

    fn congested(&self, _: Option<Duration>) -> Option<Refused> {
        None
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn over_budget(&self, _: usize) -> Refused {
        Refused {
            message: "not now".into(),
            retry_after: Duration::from_millis(1),
        }
    }
}

fn names(request: &ExportTraceServiceRequest) -> Vec<String> {
    let scopes = request
        .resource_spans
        .iter()
        .flat_map(|resource| &resource.scope_spans);
    scopes
        .flat_map(|scope| &scope.spans)
        .map(|span| span.name.clone())
        .collect()
}

impl Keeper {
    /// The names of the spans that came, in the order of their names.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.kept.lock().unwrap().iter().flat_map(names).collect();
        names.sort();
        names
    }

    /// From now on it refuses what comes, so many times.
    pub fn refuse(&self, times: u32) {
        *self.refusals.lock().unwrap() = times;
    }

    /// How many times more it refuses.
    pub fn refusals(&self) -> u32 {
        *self.refusals.lock().unwrap()
    }

    pub fn kept(&self) -> Vec<ExportTraceServiceRequest> {
        self.kept.lock().unwrap().clone()
    }
}

impl World {
    /// A receiver for `*.json` in the folder, with these keys, which is not started.
    pub fn new(keys: &str, has_storage: bool) -> Self {
        Self::with_budget(keys, has_storage, 64 << 20)
    }

    pub fn with_budget(keys: &str, has_storage: bool, budget: usize) -> Self {
        let threads = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        Self {
            folder: tempfile::tempdir().unwrap(),
            keeper: Arc::new(Keeper {
                budget: Budget::new(budget),
                refusals: Mutex::default(),
                kept: Mutex::default(),
            }),
            runtime: threads.unwrap(),
            keys: keys.into(),
            has_storage,
            running: None,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn storage(&self) -> StorageSettings {
        StorageSettings {
            directory: self.path("storage"),
            create_directory: true,
            directory_permissions: 0o700,
            lock_timeout: Duration::ZERO,
            fsync: false,
            limit: 0,
            on_full: OnFull::Block,
            dead_letter_limit: 0,
        }
    }

    /// What is written down.
    pub fn checkpoint(&self) -> PathBuf {
        self.path("storage/receiver_otlp_json_file.json")
    }

    pub fn try_start(&mut self) -> std::io::Result<()> {
        let keys = format!(
            "{{include: ['{}/*.json*'], poll_interval: 2ms, force_flush_period: 50ms, {}}}",
            self.folder.path().display(),
            self.keys
        );
        let receiver = Box::new(OtlpJsonFile {
            id: "otlp_json_file".into(),
            config: config(&keys),
            storage: self.has_storage.then(|| self.storage()),
            health: Health::default(),
        });
        let stop = CancellationToken::new();
        let started = self
            .runtime
            .block_on(receiver.start(self.keeper.clone(), stop.clone()));
        self.running = Some((stop, started?));
        Ok(())
    }

    pub fn start(&mut self) {
        self.try_start().unwrap();
    }

    pub fn stop(&mut self) {
        if let Some((stop, end)) = self.running.take() {
            stop.cancel();
            self.runtime.block_on(end);
        }
    }

    /// Appends lines with spans of these names.
    pub fn write(&self, name: &str, spans: &[&str]) {
        let lines: String = spans.iter().map(|span| line(span) + "\n").collect();
        append(&self.path(name), lines.as_bytes());
    }

    /// Waits until spans of these names have come, and no others.
    pub fn expect(&self, names: &[&str]) {
        let mut names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        names.sort();
        let deadline = Instant::now() + LONG;
        while self.keeper.names() != names {
            let found = self.keeper.names();
            assert!(
                Instant::now() < deadline,
                "{names:?} should have come, and {found:?} have"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Waits until files were looked at several times.
    pub fn idle(&self) {
        let probe = self.path("probe.json");
        let before = self.keeper.kept().len();
        for round in 1..=2 {
            append(&probe, (line("probe") + "\n").as_bytes());
            wait_until("the probe is read", || self.keeper.kept().len() >= before + round);
        }
        self.keeper
            .kept
            .lock()
            .unwrap()
            .retain(|request| names(request) != ["probe"]);
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop();
    }
}

pub fn append(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    let mut file = fs::File::options().append(true).create(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

pub fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LONG;
    while !holds() {
        assert!(Instant::now() < deadline, "has not come true: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A line with one span. All lines begin with the same bytes, more of them than a fingerprint has.
pub fn line(span: &str) -> String {
    let resource = format!(
        r#"{{"attributes":[{{"key":"host","value":{{"stringValue":"{}"}}}}]}}"#,
        "h".repeat(1200)
    );
    format!(
        r#"{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"spans":[{{"traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708","name":"{span}"}}]}}]}}]}}"#
    )
}

pub fn config(yaml: &str) -> Config {
    serde_saphyr::from_str(yaml).unwrap()
}

fn problems(yaml: &str) -> Vec<String> {
    let mut problems = Problems::default();
    config(yaml).validate(&mut problems);
    let shown = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.path, problem.note));
    shown.collect()
}

/// A Collector's block runs unchanged, and defaults are the Collector's, but for how long a line may be.
#[test]
fn a_collectors_block() {
    let yaml = "
include: [/var/log/*.log, '/x/{a,b}/**/[a-z]?.json']
exclude: [/var/log/example.log]
start_at: beginning
poll_interval: 1s
fingerprint_size: 1kb
max_log_size: 4MiB
max_concurrent_files: 10
encoding: utf-8
delete_after_read: true
compression: auto
include_file_path: true
storage: file_storage/x
exclude_older_than: 24h
";
    assert_eq!(problems(yaml), Vec::<String>::new());
    let read = config(yaml);
    assert_eq!((read.fingerprint_size.0, read.max_log_size.0), (1000, 4 << 20));
    assert_eq!(
        read.storage().map(|(key, storage)| (key, storage.to_string())),
        Some(("storage", "file_storage/x".into()))
    );
    let defaults = config("{include: [a]}");
    assert_eq!(defaults.poll_interval.0, Duration::from_millis(200));
    assert_eq!(
        (defaults.fingerprint_size.0, defaults.max_concurrent_files),
        (1000, 1024)
    );
    assert!(defaults.include_file_name && !defaults.include_file_path && !defaults.replay_file);
    assert!(factory().answers_to("otlpjsonfile") && factory().answers_to("otlp_json_file"));
}

/// What cannot work is said, with its key.
#[test]
fn what_is_wrong_names_its_key() {
    for (keys, key) in [
        ("{}", "include"),
        ("{include: ['a[']}", "include.0"),
        ("{include: [a], exclude: [b, 'a{b']}", "exclude.1"),
        ("{include: [a], delete_after_read: true}", "delete_after_read"),
        (
            "{include: [a], start_at: beginning, delete_after_read: true, replay_file: true}",
            "delete_after_read",
        ),
        ("{include: [a], fingerprint_size: 8}", "fingerprint_size"),
        ("{include: [a], max_log_size: 0}", "max_log_size"),
        ("{include: [a], max_concurrent_files: 1}", "max_concurrent_files"),
        ("{include: [a], poll_interval: 0s}", "poll_interval"),
        ("{include: [a], encoding: utf-16le}", "encoding"),
    ] {
        let found = problems(keys);
        assert!(
            found.len() == 1 && found[0].starts_with(&format!("{key}: ")),
            "{keys}: {found:?}"
        );
    }
}

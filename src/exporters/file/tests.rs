//! The keys, what is in files after a history of failures, and which files there are.

mod groups;
mod history;
mod rotation;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;

use super::config::{Compression, Config, Format};
use super::destination::Files;
use crate::config::settings::{Problems, Settings};
use crate::pipeline::destination::{Destination as _, Failure, Outgoing};
use crate::wire::{Traces, json};

pub(super) fn config(yaml: &str) -> Config {
    serde_saphyr::from_str(yaml).unwrap()
}

/// The keys for a file in a folder.
pub(super) fn config_in(folder: &Path, yaml: &str) -> Config {
    config(&format!("{{path: '{}/{yaml}}}", folder.display()))
}

fn problems(yaml: &str) -> Vec<String> {
    let mut problems = Problems::default();
    config(yaml).validate(&mut problems);
    let shown = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.path, problem.note));
    shown.collect()
}

pub(super) fn traces(request: &ExportTraceServiceRequest) -> Traces {
    Traces::check(Bytes::from(request.encode_to_vec()))
        .unwrap()
        .traces
}

/// A span of this name, of a resource with this attribute `team`, if any.
pub(super) fn span(name: &str, team: Option<&str>) -> Traces {
    let attribute = |value: &str| KeyValue {
        key: "team".into(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.into())),
        }),
        key_strindex: 0,
    };
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: name.into(),
        ..Span::default()
    };
    traces(&ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource {
                attributes: team.map(attribute).into_iter().collect(),
                ..Resource::default()
            }),
            scope_spans: vec![ScopeSpans {
                spans: vec![span],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    })
}

/// Sends a batch, as delivery does.
pub(super) fn send(files: &Files, requests: impl IntoIterator<Item = Traces>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(files.send(Outgoing::of(requests))).map(|_| ())
}

/// The records of a file, as somebody reads them who knows the format from the Collector's documentation; the last one
/// may be torn. All of them in one request.
pub(super) fn read(path: &Path, config: &Config) -> ExportTraceServiceRequest {
    let content = fs::read(path).unwrap_or_default();
    let mut all = ExportTraceServiceRequest::default();
    let mut add = |record: &[u8]| {
        let bytes = match config.format {
            Format::Json => json::to_protobuf(record).unwrap(),
            Format::Proto => record.to_vec(),
        };
        let request = ExportTraceServiceRequest::decode(&*bytes).unwrap();
        all.resource_spans.extend(request.resource_spans);
    };
    if config.format == Format::Json && config.compression == Compression::None {
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\n");
            line.into_iter().for_each(&mut add);
        }
        return all;
    }
    let mut rest = content.as_slice();
    while let Some((length, content)) = rest.split_first_chunk::<4>() {
        let Some((record, next)) = content.split_at_checked(u32::from_be_bytes(*length) as usize) else {
            break;
        };
        match config.compression {
            Compression::None => add(record),
            Compression::Zstd => add(&zstd::stream::decode_all(record).unwrap()),
        }
        rest = next;
    }
    all
}

/// The names of spans, in their order.
pub(super) fn names(request: &ExportTraceServiceRequest) -> Vec<&str> {
    let scopes = request
        .resource_spans
        .iter()
        .flat_map(|resource| &resource.scope_spans);
    scopes
        .flat_map(|scope| &scope.spans)
        .map(|span| span.name.as_str())
        .collect()
}

/// A Collector's block runs unchanged, and the defaults are the Collector's, but that files are not emptied.
#[test]
fn a_collectors_block() {
    let yaml = "
path: ./foo/*.json
rotation: {max_megabytes: 10, max_days: 3, max_backups: 3, localtime: true}
format: proto
compression: zstd
group_by: {enabled: true, resource_attribute: team, max_open_files: 7}
create_directory: true
directory_permissions: '0700'
";
    assert_eq!(problems(yaml), Vec::<String>::new());
    let read = config(yaml);
    assert_eq!(read.permissions(), Ok(0o700));
    assert_eq!(read.level(), Ok(Some(1)));
    let defaults = config("{path: x, rotation: }");
    let rotation = defaults.rotation.on().unwrap();
    assert_eq!(
        (rotation.most(), rotation.max_backups, rotation.max_days),
        (100 << 20, 100, 0)
    );
    assert_eq!(defaults.group_by.resource_attribute, "fileexporter.path_segment");
    assert_eq!(defaults.group_by.max_open_files, 100);
    assert!(defaults.append && !defaults.fsync && defaults.format == Format::Json);
}

/// What cannot work is said, with its key.
#[test]
fn what_is_wrong_names_its_key() {
    let grouped = |path: &str| problems(&format!("{{path: '{path}', group_by: {{enabled: true}}}}"));
    assert_eq!(problems("{}"), ["path: is empty, but must be the path of a file"]);
    for path in ["a", "a/*/*"] {
        assert_eq!(
            grouped(path),
            ["path: must have one `*` in it when `group_by` is enabled"]
        );
    }
    assert_eq!(
        grouped("*.json"),
        ["path: must not begin with `*` when `group_by` is enabled"]
    );
    assert_eq!(
        problems("{path: a, directory_permissions: '0700'}"),
        ["directory_permissions: needs `create_directory: true`"]
    );
    assert_eq!(
        problems("{path: a, create_directory: true, directory_permissions: '0999'}").len(),
        1
    );
    assert_eq!(
        problems("{path: a, compression: zstd, compression_params: {level: 99}}"),
        ["compression_params.level: level 99 is not one of zstd's, which are 1 to 22"]
    );
}

/// A file that another exporter writes to is refused at the start, whatever its name, and let go with it.
#[test]
fn a_file_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path(), "a.json'");
    let first = Files::open(&config, "file").unwrap();
    std::os::unix::fs::symlink("a.json", folder.path().join("b.json")).unwrap();
    for name in ["a.json'", "b.json'"] {
        let refused = Files::open(&config_in(folder.path(), name), "file/2")
            .err()
            .unwrap();
        assert!(
            refused.ends_with("another exporter or process writes to it"),
            "{refused}"
        );
    }
    drop(first);
    assert!(Files::open(&config, "file/2").is_ok());
}

/// A folder that is not there fails the start, unless folders are made.
#[test]
fn folders_are_made_when_that_is_wanted() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let refused = Files::open(&config_in(folder.path(), "a/b/c.json'"), "file")
        .err()
        .unwrap();
    assert!(refused.contains("cannot write to"), "{refused}");
    let made = config_in(
        folder.path(),
        "a/b/c.json', create_directory: true, directory_permissions: '0700'",
    );
    assert!(Files::open(&made, "file").is_ok());
    let mode = fs::metadata(folder.path().join("a/b"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);
}

/// What is in a file stays, unless `append: false` says otherwise; that empties it once, and not when it is opened again.
#[test]
fn append_false_empties_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    for _ in 0..2 {
        let files = Files::open(&config_in(folder.path(), "a.json'"), "file").unwrap();
        send(&files, [span("kept", None)]).unwrap();
    }
    let config = config_in(folder.path(), "a.json', append: false");
    assert_eq!(names(&read(&path, &config)), ["kept", "kept"]);
    let files = Files::open(&config, "file").unwrap();
    send(&files, [span("one", None)]).unwrap();
    // As logrotate does.
    fs::rename(&path, folder.path().join("old.json")).unwrap();
    send(&files, [span("two", None)]).unwrap();
    fs::rename(folder.path().join("old.json"), &path).unwrap();
    send(&files, [span("three", None)]).unwrap();
    assert_eq!(names(&read(&path, &config)), ["one", "three"]);
}

/// A file that was removed under the writer's hands is made again, and nothing goes into one that nobody can read.
#[test]
fn a_removed_file_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path(), "a.json'");
    let files = Files::open(&config, "file").unwrap();
    send(&files, [span("one", None)]).unwrap();
    fs::remove_file(folder.path().join("a.json")).unwrap();
    send(&files, [span("two", None)]).unwrap();
    assert_eq!(names(&read(&folder.path().join("a.json"), &config)), ["two"]);
}

/// What others wrote is neither cut nor written behind: not a log in place of records, not records of the other format.
#[test]
fn foreign_files_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content, keys) in [
        ("log", b"some words\n".as_slice(), "format: proto"),
        ("lines", b"{\"resourceSpans\":[]}\n", "format: proto"),
        ("lengths", b"\0\0\0\x02\x0a\0", "format: json"),
        ("words", b"hello", "format: json"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let config = config_in(folder.path(), &format!("{name}', {keys}"));
        let refused = Files::open(&config, "file").err().unwrap();
        assert!(refused.ends_with("and is left alone"), "{refused}");
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

/// A batch that is larger than a record may be becomes several, and no span is missing.
#[test]
fn large_batches_become_several_records() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path(), "a', format: proto");
    let files = Files::open(&config, "file").unwrap();
    let long: Vec<Traces> = (0..6)
        .map(|n| span(&n.to_string().repeat(3 << 19), None))
        .collect();
    send(&files, long).unwrap();
    let content = fs::read(folder.path().join("a")).unwrap();
    let first = u32::from_be_bytes(*content.first_chunk().unwrap()) as usize;
    assert!(first <= 4 << 20, "{first} of {}", content.len());
    let read = read(&folder.path().join("a"), &config);
    let firsts: Vec<_> = names(&read).iter().map(|name| &name[..1]).collect();
    assert_eq!(firsts, ["0", "1", "2", "3", "4", "5"]);
}

/// A pipe is written to as well: it can be neither locked nor cut.
#[test]
fn pipes_and_devices() {
    let files = Files::open(&config("{path: /dev/null, append: false, fsync: true}"), "file").unwrap();
    send(&files, [span("one", None)]).unwrap();
    send(&files, []).unwrap();
}

/// Many send at a time, and every record is whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path(), "a.json'");
    let files = Arc::new(Files::open(&config, "file").unwrap());
    let sends = (0..100).map(|n| {
        let files = files.clone();
        tokio::spawn(async move { files.send(Outgoing::of([span(&n.to_string(), None)])).await })
    });
    for sent in sends.collect::<Vec<_>>() {
        sent.await.unwrap().unwrap();
    }
    let read = read(&folder.path().join("a.json"), &config);
    let mut found: Vec<u32> = names(&read).iter().map(|name| name.parse().unwrap()).collect();
    found.sort_unstable();
    assert_eq!(found, (0..100).collect::<Vec<_>>());
}

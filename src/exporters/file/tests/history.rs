//! Batches sent, disks that fill up in the middle of one, crashes that tear the last record: whatever the history, the file
//! has what was accepted, whole, once, in order, and nothing else.

use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{config_in, read, send, traces};
use crate::exporters::file::config::Config;
use crate::exporters::file::destination::Files;
use crate::exporters::file::disk::{Disk, State, System, Target};
use crate::exporters::file::records::{Encoder, Framing};
use crate::pipeline::destination::Failure;
use crate::wire::oracle::same;
use crate::wire::tests::generate::request;

/// A disk that can be full, and may hold on to what was written.
#[derive(Clone, Debug, Default)]
pub struct Faulty(Arc<Mutex<Faults>>);

#[derive(Debug, Default)]
struct Faults {
    /// Bytes that it still takes; none for any number.
    room: Option<usize>,
    /// Nothing can be cut off.
    is_stiff: bool,
    /// Nothing can be made durable.
    forgets: bool,
}

struct FaultyTarget(Box<dyn Target>, Faulty);

impl Disk for Faulty {
    fn open(&self, path: &Path) -> io::Result<Box<dyn Target>> {
        Ok(Box::new(FaultyTarget(System.open(path)?, self.clone())))
    }
}

impl Target for FaultyTarget {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut faults = self.1.0.lock().unwrap();
        let Some(room) = &mut faults.room else {
            return self.0.write(bytes);
        };
        if *room == 0 {
            return Err(ErrorKind::StorageFull.into());
        }
        // Short writes, too.
        let most = bytes.len().min(*room).min(7.max(bytes.len() / 3));
        let written = self.0.write(&bytes[..most])?;
        *room -= written;
        Ok(written)
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, into)
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        match self.1.0.lock().unwrap().is_stiff {
            true => Err(ErrorKind::Other.into()),
            false => self.0.cut(len),
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.1.0.lock().unwrap().forgets {
            true => Err(ErrorKind::Other.into()),
            false => self.0.sync(),
        }
    }

    fn state(&self) -> io::Result<State> {
        self.0.state()
    }

    fn lock(&mut self) -> io::Result<()> {
        self.0.lock()
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A batch.
    Send(Vec<ExportTraceServiceRequest>),
    /// A batch for which there is room for so many thousandths; and whether that part cannot be cut off now.
    Overflow(Vec<ExportTraceServiceRequest>, usize, bool),
    /// A batch that cannot be made durable.
    Unsynced(Vec<ExportTraceServiceRequest>),
    /// The process ends after so many thousandths of a record.
    Crash(ExportTraceServiceRequest, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let batch = || vec(request(), 1..4);
    prop_oneof![
        4 => batch().prop_map(Step::Send),
        2 => (batch(), 0..1000_usize, any::<bool>()).prop_map(|(batch, room, stiff)| Step::Overflow(batch, room, stiff)),
        1 => batch().prop_map(Step::Unsynced),
        2 => (request(), 1..1000_usize).prop_map(|(request, part)| Step::Crash(request, part)),
    ]
}

fn encoder(config: &Config) -> Encoder {
    Encoder {
        format: config.format,
        level: config.level().unwrap(),
    }
}

/// What must be in the file after these steps.
fn live(steps: Vec<Step>, config: &Config, path: &Path) -> ExportTraceServiceRequest {
    let disk = Faulty::default();
    let open = || Files::on(config, "file", Box::new(disk.clone())).unwrap();
    let mut files = open();
    let mut accepted = ExportTraceServiceRequest::default();
    for step in steps {
        match step {
            Step::Send(batch) => {
                send(&files, batch.iter().map(traces)).unwrap();
                let with_spans = batch.into_iter().filter(|request| traces(request).spans() > 0);
                accepted
                    .resource_spans
                    .extend(with_spans.flat_map(|request| request.resource_spans));
            }
            Step::Overflow(batch, part, is_stiff) => {
                let batch: Vec<_> = batch.iter().map(traces).collect();
                let records = encoder(config).records(&batch).unwrap();
                let bytes: usize = records.iter().map(Vec::len).sum();
                if bytes == 0 {
                    continue;
                }
                let room = Some(bytes * part / 1000);
                *disk.0.lock().unwrap() = Faults {
                    room,
                    is_stiff,
                    forgets: false,
                };
                let failed = send(&files, batch).unwrap_err();
                assert!(matches!(failed, Failure::NotNow { .. }), "{failed}");
                *disk.0.lock().unwrap() = Faults::default();
            }
            Step::Unsynced(batch) => {
                if !config.fsync {
                    continue;
                }
                disk.0.lock().unwrap().forgets = true;
                let failed = send(
                    &files,
                    batch.iter().map(traces).filter(|traces| traces.spans() > 0),
                );
                disk.0.lock().unwrap().forgets = false;
                if batch.iter().any(|request| traces(request).spans() > 0) {
                    assert!(matches!(failed, Err(Failure::NotNow { .. })), "{failed:?}");
                }
            }
            Step::Crash(request, part) => {
                let encoder = encoder(config);
                let records = encoder.records([&traces(&request)]).unwrap();
                // A line that lacks its line break alone is whole.
                let most = records.first().map_or(0, Vec::len);
                let most = most.saturating_sub(if encoder.framing() == Framing::Lines { 2 } else { 1 });
                // What could not be cut off before is cut off before anything else is written.
                send(&files, []).unwrap();
                drop(files);
                if most > 0 {
                    let torn = &records[0][..(most * part / 1000).max(1)];
                    let mut options = std::fs::File::options();
                    let mut file = options.append(true).create(true).open(path).unwrap();
                    file.write_all(torn).unwrap();
                }
                files = open();
            }
        }
    }
    send(&files, []).unwrap();
    accepted
}

fn check(steps: Vec<Step>, keys: &str) {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path(), &format!("spans', {keys}"));
    let path = folder.path().join("spans");
    let accepted = live(steps, &config, &path);
    same(&read(&path, &config), &accepted);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Guarantees: in lines of JSON, what was accepted is there whole, once and in order, and nothing else.
    #[test]
    fn lines(steps in vec(step(), 1..10)) {
        check(steps, "fsync: true");
    }

    /// Guarantees: the same for protobuf with its length.
    #[test]
    fn protobuf(steps in vec(step(), 1..10)) {
        check(steps, "format: proto, fsync: true");
    }

    /// Guarantees: the same for compressed protobuf, whose frames can each be read alone.
    #[test]
    fn compressed_protobuf(steps in vec(step(), 1..10)) {
        check(steps, "format: proto, compression: zstd");
    }

    /// Guarantees: the same for compressed JSON.
    #[test]
    fn compressed_json(steps in vec(step(), 1..10)) {
        check(steps, "compression: zstd");
    }
}

/// A whole line without its line break, as a crash may leave it, stays: somebody may have read it already.
#[test]
fn a_whole_line_gets_its_line_break() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path(), "a.json'");
    let path = folder.path().join("a.json");
    let record = encoder(&config)
        .records([&super::span("first", None)])
        .unwrap()
        .remove(0);
    std::fs::write(&path, &record[..record.len() - 1]).unwrap();
    let files = Files::open(&config, "file").unwrap();
    send(&files, [super::span("second", None)]).unwrap();
    assert_eq!(super::names(&read(&path, &config)), ["first", "second"]);
}

/// Who may not write there must be helped by somebody; a disk that is full may get room again. (root may write anywhere.)
#[test]
fn failures_are_told_apart() {
    use crate::exporters::file::failure::of;
    for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded, ErrorKind::Other] {
        assert!(
            matches!(of(Path::new("a"), &kind.into()), Failure::NotNow { .. }),
            "{kind:?}"
        );
    }
    for kind in [
        ErrorKind::PermissionDenied,
        ErrorKind::NotFound,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::IsADirectory,
    ] {
        assert!(
            matches!(of(Path::new("a"), &kind.into()), Failure::Destination(_)),
            "{kind:?}"
        );
    }
}

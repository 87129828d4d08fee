use std::fs;
use std::sync::Arc;

use super::world::{Log, Model, append, open, request, seal, settings, span};
use crate::query::model::TraceId;
use crate::store::Unbounded;
use crate::store::core::Core;

const HOUR: u64 = 3_600_000_000_000;

fn seal_all(core: &Core) {
    core.close_part(&mut core.head(), true);
    seal(core);
}

/// Guarantees: files that are none of the store's are moved to `foreign/` and named in the log, never over one that is
/// there; files that were being written are deleted.
#[test]
fn foreign_files_are_set_aside() {
    let directory = tempfile::tempdir().unwrap();
    drop(open(directory.path()));
    let segments = directory.path().join("segments");
    for _ in 0..2 {
        fs::write(segments.join("notes.txt"), "mine").unwrap();
        fs::write(segments.join("00000000000000ff.parquet"), "not registered").unwrap();
        fs::write(segments.join("00000000000000fe.new"), "half").unwrap();
        let (_, log) = open(directory.path());
        assert!(log.has("Foreign"));
        assert_eq!(fs::read_dir(&segments).unwrap().count(), 0);
    }
    let mut names: Vec<_> = fs::read_dir(directory.path().join("foreign"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "00000000000000ff.parquet",
        "00000000000000ff.parquet.1",
        "notes.txt",
        "notes.txt.1",
    ];
    assert_eq!(names, expected);
}

/// Guarantees: a segment that cannot be read is set aside and said to be lost; the others are there.
#[test]
fn damaged_segments_are_set_aside() {
    let directory = tempfile::tempdir().unwrap();
    let (core, _) = open(directory.path());
    for id in 0..3 {
        append(&core, None, &request(vec![span(1, id, HOUR, "a")])).unwrap();
        seal_all(&core);
    }
    drop(core);
    let segments = directory.path().join("segments");
    fs::write(segments.join("0000000000000001.parquet"), "broken").unwrap();
    fs::remove_file(segments.join("0000000000000002.parquet")).unwrap();
    let (core, log) = open(directory.path());
    assert!(log.has("Damaged"));
    assert_eq!(core.visible.view().segments().len(), 1);
    assert!(
        directory
            .path()
            .join("damaged/0000000000000001.parquet")
            .is_file()
    );
    drop(core);
    let (_, log) = open(directory.path());
    assert!(!log.has("Damaged"), "said once");
}

/// Guarantees: when the journal was deleted, what comes into the new one is not taken for sealed.
#[test]
fn a_deleted_journal_begins_anew() {
    let directory = tempfile::tempdir().unwrap();
    let (core, _) = open(directory.path());
    let mut model = Model::default();
    for id in 0..5 {
        let traces = request(vec![span(1, id, HOUR, "a")]);
        append(&core, None, &traces).unwrap();
        model.append(None, &traces);
    }
    seal_all(&core);
    drop(core);
    fs::remove_dir_all(directory.path().join("wal")).unwrap();
    let (core, log) = open(directory.path());
    assert!(log.has("Warned"));
    let traces = request(vec![span(2, 1, HOUR, "a")]);
    append(&core, None, &traces).unwrap();
    model.append(None, &traces);
    drop(core);
    let (core, _) = open(directory.path());
    model.check(&core, "after a crash");
}

/// Guarantees: two cannot work in one directory.
#[test]
fn the_directory_is_locked() {
    let directory = tempfile::tempdir().unwrap();
    let (_core, _) = open(directory.path());
    let mut settings = settings(directory.path());
    settings.lock_timeout = std::time::Duration::ZERO;
    let error = Core::open(settings, Arc::new(Log::default()), Arc::new(Unbounded));
    let error = error.err().unwrap().to_string();
    assert!(error.contains("is locked"), "{error}");
}

/// Guarantees: late spans get a segment of their own hour when they are many, and share one when they are few; each keeps
/// its trace's other spans findable, however far apart they are.
#[test]
fn late_spans_share_a_segment() {
    let directory = tempfile::tempdir().unwrap();
    let (core, _) = open(directory.path());
    let now = (0..30).map(|id| span(1, id, 500 * HOUR, "now"));
    let late = (0..4).map(|id| span(1, id, 100 * HOUR, "late"));
    let stray = [span(1, 200, 7 * HOUR, "stray"), span(1, 201, u64::MAX, "future")];
    append(&core, None, &request(now.chain(late).chain(stray).collect())).unwrap();
    seal_all(&core);
    let view = core.visible.view();
    let mut rows: Vec<u64> = view
        .segments()
        .iter()
        .map(|segment| segment.summary().rows)
        .collect();
    rows.sort_unstable();
    assert_eq!(rows, [2, 4, 30]);
    for segment in view.segments() {
        assert!(!segment.blocks_of_trace(&TraceId([1; 16])).unwrap().is_empty());
    }
}

//! The parts, each against something simpler.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::disk::SimulatedDisk;
use crate::journal::account::Uncounted;
use crate::journal::disk::Disk;
use crate::journal::frame::Frame;
use crate::journal::lock::{DirectoryLock, LockError};
use crate::journal::log::{Log, Options};
use crate::journal::marks::Marks;
use crate::journal::record::{Entry, HEADER, Header};
use crate::journal::recover::recover;
use crate::journal::register::{self, CursorMemory, Register, SegmentMemory};
use crate::journal::scan::{Found, Mode, Scan};
use crate::journal::segment::{self, Segment};
use crate::journal::space::Space;

fn directory() -> &'static Path {
    Path::new("/journal")
}

fn entry(text: &[u8], weight: u32) -> Entry {
    Entry::new(Bytes::from_static(b"head"), Bytes::copy_from_slice(text), weight)
}

fn stored(entry: &Entry, seq: u64) -> Vec<u8> {
    [&entry.header(seq)[..], &entry.head, &entry.body].concat()
}

fn open(disk: &SimulatedDisk) -> Result<Log, String> {
    let disk = Arc::new(disk.clone());
    let recovered = recover(
        disk,
        directory(),
        Options::default(),
        Space::new(u64::MAX),
        Arc::new(Uncounted),
    );
    recovered
        .map(|recovered| recovered.log)
        .map_err(|error| error.to_string())
}

/// A frame of each kind.
fn frames() -> Vec<Frame> {
    let mut marks = Marks::at(7);
    marks.add(9, 12);
    marks.add(20, 21);
    let cursor = CursorMemory {
        marks,
        read: 30,
        note: b"note".to_vec(),
    };
    let segment = SegmentMemory {
        end: 9,
        weight: 3,
        length: 100,
        damaged: true,
    };
    vec![
        Frame::Doubtful,
        Frame::Segment(4, segment),
        Frame::Cursor("one".into(), cursor),
        Frame::Owner(30, b"counts".to_vec()),
        Frame::Closed,
    ]
}

proptest! {
    /// Marks say of every number what a plain set says, whatever was added in whatever order.
    #[test]
    fn marks_are_a_set(low in 0..20u64, ranges in prop::collection::vec((0..60u64, 0..12u64), 0..20)) {
        let mut marks = Marks::at(low);
        let mut set: BTreeSet<u64> = (0..low).collect();
        for (start, length) in ranges {
            if length == 1 {
                prop_assert_eq!(marks.settle(start), set.insert(start));
            } else {
                marks.add(start, start + length);
                set.extend(start..start + length);
            }
        }
        let open = |from: u64| (from..).find(|seq| !set.contains(seq)).unwrap();
        prop_assert_eq!(marks.low(), open(0));
        prop_assert_eq!(marks.end(), set.last().map_or(0, |last| last + 1));
        let ranges: Vec<(u64, u64)> = marks.ranges().collect();
        prop_assert!(ranges.iter().all(|(start, end)| start < end && *start > marks.low()));
        prop_assert!(ranges.windows(2).all(|pair| pair[0].1 < pair[1].0));
        for seq in 0..100 {
            prop_assert_eq!(marks.contains(seq), set.contains(&seq));
            prop_assert_eq!(marks.next_open(seq), open(seq));
            let settled = set.range(seq..).next().copied().unwrap_or(u64::MAX);
            prop_assert_eq!(marks.next_settled(seq), settled);
            for end in seq..100 {
                let above = set.range(seq.max(marks.low())..end.max(marks.low())).next().is_some();
                prop_assert_eq!(seq < end && marks.touches(seq, end), above, "{}..{}", seq, end);
            }
        }
    }

    /// No mutation of a frame is taken for a frame with other content, and none makes reading panic.
    #[test]
    fn frames_are_sound_or_refused(kind in 0..5usize, at in any::<prop::sample::Index>(), to in any::<u8>(), cut in any::<prop::sample::Index>()) {
        let frame = frames().swap_remove(kind);
        let mut bytes = Vec::new();
        frame.encode(&mut bytes);
        prop_assert_eq!(Frame::read(&bytes, 0), Some((frame, bytes.len())));
        prop_assert_eq!(Frame::read(&bytes[..cut.index(bytes.len())], 0), None);
        let at = at.index(bytes.len());
        if bytes[at] != to {
            bytes[at] = to;
            prop_assert_eq!(Frame::read(&bytes, 0), None);
        }
    }

    /// A record's header comes back as it was; one changed byte and it is no header.
    #[test]
    fn headers_are_sound_or_refused(text in prop::collection::vec(any::<u8>(), 0..50), weight: u32, seq: u64, at in 0..HEADER, to: u8) {
        let entry = entry(&text, weight);
        let mut bytes = stored(&entry, seq);
        let header = Header::decode(&bytes).unwrap();
        prop_assert_eq!((header.seq, header.weight, header.time), (seq, weight, entry.time));
        prop_assert_eq!(header.size(), bytes.len() as u64);
        prop_assert!(header.fits(&bytes[HEADER..]));
        if bytes[at] != to {
            bytes[at] = to;
            prop_assert_eq!(Header::decode(&bytes), None);
        }
    }

    /// Whatever lies between records, every sound one behind it is found, in order, and once.
    #[test]
    fn sound_records_are_found_around_damage(
        texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..12),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 1..30usize), 0..6),
    ) {
        let disk = SimulatedDisk::new(0);
        let mut bytes = vec![0; segment::HEADER as usize];
        let mut records = Vec::new();
        for (seq, text) in texts.iter().enumerate() {
            let record = stored(&entry(text, 1), seq as u64);
            records.push((bytes.len(), record.clone()));
            bytes.extend(record);
        }
        for (at, to, length) in damage {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes[at..end].fill(to);
        }
        let sound = records.iter().enumerate().filter(|(_, (at, record))| bytes[*at..].starts_with(record));
        let sound: Vec<u64> = sound.map(|(seq, _)| seq as u64).collect();
        disk.put(&directory().join(segment::file_name(0)), bytes);
        let (segment, _) = Segment::open(&disk, directory(), 0).unwrap();
        let mut scan = Scan::new(Arc::new(segment), texts.len() as u64, Mode::Whole);
        let (mut found, mut all) = (Vec::new(), Vec::new());
        loop {
            match scan.step().unwrap() {
                Found::Record(item) => {
                    prop_assert_eq!(&*item.body, &*texts[item.seq as usize]);
                    all.push(item.seq);
                    found.push(item.seq);
                }
                Found::Damaged { seq, .. } => all.push(seq),
                Found::End => break,
            }
        }
        prop_assert_eq!(found, sound);
        prop_assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
    }

    /// A directory of any bytes is opened and read without a panic.
    #[test]
    fn any_bytes_are_survived(segment in prop::collection::vec(any::<u8>(), 0..300), register in prop::collection::vec(any::<u8>(), 0..100)) {
        crate::journal::oracle::survive(&segment, &register);
    }
}

/// A register that ends anywhere gives what lies before that, as of one moment, and says whether a cursor may be
/// missing.
#[test]
fn a_register_may_end_anywhere() {
    let disk = SimulatedDisk::new(0);
    let path = directory().join(register::NAME);
    let mut register = Register::new(directory());
    let at = |low: u64| {
        Frame::Cursor(
            "one".into(),
            CursorMemory {
                marks: Marks::at(low),
                read: low,
                note: Vec::new(),
            },
        )
    };
    let mut ends = Vec::new();
    for low in 0..5 {
        register.write(&disk, &[at(low)], true).unwrap();
        ends.push(disk.content(&path).unwrap().len());
    }
    let bytes = disk.content(&path).unwrap();
    for cut in 0..bytes.len() {
        disk.put(&path, bytes[..cut].to_vec());
        let recalled = Register::recall(&disk, directory()).unwrap();
        let last = ends.iter().rposition(|end| *end <= cut);
        assert_eq!(recalled.whole, last.is_some(), "cut at {cut}");
        let low = recalled
            .memory
            .cursors
            .get("one")
            .map(|cursor| cursor.marks.low());
        assert_eq!(low, last.map(|last| last as u64), "cut at {cut}");
    }
}

/// A file that a newer version wrote is refused by name, and left as it is.
#[test]
fn newer_formats_are_refused() {
    let versions = [(segment::file_name(0), 20), (register::NAME.to_owned(), 16)];
    for (name, checksum) in versions {
        let disk = SimulatedDisk::new(0);
        let log = open(&disk).unwrap();
        log.add_cursor("one", true).unwrap();
        log.commit(vec![entry(b"text", 1)]).unwrap();
        drop(log);
        let path = directory().join(&name);
        let mut bytes = disk.content(&path).unwrap();
        bytes[8] = 2;
        let crc = crc32c::crc32c(&bytes[..checksum]);
        bytes[checksum..checksum + 4].copy_from_slice(&crc.to_le_bytes());
        disk.put(&path, bytes.clone());
        let error = open(&disk).err().unwrap();
        assert!(error.contains(&name) && error.contains("format 2"), "{error}");
        assert_eq!(disk.content(&path).unwrap(), bytes);
    }
}

/// A segment whose first bytes are damaged is read by its name, and set aside once it is passed, never deleted.
#[test]
fn a_damaged_file_header_loses_nothing() {
    let disk = SimulatedDisk::new(0);
    let log = open(&disk).unwrap();
    log.add_cursor("one", true).unwrap();
    log.commit(vec![entry(b"text", 1)]).unwrap();
    drop(log);
    let name = segment::file_name(0);
    disk.flip(&directory().join(&name), 3, 1);
    let log = Arc::new(open(&disk).unwrap());
    let cursor = crate::journal::Cursor::new(log.clone(), "one", Arc::new(|| ()));
    let items = cursor.read(100).unwrap();
    assert_eq!(&*items[0].body, b"text");
    cursor.settle(0, items[0].size, 1, || ());
    log.keep().unwrap();
    let aside = disk.list(&directory().join("damaged")).unwrap();
    assert_eq!(aside, [format!("{name}.0")]);
}

/// One at a time has a directory; who comes second learns who has it.
#[test]
fn a_locked_directory_is_refused_until_it_is_let_go() {
    let directory = tempfile::tempdir().unwrap();
    let held = DirectoryLock::take(directory.path(), Duration::ZERO).unwrap();
    let refused = DirectoryLock::take(directory.path(), Duration::ZERO).unwrap_err();
    let LockError::Taken { holder, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(holder, std::process::id().to_string());
    drop(held);
    DirectoryLock::take(directory.path(), Duration::MAX).unwrap();
}

/// Each input of the fuzz target `journal` is survived.
#[test]
fn fuzzed_inputs_are_survived() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/journal");
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        crate::journal::oracle::journal(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "nothing in {}", folder.display());
}

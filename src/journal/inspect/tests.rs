use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, mpsc};

use super::*;
use crate::journal::{CommitError, Entry, Journal, Options, Space, Uncounted, Waiter};

const RECORDS: u64 = 30;

fn amount(records: u64, bytes: u64, weight: u64) -> Amount {
    Amount {
        records,
        bytes,
        weight,
    }
}

struct Tell(mpsc::Sender<Result<u64, CommitError>>);

impl Waiter for Tell {
    fn done(self: Box<Self>, result: Result<u64, CommitError>) {
        self.0.send(result).unwrap();
    }
}

/// A journal of three segments, of whose records one cursor has settled some and the other none.
fn written(directory: &Path) {
    let options = Options {
        segment_bytes: 1500,
        ..Options::default()
    };
    let (disk, space) = (Arc::new(FileSystem::default()), Space::new(1 << 20));
    let journal = Journal::open(disk, directory, options, space, Arc::new(Uncounted)).unwrap();
    journal.cursor("none").unwrap();
    journal.cursor("some").unwrap();
    for number in 0..RECORDS {
        let (sender, receiver) = mpsc::channel();
        let entry = Entry::new("head".into(), vec![number as u8; 100].into(), 3);
        journal.append(entry, Box::new(Tell(sender)));
        receiver.recv().unwrap().unwrap();
    }
    let cursor = journal.attach("some", Arc::new(Uncounted));
    for item in cursor.read(u64::MAX).unwrap() {
        if item.seq < 12 || item.seq % 5 == 0 {
            cursor.settle(item.seq, item.size, item.weight, || ());
        }
    }
    journal.close().unwrap();
}

/// What a walk finds: records, damages, and writes that have not ended.
fn found(directory: &Path) -> (Vec<u64>, Vec<Damage>, u64) {
    let (mut records, mut damages, mut unfinished) = (Vec::new(), Vec::new(), 0);
    for piece in Files::look(directory).unwrap().walk() {
        match piece.unwrap() {
            Piece::Record(record) => records.push(record.item.seq),
            Piece::Damaged(damage) => damages.push(damage),
            Piece::Unfinished { .. } => unfinished += 1,
        }
    }
    (records, damages, unfinished)
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let names = FileSystem::default().list(directory).unwrap();
    let mut names: Vec<String> = names
        .into_iter()
        .filter(|name| segment::base_of(name).is_some())
        .collect();
    names.sort();
    names.into_iter().map(|name| directory.join(name)).collect()
}

fn write(path: &Path, bytes: &[u8], at: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).unwrap().len()
}

/// Guarantees: what is not settled is what was appended and not settled, and a sound journal is found sound.
#[test]
fn a_sound_journal_is_counted() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let files = Files::look(directory.path()).unwrap();
    assert_eq!(files.segments().0, 3);
    assert_eq!(files.register().0, State::Whole);
    let unsettled = files.unsettled().unwrap();
    assert_eq!(unsettled["none"].amount, amount(30, 30 * 144, 90));
    let open: Vec<u64> = (12..RECORDS).filter(|seq| seq % 5 != 0).collect();
    let records = open.len() as u64;
    assert_eq!(
        unsettled["some"].amount,
        amount(records, records * 144, records * 3)
    );
    assert!(unsettled["some"].oldest.unwrap() >= unsettled["none"].oldest.unwrap());
    for seq in 0..RECORDS {
        assert_eq!(files.is_settled("some", seq), !open.contains(&seq), "{seq}");
    }
    assert_eq!(found(directory.path()), ((0..RECORDS).collect(), Vec::new(), 0));
}

/// Guarantees: wherever a bit turns, it is found, with the record that is lost, and all others are read.
#[test]
fn every_turned_bit_is_found() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    for path in segments(directory.path()) {
        let (bytes, newest) = (
            fs::read(&path).unwrap(),
            path.ends_with("00000000000000000022.log"),
        );
        let base = segment::base_of(path.file_name().unwrap().to_str().unwrap()).unwrap();
        for at in (0..bytes.len()).step_by(3) {
            write(&path, &[bytes[at] ^ 0x10], at as u64);
            let (records, damages, unfinished) = found(directory.path());
            write(&path, &bytes[at..=at], at as u64);
            let hit = (at as u64).checked_sub(32).map(|at| base + at / 144);
            match hit {
                // Nobody reads the last bytes of the header.
                None if at >= 24 => assert!(damages.is_empty(), "{at}: {damages:?}"),
                None => {
                    assert_eq!((damages.len(), damages[0].harm), (1, Harm::Beginning), "{at}");
                    assert_eq!(records.len() as u64, RECORDS, "{at}");
                }
                Some(hit) => {
                    let others: Vec<u64> = (0..RECORDS).filter(|seq| *seq != hit).collect();
                    assert_eq!(records, others, "{at} in {path:?}");
                    assert_eq!((damages.len(), unfinished), (1, 0), "{at} in {path:?}");
                    assert_eq!(damages[0].records, hit..hit + 1, "{at}: {damages:?}");
                    // Of the newest segment nobody knows how much it held.
                    let known = damages[0].weight == Some(3) || newest && damages[0].weight.is_none();
                    assert!(known, "{at}: {damages:?}");
                }
            }
        }
    }
}

/// Guarantees: the beginning of a record behind those that were committed is no damage, until another follows it; what
/// is missing before that is, in any file, and so is a file that is not there.
#[test]
fn what_is_missing_is_found() {
    let directory = tempfile::tempdir().unwrap();
    written(directory.path());
    let [first, second, third] = segments(directory.path()).try_into().unwrap();
    let cut = |path: &Path, by: u64| {
        let file = File::options().write(true).open(path).unwrap();
        file.set_len(length(path) - by).unwrap();
    };
    let end = length(&third);
    let entry = Entry::new("head".into(), vec![1; 100].into(), 3);
    let record = |seq: u64| [&entry.header(seq)[..], b"head", &[1; 100]].concat();
    write(&third, &record(RECORDS)[..60], end);
    let (records, damages, unfinished) = found(directory.path());
    assert_eq!((records.len(), damages.len(), unfinished), (30, 0, 1));
    write(&third, &record(RECORDS + 1), end + 144);
    let (records, damages, unfinished) = found(directory.path());
    assert_eq!((records.len(), damages.len(), unfinished), (31, 1, 0));
    assert_eq!((damages[0].records.clone(), damages[0].weight), (30..31, Some(3)));
    write(&third, &record(RECORDS), end);
    assert_eq!(found(directory.path()).0.len(), 32);
    cut(&third, 300);
    let (records, damages, unfinished) = found(directory.path());
    assert_eq!((records.len(), damages.len(), unfinished), (29, 1, 0));
    assert_eq!(damages[0].records, 29..30);
    cut(&first, 20);
    let (_, damages, _) = found(directory.path());
    assert_eq!((damages[0].records.clone(), damages[0].weight), (10..11, Some(3)));
    fs::remove_file(&second).unwrap();
    let (_, damages, _) = found(directory.path());
    let gone = damages.iter().find(|damage| damage.harm == Harm::NoFile).unwrap();
    assert_eq!(gone.records, 11..22);
    fs::remove_file(directory.path().join(register::NAME)).unwrap();
    assert_eq!(Files::look(directory.path()).unwrap().register().0, State::Absent);
}

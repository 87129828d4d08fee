//! Promises of the journal, proven on simulated and on real disks.

mod disk;
mod model;
mod parts;
mod threads;

use std::sync::{Arc, Mutex, mpsc};

use super::disk::FileSystem;
use super::journal::FoundCursor;
use super::*;

struct Tell(mpsc::Sender<Result<u64, CommitError>>);

impl Waiter for Tell {
    fn done(self: Box<Self>, result: Result<u64, CommitError>) {
        self.0.send(result).unwrap();
    }
}

#[derive(Default)]
struct Count(Mutex<u64>);

impl Account for Count {
    fn committed(&self, weight: u64) {
        *self.0.lock().unwrap() += weight;
    }
    fn note(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.0.lock().unwrap().to_le_bytes());
    }
}

fn open(directory: &std::path::Path) -> Journal {
    let options = Options {
        segment_bytes: 4096,
        tail_bytes: 1000,
        ..Options::default()
    };
    Journal::open(
        Arc::new(FileSystem::default()),
        directory,
        options,
        Space::new(1 << 30),
        Arc::new(Uncounted),
    )
    .unwrap()
}

fn append(journal: &Journal, text: &str) -> u64 {
    let (sender, receiver) = mpsc::channel();
    let entry = Entry::new(
        bytes::Bytes::from_static(b"head"),
        text.to_owned().into_bytes().into(),
        3,
    );
    journal.append(entry, Box::new(Tell(sender)));
    receiver.recv().unwrap().unwrap()
}

fn read(cursor: &Cursor) -> Vec<Item> {
    let mut items = Vec::new();
    loop {
        match cursor.take(500) {
            Taken::Items(more) => items.extend(more),
            Taken::OnDisk => items.extend(cursor.read(500).unwrap()),
            Taken::Nothing => return items,
        }
    }
}

/// What was appended is read in order, from memory and from disk alike, and again after the journal was opened anew
/// as far as it was not settled.
#[test]
fn records_outlive_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    let found = journal.cursor("one").unwrap();
    assert_eq!(found.unsettled, Amount::default());
    let cursor = journal.attach("one", Arc::new(Count::default()));
    let texts: Vec<String> = (0..300)
        .map(|number| format!("{number}-{}", "x".repeat(number)))
        .collect();
    for text in &texts {
        append(&journal, text);
    }
    let items = read(&cursor);
    let bodies: Vec<&[u8]> = items.iter().map(|item| &*item.body).collect();
    assert_eq!(
        bodies,
        texts.iter().map(|text| text.as_bytes()).collect::<Vec<_>>()
    );
    for item in items
        .iter()
        .filter(|item| item.seq != 290 && !item.seq.is_multiple_of(7))
    {
        cursor.settle(item.seq, item.size, item.weight, || ());
    }
    journal.close().unwrap();

    let journal = open(directory.path());
    let FoundCursor { unsettled, note, .. } = journal.cursor("one").unwrap();
    assert_eq!(note, 900u64.to_le_bytes());
    let cursor = journal.attach("one", Arc::new(Count::default()));
    let left = read(&cursor);
    let wanted: Vec<u64> = (0..300).filter(|seq| *seq == 290 || seq % 7 == 0).collect();
    assert_eq!(left.iter().map(|item| item.seq).collect::<Vec<_>>(), wanted);
    assert!(left.iter().all(|item| item.again));
    assert_eq!(unsettled.records, wanted.len() as u64);
    assert_eq!(unsettled.weight, 3 * wanted.len() as u64);
    assert_eq!(unsettled.bytes, left.iter().map(|item| item.size).sum::<u64>());
    assert_eq!(append(&journal, "more"), 300);
}

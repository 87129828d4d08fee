//! The journal as it is used: many threads, a real disk.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

use bytes::Bytes;

use crate::journal::disk::FileSystem;
use crate::journal::*;

/// Told how it ended; counts how often.
struct Once {
    told: Arc<AtomicUsize>,
    sender: Option<mpsc::Sender<Result<u64, CommitError>>>,
}

impl Waiter for Once {
    fn done(mut self: Box<Self>, result: Result<u64, CommitError>) {
        self.told.fetch_add(1, Ordering::Relaxed);
        if let Some(sender) = self.sender.take() {
            drop(sender.send(result));
        }
    }
}

fn open(directory: &Path) -> Journal {
    let options = Options {
        segment_bytes: 20_000,
        tail_bytes: 5_000,
        ..Options::default()
    };
    let disk = Arc::new(FileSystem::default());
    Journal::open(disk, directory, options, Space::new(1 << 30), Arc::new(Uncounted)).unwrap()
}

fn entry(number: u64) -> Entry {
    let body = vec![0; usize::try_from(number % 300).unwrap()];
    let head = Bytes::copy_from_slice(&number.to_le_bytes());
    Entry::new(head, body.into(), 1)
}

fn number(item: &Item) -> u64 {
    u64::from_le_bytes((&*item.head).try_into().unwrap())
}

/// What many append at once arrives once at each of many cursors that read at once; each who appends is told once;
/// nothing is left.
#[test]
fn all_arrive_once_at_every_cursor() {
    const APPENDERS: u64 = 8;
    const EACH: u64 = 400;
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    let names = ["one", "two", "three"];
    for name in names {
        journal.cursor(name).unwrap();
    }
    let cursors = names.map(|name| journal.attach(name, Arc::new(Uncounted)));
    let told = Arc::new(AtomicUsize::new(0));
    let taken = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for appender in 0..APPENDERS {
            let (journal, told, taken) = (&journal, &told, &taken);
            scope.spawn(move || {
                for number in 0..EACH {
                    let (sender, receiver) = mpsc::channel();
                    let (told, sender) = (told.clone(), Some(sender));
                    journal.append(entry(appender * EACH + number), Box::new(Once { told, sender }));
                    // Some wait for the answer, some do not.
                    if number.is_multiple_of(3) {
                        receiver.recv().unwrap().unwrap();
                    }
                    taken.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for cursor in &cursors {
            scope.spawn(move || {
                let (mut seen, mut last) = (HashSet::new(), None);
                while seen.len() < usize::try_from(APPENDERS * EACH).unwrap() {
                    let items = match cursor.take(3000) {
                        Taken::Items(items) => items,
                        Taken::OnDisk => cursor.read(3000).unwrap(),
                        Taken::Nothing => {
                            std::thread::yield_now();
                            continue;
                        }
                    };
                    // Backwards, so that settling is out of order.
                    for item in items.iter().rev() {
                        cursor.settle(item.seq, item.size, item.weight, || ());
                    }
                    for item in items {
                        assert!(last.replace(item.seq) < Some(item.seq));
                        assert!(seen.insert(number(&item)), "a record comes twice");
                    }
                }
            });
        }
    });
    journal.close().unwrap();
    assert_eq!(told.load(Ordering::Relaxed) as u64, APPENDERS * EACH);
    assert_eq!(taken.load(Ordering::Relaxed), APPENDERS * EACH);
    let journal = open(directory.path());
    for found in journal.cursors() {
        assert_eq!(found.unsettled, Amount::default(), "of {}", found.name);
    }
}

/// A journal that is dropped or closed in the middle tells each who appended how it ended, and what it promised is there
/// afterwards.
#[test]
fn the_end_leaves_nobody_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let mut promised = HashSet::new();
    for round in 0..6 {
        let journal = open(directory.path());
        journal.cursor("one").unwrap();
        let told = Arc::new(AtomicUsize::new(0));
        let mut answers = Vec::new();
        for number in 0..200 {
            let number = round * 1000 + number;
            let (sender, receiver) = mpsc::channel();
            let (told, sender) = (told.clone(), Some(sender));
            journal.append(entry(number), Box::new(Once { told, sender }));
            answers.push((number, receiver));
        }
        match round % 2 {
            0 => journal.close().unwrap(),
            _ => drop(journal),
        }
        assert_eq!(told.load(Ordering::Relaxed), answers.len());
        let kept = answers
            .iter()
            .filter(|(_, answer)| answer.recv().unwrap().is_ok());
        promised.extend(kept.map(|(number, _)| *number));
    }
    assert!(!promised.is_empty());
    let journal = open(directory.path());
    let cursor = journal.attach("one", Arc::new(Uncounted));
    while let Taken::OnDisk = cursor.take(1) {
        for item in cursor.read(10_000).unwrap() {
            promised.remove(&number(&item));
        }
    }
    assert_eq!(promised, HashSet::new(), "promised and not there");
}

/// A waiter that panics takes the journal's thread with it; others are refused then, and do not wait for ever.
#[test]
fn a_panic_refuses_whoever_comes_later() {
    struct Bad;
    impl Waiter for Bad {
        fn done(self: Box<Self>, _: Result<u64, CommitError>) {
            panic!("on purpose");
        }
    }
    let directory = tempfile::tempdir().unwrap();
    let journal = open(directory.path());
    journal.append(entry(1), Box::new(Bad));
    loop {
        let (sender, receiver) = mpsc::channel();
        let (told, sender) = (Arc::default(), Some(sender));
        journal.append(entry(2), Box::new(Once { told, sender }));
        // Those of the same group are dropped untold.
        if let Ok(Err(_)) = receiver.recv() {
            break;
        }
    }
}

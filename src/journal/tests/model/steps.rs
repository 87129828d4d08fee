//! What may happen.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use rand::RngExt;

use super::history::{Count, DIRECTORY, Fate, History, Reader, Record};
use crate::journal::cursor::Cursor;
use crate::journal::record::Entry;
use crate::journal::register;
use crate::journal::segment::{self, file_name};
use crate::journal::state::Taken;
use crate::journal::tests::disk::Faults;

// === impl History ===

impl History {
    pub fn step(&mut self, sick: bool) {
        match self.dice.random_range(0..100) {
            0..30 => self.commit(),
            30..55 => self.read(),
            55..72 => self.settle(),
            72..80 => self.keep(),
            80..83 => self.add_cursor(),
            83..84 => self.forget_cursor(),
            84..87 => self.close(),
            87..90 => self.crash(false),
            90..93 => self.crash(true),
            93..97 => self.change_faults(),
            97..99 if sick => self.flip(),
            99 if sick => self.damage_register(),
            _ => self.probe(),
        }
    }

    fn commit(&mut self) {
        let log = self.log();
        if log.state().trouble.is_some() {
            return self.probe();
        }
        let first = log.state().next;
        let mut group = Vec::new();
        let from = self.records.len();
        for seq in (first..).take(self.dice.random_range(1..6)) {
            let longest = [1, 40, 300, 1500][self.dice.random_range(0..4)];
            let mut noise = |most: usize| -> Vec<u8> {
                let length = self.dice.random_range(0..most);
                (0..length).map(|_| self.dice.random()).collect()
            };
            let head = [(self.records.len() as u64).to_le_bytes().to_vec(), noise(8)].concat();
            let (head, body) = (Bytes::from(head), Bytes::from(noise(longest)));
            let weight = self.dice.random_range(0..5);
            let entry = Entry::new(head.clone(), body.clone(), weight);
            let room = match self.space.reserve(entry.size()) {
                Ok(room) => room,
                Err(full) => {
                    assert!(full.used + entry.size() > self.limit);
                    break;
                }
            };
            let stored = [&entry.header(seq)[..], &head, &body].concat();
            group.push(entry.with_room(room));
            let (process, fate, flipped) = (self.process, Fate::Tried, false);
            self.records.push(Record {
                seq,
                weight,
                head,
                body,
                stored,
                process,
                fate,
                flipped,
            });
        }
        if group.is_empty() {
            return self.tell("no room".into());
        }
        let count = group.len();
        let result = log.commit(group);
        self.tell(format!("commit {count} from {first}: {result:?}"));
        match result {
            Ok(seq) => {
                assert_eq!(seq, first);
                self.records[from..]
                    .iter_mut()
                    .for_each(|record| record.fate = Fate::Committed);
            }
            Err(error) => assert!(!self.calm(), "nothing was wrong, but: {error}"),
        }
    }

    fn probe(&mut self) {
        if self.log().state().trouble.is_none() {
            return;
        }
        let works = self.log().probe();
        self.tell(format!("probe: {works}"));
        assert!(
            works || !self.calm(),
            "the disk is well again, the journal is not"
        );
    }

    fn any_reader(&mut self) -> Option<String> {
        let at = self.dice.random_range(0..self.readers.len().max(1));
        self.readers.keys().nth(at).cloned()
    }

    fn read(&mut self) {
        let Some(name) = self.any_reader() else { return };
        let most = self.dice.random_range(1..2000);
        self.read_some(&name, most);
    }

    /// The next record that a cursor will look at.
    fn place(&self, name: &str) -> u64 {
        self.log().state().cursors[name].read
    }

    /// Reads once; `false` when there is nothing more.
    pub fn read_some(&mut self, name: &str, most: u64) -> bool {
        let before = self.place(name);
        let cursor = self.readers[name].cursor.as_ref().unwrap();
        let (items, way) = match cursor.take(most) {
            Taken::Items(items) => (items, "memory"),
            Taken::OnDisk => match cursor.read(most) {
                Ok(items) => (items, "disk"),
                Err(error) => {
                    assert!(self.faults.unreadable > 0, "{error}");
                    return true;
                }
            },
            Taken::Nothing => {
                self.nothing_left(name);
                return false;
            }
        };
        // All that it met may have been settled or lost; then it has come further.
        if items.is_empty() {
            assert!(
                self.place(name) > before,
                "{name} reads nothing from disk, for ever"
            );
        }
        let seqs: Vec<u64> = items.iter().map(|item| item.seq).collect();
        self.tell(format!("{name} reads from {way}: {seqs:?}"));
        let rest = items.iter().rev().skip(1);
        let before: u64 = rest.map(|item| item.size).sum();
        assert!(before <= most, "more than {most} bytes at once");
        items.iter().for_each(|item| self.given(name, item));
        true
    }

    fn settle(&mut self) {
        let Some(name) = self.any_reader() else { return };
        for _ in 0..self.dice.random_range(1..6) {
            let reader = &self.readers[&name];
            let open: Vec<usize> = reader.given.difference(&reader.settled).copied().collect();
            if open.is_empty() {
                return;
            }
            let id = match self.dice.random_bool(0.6) {
                true => open[0],
                false => open[self.dice.random_range(0..open.len())],
            };
            self.settle_one(&name, id);
        }
    }

    pub fn settle_one(&mut self, name: &str, id: usize) {
        let (seq, weight) = (self.records[id].seq, self.records[id].weight);
        self.tell(format!("{name} settles {seq}"));
        let size = self.records[id].stored.len() as u64;
        let reader = self.readers.get_mut(name).unwrap();
        let cursor = reader.cursor.as_ref().unwrap();
        let count = &reader.count;
        let mut times = 0;
        for _ in 0..2 {
            cursor.settle(seq, size, weight, || {
                count.settled(weight.into());
                times += 1;
            });
        }
        assert_eq!(times, 1, "a record is settled once");
        reader.settled.insert(id);
    }

    pub fn keep(&mut self) {
        let result = self.log().keep();
        self.tell(format!("keep: {result:?}"));
        self.remembered(result.is_ok());
        if result.is_ok() {
            let log = self.log();
            let state = log.state();
            let low = state.low();
            let behind = state
                .segments
                .iter()
                .find(|held| held.sealed && held.holds.end <= low);
            assert!(behind.is_none(), "a segment that all have passed is still there");
        }
    }

    /// The register was written, or should have been.
    pub fn remembered(&mut self, well: bool) {
        assert!(well || !self.calm(), "positions cannot be remembered");
        self.forgetful |= !well;
        if !well {
            return;
        }
        let durable = self.disk.is_durable(&Path::new(DIRECTORY).join(register::NAME));
        self.forgetful &= !durable;
        self.unmarked = false;
        for reader in self.readers.values_mut() {
            reader.kept = reader.settled.clone();
            if durable {
                reader.durable = reader.settled.clone();
            }
        }
    }

    pub fn add_cursor(&mut self) {
        if self.readers.len() == 4 {
            return;
        }
        self.cursors_made += 1;
        let name = format!("cursor-{}", self.cursors_made);
        let result = self.log().add_cursor(&name, true);
        self.tell(format!("add {name}: {result:?}"));
        match result {
            Ok(()) => {
                self.remembered(true);
                let since = self.log().state().next;
                self.readers.insert(name.clone(), Reader::new(since));
                self.attach(&name);
            }
            Err(error) => {
                assert!(!self.calm(), "{error}");
                self.ghosts = true;
            }
        }
    }

    fn forget_cursor(&mut self) {
        let Some(name) = self.any_reader() else { return };
        let unsettled = self.log().state().cursors[&name].unsettled;
        self.readers.remove(&name);
        let result = self.log().forget(&name);
        self.tell(format!("forget {name}: {result:?}"));
        match result {
            Ok(amount) => {
                assert_eq!(amount, unsettled);
                self.remembered(true);
            }
            Err(_) => {
                self.remembered(false);
                self.ghosts = true;
            }
        }
    }

    pub fn attach(&mut self, name: &str) {
        let log = self.log();
        let reader = self.readers.get_mut(name).unwrap();
        let mut state = log.state();
        let place = state.cursors.get_mut(name).unwrap();
        reader.count = Arc::new(Count(AtomicU64::new(place.unsettled.weight)));
        place.account = Some(reader.count.clone());
        drop(state);
        reader.cursor = Some(Cursor::new(log, name, Arc::new(|| ())));
    }

    fn close(&mut self) {
        let result = self.log().close();
        self.tell(format!("close: {result:?}"));
        self.remembered(result.is_ok());
        let power = self.dice.random_bool(0.3);
        if power {
            self.lose_power();
        }
        self.reopen(result.is_ok() && (self.options.sync || !power), power);
    }

    fn crash(&mut self, power: bool) {
        self.tell(format!("crash, power {power}"));
        if power {
            self.lose_power();
        }
        self.reopen(false, power);
    }

    fn lose_power(&mut self) {
        self.disk.lose_power();
        self.faults = Faults::default();
    }

    fn change_faults(&mut self) {
        let used: u64 = self.disk.files().iter().map(|(_, length)| length).sum();
        let mut faults = Faults::default();
        match self.dice.random_range(0..8) {
            0 | 1 => faults.capacity = Some(used + self.dice.random_range(0..1500)),
            2 => faults.read_only = true,
            3 => faults.failing = 100,
            4 => faults.failing = 30,
            5 => faults.unreadable = 50,
            _ => {}
        }
        self.tell(format!("{faults:?}"));
        self.faults = faults;
        self.disk.set(faults);
    }

    fn flip(&mut self) {
        let log = self.log();
        let state = log.state();
        let at = self.dice.random_range(0..state.segments.len().max(1));
        let Some(held) = state.segments.get(at) else {
            return;
        };
        let (base, path) = (held.segment.base, held.segment.path.clone());
        drop(state);
        let length = self.disk.content(&path).unwrap().len();
        // Those that hit the header of the file are worth more than their share.
        let end = if self.dice.random_bool(0.2) {
            segment::HEADER as usize
        } else {
            length
        };
        let offset = self.dice.random_range(0..end.min(length));
        self.disk.flip(&path, offset, self.dice.random_range(0..8));
        self.tell(format!("byte {offset} of {} changes", file_name(base)));
        self.damaged = true;
        self.find_flipped();
    }

    fn damage_register(&mut self) {
        self.tell("crash, and the register is damaged".into());
        let path = Path::new(DIRECTORY).join(register::NAME);
        let Some(mut bytes) = self.disk.content(&path).filter(|bytes| !bytes.is_empty()) else {
            return;
        };
        let at = self.dice.random_range(0..bytes.len());
        match self.dice.random_bool(0.5) {
            true => bytes[at] ^= 1 << self.dice.random_range(0..8),
            false => bytes.truncate(at),
        }
        self.disk.put(&path, bytes);
        self.reopen_damaged();
    }

    /// Everything is well again: all that is left is read and settled, and nothing stays behind.
    pub fn finish(&mut self) {
        self.tell("the end".into());
        self.faults = Faults::default();
        self.disk.set(self.faults);
        self.probe();
        for name in self.readers.keys().cloned().collect::<Vec<_>>() {
            while self.read_some(&name, 5000) {}
            let reader = &self.readers[&name];
            let open: Vec<usize> = reader.given.difference(&reader.settled).copied().collect();
            open.iter().for_each(|id| self.settle_one(&name, *id));
            self.check();
        }
        self.keep();
        self.check();
        self.everything_is_done();
        let result = self.log().close();
        self.remembered(result.is_ok());
        self.reopen(true, self.options.sync);
        self.everything_is_done();
        for name in self.readers.keys().cloned().collect::<Vec<_>>() {
            assert!(!self.read_some(&name, 5000), "what was settled comes again");
        }
    }
}

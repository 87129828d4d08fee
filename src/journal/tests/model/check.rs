//! What must hold.

use std::path::Path;
use std::sync::atomic::Ordering;

use super::history::{DIRECTORY, Fate, History, id_of};
use crate::journal::keep::ASIDE;
use crate::journal::place::Amount;
use crate::journal::record::Item;
use crate::journal::register;
use crate::journal::segment::{HEADER, base_of, file_name};

// === impl History ===

impl History {
    /// After every step.
    pub fn check(&mut self) {
        self.check_amounts();
        self.check_files();
    }

    fn check_amounts(&self) {
        let log = self.log();
        let state = log.state();
        for (name, reader) in &self.readers {
            let unsettled = state.cursors[name].unsettled;
            let counted = reader.count.0.load(Ordering::Relaxed);
            assert_eq!(
                counted, unsettled.weight,
                "the account of {name} and the journal disagree"
            );
            if self.damaged {
                continue;
            }
            let mut wanted = Amount::default();
            for (id, record) in self.records.iter().enumerate() {
                if record.counts() && record.seq >= reader.since && !reader.settled.contains(&id) {
                    wanted.add(Amount {
                        records: 1,
                        bytes: record.stored.len() as u64,
                        weight: record.weight.into(),
                    });
                }
            }
            assert_eq!(unsettled, wanted, "unsettled of {name}");
        }
    }

    fn check_files(&mut self) {
        let log = self.log();
        let state = log.state();
        let directory = Path::new(DIRECTORY);
        let files = self.disk.files();
        let length = |path: &Path| {
            files
                .iter()
                .find(|(known, _)| known == path)
                .map(|(_, length)| *length)
        };
        let mut sum = 0;
        for held in &state.segments {
            let there = length(&held.segment.path).expect("a segment has its file");
            // Of a file that is written over, only what was written counts.
            sum += match self.options.spares {
                0 => there,
                _ => held.bytes(),
            };
            assert!(held.bytes() <= there, "more is counted than is there");
        }
        assert_eq!(self.space.used(), sum, "the budget and the files disagree");
        assert_eq!(state.bytes(), sum);
        let headers = HEADER * state.segments.len() as u64;
        // After a crash the rest of a file that was being written over counts, too.
        let within = self.options.spares > 0 || sum <= self.limit.max(self.at_open).saturating_add(headers);
        assert!(within, "{sum} bytes on disk");
        let held = |base: u64| state.segments.iter().any(|held| held.segment.base == base);
        for (path, _) in &files {
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.parent() != Some(directory)
                || [register::NAME, "cursors.tmp", "probe"].contains(&name)
                || (self.options.spares > 0 && name.starts_with("spare-"))
            {
                continue;
            }
            // What is left of an attempt to begin a segment goes with the next attempt.
            let base = base_of(name).expect("nobody else writes here");
            assert!(held(base) || base == state.next, "nobody knows {name}");
        }
        let damaged = state.segments.iter().filter(|held| held.holds.damaged);
        self.suspects.extend(damaged.map(|held| held.segment.base));
        for base in self.suspects.iter().filter(|base| !held(**base)) {
            let aside = directory.join(ASIDE);
            let kept = files.iter().any(|(path, _)| {
                let name = path.file_name().unwrap().to_str().unwrap();
                path.parent() == Some(&aside) && name.starts_with(&file_name(*base))
            });
            assert!(kept, "damaged segment {base} is gone");
        }
    }

    /// A cursor has given a record out.
    pub fn given(&mut self, name: &str, item: &Item) {
        let id = id_of(item);
        let process = self.process;
        let record = &mut self.records[id];
        assert_eq!((&item.head, &item.body), (&record.head, &record.body));
        assert_eq!((item.seq, item.weight), (record.seq, record.weight));
        assert_eq!(item.size, record.stored.len() as u64);
        if !record.counts() {
            assert!(
                record.process < process,
                "{} was refused and is given out",
                item.seq
            );
            assert!(
                self.damaged,
                "{} was not found on opening and is given out",
                item.seq
            );
            record.fate = Fate::Found;
        }
        let born_here = record.process == process;
        let reader = &self.readers[name];
        let next = reader.last.map_or(0, |last| last + 1);
        assert!(item.seq >= next, "{} comes after {next}", item.seq);
        assert!(
            !reader.settled.contains(&id),
            "{} is settled and comes again",
            item.seq
        );
        self.skipped(name, next, item.seq);
        let reader = self.readers.get_mut(name).unwrap();
        let before = reader.given_before.contains(&id);
        if reader.orderly {
            assert_eq!(item.again, before, "{} after orderly ends", item.seq);
        } else if self.options.again_bytes == u64::MAX {
            assert!(
                item.again || !before,
                "{} comes again and does not say so",
                item.seq
            );
        }
        assert!(!(born_here && item.again), "{} is new", item.seq);
        reader.last = Some(item.seq);
        reader.given.insert(id);
    }

    /// What lies between two records that were given out one after the other is settled, or damaged.
    fn skipped(&self, name: &str, from: u64, to: u64) {
        let reader = &self.readers[name];
        for (id, record) in self.records.iter().enumerate() {
            let due = record.counts() && record.seq >= reader.since && (from..to).contains(&record.seq);
            let missed = due && !record.flipped && !reader.settled.contains(&id);
            assert!(!missed, "{name} does not get {}", record.seq);
        }
    }

    /// A cursor says that there is nothing more.
    pub fn nothing_left(&self, name: &str) {
        let next = self.readers[name].last.map_or(0, |last| last + 1);
        self.skipped(name, next, u64::MAX);
    }

    /// Nothing is unsettled, and no file but the newest is left.
    pub fn everything_is_done(&self) {
        let log = self.log();
        let state = log.state();
        for name in self.readers.keys() {
            assert_eq!(state.cursors[name].unsettled, Amount::default(), "of {name}");
        }
        let left = state.segments.iter().filter(|held| held.sealed).count();
        assert!(left == 0 || !state.whole, "{left} segments are left");
    }
}

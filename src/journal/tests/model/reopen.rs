//! The end of a process, and what the next one finds.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::history::{Count, DIRECTORY, Fate, History};
use crate::journal::account::Uncounted;
use crate::journal::log::Log;
use crate::journal::recover::{Recovered, recover};
use crate::journal::space::Space;
use crate::journal::tests::disk::Faults;

/// How the last process ended.
#[derive(Clone, Copy)]
struct End {
    orderly: bool,
    power: bool,
    /// The register was damaged.
    register: bool,
}

// === impl History ===

impl History {
    pub fn reopen(&mut self, orderly: bool, power: bool) {
        let register = false;
        self.begin(End {
            orderly,
            power,
            register,
        });
    }

    pub fn reopen_damaged(&mut self) {
        let (orderly, power, register) = (false, false, true);
        self.begin(End {
            orderly,
            power,
            register,
        });
    }

    fn begin(&mut self, end: End) {
        self.log = None;
        for reader in self.readers.values_mut() {
            reader.cursor = None;
        }
        self.process += 1;
        self.suspects.clear();
        self.forgetful |= end.register;
        let recovered = self.recover();
        let whole = recovered.log.state().whole;
        self.hidden = self.unmarked;
        self.unmarked = recovered.log.state().moved;
        self.log = Some(Arc::new(recovered.log));
        self.find_flipped();
        self.find_records(end);
        self.give_up_ghosts(end);
        for name in self.readers.keys().cloned().collect::<Vec<_>>() {
            self.find_cursor(&name, end, whole);
            self.attach(&name);
        }
        self.find_owner(recovered.owner, end);
        self.forgetful |= self.unmarked;
        let log = self.log();
        let state = log.state();
        let held = state.segments.iter();
        let held: Vec<_> = held.map(|held| (held.segment.base, held.holds)).collect();
        let next = state.next;
        self.at_open = state.bytes();
        drop(state);
        self.tell(format!("open, next {next}, {held:?}"));
        self.check();
    }

    fn recover(&mut self) -> Recovered {
        loop {
            self.space = Space::new(self.limit);
            let directory = Path::new(DIRECTORY);
            let disk = Arc::new(self.disk.clone());
            match recover(
                disk,
                directory,
                self.options,
                self.space.clone(),
                Arc::new(Uncounted),
            ) {
                Ok(recovered) => return recovered,
                Err(error) => {
                    assert!(!self.calm(), "{error}");
                    self.tell(format!("open: {error}"));
                    self.faults = Faults::default();
                    self.disk.set(self.faults);
                }
            }
        }
    }

    /// Which records are on disk no more as they were written.
    pub fn find_flipped(&mut self) {
        let log = self.log();
        let on_disk = self.on_disk(&log);
        for record in self.records.iter_mut().filter(|record| record.counts()) {
            let place = on_disk
                .iter()
                .find(|(base, end, _)| (*base..*end).contains(&record.seq));
            record.flipped |=
                self.damaged && place.is_some_and(|(_, _, bytes)| !holds(bytes, &record.stored));
        }
    }

    fn on_disk(&self, log: &Log) -> Vec<(u64, u64, Vec<u8>)> {
        let state = log.state();
        let held = state.segments.iter();
        held.map(|held| {
            let bytes = self.disk.content(&held.segment.path).unwrap_or_default();
            (held.segment.base, held.holds.end, bytes)
        })
        .collect()
    }

    /// Records that were never promised may be there; those that were must be, unless all cursors have settled them.
    fn find_records(&mut self, end: End) {
        let log = self.log();
        let on_disk = self.on_disk(&log);
        let next = log.state().next;
        self.damaged |= log.state().segments.iter().any(|held| held.holds.damaged);
        for id in 0..self.records.len() {
            let record = &self.records[id];
            let seq = record.seq;
            let place = on_disk.iter().find(|(base, end, _)| (*base..*end).contains(&seq));
            let there = place.is_some_and(|(_, _, bytes)| holds(bytes, &record.stored));
            let fate = record.fate;
            if !record.counts() && there {
                self.records[id].fate = Fate::Found;
            }
            if record_is_due(fate) && !there {
                let readers = self.readers.values();
                let wanted = readers
                    .filter(|reader| seq >= reader.since && !reader.settled.contains(&id))
                    .count();
                let unpromised = end.power && (fate == Fate::Found || !self.options.sync);
                assert!(
                    wanted == 0 || self.records[id].flipped || unpromised,
                    "{seq} is lost"
                );
                self.damaged |= unpromised;
                // Where all was settled and that could not be written, numbers may be used again.
                let again = seq >= next || end.register;
                if wanted > 0 || unpromised {
                    self.records[id].fate = Fate::Gone;
                } else if again {
                    self.records[id].fate = Fate::Done;
                }
            }
        }
    }

    fn give_up_ghosts(&mut self, end: End) {
        let log = self.log();
        let state = log.state();
        let known = |name: &&String| !self.readers.contains_key(*name);
        let ghosts: Vec<String> = state.cursors.keys().filter(known).cloned().collect();
        drop(state);
        if ghosts.is_empty() {
            return;
        }
        assert!(
            self.ghosts || end.register || !self.options.sync,
            "{ghosts:?} come back"
        );
        self.faults = Faults::default();
        self.disk.set(self.faults);
        for ghost in ghosts {
            log.forget(&ghost).unwrap();
        }
    }

    fn find_cursor(&mut self, name: &str, end: End, whole: bool) {
        let log = self.log();
        if !log.state().cursors.contains_key(name) {
            assert!(
                end.register || (end.power && !self.options.sync),
                "{name} is forgotten"
            );
            self.faults = Faults::default();
            self.disk.set(self.faults);
            log.add_cursor(name, whole).unwrap();
            self.tell(format!("{name} begins anew, whole {whole}"));
            let segments: Vec<_> = self.on_disk(&log);
            let reader = self.readers.get_mut(name).unwrap();
            let there = |seq: u64| segments.iter().any(|(base, end, _)| (*base..*end).contains(&seq));
            let gone = self.records.iter().enumerate();
            let gone = gone.filter(|(_, record)| !there(record.seq)).map(|(id, _)| id);
            (reader.since, reader.settled) = (0, gone.collect());
        }
        let reader = self.readers.get_mut(name).unwrap();
        let state = log.state();
        let place = &state.cursors[name];
        let promised = if end.power { &reader.durable } else { &reader.kept };
        for (id, record) in self.records.iter().enumerate() {
            if !record.counts() || record.seq < reader.since {
                continue;
            }
            if place.marks.contains(record.seq) {
                let well = reader.settled.contains(&id) || record.flipped;
                assert!(well, "{name} has not settled {}, and will not get it", record.seq);
            } else {
                let kept = promised.contains(&id) && !end.register;
                assert!(!kept, "{name} has settled {}, which is forgotten", record.seq);
                reader.settled.remove(&id);
            }
        }
        if !self.unmarked {
            reader.kept = reader.settled.clone();
        } else if end.register {
            // What is remembered is still the damaged register.
            reader.kept.clear();
            reader.durable.clear();
        }
        reader.kept.retain(|id| reader.settled.contains(id));
        reader.durable.retain(|id| reader.settled.contains(id));
        let given = std::mem::take(&mut reader.given);
        if !self.hidden {
            reader.given_before.extend(given);
        }
        reader.last = None;
        reader.orderly &= end.orderly;
        let note = place.note.as_slice().try_into().map_or(0, u64::from_le_bytes);
        if !self.damaged && !self.forgetful && !end.register && (self.options.sync || !end.power) {
            assert!(
                place.unsettled.weight >= note,
                "{name} noted {note}, found {:?}",
                place.unsettled
            );
        }
    }

    fn find_owner(&mut self, owner: Option<(Vec<u8>, u64)>, end: End) {
        let counted = self
            .records
            .iter()
            .filter(|record| record.counts() || record.fate == Fate::Done);
        let sum: u64 = counted.map(|record| u64::from(record.weight)).sum();
        if let Some((note, beyond)) = owner
            && !self.damaged
            && !self.forgetful
            && !end.register
        {
            let note = note.as_slice().try_into().map_or(0, u64::from_le_bytes);
            assert_eq!(note + beyond, sum, "the owner's counts");
        }
        self.owner = Arc::new(Count(AtomicU64::new(sum)));
        self.owner.0.load(Ordering::Relaxed);
        self.log().state().owner = Some(self.owner.clone());
    }
}

fn record_is_due(fate: Fate) -> bool {
    matches!(fate, Fate::Committed | Fate::Found)
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

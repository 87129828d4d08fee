//! The thread that reads: looks for files, recognises them, reads what comes, writes down how far they are.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::checkpoint::{Checkpoint, Known};
use super::config::{Config, OnTruncate, StartAt};
use super::content::{Content, Stamp};
use super::followed::{Followed, Pumped, Work, end_of};
use super::glob::Globs;
use super::mark::Mark;
use super::scratch::Scratch;
use crate::telemetry::file::Place;

/// How long a file is kept open that has no name any more which is looked for: whoever renamed it may still write.
const GONE: Duration = Duration::from_secs(10);

/// How long the end waits for what is in flight.
const LAST: Duration = Duration::from_secs(5);

/// How long room is waited for at a time: it may be the memory of others that is wanted.
const STARVED: Duration = Duration::from_millis(10);

/// Files that are gone and are remembered.
const MOST_GONE: usize = 1000;

/// Reads files until it is told to stop.
pub struct Watch {
    config: Config,
    globs: Globs,
    work: Work,
    scratch: Scratch,
    checkpoint: Option<Checkpoint>,
    files: Vec<Followed>,
    /// Files that are not open, with what they were where they are still there.
    known: VecDeque<(Known, Option<Stamp>)>,
    /// How many of them may be gone; after a start it is not known yet which are.
    most_gone: usize,
    /// Files were looked for, now or before the last stop: those that come now are read from their beginning.
    has_looked: bool,
    next_number: u64,
    stop: CancellationToken,
}

// === impl Watch ===

impl Watch {
    /// Goes on from what was written down, if it was.
    pub fn new(
        config: Config,
        work: Work,
        checkpoint: Option<(Checkpoint, Option<Vec<Known>>)>,
        stop: CancellationToken,
    ) -> Result<Self, String> {
        let globs = Globs::new(&config.include, &config.exclude, config.exclude_older_than.0)?;
        let (checkpoint, known) = checkpoint.unzip();
        let known = known.flatten();
        Ok(Self {
            globs,
            scratch: Scratch::new(work.handling.budget()),
            work,
            checkpoint,
            files: Vec::new(),
            has_looked: known.is_some() || config.replay_file,
            most_gone: MOST_GONE.max(known.as_ref().map_or(0, Vec::len)),
            known: known.into_iter().flatten().map(|known| (known, None)).collect(),
            next_number: 0,
            config,
            stop,
        })
    }

    /// Reads until it is told to stop; then waits a while for what is in flight.
    pub fn run(mut self) {
        let interval = self.config.poll_interval.0;
        let mut next = Instant::now();
        while !self.stop.is_cancelled() {
            if Instant::now() >= next {
                self.look();
                self.save();
                next = Instant::now() + interval;
            }
            let (is_busy, is_starved) = self.pump();
            self.work
                .events
                .holding(self.files.len(), self.work.window.bytes());
            if !is_busy {
                let rest = next.saturating_duration_since(Instant::now());
                let most = if is_starved { STARVED } else { rest };
                self.work.window.wait(is_starved, rest.min(most));
            }
        }
        let deadline = Instant::now() + LAST;
        while !self.work.window.is_empty() && Instant::now() < deadline {
            self.work
                .window
                .wait(true, deadline.saturating_duration_since(Instant::now()));
        }
        self.work.handling.leave();
        self.save();
    }

    /// Looks which files are there.
    fn look(&mut self) {
        self.delete();
        self.replay();
        let named: HashMap<PathBuf, u64> = self
            .files
            .iter()
            .map(|file| (file.path.to_path_buf(), file.number))
            .collect();
        let open: HashMap<_, _> = self
            .files
            .iter()
            .map(|file| file.stamp().identity)
            .zip(0_usize..)
            .collect();
        let is_at_rest = |known: &(Known, Option<Stamp>)| known.1.map(|stamp| (stamp.identity, stamp));
        let at_rest: HashMap<_, _> = self.known.iter().filter_map(is_at_rest).collect();
        let mut is_there = vec![false; self.files.len()];
        for (path, stamp) in self.globs.find() {
            if let Some(number) = open.get(&stamp.identity) {
                if let (Some(file), Some(there)) = (self.files.get_mut(*number), is_there.get_mut(*number)) {
                    *there = true;
                    if *file.path != path {
                        file.path = path.into();
                    }
                }
                continue;
            }
            if stamp.len == 0 || at_rest.get(&stamp.identity).is_some_and(|known| *known == stamp) {
                continue;
            }
            let after = named.get(&path).copied();
            if let Err(error) = self.open(&path, after)
                && error.kind() != ErrorKind::NotFound
            {
                self.work.events.unreadable(&path, &error.to_string());
            }
        }
        for (file, is_there) in self.files.iter_mut().zip(is_there) {
            file.gone_since = match is_there {
                true => None,
                false => file.gone_since.or_else(|| Some(Instant::now())),
            };
        }
        self.has_looked = true;
        self.let_go();
    }

    /// Opens a file, where it is known at the place that it was read to.
    fn open(&mut self, path: &Path, after: Option<u64>) -> io::Result<()> {
        if !self.makes_place() {
            return Ok(());
        }
        let mut content = Content::open(path, self.config.compression)?;
        let mut head = vec![0; self.work.fingerprint];
        let read = content.read(0, &mut head)?;
        head.truncate(read);
        let (mark, is_new) = match self.recognise(&head, &mut content)? {
            Some(mark) => (mark, false),
            None if !self.has_looked && self.config.start_at == StartAt::End => {
                let end = end_of(&mut content, self.work.framing)?;
                (Mark::at(end, &head, &mut content)?, true)
            }
            None => (Mark::beginning(), true),
        };
        let mut file = Followed::begin(
            self.next_number,
            path.to_owned(),
            content,
            head,
            self.work.fingerprint,
            mark,
        )?;
        file.after = after;
        self.next_number += 1;
        if is_new || mark.offset < file.stamp().len {
            self.work.events.begun(Place {
                path,
                offset: mark.offset,
            });
        }
        self.files.push(file);
        Ok(())
    }

    /// How far a file was read that begins with these bytes; none when it is not known.
    fn recognise(&mut self, head: &[u8], content: &mut Content) -> io::Result<Option<Mark>> {
        let mut best: Option<(Mark, Option<usize>)> = None;
        let open = self.files.iter().map(|file| (file.mark(), None));
        let known = self
            .known
            .iter()
            .map(|(known, _)| known.mark)
            .zip((0..).map(Some));
        for (mark, number) in known.chain(open) {
            let is_farther = best.is_none_or(|(best, _)| mark.offset > best.offset);
            if is_farther && mark.fits(head, content)? {
                best = Some((mark, number));
            }
        }
        if let Some((_, Some(number))) = best {
            self.known.remove(number);
        }
        Ok(best.map(|(mark, _)| mark))
    }

    /// Whether one more file may be open; closes another for that, which was read to its end.
    fn makes_place(&mut self) -> bool {
        if self.files.len() < self.config.max_concurrent_files {
            return true;
        }
        let done = self
            .files
            .iter()
            .position(|file| file.is_done() && file.gone_since.is_none());
        let Some(file) = done.map(|number| self.files.remove(number)) else {
            return false;
        };
        let stamp = file.stamp();
        self.remember(&file, Some(stamp));
        true
    }

    fn remember(&mut self, file: &Followed, stamp: Option<Stamp>) {
        self.keep(file.known(), stamp);
    }

    fn keep(&mut self, known: Known, stamp: Option<Stamp>) {
        self.known.push_back((known, stamp));
        let gone = self.known.iter().filter(|(_, stamp)| stamp.is_none()).count();
        if gone > self.most_gone {
            let oldest = self.known.iter().position(|(_, stamp)| stamp.is_none());
            oldest.and_then(|oldest| self.known.remove(oldest));
        }
    }

    /// Closes files that are gone.
    fn let_go(&mut self) {
        let is_gone = |file: &mut Followed| {
            let gone = file.gone_since.is_some_and(|since| since.elapsed() >= GONE);
            file.is_idle() && (gone || (file.gone_since.is_some() && file.stamp().links == 0))
        };
        let gone: Vec<_> = self.files.extract_if(.., is_gone).collect();
        for file in &gone {
            self.remember(file, None);
        }
    }

    /// Deletes files that were read, when that is wanted.
    fn delete(&mut self) {
        if !self.config.delete_after_read {
            return;
        }
        let (events, interval) = (self.work.events.clone(), self.config.poll_interval.0);
        self.files.retain_mut(|file| {
            let mark = file.mark();
            if mark.offset == 0 || !file.is_done() || file.rested() < interval || file.is_locked() {
                return true;
            }
            if mark.refused > 0 {
                if !std::mem::replace(&mut file.was_kept, true) {
                    events.kept(
                        &file.path,
                        &format!("{} of its records were passed over", mark.refused),
                    );
                }
                return true;
            }
            let stamp = fs::metadata(&*file.path).map(|metadata| Stamp::from(&metadata));
            if !stamp.is_ok_and(|stamp| stamp == file.stamp()) {
                return true;
            }
            match fs::remove_file(&*file.path) {
                Ok(()) => events.deleted(&file.path),
                Err(error) => {
                    if !std::mem::replace(&mut file.was_kept, true) {
                        events.kept(&file.path, &error.to_string());
                    }
                    return true;
                }
            }
            false
        });
    }

    /// Goes back to the beginning of files that were read, when that is wanted.
    fn replay(&mut self) {
        if !self.config.replay_file {
            return;
        }
        for file in &mut self.files {
            if file.is_done()
                && let Err(error) = file.restart(0)
            {
                self.work.events.unreadable(&file.path, &error.to_string());
            }
        }
    }

    /// Reads of every file what is there. Whether more is to be read, and whether there was no room for it.
    fn pump(&mut self) -> (bool, bool) {
        let mut is_busy = false;
        for number in 0..self.files.len() {
            if self.stop.is_cancelled() {
                break;
            }
            let after = self.files.get(number).and_then(|file| file.after);
            let is_read = |file: &Followed| Some(file.number) != after || file.is_at_end();
            if after.is_some() && !self.files.iter().all(is_read) {
                continue;
            }
            let Some(file) = self.files.get_mut(number) else {
                break;
            };
            file.after = None;
            match file.pump(&mut self.scratch, &self.work) {
                Ok(Pumped::Turn) => is_busy = true,
                Ok(Pumped::End) => {}
                Ok(Pumped::NoRoom) => return (false, true),
                Ok(Pumped::Truncated) => is_busy |= self.truncated(number),
                Err(error) => self.work.events.unreadable(&file.path, &error.to_string()),
            }
        }
        (is_busy, false)
    }

    /// What was read of a file is not there any more. Whether it is read anew.
    fn truncated(&mut self, number: usize) -> bool {
        let Some(file) = self.files.get_mut(number) else {
            return false;
        };
        let known = file.known();
        let restarted = match self.config.on_truncate {
            OnTruncate::Ignore => file.accept_change().map(|()| None),
            OnTruncate::ReadWholeFile => file.restart(0).map(|()| Some(0)),
            OnTruncate::ReadNew => file
                .end(self.work.framing)
                .and_then(|end| file.restart(end).map(|()| Some(end))),
        };
        match restarted {
            Ok(None) => false,
            Ok(Some(offset)) => {
                let path = &file.path;
                self.work.events.truncated(Place { path, offset });
                // A copy of what was there may turn up, and its rest is to be read.
                self.keep(known, None);
                true
            }
            Err(error) => {
                self.work.events.unreadable(&file.path, &error.to_string());
                false
            }
        }
    }

    /// Writes down how far files are.
    fn save(&mut self) {
        let Some(checkpoint) = &mut self.checkpoint else {
            return;
        };
        let open = self.files.iter().map(Followed::known);
        let known = self.known.iter().map(|(known, _)| known.clone());
        let all: Vec<_> = known.chain(open).filter(|known| known.mark.offset > 0).collect();
        let count = all.len();
        match checkpoint.save(all) {
            Ok(true) => self.work.events.saved(count),
            Ok(false) => {}
            Err(error) => self.work.events.unsaved(checkpoint.path(), &error.to_string()),
        }
    }
}

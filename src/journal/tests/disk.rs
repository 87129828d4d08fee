//! A file system in memory that forgets what was not synced, and fails when it is told to.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IoSlice};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::journal::disk::{Disk, DiskFile};

/// What a disk keeps or loses as one, in bytes.
const BLOCK: usize = 64;

/// The file system; clones are the same one.
#[derive(Clone)]
pub struct SimulatedDisk(Arc<Mutex<World>>);

/// What goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// Bytes in all files, at most.
    pub capacity: Option<u64>,
    /// Nothing can be changed.
    pub read_only: bool,
    /// Of a hundred changes and syncs, so many fail.
    pub failing: u32,
    /// Of a hundred reads, so many fail.
    pub unreadable: u32,
}

struct World {
    dice: StdRng,
    faults: Faults,
    directories: BTreeSet<PathBuf>,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    /// Changes of names that no sync of their directory has made durable.
    renamings: Vec<Renaming>,
    contents: BTreeMap<u64, Contents>,
    next: u64,
}

#[derive(Clone)]
struct Renaming {
    from: Option<PathBuf>,
    to: Option<(PathBuf, u64)>,
}

#[derive(Clone, Default)]
struct Contents {
    bytes: Vec<u8>,
    /// So many of them were written; behind them lies what the file held before.
    written: usize,
    /// So many of those are durable.
    synced: usize,
    /// What the file held before it was written over.
    before: Vec<u8>,
    /// Ranges whose sync failed: a later sync says nothing about them.
    doubtful: Vec<(usize, usize)>,
}

struct SimulatedFile {
    world: SimulatedDisk,
    id: u64,
}

// === impl SimulatedDisk ===

impl SimulatedDisk {
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(World {
            dice: StdRng::seed_from_u64(seed),
            faults: Faults::default(),
            directories: BTreeSet::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            renamings: Vec::new(),
            contents: BTreeMap::new(),
            next: 0,
        })))
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }

    pub fn set(&self, faults: Faults) {
        self.world().faults = faults;
    }

    /// What lies in a file.
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let world = self.world();
        Some(world.contents[world.names.get(path)?].bytes.clone())
    }

    /// Puts a file there, durable.
    pub fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut world = self.world();
        let id = world.next;
        world.next += 1;
        let length = bytes.len();
        let contents = Contents {
            bytes,
            written: length,
            synced: length,
            ..Contents::default()
        };
        world.contents.insert(id, contents);
        world.names.insert(path.to_owned(), id);
        world.durable_names.insert(path.to_owned(), id);
    }

    /// Every file with its length.
    pub fn files(&self) -> Vec<(PathBuf, u64)> {
        let world = self.world();
        let files = world.names.iter();
        files
            .map(|(path, id)| (path.clone(), world.contents[id].bytes.len() as u64))
            .collect()
    }

    /// Whether all of a file, and its name, would outlive a loss of power.
    pub fn is_durable(&self, path: &Path) -> bool {
        let world = self.world();
        let (Some(id), durable) = (world.names.get(path), world.durable_names.get(path)) else {
            return false;
        };
        let contents = &world.contents[id];
        Some(id) == durable && contents.synced == contents.written && contents.doubtful.is_empty()
    }

    /// Changes a bit of a stored byte.
    pub fn flip(&self, path: &Path, at: usize, bit: u8) {
        let mut world = self.world();
        let id = world.names[path];
        world.contents.get_mut(&id).unwrap().bytes[at] ^= 1 << bit;
    }

    /// What is durable stays; of the rest, whatever chance leaves.
    pub fn lose_power(&self) {
        let mut world = self.world();
        let world = &mut *world;
        world.faults = Faults::default();
        let renamings = std::mem::take(&mut world.renamings);
        let kept = world.dice.random_range(0..=renamings.len());
        let by_the_piece = world.dice.random_bool(0.3);
        for (at, renaming) in renamings.into_iter().enumerate() {
            let happened = match by_the_piece {
                true => world.dice.random_bool(0.5),
                false => at < kept,
            };
            if happened {
                apply(&mut world.durable_names, &renaming);
            }
        }
        world.names = world.durable_names.clone();
        for contents in world.contents.values_mut() {
            contents.tear(&mut world.dice);
        }
    }
}

fn apply(names: &mut BTreeMap<PathBuf, u64>, renaming: &Renaming) {
    if let Some(from) = &renaming.from {
        names.remove(from);
    }
    if let Some((to, id)) = &renaming.to {
        names.insert(to.clone(), *id);
    }
}

// === impl Contents ===

impl Contents {
    fn tear(&mut self, dice: &mut StdRng) {
        let unsynced = self.synced..self.written;
        let end = match dice.random_range(0..4) {
            0 => self.synced,
            1 => self.written,
            _ => dice.random_range(self.synced..=self.written),
        };
        let mut risky = std::mem::take(&mut self.doubtful);
        risky.push((unsynced.start, unsynced.end));
        if dice.random_bool(0.5) {
            for at in risky
                .iter()
                .flat_map(|(start, end)| (*start..*end).step_by(BLOCK))
            {
                if dice.random_bool(0.3) {
                    self.undo(at, at + BLOCK);
                }
            }
        }
        self.undo(end, self.written);
        self.bytes.truncate(end.max(self.before.len()));
        (self.written, self.synced) = (self.bytes.len(), self.bytes.len());
        self.before.clear();
    }

    /// Puts back what was there before; zeros where nothing was.
    fn undo(&mut self, from: usize, to: usize) {
        for at in from..to.min(self.written) {
            self.bytes[at] = self.before.get(at).copied().unwrap_or(0);
        }
    }

    /// What is there may be written over.
    fn begin_anew(&mut self) {
        self.before = self.bytes.clone();
        (self.written, self.synced) = (0, 0);
        self.doubtful.clear();
    }

    fn write(&mut self, bytes: &[u8]) {
        let end = self.written + bytes.len();
        self.bytes.resize(end.max(self.bytes.len()), 0);
        self.bytes[self.written..end].copy_from_slice(bytes);
        self.written = end;
    }
}

// === impl World ===

impl World {
    fn may_change(&mut self) -> io::Result<()> {
        if self.faults.read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        self.strike()
    }

    fn strike(&mut self) -> io::Result<()> {
        match self.dice.random_ratio(self.faults.failing, 100) {
            true => Err(io::Error::other("the disk fails")),
            false => Ok(()),
        }
    }

    fn used(&self) -> u64 {
        let files = self.names.values();
        files.map(|id| self.contents[id].bytes.len() as u64).sum()
    }

    fn rename(&mut self, from: Option<&Path>, to: Option<(&Path, u64)>) {
        let renaming = Renaming {
            from: from.map(Path::to_owned),
            to: to.map(|(path, id)| (path.to_owned(), id)),
        };
        apply(&mut self.names, &renaming);
        self.renamings.push(renaming);
    }

    fn id(&self, path: &Path) -> io::Result<u64> {
        self.names
            .get(path)
            .copied()
            .ok_or(io::ErrorKind::NotFound.into())
    }
}

// === impl Disk ===

impl Disk for SimulatedDisk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        if !world.directories.contains(path) {
            world.may_change()?;
            world.directories.insert(path.to_owned());
        }
        Ok(())
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<String>> {
        let world = self.world();
        let names = world.names.keys().filter(|path| path.parent() == Some(directory));
        Ok(names
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.may_change()?;
        if world.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let id = world.next;
        world.next += 1;
        world.contents.insert(id, Contents::default());
        world.rename(None, Some((path, id)));
        Ok(Box::new(SimulatedFile {
            world: self.clone(),
            id,
        }))
    }

    fn reuse(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut world = self.world();
        world.may_change()?;
        let id = world.id(path)?;
        world.contents.get_mut(&id).unwrap().begin_anew();
        Ok(Box::new(SimulatedFile {
            world: self.clone(),
            id,
        }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let id = self.world().id(path)?;
        Ok(Box::new(SimulatedFile {
            world: self.clone(),
            id,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.may_change()?;
        assert!(
            !from.starts_with("/journal/damaged"),
            "{} is touched",
            from.display()
        );
        let id = world.id(from)?;
        world.rename(Some(from), Some((to, id)));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.world();
        world.may_change()?;
        assert!(
            !path.starts_with("/journal/damaged"),
            "{} is deleted",
            path.display()
        );
        world.id(path)?;
        world.rename(Some(path), None);
        Ok(())
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        let mut world = self.world();
        let world = &mut *world;
        world.strike()?;
        let within = |path: &Path| path.parent() == Some(directory);
        let renamings = std::mem::take(&mut world.renamings);
        for renaming in renamings {
            let from = renaming.from.as_deref().is_some_and(within);
            let to = renaming.to.as_ref().is_some_and(|(to, _)| within(to));
            match from || to {
                true => apply(&mut world.durable_names, &renaming),
                false => world.renamings.push(renaming),
            }
        }
        Ok(())
    }
}

// === impl SimulatedFile ===

impl DiskFile for SimulatedFile {
    fn append(&self, parts: &mut [IoSlice<'_>]) -> io::Result<()> {
        let mut world = self.world.world();
        let world = &mut *world;
        let failed = world.may_change();
        if world.faults.read_only {
            return failed;
        }
        let bytes = parts.iter().flat_map(|part| part.to_vec()).collect::<Vec<u8>>();
        let room = match (&failed, world.faults.capacity) {
            (Err(_), _) => world.dice.random_range(0..=bytes.len() as u64),
            (Ok(()), Some(capacity)) => capacity.saturating_sub(world.used()),
            (Ok(()), None) => u64::MAX,
        };
        let written = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
        let contents = world.contents.get_mut(&self.id).unwrap();
        contents.write(&bytes[..written]);
        failed?;
        match written == bytes.len() {
            true => Ok(()),
            false => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    fn append_ahead(&self, parts: &mut Vec<IoSlice<'_>>, zeros: usize) -> io::Result<()> {
        self.append(parts)?;
        let mut world = self.world.world();
        let full = world
            .faults
            .capacity
            .is_some_and(|capacity| capacity < world.used() + zeros as u64);
        let contents = world.contents.get_mut(&self.id).unwrap();
        let end = contents.written + zeros;
        if full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        contents.bytes.resize(end.max(contents.bytes.len()), 0);
        contents.bytes[contents.written..end].fill(0);
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut world = self.world.world();
        let unreadable = world.faults.unreadable;
        if world.dice.random_ratio(unreadable, 100) {
            return Err(io::Error::other("the disk cannot be read"));
        }
        let bytes = &world.contents[&self.id].bytes;
        let there = bytes.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
        let read = there.len().min(buffer.len());
        buffer[..read].copy_from_slice(&there[..read]);
        Ok(read)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.world.world().contents[&self.id].bytes.len() as u64)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut world = self.world.world();
        world.may_change()?;
        let contents = world.contents.get_mut(&self.id).unwrap();
        contents.bytes.truncate(usize::try_from(length).unwrap());
        contents.before.truncate(contents.bytes.len());
        contents.written = contents.written.min(contents.bytes.len());
        contents.synced = contents.synced.min(contents.bytes.len());
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut world = self.world.world();
        let world = &mut *world;
        let failed = world.strike();
        let contents = world.contents.get_mut(&self.id).unwrap();
        let range = (contents.synced, contents.written);
        if failed.is_err() && range.0 < range.1 {
            contents.doubtful.push(range);
        }
        contents.synced = range.1;
        failed
    }
}

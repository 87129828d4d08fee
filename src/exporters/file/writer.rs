//! One file, its one writer.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::backups;
use super::config::{Config, Rotation};
use super::disk::{Disk, State, Target};
use super::records::Framing;
use super::tail::mend;
use crate::telemetry::file::WriterEvents;

/// How often a batch is written anew because its file was renamed or removed meanwhile.
const PERSISTENCE: usize = 8;

/// What the files of an exporter have in common.
pub struct Manner {
    /// The system.
    pub disk: Box<dyn Disk>,
    /// How records are told from each other.
    pub framing: Framing,
    /// When a file is renamed.
    pub rotation: Option<Rotation>,
    /// Permissions of folders that are made; none makes none.
    pub makes_directories: Option<u32>,
    /// Whether the first opening throws away what is in the file.
    pub empties: bool,
    /// Whether a batch is written when the disk has it.
    pub fsync: bool,
    /// What is told.
    pub events: Arc<WriterEvents>,
}

/// Writes to a file.
pub struct Writer {
    path: PathBuf,
    manner: Arc<Manner>,
    file: Option<Box<dyn Target>>,
    /// It was open before: what is in it is ours.
    has_begun: bool,
    /// Its bytes after the last batch: with so many it has nothing to be cut off.
    whole: Option<u64>,
}

// === impl Manner ===

impl Manner {
    /// As the keys say. The error says what is wrong with them.
    pub fn new(
        config: &Config,
        framing: Framing,
        disk: Box<dyn Disk>,
        events: Arc<WriterEvents>,
    ) -> Result<Self, String> {
        let permissions = config.permissions()?;
        Ok(Self {
            disk,
            framing,
            rotation: config.rotation.on().cloned(),
            makes_directories: config.makes_directories().then_some(permissions),
            empties: config.empties(),
            fsync: config.fsync,
            events,
        })
    }
}

// === impl Writer ===

impl Writer {
    /// Opens nothing yet.
    pub fn new(path: PathBuf, manner: Arc<Manner>) -> Self {
        Self {
            path,
            manner,
            file: None,
            has_begun: false,
            whole: None,
        }
    }

    /// Goes on with a file that was closed when it had so many bytes.
    pub fn again(path: PathBuf, manner: Arc<Manner>, whole: u64) -> Self {
        Self {
            has_begun: true,
            whole: Some(whole),
            ..Self::new(path, manner)
        }
    }

    /// Its bytes after the last batch, if there was one.
    pub fn whole(&self) -> Option<u64> {
        self.whole
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it where it is not open, or another has its name now.
    pub fn ready(&mut self) -> io::Result<()> {
        self.opened().map(|_| ())
    }

    /// Appends all of these records, or nothing.
    pub fn append(&mut self, records: &[Vec<u8>]) -> io::Result<()> {
        let bytes: u64 = records.iter().map(|record| record.len() as u64).sum();
        for _ in 0..PERSISTENCE {
            let most = self.manner.rotation.as_ref().map(Rotation::most);
            let fsync = self.manner.fsync;
            let (file, state) = self.opened()?;
            if state.is_file
                && state.len > 0
                && most.is_some_and(|most| state.len.saturating_add(bytes) > most)
            {
                self.rotate()?;
                continue;
            }
            if let Err((written, error)) = write_all(file.as_mut(), records, fsync && state.is_file) {
                self.take_back(written);
                return Err(error);
            }
            // Whoever removed it meanwhile, after reading it, may not have seen this.
            let was_removed = state.is_file && file.state().is_ok_and(|state| state.links == 0);
            if !was_removed {
                self.whole = Some(state.len.saturating_add(bytes));
                return Ok(());
            }
            self.file = None;
        }
        Err(io::Error::other("it is removed again and again"))
    }

    /// The file that has the name now.
    fn opened(&mut self) -> io::Result<(&mut Box<dyn Target>, State)> {
        let open = self.file.take().and_then(|file| {
            let state = file.state().ok()?;
            let named = State::of(&self.path).ok()?;
            (named.identity == state.identity).then_some((file, state))
        });
        let (file, state) = match open {
            Some(open) => open,
            None => self.open()?,
        };
        Ok((self.file.insert(file), state))
    }

    fn open(&mut self) -> io::Result<(Box<dyn Target>, State)> {
        let manner = self.manner.clone();
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let (Some(mode), Some(folder)) = (manner.makes_directories, folder) {
            fs::DirBuilder::new().recursive(true).mode(mode).create(folder)?;
        }
        let mut file = manner.disk.open(&self.path)?;
        let mut state = file.state()?;
        if state.is_file {
            file.lock()?;
            if manner.empties && !self.has_begun {
                file.cut(0)?;
            } else if self.whole != Some(state.len) {
                let torn = mend(file.as_mut(), manner.framing)?;
                if torn > 0 {
                    manner.events.mended(&self.path, torn);
                }
            }
            if manner.fsync {
                file.sync()?;
                fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
            }
            if !self.has_begun {
                self.prune();
            }
            state = file.state()?;
        }
        self.has_begun = true;
        Ok((file, state))
    }

    /// Cuts off what was written of a batch. Where that fails, the next opening does it.
    fn take_back(&mut self, written: u64) {
        let Some(file) = self.file.as_mut().filter(|_| written > 0) else {
            return;
        };
        let cut = file.state().and_then(|state| match state.is_file {
            true => file.cut(state.len.saturating_sub(written)),
            false => Ok(()),
        });
        if cut.is_err() {
            self.file = None;
        }
    }

    /// Renames the file; the next opening makes a new one.
    fn rotate(&mut self) -> io::Result<()> {
        if let Some(rotation) = &self.manner.rotation {
            let backup = backups::free_name(&self.path, rotation, Timestamp::now());
            fs::rename(&self.path, &backup)?;
            self.manner.events.rotated(&self.path, &backup);
        }
        self.file = None;
        self.prune();
        Ok(())
    }

    fn prune(&self) {
        let Some(rotation) = &self.manner.rotation else {
            return;
        };
        match backups::prune(&self.path, rotation, Timestamp::now()) {
            Ok(removed) => removed
                .iter()
                .for_each(|backup| self.manner.events.removed(backup)),
            Err(error) => self.manner.events.unpruned(&self.path, &error.to_string()),
        }
    }
}

/// The error comes with how much was written.
fn write_all(file: &mut dyn Target, records: &[Vec<u8>], fsync: bool) -> Result<(), (u64, io::Error)> {
    let mut written = 0;
    for record in records {
        let mut rest = record.as_slice();
        while !rest.is_empty() {
            match file.write(rest) {
                Ok(0) => return Err((written, ErrorKind::WriteZero.into())),
                Ok(count) => {
                    written += count as u64;
                    rest = rest.get(count..).unwrap_or_default();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err((written, error)),
            }
        }
    }
    match fsync {
        true => file.sync().map_err(|error| (written, error)),
        false => Ok(()),
    }
}

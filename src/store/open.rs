//! Opening a store's directory: its lock, its catalogue, its segments, its journal.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::catalog::{Catalog, Registered};
use super::core::{Core, Places};
use super::events::{Event, Observer};
use super::head::Head;
use super::segment::{Cache, Segment};
use super::settings::{Memory, Settings, StoreError};
use super::view::{Held, Visible};
use super::wal;
use crate::journal::disk::{Disk, FileSystem};
use crate::journal::{DirectoryLock, Journal, Options, Space};

/// The journal's files are of this length: what was sealed is freed in such steps.
const WAL_SEGMENT: u64 = 16 << 20;

/// Bytes of dictionaries of segments that stay in memory.
const CACHE: usize = 32 << 20;

/// Files of the journal that are kept to be written over.
const SPARES: usize = 2;

// === impl Core ===

impl Core {
    /// Opens the directory. What the journal holds is not in the head yet.
    pub fn open(
        settings: Settings,
        observer: Arc<dyn Observer>,
        memory: Arc<dyn Memory>,
    ) -> Result<Self, StoreError> {
        let disk = FileSystem::default();
        let places = Places::of(&settings.directory);
        make(&disk, &settings.directory)?;
        let lock = DirectoryLock::take(&settings.directory, settings.lock_timeout)?;
        make(&disk, &places.segments)?;
        let (catalog, known) = Catalog::open(&places.state)?;
        let cache = Arc::new(Cache::new(CACHE));
        let (segments, registered) = recover(&disk, &places, &catalog, known.segments, &cache, &*observer)?;

        let space = Space::new(settings.wal_bytes());
        let options = Options {
            sync: settings.fsync,
            segment_bytes: WAL_SEGMENT,
            tail_bytes: 0,
            again_bytes: 0,
            spares: SPARES,
        };
        let told = Arc::new(wal::Told(observer.clone()));
        let journal = Journal::open(Arc::new(disk), &places.wal, options, space.clone(), told)?;
        let found = journal.cursor(wal::CURSOR).map_err(failed(&places.wal))?;
        let cursor = journal.attach(wal::CURSOR, Arc::new(wal::Lost(observer.clone())));
        let mut sealed = known.sealed;
        if journal.end() < sealed {
            // Its numbers begin anew: none of what it will hold is in segments.
            let what = "the journal has been deleted; what was in no segment is lost";
            observer.tell(Event::Warned { what });
            catalog.unseal()?;
            sealed = 0;
        }
        observer.tell(Event::Opened {
            segments: segments.len(),
            spans: registered.values().map(|known| known.rows).sum(),
            bytes: registered.values().map(|known| known.bytes).sum(),
            unsealed: found.unsettled.weight,
        });

        let paid = memory.hold(CACHE);
        let head = Head::new(settings.segment, memory, known.next_number);
        let visible = Visible::default();
        visible.now().parts.push(head.part().clone());
        visible.now().held = Held {
            segments: segments.into(),
            tombstones: known.tombstones.into_iter().collect(),
        };
        Ok(Self {
            settings,
            places,
            disk,
            observer,
            catalog,
            journal,
            cursor,
            space,
            key: Default::default(),
            visible,
            registered: registered.into(),
            faults: Default::default(),
            head: head.into(),
            next_segment: AtomicU64::new(known.next_segment),
            sealed: AtomicU64::new(sealed),
            sealed_number: AtomicU64::new(known.next_number),
            unreadable: Default::default(),
            full: AtomicBool::new(false),
            head_bytes: AtomicU64::new(0),
            ready: AtomicBool::new(false),
            work: Default::default(),
            told: Default::default(),
            _lock: lock,
            cache,
            _paid: paid,
        })
    }
}

type Segments = Vec<Arc<Segment>>;

/// Makes the files agree with the catalogue, and opens those that it knows.
fn recover(
    disk: &FileSystem,
    places: &Places,
    catalog: &Catalog,
    mut registered: BTreeMap<u64, Registered>,
    cache: &Arc<Cache>,
    observer: &dyn Observer,
) -> Result<(Segments, BTreeMap<u64, Registered>), StoreError> {
    for entry in fs::read_dir(&places.segments).map_err(failed(&places.segments))? {
        let path = entry.map_err(failed(&places.segments))?.path();
        sort_out(disk, places, &registered, &path, observer).map_err(failed(&path))?;
    }
    disk.sync_directory(&places.segments)
        .map_err(failed(&places.segments))?;
    let (mut segments, mut damaged) = (Vec::new(), Vec::new());
    for (id, known) in &registered {
        let path = places.segment(*id);
        let opened = Segment::open(&path, *id, cache.clone()).map_err(|error| error.to_string());
        let fits = |segment: &Segment| segment.summary().rows == known.rows;
        match opened.and_then(|segment| match fits(&segment) {
            true => Ok(segment),
            false => Err("it does not have as many spans as were written".into()),
        }) {
            Ok(segment) => segments.push(Arc::new(segment)),
            Err(error) => {
                let file = match path.exists() {
                    true => move_to(disk, &path, &places.damaged).map_err(failed(&path))?,
                    false => path,
                };
                observer.tell(Event::Damaged {
                    file: &file,
                    spans: known.rows,
                    error: &error,
                });
                damaged.push(*id);
            }
        }
    }
    if !damaged.is_empty() {
        catalog.replace(&damaged, None, &[])?;
        registered.retain(|id, _| !damaged.contains(id));
    }
    Ok((segments, registered))
}

/// One file among the segments: ours and complete, ours and not, or not ours.
fn sort_out(
    disk: &FileSystem,
    places: &Places,
    registered: &BTreeMap<u64, Registered>,
    path: &Path,
    observer: &dyn Observer,
) -> io::Result<()> {
    let id = path.file_stem().and_then(OsStr::to_str).and_then(id_of);
    let known = id.filter(|id| registered.contains_key(id));
    match (path.extension().and_then(OsStr::to_str), id, known) {
        (Some("parquet"), _, Some(_)) => Ok(()),
        (Some("new"), _, Some(known)) if !places.segment(known).exists() => {
            disk.rename(path, &places.segment(known))
        }
        (Some("new"), Some(_), _) => disk.remove(path),
        _ => {
            let file = move_to(disk, path, &places.foreign)?;
            observer.tell(Event::Foreign { file: &file });
            Ok(())
        }
    }
}

/// The id that a file's name says.
fn id_of(name: &str) -> Option<u64> {
    let is_ours = name.len() == 16 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_ours.then(|| u64::from_str_radix(name, 16).ok()).flatten()
}

/// Moves a file to another directory, never over one that is there already.
fn move_to(disk: &FileSystem, path: &Path, directory: &Path) -> io::Result<PathBuf> {
    disk.create_directory(directory)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let names = std::iter::once(name.to_string()).chain((1..).map(|number| format!("{name}.{number}")));
    let mut free = names
        .map(|name| directory.join(name))
        .filter(|path| !path.exists());
    let target = free.next().unwrap_or_else(|| directory.join(&*name));
    disk.rename(path, &target)?;
    disk.sync_directory(directory)?;
    Ok(target)
}

fn make(disk: &FileSystem, directory: &Path) -> Result<(), StoreError> {
    disk.create_directory(directory).map_err(failed(directory))
}

/// Names the file that an error is about.
pub(super) fn failed(path: &Path) -> impl Fn(io::Error) -> StoreError {
    |error| StoreError::File {
        path: path.to_owned(),
        error: error.to_string(),
    }
}

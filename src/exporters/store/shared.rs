//! One store for each directory in the process.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::door::{Door, SOCKET};
use super::told::Told;
use crate::journal::disk::{Disk, FileSystem};
use crate::pipeline::budget::Budget;
use crate::query::stores::{self, Opened};
use crate::store::search::Searcher;
use crate::store::{Memory, Settings, Store, Writer};
use crate::telemetry::health::Health;

/// The stores that are open, by their directory.
static OPEN: Mutex<Vec<(PathBuf, Weak<Shared>)>> = Mutex::new(Vec::new());

/// A store with what is told about it.
pub struct Shared {
    /// The store.
    pub store: Arc<Store>,
    /// What is told about it.
    pub told: Arc<Told>,
    /// How the query APIs find it.
    _opened: Arc<Opened>,
    /// Held open as long as the store is.
    _door: Door,
}

/// Memory of the process's budget.
struct Paid(Budget);

/// The store in a directory, which is opened when no exporter has done so yet.
pub fn open(settings: Settings, budget: &Budget, health: &Health) -> Result<Arc<Shared>, String> {
    let mut open = stores();
    open.retain(|(_, store)| store.strong_count() > 0);
    let directory = place(&settings.directory)?;
    let known = open.iter().find(|(known, _)| *known == directory);
    if let Some(shared) = known.and_then(|(_, shared)| shared.upgrade()) {
        return match *shared.store.settings() == settings {
            true => Ok(shared),
            false => Err(format!(
                "another exporter keeps spans in `{}` too, with other settings",
                settings.directory.display()
            )),
        };
    }
    let told = Arc::new(Told::new(&settings.directory, health.clone()));
    let memory = Arc::new(Paid(budget.clone()));
    let store = Store::open(settings, told.clone(), memory).map_err(|error| error.to_string())?;
    let store = Arc::new(store);
    let searcher = Searcher::over(store.clone());
    let searcher = Arc::new(searcher.map_err(|error| format!("cannot start a thread: {error}"))?);
    let door = Door::open(&directory, searcher.clone());
    let door =
        door.map_err(|error| format!("cannot open `{}`: {error}", directory.join(SOCKET).display()))?;
    let opened = stores::announce(Opened {
        directory: directory.clone(),
        reader: searcher,
        writer: Arc::new(Writer::over(store.clone())),
    });
    let shared = Arc::new(Shared {
        store,
        told,
        _opened: opened,
        _door: door,
    });
    open.push((directory, Arc::downgrade(&shared)));
    Ok(shared)
}

/// The store that is open in a directory, if one is.
#[cfg(test)]
pub fn find(directory: &Path) -> Option<Arc<Shared>> {
    let directory = place(directory).ok()?;
    let open = stores();
    let known = open.iter().find(|(known, _)| *known == directory);
    known.and_then(|(_, shared)| shared.upgrade())
}

/// The same directory has the same place, however it is written.
fn place(directory: &Path) -> Result<PathBuf, String> {
    let failed = |error| format!("cannot use `{}`: {error}", directory.display());
    FileSystem::default()
        .create_directory(directory)
        .map_err(failed)?;
    fs::canonicalize(directory).map_err(failed)
}

fn stores() -> MutexGuard<'static, Vec<(PathBuf, Weak<Shared>)>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

// === impl Paid ===

impl Memory for Paid {
    fn hold(&self, bytes: usize) -> Box<dyn std::any::Any + Send + Sync> {
        Box::new(self.0.overdraw(bytes))
    }
}

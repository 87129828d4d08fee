//! The span stores of this process: who opens one announces it, who answers queries finds it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::model::{SpanStore, SpanWriter};

static OPEN: Mutex<Vec<Weak<Opened>>> = Mutex::new(Vec::new());

/// A store that is open.
pub struct Opened {
    /// Where it lies, without links and dots; small state of the query APIs lies there, too.
    pub directory: PathBuf,
    /// Answers questions about it.
    pub reader: Arc<dyn SpanStore>,
    /// Changes what is in it.
    pub writer: Arc<dyn SpanWriter>,
}

/// Makes a store known for as long as the result lives.
pub fn announce(opened: Opened) -> Arc<Opened> {
    let opened = Arc::new(opened);
    let mut open = stores();
    open.retain(|known| known.strong_count() > 0);
    open.push(Arc::downgrade(&opened));
    opened
}

/// The store in a directory; without one, the only store there is. An error says what there is instead.
pub fn find(directory: Option<&Path>) -> Result<Arc<Opened>, String> {
    let open: Vec<Arc<Opened>> = stores().iter().filter_map(Weak::upgrade).collect();
    let wanted = directory.map(|path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
    let mut fitting = open
        .iter()
        .filter(|store| wanted.as_ref().is_none_or(|wanted| store.directory == *wanted));
    match (fitting.next(), fitting.next()) {
        (Some(store), None) => Ok(store.clone()),
        (None, _) => Err(match directory {
            Some(directory) => format!("no exporter `store` keeps spans in `{}`", directory.display()),
            None => "no exporter `store` runs, whose spans could be asked for".into(),
        }),
        (Some(_), Some(_)) => Err(format!(
            "there are {} stores; say with `directory` which one is meant",
            open.len()
        )),
    }
}

fn stores() -> MutexGuard<'static, Vec<Weak<Opened>>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

//! A file with credentials, read again when it changes.
//!
//! Promises: what was read last and was sound is what counts, also while the file is away or half written; it is looked at
//! every second, and at once when somebody has reason to think that it changed. Looking means reading, so that it works
//! for files behind links that are switched, as those of Kubernetes are.

#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::time::Instant;

use super::{Digest, digest};
use crate::telemetry::auth::FileEvents;

/// How often the file is looked at.
const OFTEN: Duration = Duration::from_secs(1);

/// It is looked at no oftener than this; whoever has reason to look waits for so long.
const PAUSE: Duration = Duration::from_millis(100);

/// The most bytes that it may have.
const LONGEST: u64 = 1024 * 1024;

/// What a file says.
pub struct Watched<T> {
    path: PathBuf,
    parse: Parse<T>,
    events: FileEvents,
    state: Mutex<State<T>>,
    looked: tokio::sync::Mutex<Option<Instant>>,
}

/// Makes something of a file's text, or says what is wrong with it, without showing any of it.
type Parse<T> = Box<dyn Fn(&str) -> Result<T, String> + Send + Sync>;

struct State<T> {
    value: Option<Arc<T>>,
    digest: Option<Digest>,
    trouble: String,
}

// === impl Watched ===

impl<T: Send + Sync + 'static> Watched<T> {
    /// Reads the file, or says why it cannot be used; `extension` is whose it is.
    pub fn open(
        extension: &str,
        path: &str,
        parse: impl Fn(&str) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<Arc<Self>, String> {
        let file = Self::open_later(extension, path, parse);
        let trouble = file.state().trouble.clone();
        match trouble.is_empty() {
            true => Ok(file),
            false => Err(format!("`{path}` {trouble}")),
        }
    }

    /// As [`open`](Self::open), where the file may come later.
    pub fn open_later(
        extension: &str,
        path: &str,
        parse: impl Fn(&str) -> Result<T, String> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let file = Self {
            path: path.into(),
            parse: Box::new(parse),
            events: FileEvents::new(extension, path),
            state: Mutex::new(State {
                value: None,
                digest: None,
                trouble: String::new(),
            }),
            looked: tokio::sync::Mutex::new(None),
        };
        file.take(read_now(&file.path));
        Arc::new(file)
    }

    /// What it says; nothing before it was sound for the first time.
    pub fn get(&self) -> Option<Arc<T>> {
        self.state().value.clone()
    }

    /// Why it cannot be used now; empty while it can.
    pub fn trouble(&self) -> String {
        self.state().trouble.clone()
    }

    /// Looks at it now; whether it says something else than before. Whoever asks while another looks waits for that.
    pub async fn look(&self) -> bool {
        let (asked, before) = (Instant::now(), self.state().digest);
        let mut looked = self.looked.lock().await;
        if looked.is_none_or(|looked| looked < asked) {
            if let Some(looked) = *looked {
                tokio::time::sleep_until(looked + PAUSE).await;
            }
            *looked = Some(Instant::now());
            self.take(read(&self.path).await);
        }
        self.state().digest != before
    }

    /// Looks at it every second for as long as anybody holds it.
    pub fn watch(self: &Arc<Self>) {
        let file = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(OFTEN).await;
                let Some(file) = file.upgrade() else { return };
                file.look().await;
            }
        });
    }

    fn take(&self, text: io::Result<String>) {
        let mut state = self.state();
        let is_first = state.value.is_none();
        let text = match text {
            Ok(text) => text,
            Err(error) => return self.complain(&mut state, format!("cannot be read: {error}")),
        };
        let digest = digest(&text);
        if state.digest == Some(digest) {
            state.trouble.clear();
            return;
        }
        match (self.parse)(&text) {
            Ok(value) => {
                state.value = Some(Arc::new(value));
                state.digest = Some(digest);
                state.trouble.clear();
                if !is_first {
                    self.events.changed();
                }
            }
            Err(wrong) => self.complain(&mut state, wrong),
        }
    }

    /// Once for each trouble.
    fn complain(&self, state: &mut State<T>, trouble: String) {
        if state.trouble != trouble && state.value.is_some() {
            self.events.unusable(&trouble);
        }
        state.trouble = trouble;
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Watched<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// A secret that is all of a file; line breaks and blanks around it do not count.
pub fn whole(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("is empty".into()),
        secret => Ok(secret.to_owned()),
    }
}

async fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = tokio::fs::File::open(path).await?;
    file.take(LONGEST + 1).read_to_string(&mut text).await?;
    bounded(text)
}

fn read_now(path: &Path) -> io::Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(LONGEST + 1).read_to_string(&mut text)?;
    bounded(text)
}

fn bounded(text: String) -> io::Result<String> {
    match text.len() as u64 {
        length if length > LONGEST => Err(io::Error::other(format!("it has more than {LONGEST} bytes"))),
        _ => Ok(text),
    }
}

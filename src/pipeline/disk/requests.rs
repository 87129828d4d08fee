//! What another process asks of the one that works in a pipeline's folder: files in its folder `requests/`.
//!
//! ```text
//! <number>.json        a request; whoever asks makes it elsewhere and renames it, so that it is there whole
//! <number>.done.json   the answer, likewise; whoever asked removes it
//! ```
//!
//! A request that was taken up is removed before it is answered, so that it is done once; one that nobody took up
//! in time is withdrawn, or else too old when somebody comes: then it is not done.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::aside::Place;
use super::store::Store;
use crate::journal::Amount;
use crate::pipeline::delivery::Gate;
use crate::pipeline::log::Cursor;

/// The folder.
const FOLDER: &str = "requests";

/// How often the folder is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// How long an answer is waited for; an older request is not done any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often whoever asked looks for the answer.
const POLL: Duration = Duration::from_millis(50);

/// Answers that nobody fetched are removed after this time.
const STALE: Duration = Duration::from_secs(600);

/// No request or answer is longer, in bytes.
const LONGEST: u64 = 64 * 1024;

/// What is asked.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Send again what was set aside.
    Replay {
        /// For which exporter.
        exporter: String,
        /// Dead letters, or parked records.
        from: Place,
    },
    /// Give up what is kept for an exporter that is no longer configured.
    Forget {
        /// The exporter.
        exporter: String,
    },
}

/// What came of it, in words.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Done(String),
    Failed(String),
}

/// Does what is asked of one pipeline.
pub struct Clerk {
    store: Arc<Store>,
    desks: Vec<Desk>,
}

/// What a clerk has of an exporter.
pub struct Desk {
    /// Its name.
    pub exporter: String,
    /// What it reads of its retry file.
    pub parked: Arc<Cursor>,
    /// What is known of its destination.
    pub gate: Arc<Gate>,
}

// === impl Clerk ===

impl Clerk {
    /// A clerk for a pipeline and its exporters.
    pub fn new(store: Arc<Store>, desks: Vec<Desk>) -> Self {
        Self { store, desks }
    }

    /// Works until `stop` is cancelled.
    pub async fn run(self, stop: CancellationToken) {
        let folder = self.store.directory().join(FOLDER);
        // Made by this process, so that it may answer whoever asks. Without it nobody can ask, and all else works.
        if let Err(error) = fs::create_dir_all(&folder) {
            self.store
                .events
                .warned(&format!("`{}` cannot be made: {error}", folder.display()));
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = stop.cancelled() => return,
            }
            for (number, request) in pending(&folder) {
                let answer = match self.answer(request).await {
                    Ok(done) => Answer::Done(done),
                    Err(error) => Answer::Failed(error),
                };
                if let Err(error) = put(&folder, &done_name(number), &answer) {
                    let text = format!("the answer `{answer:?}` could not be written: {error}");
                    self.store.events.warned(&text);
                }
            }
        }
    }

    async fn answer(&self, request: Request) -> Result<String, String> {
        match request {
            Request::Forget { exporter } => {
                let store = self.store.clone();
                let forget = tokio::task::spawn_blocking(move || forget(&store, &exporter));
                forget.await.unwrap_or_else(|error| Err(error.to_string()))
            }
            Request::Replay { exporter, from } => {
                let desk = self.desks.iter().find(|desk| desk.exporter == exporter);
                let desk = desk.ok_or_else(|| {
                    let pipeline = &self.store.pipeline;
                    format!("`{exporter}` is not in the pipeline `{pipeline}` of the gateway that runs")
                })?;
                let answer = match from {
                    Place::Dead => replay(&desk.parked).await,
                    Place::Retry => Ok(format!("{}; they are tried now", parked(&desk.parked))),
                };
                desk.gate.hasten();
                answer
            }
        }
    }
}

/// Moves an exporter's dead letters to its retry file, which `parked` reads; says how many spans that are.
pub async fn replay(parked: &Cursor) -> Result<String, String> {
    let Some(feed) = parked.feed() else {
        return Err("nothing is kept on disk".into());
    };
    let (moved, result) = feed.aside.replay(parked.ledger()).await;
    let said = format!(
        "{} from the dead letters to the retry file, to be sent again",
        spans(moved)
    );
    match result {
        Ok(()) => Ok(format!("moved {said}")),
        Err(error) => Err(format!("moved {said}; the others stay where they are: {error}")),
    }
}

/// Says how many spans are in a retry file.
pub fn parked(parked: &Cursor) -> String {
    let unsettled = parked.feed().map(|feed| feed.unsettled());
    format!("{} parked", spans(unsettled.unwrap_or_default()))
}

/// Gives up what is kept for an exporter; says how many spans that were.
pub fn forget(store: &Store, exporter: &str) -> Result<String, String> {
    let lost = store.forget(exporter)?;
    Ok(format!("gave up {} of `{exporter}`", spans(lost)))
}

/// An amount in words.
pub fn spans(amount: Amount) -> String {
    let plural = |number: u64| if number == 1 { "" } else { "s" };
    let (spans, records) = (amount.weight, amount.records);
    format!(
        "{spans} span{} in {records} record{}",
        plural(spans),
        plural(records)
    )
}

/// Asks the process that works in a pipeline's folder, and waits for its answer.
pub fn ask(directory: &Path, request: &Request) -> Result<String, String> {
    let folder = directory.join(FOLDER);
    let failed = |error: io::Error| {
        let folder = folder.display();
        format!("cannot ask the process that works there, through `{folder}`: {error}")
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let number = now.as_nanos();
    let asked = put(&folder, &format!("{number}.json"), request).map_err(failed)?;
    let answer = folder.join(done_name(number));
    let deadline = Instant::now() + PATIENCE;
    loop {
        match read(&answer) {
            Ok(said) => {
                // Otherwise the process that wrote it will.
                drop(fs::remove_file(&answer));
                return match said {
                    Answer::Done(done) => Ok(done),
                    Answer::Failed(error) => Err(error),
                };
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Err(_) if Instant::now() < deadline => std::thread::sleep(POLL),
            Err(_) => break,
        }
    }
    Err(match fs::remove_file(&asked) {
        Ok(()) => {
            format!("the process that works there did not answer within {PATIENCE:?}; nothing was done")
        }
        Err(_) => {
            format!("still being done after {PATIENCE:?}; `spanway journal ls` shows how far it is")
        }
    })
}

fn done_name(number: u128) -> String {
    format!("{number}.done.json")
}

/// Takes the requests that are there, in the order in which they were made.
fn pending(folder: &Path) -> Vec<(u128, Request)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut requests = Vec::new();
    for path in entries.map(|entry| entry.path()) {
        let age = fs::metadata(&path).and_then(|metadata| metadata.modified());
        let age = age.map_or(Duration::ZERO, |time| time.elapsed().unwrap_or_default());
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        match name.strip_suffix(".json").and_then(|number| number.parse().ok()) {
            None if age > STALE => drop(fs::remove_file(&path)),
            None => {}
            Some(number) => {
                let request = read(&path);
                // Only who removes it may do it.
                if let (Ok(()), Ok(request), true) = (fs::remove_file(&path), request, age <= PATIENCE) {
                    requests.push((number, request));
                }
            }
        }
    }
    requests.sort_by_key(|(number, _)| *number);
    requests
}

/// Writes a file that is there whole or not at all.
fn put(folder: &Path, name: &str, content: &impl Serialize) -> io::Result<PathBuf> {
    let (fresh, path) = (folder.join(format!("{name}.tmp")), folder.join(name));
    let mut file = File::create_new(&fresh)?;
    file.write_all(&serde_json::to_vec(content)?)?;
    fs::rename(&fresh, &path)?;
    Ok(path)
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    let mut text = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

//! Where records of one exporter go that are not delivered in their turn: the retry file and the dead letters.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::envelope;
use crate::journal::disk::Disk;
use crate::journal::{
    Amount, CommitError, Cursor, Entry, Item, Journal, Options, Space, Taken, Uncounted, Waiter,
};
use crate::pipeline::client::Client;
use crate::pipeline::storage::OnFull;
use crate::telemetry::journal::JournalEvents;
use crate::telemetry::ledger::{Exit, ExporterLedger};
use crate::wire::Traces;

/// The cursor of dead letters: it stays where the oldest one is.
pub const KEPT: &str = "kept";

/// Read at once when dead letters are dropped or sent again.
const PIECE: u64 = 1 << 20;

/// The retry file and the dead letters of one exporter in one pipeline.
pub struct Aside {
    exporter: String,
    /// Parked records.
    pub retry: Arc<Journal>,
    retry_space: Space,
    /// Dead letters.
    pub dead: Arc<Journal>,
    dead_space: Space,
    kept: Cursor,
    /// Dead letters that were read and stayed where they are: the next to be read.
    given_back: Mutex<Vec<Item>>,
    on_full: OnFull,
    events: Arc<JournalEvents>,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// It is tried again, slowly.
    Retry,
    /// Somebody has to look at it.
    Dead,
}

/// What the two have in common when they are opened.
pub struct Setting<'a> {
    /// The pipeline's folder.
    pub directory: &'a Path,
    /// The file system.
    pub disk: Arc<dyn Disk>,
    /// As for the journal.
    pub options: Options,
    /// The budget that the retry file shares with the journal.
    pub space: Space,
    /// The budget of the dead letters, in bytes.
    pub dead_limit: u64,
    /// Whether the oldest dead letters make room for new ones.
    pub on_full: OnFull,
    /// What is told.
    pub events: Arc<JournalEvents>,
}

/// Tells an async task what became of a record.
struct Tell(oneshot::Sender<Result<u64, CommitError>>);

// === impl Aside ===

impl Aside {
    /// Opens both for an exporter.
    pub fn open(exporter: &str, setting: Setting<'_>) -> Result<Self, String> {
        let name = super::store::folder(exporter);
        let dead_space = Space::new(setting.dead_limit);
        let open = |place: &str, space: &Space| {
            let directory = setting.directory.join(place).join(&name);
            let options = Options {
                tail_bytes: 0,
                spares: 0,
                segment_bytes: setting.options.segment_bytes.min(space.limit() / 16),
                ..setting.options
            };
            let observer = super::store::observer(&setting.events);
            Journal::open(setting.disk.clone(), &directory, options, space.clone(), observer)
                .map(Arc::new)
                .map_err(|error| error.to_string())
        };
        let retry = open("retry", &setting.space)?;
        let dead = open("dead", &dead_space)?;
        dead.cursor(KEPT).map_err(|error| error.to_string())?;
        let kept = dead.attach(KEPT, Arc::new(Uncounted));
        Ok(Self {
            exporter: exporter.to_owned(),
            retry,
            retry_space: setting.space,
            dead,
            dead_space,
            kept,
            given_back: Mutex::default(),
            on_full: setting.on_full,
            events: setting.events,
        })
    }

    /// Puts a record aside; it is durable there when this returns `Ok`.
    pub async fn put(
        &self,
        place: Place,
        traces: &Traces,
        client: &Arc<Client>,
        reason: &str,
    ) -> Result<(), String> {
        let entry = envelope::seal(traces, client, if place == Place::Dead { reason } else { "" });
        self.append(place, entry).await?;
        match place {
            Place::Retry => self.events.parked(&self.exporter, traces.spans(), reason),
            Place::Dead => self.events.dead_lettered(&self.exporter, traces.spans(), reason),
        }
        Ok(())
    }

    /// Puts a record among the dead letters as it is.
    pub async fn put_unread(&self, item: &Item, reason: &str) -> Result<(), String> {
        self.append(Place::Dead, envelope::copy(item)).await?;
        self.events
            .dead_lettered(&self.exporter, item.weight as usize, reason);
        Ok(())
    }

    async fn append(&self, place: Place, entry: Entry) -> Result<(), String> {
        let (journal, space) = match place {
            Place::Retry => (&self.retry, &self.retry_space),
            Place::Dead => (&self.dead, &self.dead_space),
        };
        let room = match space.reserve(entry.size()) {
            Ok(room) => room,
            Err(full) => {
                if place == Place::Dead && self.on_full == OnFull::Shed {
                    self.drop_oldest().map_err(|error| error.to_string())?;
                }
                return Err(full.to_string());
            }
        };
        let (sender, told) = oneshot::channel();
        journal.append(entry.with_room(room), Box::new(Tell(sender)));
        match told.await {
            Ok(result) => result.map(drop).map_err(|error| error.to_string()),
            Err(_) => Err("the journal ended".into()),
        }
    }

    /// Moves the dead letters of this moment to the retry file, where they are tried at once, and counts them as in
    /// flight again. Returns what was moved, and why the rest was not.
    pub async fn replay(&self, ledger: &ExporterLedger) -> (Amount, Result<(), String>) {
        let (mut seen, mut moved) = (0, Amount::default());
        // What is refused once more becomes a dead letter again: that is for the next time.
        let there = self.kept.unsettled().records;
        let mut result = Ok(());
        while seen < there && result.is_ok() {
            let items = match self.next_dead() {
                Ok(items) if items.is_empty() => break,
                Ok(items) => items,
                Err(error) => {
                    result = Err(error.to_string());
                    break;
                }
            };
            seen += items.len() as u64;
            result = self.send_again(items, ledger, &mut moved).await;
        }
        self.events.replayed(&self.exporter, moved.weight);
        (moved, result)
    }

    async fn send_again(
        &self,
        items: Vec<Item>,
        ledger: &ExporterLedger,
        moved: &mut Amount,
    ) -> Result<(), String> {
        let appends = items.iter().map(|item| async {
            // Counted first: it may be delivered before this is told that it is durable.
            ledger.recovered(item.weight as usize);
            let appended = self.append(Place::Retry, envelope::copy(item)).await;
            if appended.is_err() {
                ledger.left(item.weight as usize, Exit::DeadLettered);
            }
            appended
        });
        let appended = join_all(appends).await;
        let (mut stay, mut result) = (Vec::new(), Ok(()));
        for (item, appended) in items.into_iter().zip(appended) {
            match appended {
                Ok(()) => {
                    moved.add(Amount::of(&item));
                    self.kept.settle(item.seq, item.size, item.weight, || ());
                }
                Err(error) => {
                    stay.push(item);
                    result = Err(error);
                }
            }
        }
        self.given_back().extend(stay);
        result
    }

    /// The next dead letters, from the oldest on.
    fn next_dead(&self) -> io::Result<Vec<Item>> {
        let given_back = std::mem::take(&mut *self.given_back());
        if !given_back.is_empty() {
            return Ok(given_back);
        }
        match self.kept.take(PIECE) {
            Taken::Items(items) => Ok(items),
            Taken::OnDisk => self.kept.read(PIECE),
            Taken::Nothing => Ok(Vec::new()),
        }
    }

    fn given_back(&self) -> MutexGuard<'_, Vec<Item>> {
        self.given_back.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the oldest dead letters; the room is free a moment later.
    fn drop_oldest(&self) -> io::Result<()> {
        let items = self.next_dead()?;
        let spans = items.iter().map(|item| u64::from(item.weight)).sum();
        for item in &items {
            self.kept.settle(item.seq, item.size, item.weight, || ());
        }
        if spans > 0 {
            self.events.dropped(&self.exporter, spans);
        }
        Ok(())
    }
}

impl Waiter for Tell {
    fn done(self: Box<Self>, result: Result<u64, CommitError>) {
        // Nobody waits any longer: then nobody settles the original, either.
        drop(self.0.send(result));
    }
}

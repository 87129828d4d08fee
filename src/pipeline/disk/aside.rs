//! Where records of one exporter go that are not delivered in their turn: the retry file and the dead letters.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::oneshot;

use super::envelope;
use crate::journal::disk::Disk;
use crate::journal::{CommitError, Cursor, Entry, Item, Journal, Options, Space, Taken, Uncounted, Waiter};
use crate::pipeline::client::Client;
use crate::pipeline::storage::OnFull;
use crate::telemetry::journal::JournalEvents;
use crate::wire::Traces;

/// The cursor of dead letters: it stays where the oldest one is.
const KEPT: &str = "kept";

/// Read at once when dead letters are dropped.
const DROPPED: u64 = 1 << 20;

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
    on_full: OnFull,
    events: Arc<JournalEvents>,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    /// Lets go of the oldest dead letters; the room is free a moment later.
    fn drop_oldest(&self) -> io::Result<()> {
        let items = match self.kept.take(DROPPED) {
            Taken::Items(items) => items,
            Taken::OnDisk => self.kept.read(DROPPED)?,
            Taken::Nothing => return Ok(()),
        };
        let spans = items.iter().map(|item| u64::from(item.weight)).sum();
        for item in &items {
            self.kept.settle(item.seq, item.size, item.weight, || ());
        }
        self.events.dropped(&self.exporter, spans);
        Ok(())
    }
}

impl Waiter for Tell {
    fn done(self: Box<Self>, result: Result<u64, CommitError>) {
        // Nobody waits any longer: then nobody settles the original, either.
        drop(self.0.send(result));
    }
}

//! One record: read, handed to the pipelines until they take it, settled.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::config::{Compression, Config, Format};
use super::progress::Progress;
use super::window::Room;
use crate::net::buffer::PaidBuffer;
use crate::pipeline::budget::Budget;
use crate::pipeline::client::Client;
use crate::pipeline::intake::{Arrival, Intake};
use crate::receivers::payload::{Unread, from_json, from_protobuf};
use crate::telemetry::file::{Place, ReaderEvents};
use crate::telemetry::receiver::ReceiverEvents;
use crate::wire::{Checked, Decision, Editor, ResourceView, ScopeView, SpanEdit, Traces};

/// Nobody waits for an answer, so the pipelines have this long before they are asked again.
const PATIENCE: Duration = Duration::from_secs(3600);

/// Between two attempts: the first, and the longest.
const BACKOFF: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(5)];

/// What all records of a receiver have in common.
pub struct Handling {
    intake: Arc<dyn Intake>,
    events: Arc<ReaderEvents>,
    spans: ReceiverEvents,
    format: Format,
    is_zstd: bool,
    most: usize,
    names: Names,
    client: Arc<Client>,
    /// Cancelled when nobody asks the pipelines again.
    stop: CancellationToken,
    /// Cancelled when nobody waits for them any more.
    gone: CancellationToken,
}

/// Which attributes spans get.
#[derive(Clone, Copy, Debug)]
struct Names {
    name: bool,
    path: bool,
    offset: bool,
}

/// A record that was read.
pub struct Record {
    /// Its file.
    pub path: Arc<PathBuf>,
    /// Its place there.
    pub offset: u64,
    /// Its content, paid for.
    pub content: Bytes,
    /// How far its file is.
    pub progress: Arc<Progress>,
    /// Its number there.
    pub number: u64,
    /// Its share of what may be in flight.
    pub room: Room,
}

/// What became of an attempt.
enum Attempt {
    Taken,
    /// Nobody will take some of it, for this reason.
    Refused(String),
    /// It may be taken later, no earlier than this.
    NotNow(String, Duration),
}

// === impl Handling ===

impl Handling {
    /// As the keys say.
    pub fn new(
        id: &str,
        config: &Config,
        intake: Arc<dyn Intake>,
        events: Arc<ReaderEvents>,
        stop: CancellationToken,
    ) -> Self {
        Self {
            intake,
            events,
            spans: ReceiverEvents::new(id, "file"),
            format: config.format,
            is_zstd: config.compression == Compression::Zstd,
            most: config.max_log_size.0 as usize,
            names: Names {
                name: config.include_file_name,
                path: config.include_file_path,
                offset: config.include_file_record_offset,
            },
            client: Client::unknown(),
            stop,
            gone: CancellationToken::new(),
        }
    }

    /// The budget that records are paid from.
    pub fn budget(&self) -> &Budget {
        self.intake.budget()
    }

    /// Nobody waits any more: what the pipelines have not begun to send is withdrawn, and read again at the next start.
    pub fn leave(&self) {
        self.gone.cancel();
    }

    /// Sees a record through to its end.
    pub async fn handle(&self, record: Record) {
        let through = self.gone.run_until_cancelled(self.see_through(&record)).await;
        if let Some(Some(refused)) = through {
            record.progress.settle(record.number, refused);
        }
        drop(record.room);
    }

    /// Whether it was refused; none when it must be read again.
    async fn see_through(&self, record: &Record) -> Option<bool> {
        let mut backoff = BACKOFF[0];
        loop {
            let (reason, wait) = match self.attempt(record).await {
                Attempt::Taken => return Some(false),
                Attempt::Refused(reason) => {
                    self.events.passed_over(record.place(), &reason);
                    return Some(true);
                }
                Attempt::NotNow(reason, wait) => (reason, wait),
            };
            self.events.retried(record.place(), &reason);
            let wait = wait.max(backoff.mul_f64(rand::random_range(0.5..=1.0)));
            backoff = (2 * backoff).min(BACKOFF[1]);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stop.cancelled() => return None,
            }
        }
    }

    async fn attempt(&self, record: &Record) -> Attempt {
        let (content, budget) = (record.content.clone(), self.budget().clone());
        let (format, zstd) = (self.format, self.is_zstd.then_some(self.most));
        let read = tokio::task::spawn_blocking(move || read(content, format, zstd, &budget)).await;
        let checked = match read.unwrap_or_else(|error| Err(Unread::Poison(error.to_string()))) {
            Ok(checked) => checked,
            Err(Unread::Poison(reason)) => return Attempt::Refused(reason),
            Err(Unread::NoRoom) => {
                let refused = self.intake.over_budget(record.content.len());
                return Attempt::NotNow(refused.message, refused.retry_after);
            }
        };
        let rejected = u64::from(checked.rejected);
        let spans = checked.traces.spans();
        if spans == 0 {
            return self.refused(rejected, checked.reason);
        }
        let arrival = Arrival {
            traces: self.name(record, checked.traces),
            client: self.client.clone(),
            patience: Some(PATIENCE),
        };
        match self.intake.accept(arrival).await {
            Ok(accepted) => {
                self.spans.accepted(spans);
                let reason = match checked.reason.is_empty() {
                    true => accepted.message,
                    false => checked.reason,
                };
                self.refused(rejected + accepted.rejected_spans, reason)
            }
            Err(refused) => Attempt::NotNow(refused.message, refused.retry_after),
        }
    }

    fn refused(&self, rejected: u64, reason: String) -> Attempt {
        if rejected == 0 {
            return Attempt::Taken;
        }
        self.spans.rejected(rejected, &reason);
        Attempt::Refused(format!("{rejected} of its spans were not taken: {reason}"))
    }

    /// Writes into spans where they come from.
    fn name(&self, record: &Record, traces: Traces) -> Traces {
        let Names { name, path, offset } = self.names;
        if !(name || path || offset) {
            return traces;
        }
        let text = |part: Option<&Path>| part.map(|part| part.to_string_lossy().into_owned());
        let file_name = record.path.file_name().map(Path::new);
        let mut origin = Origin {
            name: text(file_name.filter(|_| name)),
            path: text(Some(record.path.as_path()).filter(|_| path)),
            offset: offset.then_some(record.offset),
        };
        self.budget().cover(traces.edit(&mut origin))
    }
}

/// From a record's bytes to spans; `zstd` is how large they may be decompressed, where they are compressed.
fn read(content: Bytes, format: Format, zstd: Option<usize>, budget: &Budget) -> Result<Checked, Unread> {
    if content.trim_ascii().is_empty() {
        return from_protobuf(Bytes::new());
    }
    let content = match zstd {
        None => content,
        Some(most) => decompress(&content, most, budget)?,
    };
    match format {
        Format::Json => from_json(&content, budget),
        Format::Proto => from_protobuf(content),
    }
}

fn decompress(content: &[u8], most: usize, budget: &Budget) -> Result<Bytes, Unread> {
    let poison =
        |error: &dyn std::fmt::Display| Unread::Poison(format!("it is not a frame of zstd: {error}"));
    let mut decoder = zstd::stream::read::Decoder::new(content).map_err(|error| poison(&error))?;
    let mut bytes = PaidBuffer::new(budget, 0, most.saturating_mul(4)).map_err(|_| Unread::NoRoom)?;
    let mut piece = [0; 16 << 10];
    loop {
        match decoder.read(&mut piece).map_err(|error| poison(&error))? {
            0 => return Ok(bytes.into_bytes()),
            read => match bytes.extend(piece.get(..read).unwrap_or_default()) {
                Ok(()) => {}
                Err(crate::net::buffer::Full::TooLarge { limit }) => {
                    return Err(Unread::Poison(format!(
                        "it decompresses to more than {limit} bytes"
                    )));
                }
                Err(crate::net::buffer::Full::OverBudget(_)) => return Err(Unread::NoRoom),
            },
        }
    }
}

// === impl Record ===

impl Record {
    fn place(&self) -> Place<'_> {
        Place {
            path: &self.path,
            offset: self.offset,
        }
    }
}

/// Where spans come from.
struct Origin {
    name: Option<String>,
    path: Option<String>,
    offset: Option<u64>,
}

impl Editor for Origin {
    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: &mut SpanEdit<'_>) -> Decision {
        let texts = [("log.file.name", &self.name), ("log.file.path", &self.path)];
        for (key, text) in texts {
            if let Some(text) = text {
                span.upsert(key, text.as_str());
            }
        }
        if let Some(offset) = self.offset {
            span.upsert("log.file.record_offset", &offset.cast_signed());
        }
        Decision::Keep
    }
}

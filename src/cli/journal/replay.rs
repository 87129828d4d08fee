//! `spanway journal replay`: sends again what was set aside.

use clap::{Args, ValueEnum};

use super::Where;
use super::place::Kept;
use crate::journal::inspect::Files;
use crate::pipeline::budget::Budget;
use crate::pipeline::disk::requests::{self, Request};
use crate::pipeline::disk::{Manner, Place, Store};
use crate::pipeline::log::Batching;
use crate::pipeline::log::cursor::Capacity;
use crate::telemetry::health::Health;

/// Bytes of a window that nothing goes through.
const WINDOW: usize = 1 << 20;

/// Sends again what was set aside: moves dead letters to the retry file, from which the gateway sends them.
///
/// A gateway that runs does it within a second and tries at once; otherwise it does so when it starts. What the
/// destination refuses again becomes a dead letter again. Replaying is for when something has changed there.
#[derive(Debug, Args)]
pub(super) struct Replay {
    #[command(flatten)]
    place: Where,
    /// The pipeline.
    #[arg(long, value_name = "PIPELINE")]
    pipeline: String,
    /// The exporter that is to send them.
    #[arg(long, value_name = "EXPORTER")]
    exporter: String,
    /// What to send again. Parked records are tried anyway, slowly: with `retry` it is now.
    #[arg(long, value_name = "FROM", default_value = "dead")]
    from: SetAside,
}

/// What was set aside.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum SetAside {
    /// Dead letters.
    Dead,
    /// Parked records.
    Retry,
}

// === impl Replay ===

impl Replay {
    pub fn run(self) -> Result<String, String> {
        let kept = self.place.pipeline(&self.pipeline)?;
        let from = match self.from {
            SetAside::Dead => Place::Dead,
            SetAside::Retry => Place::Retry,
        };
        let at_rest = kept.lock()?.is_some();
        let said = if at_rest {
            self.at_rest(&kept, from)
        } else {
            let exporter = self.exporter;
            requests::ask(&kept.folder, &Request::Replay { exporter, from })
        };
        said.map(|said| format!("{said}\n"))
    }

    /// No gateway works there: the folder is opened as a gateway does, and closed again.
    fn at_rest(&self, kept: &Kept, from: Place) -> Result<String, String> {
        let exporter = &self.exporter;
        if kept.has_exporter(exporter) == Some(false) {
            let pipeline = &kept.pipeline;
            return Err(format!(
                "`{exporter}` is not in the pipeline `{pipeline}` of the configuration: nobody would send them"
            ));
        }
        let journal = Files::look(&kept.folder.join("journal")).map_err(|error| error.to_string())?;
        if !journal.cursors().any(|cursor| cursor == exporter) {
            return Err(super::nothing_for(exporter, journal.cursors()));
        }
        let store = Store::open(&kept.place.settings(), &kept.pipeline, 0, &Health::default())?;
        let readers = store.readers(exporter, manner()?)?;
        let said = match from {
            Place::Dead => super::super::on_one_thread(requests::replay(&readers.parked)),
            Place::Retry => Ok(requests::parked(&readers.parked)),
        };
        let aside = readers.parked.feed().map(|feed| feed.aside.clone());
        let asides = aside.iter().flat_map(|aside| [&aside.retry, &aside.dead]);
        for journal in asides.chain([&store.journal]) {
            journal.close().map_err(|error| error.to_string())?;
        }
        Ok(format!("{}; the gateway tries them when it starts", said?))
    }
}

/// Reads next to nothing: what is there is moved, not sent.
fn manner() -> Result<Manner, String> {
    let budget = Budget::new(2 * WINDOW);
    let window = || budget.reserve(WINDOW).map_err(|error| error.to_string());
    Ok(Manner {
        batching: Batching::default(),
        capacity: Capacity {
            size: u64::MAX,
            sizer: Default::default(),
        },
        window: window()?,
        parked_window: window()?,
        budget,
    })
}

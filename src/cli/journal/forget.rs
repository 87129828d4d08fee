//! `spanway journal forget`: gives up what nobody will deliver any more.

use std::fs;

use clap::Args;

use super::Where;
use super::ls::Listing;
use super::place::Kept;
use crate::journal::Amount;
use crate::pipeline::disk::Store;
use crate::pipeline::disk::requests::{self, Request};
use crate::telemetry::health::Health;

/// Gives up what is kept for an exporter, or a whole pipeline, that is no longer configured; its spans are lost.
///
/// It says how many spans that are, and gives nothing up without --yes. What is kept for others stays, and their
/// files go when they no longer need them.
#[derive(Debug, Args)]
pub(super) struct Forget {
    #[command(flatten)]
    place: Where,
    /// The pipeline.
    #[arg(long, value_name = "PIPELINE")]
    pipeline: String,
    /// The exporter; without it the whole folder of the pipeline goes.
    #[arg(long, value_name = "EXPORTER")]
    exporter: Option<String>,
    /// Loses the spans.
    #[arg(long)]
    yes: bool,
    /// Also when it is configured, or nobody knows (--directory); never what a gateway is using.
    #[arg(long)]
    force: bool,
}

// === impl Forget ===

impl Forget {
    pub fn run(self) -> Result<String, String> {
        let kept = self.place.pipeline(&self.pipeline)?;
        let said = match &self.exporter {
            Some(exporter) => self.exporter(&kept, exporter),
            None => self.pipeline(&kept),
        };
        said.map(|said| format!("{said}\n"))
    }

    fn exporter(&self, kept: &Kept, exporter: &str) -> Result<String, String> {
        let listing = Listing::of(kept)?;
        let row = listing.exporters.iter().find(|row| row.exporter == exporter);
        let Some(row) = row else {
            let known = listing.exporters.iter().map(|row| row.exporter.clone());
            return Err(super::nothing_for(exporter, known));
        };
        let what = format!("exporter `{exporter}`");
        let lock = kept.lock()?;
        if lock.is_some() || kept.has_exporter(exporter) == Some(true) {
            self.may(&what, kept.has_exporter(exporter))?;
        }
        self.confirm(&what, row.total())?;
        if lock.is_none() {
            let exporter = exporter.to_owned();
            return requests::ask(&kept.folder, &Request::Forget { exporter });
        }
        drop(lock);
        let store = Store::open(&kept.place.settings(), &kept.pipeline, 0, &Health::default())?;
        let said = requests::forget(&store, exporter)?;
        store.journal.close().map_err(|error| error.to_string())?;
        Ok(said)
    }

    fn pipeline(&self, kept: &Kept) -> Result<String, String> {
        let what = format!("pipeline `{}`", kept.pipeline);
        let Some(_lock) = kept.lock()? else {
            return Err(format!("a gateway runs with the {what}, so it is not forgotten"));
        };
        self.may(&what, kept.is_configured())?;
        let mut lost = Amount::default();
        let listing = Listing::of(kept)?;
        listing.exporters.iter().for_each(|row| lost.add(row.total()));
        self.confirm(&what, lost)?;
        fs::remove_dir_all(&kept.folder)
            .map_err(|error| format!("cannot remove `{}`: {error}", kept.folder.display()))?;
        Ok(format!("gave up {} of the {what}", requests::spans(lost)))
    }

    /// Refuses what somebody may still want delivered.
    fn may(&self, what: &str, configured: Option<bool>) -> Result<(), String> {
        match configured {
            _ if self.force => Ok(()),
            Some(false) => Ok(()),
            Some(true) => Err(format!(
                "the {what} is in the configuration, so it is not forgotten; `--force` does it all the same"
            )),
            None => Err(format!(
                "without `--config` it is not known whether the {what} is still configured; `--force` forgets it all the same"
            )),
        }
    }

    fn confirm(&self, what: &str, lost: Amount) -> Result<(), String> {
        match self.yes {
            true => Ok(()),
            false => Err(format!(
                "this gives up {} of the {what}, for ever: say `--yes` to do it",
                requests::spans(lost)
            )),
        }
    }
}

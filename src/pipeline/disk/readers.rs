//! The two cursors of an exporter in a journaled pipeline: what comes in its turn, and what is parked.

use std::sync::Arc;

use super::aside::{Aside, Setting};
use super::feed::{Feed, FeedAccount};
use super::store::Store;
use crate::journal::{FoundCursor, Journal};
use crate::pipeline::budget::{Budget, Reservation};
use crate::pipeline::log::cursor::Capacity;
use crate::pipeline::log::{Batching, Cursor};
use crate::telemetry::ledger::{ExporterColumns, ExporterLedger};

/// The one cursor of a retry file.
pub const PARKED: &str = "parked";

/// An exporter's cursors, with one ledger for both.
pub struct Readers {
    /// Reads the journal.
    pub journal: Arc<Cursor>,
    /// Reads the retry file, a record at a time.
    pub parked: Arc<Cursor>,
}

/// How an exporter reads.
pub struct Manner {
    /// How the journal's records are gathered.
    pub batching: Batching,
    /// How much may wait.
    pub capacity: Capacity,
    /// What parts of records are counted against.
    pub budget: Budget,
    /// Pays for what is read ahead of the journal.
    pub window: Reservation,
    /// Pays for what is read ahead of the retry file.
    pub parked_window: Reservation,
}

// === impl Store ===

impl Store {
    /// What an exporter reads; a new one from now on, others from where they were.
    pub fn readers(&self, exporter: &str, manner: Manner) -> Result<Readers, String> {
        let journal = find(&self.journal, exporter)?;
        if journal.attached {
            return Err("what it did for an earlier configuration still ends; try again in a moment".into());
        }
        let aside = Arc::new(Aside::open(exporter, self.setting())?);
        let parked = find(&aside.retry, PARKED)?;
        let on_disk = journal.unsettled.weight + parked.unsettled.weight;
        let ledger = ExporterLedger::resumed(ExporterColumns::from_bytes(&journal.note), on_disk);
        let feed = |from: &Journal, name: &str, is_parked: bool, paid: Reservation| {
            let account = FeedAccount::new(&ledger, is_parked);
            let reader = from.attach(name, account.clone());
            let shed = (self.sheds() && !is_parked).then(|| self.space.clone());
            let events = self.events.clone();
            let feed = Feed::new(
                reader,
                account.clone(),
                aside.clone(),
                is_parked,
                paid,
                shed,
                events,
            );
            (account, feed)
        };
        let Manner {
            batching,
            capacity,
            budget,
            window,
            parked_window,
        } = manner;
        let (account, fed) = feed(&self.journal, exporter, false, window);
        let journal = Cursor::new(batching, capacity, budget.clone(), ledger.clone(), Some(fed));
        account.wakes(&journal);
        let (account, fed) = feed(&aside.retry, PARKED, true, parked_window);
        // Parked records go one by one: what is wrong with one must not keep the others.
        let alone = Batching::default();
        let parked = Cursor::new(alone, Capacity::unbounded(), budget, ledger.clone(), Some(fed));
        account.wakes(&parked);
        Ok(Readers { journal, parked })
    }

    fn setting(&self) -> Setting<'_> {
        Setting {
            directory: &self.directory,
            disk: self.disk.clone(),
            options: self.options,
            space: self.space.clone(),
            dead_limit: self
                .settings
                .dead_letter_limit
                .saturating_sub(super::store::OVERHEAD),
            on_full: self.settings.on_full,
            events: self.events.clone(),
        }
    }
}

fn find(journal: &Journal, name: &str) -> Result<FoundCursor, String> {
    journal.cursor(name).map_err(|error| error.to_string())
}

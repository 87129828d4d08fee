//! Exporters that keep spans themselves: each is opened once, however many pipelines feed it.

use std::sync::Arc;

use super::{Builder, Outgoing, lookup, make};
use crate::config::document::Reference;
use crate::pipeline::keeper::{Keeper, Keeping};
use crate::pipeline::parts::Exporter;
use crate::telemetry::exporter::ExporterEvents;
use crate::telemetry::ledger::ExporterLedger;

/// A keeper with what all pipelines that feed it share.
pub struct Keeps {
    /// What keeps.
    pub keeper: Arc<dyn Keeper>,
    /// One for each pipeline.
    pub ledgers: Vec<ExporterLedger>,
    events: Arc<ExporterEvents>,
}

// === impl Builder ===

impl Builder<'_> {
    /// A pipeline's way to an exporter, if that keeps spans itself.
    pub(super) fn keeping(&mut self, reference: &Reference) -> Result<Option<Keeping>, String> {
        let branch = self.next_branch()?;
        let Some(keeps) = self.keeper(reference)? else {
            return Ok(None);
        };
        let keeping = Keeping::new(keeps.keeper.clone(), keeps.events.clone(), branch);
        keeps.ledgers.push(keeping.ledger.clone());
        self.ways += 1;
        Ok(Some(keeping))
    }

    /// Whether an exporter keeps spans itself.
    pub(super) fn is_keeper(&mut self, reference: &Reference) -> Result<bool, String> {
        Ok(self.keeper(reference)?.is_some())
    }

    fn keeper(&mut self, reference: &Reference) -> Result<Option<&mut Keeps>, String> {
        self.build_exporter(reference)?;
        let mut known = self.keepers.iter_mut();
        Ok(known.find(|(id, _)| *id == reference.id).map(|(_, keeps)| keeps))
    }

    /// An exporter is built once, however many pipelines feed it.
    pub(super) fn build_exporter(&mut self, reference: &Reference) -> Result<(), String> {
        let id = &reference.id;
        let sends = self.outgoing.iter().any(|(known, _)| known == id);
        if sends || self.keepers.iter().any(|(known, _)| known == id) {
            return Ok(());
        }
        let node = lookup(&self.config.exporters, reference)?;
        match make(&self.table.exporters, id, node, &self.surroundings)? {
            Exporter::Sends(sender) => {
                let out = Outgoing::new(id, *sender, self.health);
                self.outgoing.push((id.clone(), out));
            }
            Exporter::Keeps(opens) => {
                let keeper = opens
                    .open(&self.budget, self.health)
                    .map_err(|reason| format!("`{id}` cannot be opened: {reason}"))?;
                let keeps = Keeps {
                    keeper,
                    ledgers: Vec::new(),
                    events: Arc::new(ExporterEvents::new(&id.to_string(), self.health.clone())),
                };
                self.keepers.push((id.clone(), keeps));
            }
        }
        Ok(())
    }
}

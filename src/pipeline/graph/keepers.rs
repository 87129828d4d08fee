//! Exporters that keep spans themselves: each is opened once, however many pipelines feed it.

use std::sync::Arc;

use super::ways::next_branch;
use super::{Builder, Outgoing, SendingWay, lookup, make};
use crate::config::document::Reference;
use crate::config::factory::Kind;
use crate::config::id::{ComponentId, PipelineId};
use crate::pipeline::delivery::{Outlet, QueueSettings};
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
    pub(super) fn keeping(
        &mut self,
        pipeline: &PipelineId,
        reference: &Reference,
    ) -> Result<Option<Keeping>, String> {
        let key = (pipeline.clone(), reference.id.clone());
        let known = self.live.and_then(|live| live.keepings.get(&key)).cloned();
        let Some(keeps) = self.keeper(reference)? else {
            return Ok(None);
        };
        let keeping =
            known.unwrap_or_else(|| Keeping::new(keeps.keeper.clone(), keeps.events.clone(), next_branch()));
        keeps.ledgers.push(keeping.ledger.clone());
        self.next.keepings.insert(key, keeping.clone());
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
        let is_live = self.is_live(Kind::Exporter, id);
        let kept = self.live.and_then(|live| live.keepers.get(id));
        let known = self.live.and_then(|live| live.outlets.get(id));
        match (kept, known) {
            (Some((keeper, events)), _) if is_live => {
                self.keeps(id, keeper.clone(), events.clone());
                return Ok(());
            }
            (Some(_), _) => {
                return Err(format!(
                    "the settings of `{id}` have changed, which takes a restart: what it keeps is open"
                ));
            }
            (None, Some((queue, outlet))) if is_live => {
                self.sends(id, queue.clone(), outlet.clone());
                return Ok(());
            }
            (None, _) => {}
        }
        let node = lookup(&self.config.exporters, reference)?;
        match make(&self.table.exporters, id, node, &self.surroundings)? {
            Exporter::Sends(sender) => {
                let way = SendingWay::new(sender.destination, &sender.queue, sender.retry);
                let outlet = match known {
                    Some((_, outlet)) => {
                        let outlet = outlet.clone();
                        let changed = outlet.clone();
                        self.changes.push(Box::new(move || changed.replace(way)));
                        outlet
                    }
                    None => {
                        let events = ExporterEvents::new(&id.to_string(), self.health.clone());
                        Arc::new(Outlet::new(way, Arc::new(events)))
                    }
                };
                self.sends(id, sender.queue, outlet);
            }
            Exporter::Keeps(opens) => {
                let keeper = opens
                    .open(&self.budget, self.health)
                    .map_err(|reason| format!("`{id}` cannot be opened: {reason}"))?;
                let events = ExporterEvents::new(&id.to_string(), self.health.clone());
                self.keeps(id, keeper, Arc::new(events));
            }
        }
        Ok(())
    }

    fn sends(&mut self, id: &ComponentId, queue: QueueSettings, outlet: Arc<Outlet>) {
        self.next
            .outlets
            .insert(id.clone(), (queue.clone(), outlet.clone()));
        let out = Outgoing {
            queue,
            outlet,
            cursors: Vec::new(),
        };
        self.outgoing.push((id.clone(), out));
    }

    fn keeps(&mut self, id: &ComponentId, keeper: Arc<dyn Keeper>, events: Arc<ExporterEvents>) {
        self.next
            .keepers
            .insert(id.clone(), (keeper.clone(), events.clone()));
        let keeps = Keeps {
            keeper,
            ledgers: Vec::new(),
            events,
        };
        self.keepers.push((id.clone(), keeps));
    }
}

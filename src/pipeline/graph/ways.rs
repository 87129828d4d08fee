//! Ways from a pipeline to the exporters that send: the queue, what drives it, and the number of its answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use super::{Builder, KeptFor, Outgoing};
use crate::config::document::Reference;
use crate::config::id::PipelineId;
use crate::pipeline::delivery::Driver;
use crate::pipeline::disk::Store;
use crate::pipeline::flow::Branching;
use crate::pipeline::log::cursor::Capacity;
use crate::pipeline::log::{Batching, Cursor};
use crate::pipeline::ticket::Branch;
use crate::telemetry::ledger::ExporterLedger;

/// A pipeline's way to an exporter, with what drives it.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) branching: Branching,
    pub(super) drivers: Vec<Arc<Driver>>,
    /// What of it is on disk, in a pipeline with a journal.
    pub(super) kept: Option<KeptFor>,
}

/// Tells the answers of one way out from those of others.
pub(super) fn next_branch() -> Branch {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

// === impl Builder ===

impl Builder<'_> {
    /// How a pipeline's records wait for an exporter.
    pub(super) fn waits(
        &mut self,
        pipeline: &PipelineId,
        reference: &Reference,
        journaled: bool,
    ) -> Result<(Batching, Capacity), String> {
        let batching = self.batching.get(pipeline).cloned().unwrap_or_default();
        let queue = &self.outgoing(reference)?.queue;
        let batching = queue.batch.on().map_or(batching, Batching::from);
        let capacity = match queue.enabled {
            true => Capacity {
                size: queue.size(journaled),
                sizer: queue.sizer,
            },
            false => Capacity::unbounded(),
        };
        Ok((batching, capacity))
    }

    /// A pipeline's way to an exporter: the one that there is, as its settings have it now, or else a new one.
    pub(super) fn way(
        &mut self,
        pipeline: &PipelineId,
        reference: &Reference,
        store: Option<&Arc<Store>>,
    ) -> Result<Way, String> {
        let (batching, capacity) = self.waits(pipeline, reference, store.is_some())?;
        let key = (pipeline.clone(), reference.id.clone());
        let known = self.live.and_then(|live| live.ways.get(&key));
        let known = known.filter(|way| way.kept.is_some() == store.is_some());
        let suits = known.is_none_or(|way| way.branching.cursor.suits(&batching));
        let mut way = match (known, store) {
            (Some(way), _) if suits => {
                let cursor = way.branching.cursor.clone();
                self.changes
                    .push(Box::new(move || cursor.change(batching, capacity)));
                way.clone()
            }
            (Some(_), Some(_)) => {
                return Err(format!(
                    "the metadata keys by which the journal of pipeline `{pipeline}` is read for `{}` have changed, which \
                     takes a restart",
                    reference.id
                ));
            }
            (_, Some(store)) => self.fed_by_journal(pipeline, reference, store, batching, capacity)?,
            (_, None) => {
                let (budget, ledger) = (self.budget.clone(), ExporterLedger::default());
                let cursor = Cursor::new(batching, capacity, budget, ledger, None);
                let branching = self.branching(reference, cursor)?;
                let outlet = self.outgoing(reference)?.outlet.clone();
                Way {
                    drivers: vec![Driver::new(outlet, branching.cursor.clone())],
                    branching,
                    kept: None,
                }
            }
        };
        let out = self.outgoing(reference)?;
        out.cursors.push(way.branching.cursor.clone());
        way.branching.awaited = out.queue.wait_for_result;
        way.branching.blocks = out.queue.block_on_overflow;
        self.drivers.extend(way.drivers.iter().cloned());
        self.next.ways.insert(key, way.clone());
        Ok(way)
    }

    /// A new way to an exporter, which reads through this cursor.
    pub(super) fn branching(
        &mut self,
        reference: &Reference,
        cursor: Arc<Cursor>,
    ) -> Result<Branching, String> {
        let out = self.outgoing(reference)?;
        Ok(Branching {
            cursor,
            gate: out.outlet.gate.clone(),
            awaited: out.queue.wait_for_result,
            blocks: out.queue.block_on_overflow,
            branch: next_branch(),
            events: out.outlet.events.clone(),
        })
    }

    /// An exporter that sends.
    pub(super) fn outgoing(&mut self, reference: &Reference) -> Result<&mut Outgoing, String> {
        self.build_exporter(reference)?;
        let id = &reference.id;
        let mut outgoing = self.outgoing.iter_mut();
        outgoing
            .find(|(known, _)| known == id)
            .map(|(_, out)| out)
            .ok_or_else(|| format!("exporter `{id}` keeps spans and sends none"))
    }
}

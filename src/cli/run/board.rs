//! What metrics show of a graph, beside the counters that events keep.

use metrics::{Label, gauge};

use crate::config::service::Telemetry;
use crate::pipeline::disk::Orphan;
use crate::pipeline::graph::{Graph, Kept, KeptFor, Sending};
use crate::telemetry::board::Board;
use crate::telemetry::health::Health;

/// The board of a graph, whether or not it has started.
pub(super) fn board(graph: &Graph, health: &Health, telemetry: &Telemetry) -> Board {
    let mut board = Board::new(health.clone());
    board.resource(&telemetry.resource);
    for (id, pipeline) in &graph.pipelines {
        board.pipeline(&id.to_string(), pipeline.ledger.clone());
    }
    for kept in &graph.kept {
        kept_on_disk(&mut board, kept);
    }
    for Orphan { pipeline, bytes } in &graph.orphans {
        gauge!("spanway_journal_orphan_bytes", "pipeline" => pipeline.clone(), "cursor" => "")
            .set(*bytes as f64);
    }
    for Sending { id, cursors, spent } in &graph.exporters {
        let ledgers = cursors.iter().map(|cursor| cursor.ledger());
        let ledgers = ledgers.chain(spent).cloned();
        board.exporter(&id.to_string(), ledgers.collect());
        let (exporter, cursors) = (id.to_string(), cursors.clone());
        board.reading(move || {
            let (size, capacity) = cursors
                .iter()
                .map(|cursor| cursor.fill())
                .fold((0, 0u64), |sum, fill| {
                    (sum.0 + fill.0, sum.1.saturating_add(fill.1))
                });
            gauge!("otelcol_exporter_queue_size", "exporter" => exporter.clone()).set(size as f64);
            gauge!("otelcol_exporter_queue_capacity", "exporter" => exporter.clone()).set(capacity as f64);
        });
    }
    for (id, keeps) in &graph.keepers {
        board.exporter(&id.to_string(), keeps.ledgers.clone());
        let keeper = keeps.keeper.clone();
        board.reading(move || keeper.measure());
    }
    for (id, ledgers) in &graph.former.exporters {
        board.exporter(&id.to_string(), ledgers.clone());
    }
    for (id, ledger) in &graph.former.pipelines {
        board.pipeline(&id.to_string(), ledger.clone());
    }
    let budget = graph.budget.clone();
    board.reading(move || {
        gauge!("spanway_memory_budget_bytes").set(budget.limit() as f64);
        gauge!("spanway_memory_reserved_bytes").set(budget.used() as f64);
    });
    board
}

/// What a pipeline keeps on disk, as of each scrape.
fn kept_on_disk(board: &mut Board, kept: &Kept) {
    let pipeline = kept.store.pipeline.clone();
    let store = kept.store.clone();
    board.reading(move || {
        let set = |name: &'static str, value: u64| {
            gauge!(name, "pipeline" => store.pipeline.clone()).set(value as f64);
        };
        set("spanway_journal_bytes", store.space.used());
        set("spanway_journal_limit_bytes", store.limit());
        for orphan in store.orphans() {
            let bytes = orphan.unsettled.bytes as f64;
            gauge!("spanway_journal_orphan_bytes", "pipeline" => store.pipeline.clone(), "cursor" => orphan.name)
                .set(bytes);
        }
    });
    for KeptFor {
        exporter,
        journal,
        parked,
        ..
    } in &kept.exporters
    {
        let labels = [
            Label::new("pipeline", pipeline.clone()),
            Label::new("exporter", exporter.to_string()),
        ];
        let feeds = journal.feed().cloned().zip(parked.feed().cloned());
        let Some((journal, parked)) = feeds else { continue };
        board.reading(move || {
            let set = |name: &'static str, value: f64| gauge!(name, labels.iter()).set(value);
            let (unsettled, set_aside) = (journal.unsettled(), parked.unsettled());
            set(
                "spanway_journal_unsettled_bytes",
                (unsettled.bytes + set_aside.bytes) as f64,
            );
            set(
                "spanway_journal_unsettled_records",
                (unsettled.records + set_aside.records) as f64,
            );
            set("spanway_journal_parked_spans", set_aside.weight as f64);
            let age = journal.oldest_age().max(parked.oldest_age());
            set("spanway_journal_oldest_unsettled_seconds", age as f64 / 1e3);
            set(
                "spanway_journal_dead_letter_bytes",
                journal.aside.dead.on_disk().0 as f64,
            );
        });
    }
}

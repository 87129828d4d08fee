//! Parts that a running graph no longer has, on their way to the end.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;

use super::{Driving, Serving};
use crate::journal::Journal;
use crate::pipeline::flow::Pipeline;
use crate::pipeline::keeper::Keeper;
use crate::telemetry::exporter::ExporterEvents;

/// How often it is looked whether anybody is still inside.
const LOOK: Duration = Duration::from_millis(20);

/// Parts that end: receivers finish their requests, then what the pipelines hold leaves, then what is on disk is closed.
pub(super) struct Retired {
    pub(super) receivers: Vec<Serving>,
    pub(super) drivers: Vec<Driving>,
    /// The pipelines that led to them, which requests still hold that came in before.
    pub(super) pipelines: Vec<Weak<Pipeline>>,
    pub(super) journals: Vec<Arc<Journal>>,
    /// Exporters that nothing leads to any more.
    pub(super) exporters: Vec<Arc<ExporterEvents>>,
    pub(super) keepers: Vec<Arc<dyn Keeper>>,
}

// === impl Retired ===

impl Retired {
    /// Ends everything in order, however long its destinations take.
    pub(super) async fn end(self) {
        for serving in &self.receivers {
            serving.refuse.cancel();
        }
        join_all(self.receivers.into_iter().map(|serving| serving.done)).await;
        while self.pipelines.iter().any(|pipeline| pipeline.strong_count() > 0) {
            tokio::time::sleep(LOOK).await;
        }
        let drivers = self.drivers.into_iter().map(|driving| async move {
            driving.drain.cancel();
            driving.close.cancel();
            // A driver that failed holds nothing any more.
            drop(driving.task.await);
            driving.driver
        });
        let drivers = join_all(drivers).await;
        for events in self.exporters {
            events.cleared();
        }
        close_journals(self.journals).await;
        drivers.iter().for_each(|driver| driver.detach());
        close_keepers(self.keepers).await;
    }
}

/// Writes down how far everything is. What fails here repeats some spans after the next start, and loses none.
pub(super) async fn close_journals(journals: Vec<Arc<Journal>>) {
    let closed = tokio::task::spawn_blocking(move || {
        journals
            .iter()
            .filter_map(|journal| journal.close().err())
            .collect::<Vec<_>>()
    });
    for error in closed.await.unwrap_or_default() {
        tracing::warn!(%error, "a journal was not closed in order; some spans will be sent again");
    }
}

/// Ends what keeps spans itself. What fails here is made up for at the next start.
pub(super) async fn close_keepers(keepers: Vec<Arc<dyn Keeper>>) {
    let closed = tokio::task::spawn_blocking(move || {
        keepers
            .iter()
            .filter_map(|keeper| keeper.close().err())
            .collect::<Vec<_>>()
    });
    for error in closed.await.unwrap_or_default() {
        tracing::warn!(
            error,
            "a store was not closed in order; it takes a little longer to open again"
        );
    }
}

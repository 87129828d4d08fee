//! Start and stop, in order: what takes spans in starts last and stops first.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::graph::{Graph, Kept};
use super::keeper::Keeper;
use super::log::Cursor;
use crate::config::id::ComponentId;

/// A graph at work.
pub struct Running {
    receivers: Vec<BoxFuture<'static, ()>>,
    drivers: Vec<JoinHandle<()>>,
    exporters: Vec<(ComponentId, Vec<Arc<Cursor>>)>,
    kept: Vec<Kept>,
    keepers: Vec<Arc<dyn Keeper>>,
    /// Answer what `spanway journal` asks, one for each journal.
    clerks: Vec<JoinHandle<()>>,
    stopping: Arc<AtomicBool>,
    refuse: CancellationToken,
    drain: CancellationToken,
    close: CancellationToken,
}

/// What a stop left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Spans that an exporter still had in memory, by exporter; none when everything left.
    pub left: Vec<(String, u64)>,
    /// Spans that stay on disk until the next start, by exporter.
    pub kept: Vec<(String, u64)>,
    /// Whether receivers still had clients that waited for an answer.
    pub clients_cut_off: bool,
}

// === impl Running ===

impl Running {
    /// Starts delivery, then extensions, then receivers. An error names what could not start.
    pub async fn start(graph: Graph) -> Result<Self, String> {
        let (refuse, drain, close) = Default::default();
        let mut running = Self {
            receivers: Vec::new(),
            drivers: Vec::new(),
            exporters: graph.exporters,
            kept: graph.kept,
            keepers: graph.keepers.into_iter().map(|(_, keeps)| keeps.keeper).collect(),
            clerks: Vec::new(),
            stopping: graph.stopping,
            refuse,
            drain,
            close,
        };
        for driver in graph.drivers {
            running.drivers.push(tokio::spawn(
                driver.run(running.drain.clone(), running.close.clone()),
            ));
        }
        for kept in &running.kept {
            let clerk = kept.clerk().run(running.refuse.clone());
            running.clerks.push(tokio::spawn(clerk));
        }
        for (id, extension) in graph.extensions {
            extension
                .start()
                .await
                .map_err(|error| format!("`{id}` cannot start: {error}"))?;
        }
        for (id, receiver, entrance) in graph.receivers {
            let started = receiver.start(entrance, running.refuse.clone()).await;
            running
                .receivers
                .push(started.map_err(|error| format!("`{id}` cannot start: {error}"))?);
        }
        Ok(running)
    }

    /// Refuses new requests, lets those under way end and what is held leave, for no longer than `within`.
    pub async fn stop(self, within: Duration) -> Drained {
        let deadline = Instant::now() + within;
        // What clients no longer wait for must still have time to leave.
        let answered = Instant::now() + within.mul_f64(0.8);
        self.stopping.store(true, Ordering::Relaxed);
        self.refuse.cancel();
        self.drain.cancel();
        let clients_cut_off = timeout_at(answered, join_all(self.receivers)).await.is_err();
        self.close.cancel();
        // What is left is read from the ledgers, whether or not the drivers came to their end.
        let tasks = self.drivers.into_iter().chain(self.clerks);
        drop(timeout_at(deadline, join_all(tasks)).await);
        close_journals(&self.kept).await;
        close_keepers(self.keepers).await;
        let mut drained = Drained {
            clients_cut_off,
            ..Drained::default()
        };
        for (id, cursors) in &self.exporters {
            for cursor in cursors {
                let spans = cursor.ledger().columns().in_flight;
                let list = match cursor.feed() {
                    Some(_) => &mut drained.kept,
                    None => &mut drained.left,
                };
                if spans > 0 {
                    list.push((id.to_string(), spans));
                }
            }
        }
        drained
    }
}

/// Writes down how far everything is. What fails here repeats some spans after the next start, and loses none.
async fn close_journals(kept: &[Kept]) {
    let kept: Vec<_> = kept.iter().flat_map(Kept::journals).collect();
    let closed = tokio::task::spawn_blocking(move || {
        kept.iter()
            .filter_map(|journal| journal.close().err())
            .collect::<Vec<_>>()
    });
    for error in closed.await.unwrap_or_default() {
        tracing::warn!(%error, "a journal was not closed in order; some spans will be sent again");
    }
}

/// Ends what keeps spans itself. What fails here is made up for at the next start.
async fn close_keepers(keepers: Vec<Arc<dyn Keeper>>) {
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

//! Changes that do not come through a pipeline: the query APIs' own.

use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::oneshot;

use super::tombstone::Tombstone;
use super::wal::Appended;
use super::{Store, StoreError};
use crate::query::model::{Deletion, QueryError, SpanWriter};
use crate::wire::Traces;

/// Changes a store.
pub struct Writer(Arc<Store>);

/// Tells a waiting request what the journal tells.
struct Tell(oneshot::Sender<Result<(), String>>);

// === impl Writer ===

impl Writer {
    /// Changes this store.
    pub fn over(store: Arc<Store>) -> Self {
        Self(store)
    }

    async fn append(&self, project: &str, traces: Traces) -> Result<(), QueryError> {
        if let Some(why) = self.0.congested() {
            return Err(QueryError::Unavailable(why));
        }
        let room = self.0.admit(Some(project), &traces);
        let room =
            room.map_err(|full| QueryError::Unavailable(format!("the store's journal is full: {full}")))?;
        let (told, answer) = oneshot::channel();
        self.0
            .append(Some(project), &traces, Some(room), Box::new(Tell(told)));
        let answer = answer.await;
        answer
            .unwrap_or_else(|_| Err("the store is closing".into()))
            .map_err(QueryError::Failed)
    }
}

impl SpanWriter for Writer {
    fn insert(&self, project: &str, traces: Traces) -> BoxFuture<'_, Result<(), QueryError>> {
        let project = project.to_owned();
        async move { self.append(&project, traces).await }.boxed()
    }

    fn delete(&self, deletion: Deletion) -> BoxFuture<'_, Result<(), QueryError>> {
        let store = self.0.clone();
        let tombstone = Tombstone {
            before: 0,
            project: deletion.project,
            trace_id: deletion.trace_id.map(|id| id.0),
            span_id: deletion.span_id,
            started_before: deletion.started_before,
        };
        async move {
            if !store.ready() {
                let why = "the store is still reading its journal";
                return Err(QueryError::Unavailable(why.into()));
            }
            let deleted = tokio::task::spawn_blocking(move || store.delete(tombstone)).await;
            let failed = |error: StoreError| QueryError::Failed(error.to_string());
            match deleted {
                Ok(deleted) => deleted.map_err(failed),
                Err(error) => Err(QueryError::Failed(error.to_string())),
            }
        }
        .boxed()
    }
}

// === impl Tell ===

impl Appended for Tell {
    fn done(self: Box<Self>, result: Result<(), String>) {
        // Whoever asked may have gone.
        drop(self.0.send(result));
    }
}

//! Threads of their own for searches, behind all others, so that questions do not slow what takes spans in.

use std::io;
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::Instant;

use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::oneshot;

use super::guard::Guard;
use super::source::Source;
use crate::query::model::{Answer, QueryError, SpanQuery, SpanStore};
use crate::store::{Store, priority};

/// So many questions may wait for a thread; more are refused.
const WAITING: usize = 64;

/// What a question is asked of when its turn comes; an error when nothing can be asked yet.
type Views = dyn Fn() -> Result<Arc<dyn Source>, QueryError> + Send + Sync;

/// Answers questions on threads of its own, as many at a time as there are processors but one. They end when it is
/// dropped and their last question is answered.
pub struct Searcher {
    views: Arc<Views>,
    jobs: SyncSender<Job>,
}

/// A question that waits for a thread.
struct Job {
    query: SpanQuery,
    guard: Guard,
    views: Arc<Views>,
    answered: oneshot::Sender<Result<Answer, QueryError>>,
}

/// Cancels a question when its asker goes away.
struct Asker(Arc<AtomicBool>);

// === impl Searcher ===

impl Searcher {
    /// Starts the threads.
    pub fn new(
        views: impl Fn() -> Result<Arc<dyn Source>, QueryError> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let processors = available_parallelism().map_or(1, NonZero::get);
        Self::with_threads(processors.saturating_sub(1).max(1), views)
    }

    /// Starts so many threads.
    pub(super) fn with_threads(
        threads: usize,
        views: impl Fn() -> Result<Arc<dyn Source>, QueryError> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (jobs, waiting) = sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        for number in 0..threads {
            let waiting = waiting.clone();
            std::thread::Builder::new()
                .name(format!("query-{number}"))
                .spawn(move || work(&waiting))?;
        }
        Ok(Self {
            views: Arc::new(views),
            jobs,
        })
    }

    /// Starts the threads; they answer what a store has when a question's turn comes.
    pub fn over(store: Arc<Store>) -> io::Result<Self> {
        Self::new(move || match store.ready() {
            true => Ok(store.view()),
            false => Err(QueryError::Unavailable(
                "the store is still reading its journal".into(),
            )),
        })
    }
}

impl SpanStore for Searcher {
    fn answer(&self, query: SpanQuery) -> BoxFuture<'_, Result<Answer, QueryError>> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let (answered, answer) = oneshot::channel();
        let job = Job {
            guard: Guard::new(query.limits, Instant::now(), cancelled.clone()),
            views: self.views.clone(),
            query,
            answered,
        };
        let asker = Asker(cancelled);
        let sent = self.jobs.try_send(job);
        async move {
            let _asker = asker;
            match sent {
                Ok(()) => answer
                    .await
                    .unwrap_or_else(|_| Err(QueryError::Failed("the search broke off".into()))),
                Err(TrySendError::Full(_)) => Err(QueryError::Unavailable(format!(
                    "{WAITING} other queries are waiting"
                ))),
                Err(TrySendError::Disconnected(_)) => Err(QueryError::Failed("no search runs".into())),
            }
        }
        .boxed()
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The life of a thread.
fn work(waiting: &Mutex<Receiver<Job>>) {
    priority::low();
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job.run(),
            Err(_) => return,
        }
    }
}

/// What ended before it began was kept waiting by other questions: the question is not to blame.
fn waited(error: QueryError) -> QueryError {
    match error {
        QueryError::TooLong(limit) => QueryError::Unavailable(format!(
            "the query waited for others, longer than its limit of {limit} ms"
        )),
        other => other,
    }
}

// === impl Job ===

impl Job {
    fn run(self) {
        let Self {
            query,
            guard,
            views,
            answered,
        } = self;
        let search = AssertUnwindSafe(|| {
            guard.check().map_err(waited)?;
            super::answer(&*views()?, &query, &guard)
        });
        // A search that panics has told why, and its asker learns that it broke off; the thread goes on.
        if let Ok(answer) = catch_unwind(search) {
            // Whoever asked may be gone.
            let _ = answered.send(answer);
        }
    }
}

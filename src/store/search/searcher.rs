//! Answers questions on threads of their own, so that they never take the processor from what comes in.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::{Guard, answer};
use crate::query::model::{Answer, QueryError, SpanQuery, SpanStore};
use crate::store::priority;
use crate::store::store::Store;

/// So many questions wait at most; what comes then is told to come back.
const WAITING: usize = 64;

/// Who answers questions about a store.
pub struct Searcher {
    store: Arc<Store>,
    desk: Arc<Desk>,
}

/// Where questions wait.
#[derive(Default)]
struct Desk {
    waiting: Mutex<Waiting>,
    rung: Condvar,
}

#[derive(Default)]
struct Waiting {
    questions: VecDeque<Question>,
    closed: bool,
}

struct Question {
    query: SpanQuery,
    asked: Instant,
    cancelled: Arc<AtomicBool>,
    reply: oneshot::Sender<Result<Answer, QueryError>>,
}

/// Cancels a question when nobody waits for its answer any more.
struct Cancel(Arc<AtomicBool>);

// === impl Searcher ===

impl Searcher {
    /// Begins to answer: one question at a time for each processor but one, and at least one.
    pub fn new(store: Arc<Store>) -> Self {
        let desk = Arc::new(Desk::default());
        let processors = available_parallelism().map_or(1, usize::from);
        for _ in 0..processors.saturating_sub(1).max(1) {
            let (store, desk) = (store.clone(), desk.clone());
            let thread = std::thread::Builder::new().name("store-search".into());
            // Without any thread questions wait until their time is up.
            drop(thread.spawn(move || work(&store, &desk)));
        }
        Self { store, desk }
    }
}

impl SpanStore for Searcher {
    fn answer(&self, query: SpanQuery) -> BoxFuture<'_, Result<Answer, QueryError>> {
        let asked = Instant::now();
        async move {
            query.validate()?;
            if !self.store.ready() {
                let reason = "the store is still reading its journal";
                return Err(QueryError::Unavailable(reason.into()));
            }
            let limits = query.limits;
            let cancel = Cancel(Arc::default());
            let (reply, answer) = oneshot::channel();
            self.desk.put(Question {
                query,
                asked,
                cancelled: cancel.0.clone(),
                reply,
            })?;
            let deadline = std::time::Duration::from_millis(limits.deadline_ms);
            match tokio::time::timeout(deadline, answer).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(QueryError::Failed("the search ended without an answer".into())),
                Err(_) => Err(QueryError::TooLong(limits.deadline_ms)),
            }
        }
        .boxed()
    }
}

impl Drop for Searcher {
    fn drop(&mut self) {
        let mut waiting = self.desk.waiting();
        waiting.closed = true;
        waiting.questions.clear();
        drop(waiting);
        self.desk.rung.notify_all();
    }
}

// === impl Desk ===

impl Desk {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, question: Question) -> Result<(), QueryError> {
        let mut waiting = self.waiting();
        if waiting.questions.len() >= WAITING {
            let reason = format!("{WAITING} queries are waiting already; try again in a moment");
            return Err(QueryError::Unavailable(reason));
        }
        waiting.questions.push_back(question);
        drop(waiting);
        self.rung.notify_one();
        Ok(())
    }

    /// The next question; none when there will be no more.
    fn take(&self) -> Option<Question> {
        let mut waiting = self.waiting();
        loop {
            if waiting.closed {
                return None;
            }
            if let Some(question) = waiting.questions.pop_front() {
                return Some(question);
            }
            waiting = self.rung.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

// === impl Cancel ===

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The life of a thread that answers.
fn work(store: &Store, desk: &Desk) {
    priority::low();
    while let Some(question) = desk.take() {
        let guard = Guard::new(question.query.limits, question.asked, question.cancelled);
        let view = store.view();
        let found = guard
            .check()
            .and_then(|()| answer(view.as_ref(), &question.query, &guard));
        // Whoever asked may be gone.
        drop(question.reply.send(found));
    }
}

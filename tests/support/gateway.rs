//! A gateway under test: an `otlp` receiver in this process before pipelines that do as they are told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use spanway::config::types::Section;
use spanway::pipeline::budget::Budget;
use spanway::pipeline::intake::{Arrival, Intake};
use spanway::pipeline::verdict::{Accepted, Refused};
use spanway::receivers::otlp::OtlpReceiver;
use spanway::receivers::otlp::config::{GrpcConfig, HttpConfig, OtlpConfig, Protocols};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Room for a few of the largest requests.
pub const ROOM: usize = 512 * 1024 * 1024;

/// How a gateway is set up.
pub struct Options {
    pub grpc: GrpcConfig,
    pub http: HttpConfig,
    pub budget: usize,
}

/// A gateway that runs.
pub struct Gateway {
    pub grpc: SocketAddr,
    pub http: SocketAddr,
    pub pipelines: Arc<Pipelines>,
    pub stop: CancellationToken,
    done: Option<BoxFuture<'static, ()>>,
}

/// What the pipelines do with a request.
#[derive(Clone)]
pub enum Verdict {
    Accept(Accepted),
    Refuse(Refused),
    /// No answer, until the verdict is another one and `wake` was called.
    Hang,
}

/// Pipelines that take note of what arrives and answer as they are told.
pub struct Pipelines {
    budget: Budget,
    verdict: Mutex<Verdict>,
    arrivals: Mutex<Vec<Arrival>>,
    changed: Notify,
    withdrawn: Mutex<usize>,
}

/// Counts an `accept` that is dropped before its answer.
struct Withdrawal<'a>(&'a Pipelines, bool);

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self {
            grpc: GrpcConfig {
                endpoint: "127.0.0.1:0".into(),
                ..GrpcConfig::default()
            },
            http: HttpConfig {
                endpoint: "127.0.0.1:0".into(),
                ..HttpConfig::default()
            },
            budget: ROOM,
        }
    }
}

// === impl Gateway ===

impl Gateway {
    /// Starts one with the defaults of the receiver.
    pub async fn start() -> Self {
        Self::with(Options::default()).await
    }

    /// Starts one.
    pub async fn with(options: Options) -> Self {
        let pipelines = Arc::new(Pipelines {
            budget: Budget::new(options.budget),
            verdict: Mutex::new(Verdict::Accept(Accepted::default())),
            arrivals: Mutex::default(),
            changed: Notify::new(),
            withdrawn: Mutex::new(0),
        });
        let protocols = Protocols {
            grpc: Section::On(options.grpc),
            http: Section::On(options.http),
        };
        let stop = CancellationToken::new();
        let bound = OtlpReceiver::new("otlp", OtlpConfig { protocols })
            .bind()
            .await
            .unwrap();
        let (grpc, http) = (
            bound.grpc_addresses().unwrap()[0],
            bound.http_addresses().unwrap()[0],
        );
        let done = bound.serve(pipelines.clone(), stop.clone()).await.unwrap();
        Self {
            grpc,
            http,
            pipelines,
            stop,
            done: Some(done),
        }
    }

    /// Stops it, and checks that every byte of the budget has come back.
    pub async fn end(mut self) {
        self.stop.cancel();
        self.done.take().unwrap().await;
        self.pipelines.arrivals.lock().unwrap().clear();
        self.pipelines.until_used(0).await;
    }

    /// Stops it and waits until the last request has been answered.
    pub async fn drain(&mut self) {
        self.stop.cancel();
        self.done.take().unwrap().await;
    }
}

// === impl Pipelines ===

impl Pipelines {
    /// What to do with requests from now on.
    pub fn answer(&self, verdict: Verdict) {
        *self.verdict.lock().unwrap() = verdict;
        self.changed.notify_waiters();
    }

    /// The encoded requests that arrived, in order.
    pub fn received(&self) -> Vec<Vec<u8>> {
        self.arrivals
            .lock()
            .unwrap()
            .iter()
            .map(|arrival| arrival.traces.bytes().to_vec())
            .collect()
    }

    /// All that arrived, in order.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().unwrap().clone()
    }

    /// The last request that arrived.
    pub fn last(&self) -> Arrival {
        self.arrivals
            .lock()
            .unwrap()
            .last()
            .expect("something has arrived")
            .clone()
    }

    /// Bytes of the budget in use.
    pub fn used(&self) -> usize {
        self.budget.used()
    }

    /// Waits until so many requests have arrived.
    pub async fn until_arrived(&self, count: usize) {
        until(|| self.arrivals.lock().unwrap().len() >= count).await;
    }

    /// Waits until so many requests have been withdrawn.
    pub async fn until_withdrawn(&self, count: usize) {
        until(|| *self.withdrawn.lock().unwrap() >= count).await;
    }

    /// Waits until the bytes in use are as they should be.
    pub async fn until(&self, condition: impl Fn(usize) -> bool) {
        until(|| condition(self.budget.used())).await;
    }

    /// Waits until so many bytes of the budget are in use.
    pub async fn until_used(&self, bytes: usize) {
        until(|| self.budget.used() == bytes).await;
    }
}

/// Waits for a condition, not for a time; gives up after ten seconds.
pub async fn until(condition: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the condition did not come true within ten seconds");
}

impl Intake for Pipelines {
    fn accept(&self, arrival: Arrival) -> BoxFuture<'_, Result<Accepted, Refused>> {
        async move {
            self.arrivals.lock().unwrap().push(arrival);
            let mut withdrawal = Withdrawal(self, true);
            loop {
                let changed = self.changed.notified();
                let verdict = self.verdict.lock().unwrap().clone();
                let answer = match verdict {
                    Verdict::Accept(accepted) => Ok(accepted),
                    Verdict::Refuse(refused) => Err(refused),
                    Verdict::Hang => {
                        changed.await;
                        continue;
                    }
                };
                withdrawal.1 = false;
                return answer;
            }
        }
        .boxed()
    }

    fn congested(&self, _: Option<Duration>) -> Option<Refused> {
        None
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn over_budget(&self, wanted: usize) -> Refused {
        Refused {
            message: format!("no room for {wanted} more bytes"),
            retry_after: Duration::from_millis(1500),
        }
    }
}

impl Drop for Withdrawal<'_> {
    fn drop(&mut self) {
        *self.0.withdrawn.lock().unwrap() += usize::from(self.1);
    }
}

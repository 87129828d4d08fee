//! A destination of changing moods, and requests whose spans it can tell apart.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::pipeline::destination::{Destination, Failure, Left, Outgoing, Sent};
use crate::wire::Traces;

const POISON: &str = "poison";

/// A destination that does what its dice say.
pub struct Moody {
    dice: Mutex<StdRng>,
    /// Out of a hundred sends: these fail for now, throttle, refuse us altogether.
    fails: u32,
    throttles: u32,
    shuts: u32,
    /// Of those sends that succeed: takes some spans of each request, and says which not.
    picks: u32,
    /// While set, nothing succeeds.
    pub dead: AtomicBool,
    pub received: Mutex<HashSet<u64>>,
    pub sends: AtomicU64,
    pub largest: AtomicU64,
}

impl Moody {
    pub fn new(seed: u64, fails: u32, throttles: u32, shuts: u32, picks: u32) -> Arc<Self> {
        Arc::new(Self {
            dice: Mutex::new(StdRng::seed_from_u64(seed)),
            fails,
            throttles,
            shuts,
            picks,
            dead: AtomicBool::new(false),
            received: Mutex::default(),
            sends: AtomicU64::new(0),
            largest: AtomicU64::new(0),
        })
    }

    fn roll(&self, below: u32) -> u32 {
        self.dice.lock().unwrap().random_range(0..below)
    }

    pub fn has(&self, id: u64) -> bool {
        self.received.lock().unwrap().contains(&id)
    }

    async fn receive(&self, batch: Outgoing) -> Result<Sent, Failure> {
        self.sends.fetch_add(1, Ordering::Relaxed);
        self.largest.fetch_max(batch.spans as u64, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(self.roll(50).into())).await;
        let request = ExportTraceServiceRequest::decode(batch.clone().into_bytes().concat().as_slice())
            .expect("valid OTLP leaves");
        let spans: Vec<Span> = spans_of(request);
        assert_eq!(spans.len(), batch.spans, "the batch says how many spans it has");
        let mood = self.roll(100);
        if self.dead.load(Ordering::Relaxed) || mood < self.fails {
            // Half of these arrived all the same: only the answer was lost.
            if mood.is_multiple_of(2) && !spans.iter().any(|span| span.name == POISON) {
                self.keep(&spans);
            }
            return Err(Failure::NotNow {
                message: "not now".into(),
                retry_after: None,
            });
        }
        if mood < self.fails + self.throttles {
            return Err(Failure::NotNow {
                message: "slow down".into(),
                retry_after: Some(Duration::from_millis(70)),
            });
        }
        if mood < self.fails + self.throttles + self.shuts {
            return Err(Failure::Destination("who are you".into()));
        }
        if self.roll(100) < self.picks {
            return self.pick(&batch);
        }
        if spans.iter().any(|span| span.name == POISON) {
            return Err(Failure::Data("poison".into()));
        }
        self.keep(&spans);
        Ok(Sent::default())
    }

    /// Takes what the dice say, and names what is left: poison for good, the rest for now.
    fn pick(&self, batch: &Outgoing) -> Result<Sent, Failure> {
        let mut left = Vec::new();
        for (part, request) in batch.parts.iter().enumerate() {
            for traces in request.traces.split(self.roll(3) as usize + 1, 0) {
                let bytes = traces.bytes().as_ref();
                let spans = spans_of(ExportTraceServiceRequest::decode(bytes).expect("valid OTLP leaves"));
                let why = match spans.iter().any(|span| span.name == POISON) {
                    true => Failure::Data("poison".into()),
                    false if self.roll(2) == 0 => {
                        self.keep(&spans);
                        continue;
                    }
                    false => Failure::NotNow {
                        message: "not this".into(),
                        retry_after: None,
                    },
                };
                left.push(Left { part, traces, why });
            }
        }
        match left.is_empty() {
            true => Ok(Sent::default()),
            false => Err(Failure::Partly(left)),
        }
    }

    fn keep(&self, spans: &[Span]) {
        self.received.lock().unwrap().extend(spans.iter().map(id_of));
    }
}

impl Destination for Moody {
    fn send(&self, batch: Outgoing) -> BoxFuture<'_, Result<Sent, Failure>> {
        self.receive(batch).boxed()
    }
}

fn spans_of(request: ExportTraceServiceRequest) -> Vec<Span> {
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn id_of(span: &Span) -> u64 {
    u64::from_be_bytes(span.span_id.as_slice().try_into().expect("eight bytes"))
}

/// A request whose spans have these ids; those in `poison` are bad.
pub fn request(ids: std::ops::Range<u64>, poison: &HashSet<u64>) -> Traces {
    let span = |id: u64| Span {
        trace_id: vec![1; 16],
        span_id: id.to_be_bytes().to_vec(),
        name: if poison.contains(&id) {
            POISON.into()
        } else {
            "good".into()
        },
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: ids.map(span).collect(),
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    let bytes = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    Traces::check(bytes.into()).expect("valid").traces
}

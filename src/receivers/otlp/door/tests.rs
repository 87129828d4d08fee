use std::io::Write as _;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use tokio::time::timeout;

use super::*;
use crate::net::auth::{Key, Keys, Permission, digest};
use crate::pipeline::verdict::{Accepted, Refused};

const LIMIT: usize = 16 * 1024 * 1024;

/// Pipelines that accept and keep whatever comes.
struct Keeper {
    budget: Budget,
    kept: Mutex<Vec<Traces>>,
}

impl Intake for Keeper {
    fn accept(&self, arrival: Arrival) -> BoxFuture<'_, Result<Accepted, Refused>> {
        self.kept.lock().unwrap().push(arrival.traces);
        async { Ok(Accepted::default()) }.boxed()
    }

    fn congested(&self, _: Option<Duration>) -> Option<Refused> {
        None
    }

    fn budget(&self) -> &Budget {
        &self.budget
    }

    fn over_budget(&self, wanted: usize) -> Refused {
        Refused {
            message: format!("no room for {wanted} bytes"),
            retry_after: Duration::from_secs(1),
        }
    }
}

fn door(limit: usize) -> (Arc<Keeper>, Door) {
    let keeper = Arc::new(Keeper {
        budget: Budget::new(4 * LIMIT),
        kept: Mutex::default(),
    });
    let door = Door {
        intake: keeper.clone(),
        events: ReceiverEvents::new("otlp", "grpc"),
        limit,
        guard: Guard::default(),
        include_metadata: false,
        large: Arc::new(Semaphore::new(1)),
    };
    (keeper, door)
}

fn span(trace_id: usize, name: usize) -> Span {
    Span {
        trace_id: vec![1; trace_id],
        span_id: vec![2; 8],
        name: "x".repeat(name),
        ..Span::default()
    }
}

fn request(spans: Vec<Span>) -> Vec<u8> {
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

fn sent(door: &Door, encoding: Encoding, bytes: &[u8]) -> Sent {
    let mut body = PaidBuffer::new(door.budget(), bytes.len(), LIMIT).unwrap();
    body.extend(bytes).unwrap();
    Sent {
        body,
        encoding,
        to_protobuf: None,
    }
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

/// A few bytes that expand to many wait for a turn among the large requests; small ones pass them by.
#[tokio::test]
async fn what_expands_is_unpacked_elsewhere() {
    let (keeper, door) = door(LIMIT);
    let (small, large) = (request(vec![span(16, 1000)]), request(vec![span(16, 2 * LARGE)]));
    let client = Arc::new(Client::default());
    let turn = door.large.clone().acquire_owned().await.unwrap();
    let mut waiting = Box::pin(door.export(sent(&door, Encoding::Gzip, &gzip(&large)), client.clone(), None));
    assert!(timeout(Duration::ZERO, &mut waiting).await.is_err());
    door.export(sent(&door, Encoding::Gzip, &gzip(&small)), client, None)
        .await
        .unwrap();
    drop(turn);
    waiting.await.unwrap();
    let kept: Vec<_> = keeper.kept.lock().unwrap().drain(..).collect();
    assert_eq!(
        kept.iter().map(|it| it.bytes().to_vec()).collect::<Vec<_>>(),
        [small, large]
    );
    drop(kept);
    assert_eq!(keeper.budget.used(), 0);
}

/// The receiver's own limit holds, whether it is met on the connection's thread or elsewhere.
#[tokio::test]
async fn the_limit_holds_while_expanding() {
    for limit in [LARGE / 2, 2 * LARGE] {
        let (keeper, door) = door(limit);
        let bomb = gzip(&request(vec![span(16, 4 * LARGE)]));
        let client = Arc::new(Client::default());
        let fault = door
            .export(sent(&door, Encoding::Gzip, &bomb), client, None)
            .await
            .unwrap_err();
        assert_eq!(fault.reason, Reason::TooLarge);
        assert!(fault.message.contains(&limit.to_string()), "{}", fault.message);
        assert_eq!(keeper.budget.used(), 0);
    }
}

/// What is left of a request whose misfits were taken out is paid for as long as it is kept.
#[tokio::test]
async fn what_is_left_is_paid_for() {
    let (keeper, door) = door(LIMIT);
    let bytes = request(vec![span(16, 1000), span(3, 1000)]);
    let client = Arc::new(Client::default());
    let answer = door
        .export(sent(&door, Encoding::Identity, &bytes), client, None)
        .await
        .unwrap();
    assert_eq!(answer.unwrap().rejected_spans, 1);
    let kept = keeper.kept.lock().unwrap().pop().unwrap();
    assert_eq!(kept.spans(), 1);
    assert!(keeper.budget.used() >= kept.bytes().len());
    drop(kept);
    assert_eq!(keeper.budget.used(), 0);
}

/// Pipelines see neither the key of a request nor, where a key has one, another project than its own.
#[tokio::test]
async fn keys_stay_at_the_door() {
    let (_, mut door) = door(LIMIT);
    let key = Key {
        name: "one".into(),
        permissions: vec![Permission::Ingest],
        project: Some("shop".into()),
    };
    let keys: Keys = [(digest("hush"), key)].into_iter().collect();
    door.guard = Guard::new(Some(Arc::new(keys)));
    door.include_metadata = true;
    for header in ["Authorization", "Mackerel-Api-Key", "api_key"] {
        let request = http::Request::post("/v1/traces")
            .header(
                header,
                if header == "Authorization" {
                    "Bearer hush"
                } else {
                    "hush"
                },
            )
            .header("x-project-name", "other")
            .header("x-kept", "yes");
        let (head, ()) = request.body(()).unwrap().into_parts();
        let client = door.admit(&Client::unknown(), &head, "host").await.unwrap();
        assert_eq!(client.project.as_deref(), Some("shop"));
        assert_eq!(client.attribute("subject"), Some("one"));
        assert_eq!(client.metadata("x-kept"), ["yes"]);
        assert!(!format!("{client:?}").contains("hush"), "{client:?}");
    }
}

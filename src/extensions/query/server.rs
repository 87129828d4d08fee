//! The server that the products share: it reads bodies, finds the product, and tells what became of each request.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::{Request, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use super::page;
use crate::net::buffer::{Full, PaidBuffer};
use crate::net::linger::linger;
use crate::net::listen::Listener;
use crate::net::serve::{Connection, Settings, serve};
use crate::pipeline::budget::Budget;
use crate::query::dialect::{Dialect, Refusal};
use crate::query::openapi;
use crate::telemetry::query::QueryEvents;
use crate::telemetry::receiver::ConnectionEvents;

/// How long a client may send nothing while its request is incomplete.
const STALL: Duration = Duration::from_secs(10);

/// How many times its limit a body may be larger for its client to be heard out before it is refused.
const LINGER: usize = 4;

/// How long a connection may have no request.
const IDLE: Duration = Duration::from_secs(300);

/// Bodies that are being sent may take this part of the budget, so that spans find room whoever asks.
const UNREAD_PART: usize = 8;

/// Requests in flight on one connection of HTTP/2.
const STREAMS: u32 = 64;

/// Answers requests to every product that is switched on.
pub struct Server {
    router: Router,
    dialects: Vec<(Owner, QueryEvents)>,
    ours: QueryEvents,
    limit: usize,
    budget: Budget,
    /// What bodies that are still being sent may take of it: their senders are not known yet.
    unread: Budget,
}

/// What must be known of a product beside its endpoints.
struct Owner {
    owns: fn(&str) -> bool,
    refuse: fn(&Refusal) -> Response,
}

// === impl Server ===

impl Server {
    /// Serves `dialects`; bodies may have `limit` bytes and are paid from `budget`.
    pub fn new(dialects: Vec<Dialect>, limit: usize, budget: Budget) -> Self {
        let document = openapi::document(&dialects);
        let page = page::page(&document);
        let document = document.to_string();
        let ours = Router::new()
            .route("/", get(move || text("text/html; charset=utf-8", page.clone())))
            .route(
                "/openapi.json",
                get(move || text("application/json", document.clone())),
            );
        let owners = dialects.iter().map(|dialect| {
            let owner = Owner {
                owns: dialect.owns,
                refuse: dialect.refuse,
            };
            (owner, QueryEvents::new(dialect.name))
        });
        let owners: Vec<_> = owners.collect();
        let routers = dialects.into_iter().map(|dialect| dialect.router);
        let router = routers.fold(ours, Router::merge);
        Self {
            // Bodies are bounded before they come to the router, whose own bound is lower. What is added for each request
            // would copy every route.
            router: router
                .fallback(|| async { Missed.into_response() })
                .layer(DefaultBodyLimit::disable()),
            dialects: owners,
            ours: QueryEvents::new("none"),
            limit,
            unread: Budget::new((budget.limit() / UNREAD_PART).max(limit)),
            budget,
        }
    }

    /// Serves what connects to `listener`, until `stop` is cancelled.
    pub async fn serve(self, listener: Listener, stop: CancellationToken) {
        let settings = Settings {
            max_concurrent_streams: STREAMS,
            max_idle: Some(IDLE),
            header_timeout: Some(STALL),
            ..Settings::default()
        };
        let budget = self.budget.clone();
        let server = Arc::new(self);
        let new_service = move |connection: Connection| {
            let server = server.clone();
            service_fn(move |request| {
                let in_flight = connection.activity.request();
                let server = server.clone();
                async move {
                    let response = server.handle(request).await;
                    drop(in_flight);
                    Ok(response)
                }
            })
        };
        let events = ConnectionEvents::new("query", "http");
        serve(listener, settings, budget, events, new_service, stop).await;
    }

    async fn handle(&self, request: Request<Incoming>) -> Response {
        let begun = Instant::now();
        let path = request.uri().path().to_owned();
        let owner = self.dialects.iter().find(|(owner, _)| (owner.owns)(&path));
        let refuse = |refusal: &Refusal| match owner {
            Some((owner, _)) => (owner.refuse)(refusal),
            None => refuse(refusal),
        };
        let answer = AssertUnwindSafe(self.answer(request)).catch_unwind().await;
        let response = match answer {
            Ok(Ok(response)) => response,
            Ok(Err(refusal)) => refuse(&refusal),
            Err(_) => refuse(&Refusal::Defect),
        };
        let events = owner.map_or(&self.ours, |(_, events)| events);
        events.answered(&path, response.status(), begun.elapsed());
        response
    }

    /// An endpoint's answer; an error when none was reached.
    async fn answer(&self, request: Request<Incoming>) -> Result<Response, Refusal> {
        let (head, mut body) = request.into_parts();
        let body = match self.read(&mut body).await {
            Ok(body) => body,
            Err(refusal) => {
                if matches!(refusal, Refusal::TooLarge(_) | Refusal::Busy(_)) {
                    linger(&head, &mut body, self.limit.saturating_mul(LINGER)).await;
                }
                return Err(refusal);
            }
        };
        let path = head.uri.path().to_owned();
        let mut router = self.router.clone();
        let request = Request::from_parts(head, Body::from(body));
        let response = match router.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        match response.extensions().get::<Missed>() {
            Some(Missed) => Err(Refusal::NotFound(path)),
            None => Ok(response),
        }
    }

    async fn read(&self, body: &mut Incoming) -> Result<Bytes, Refusal> {
        let full = |full: Full| match full {
            Full::TooLarge { limit } => Refusal::TooLarge(limit),
            Full::OverBudget(over) => Refusal::Busy(over.to_string()),
        };
        let announced = body.size_hint().exact().unwrap_or(0);
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if announced == 0 && body.is_end_stream() {
            return Ok(Bytes::new());
        }
        let mut buffer = PaidBuffer::new(&self.budget, announced, self.limit).map_err(full)?;
        // What does not say its length may have any that is allowed.
        let length = if announced == 0 { self.limit } else { announced };
        let room = self.unread.reserve(length);
        let _room = room.map_err(|over| Refusal::Busy(over.to_string()))?;
        loop {
            let frame = tokio::time::timeout(STALL, body.frame()).await.map_err(|_| {
                Refusal::Unreadable(format!("the body stopped arriving: nothing came for {STALL:?}"))
            })?;
            match frame {
                None => break,
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        buffer.extend(data).map_err(full)?;
                    }
                }
                Some(Err(error)) => {
                    let message = format!("the client went away while sending: {error}");
                    return Err(Refusal::Unreadable(message));
                }
            }
        }
        Ok(match buffer.is_empty() {
            true => Bytes::new(),
            false => buffer.into_bytes(),
        })
    }
}

/// Marks the answer to a path on which nothing is served.
#[derive(Clone, Copy)]
struct Missed;

impl IntoResponse for Missed {
    fn into_response(self) -> Response {
        let mut response = StatusCode::NOT_FOUND.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// A refusal of a path that is no product's.
fn refuse(refusal: &Refusal) -> Response {
    let (status, message) = match refusal {
        Refusal::NotFound(path) => (
            StatusCode::NOT_FOUND,
            format!("nothing is served on {path}; `/` says what is"),
        ),
        Refusal::TooLarge(limit) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is larger than {limit} bytes"),
        ),
        Refusal::Unreadable(why) => (StatusCode::BAD_REQUEST, why.clone()),
        Refusal::Busy(why) => (StatusCode::SERVICE_UNAVAILABLE, why.clone()),
        Refusal::Query(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        Refusal::Defect => (StatusCode::INTERNAL_SERVER_ERROR, "a defect of ours".into()),
    };
    let body = serde_json::json!({ "error": message }).to_string();
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

async fn text(kind: &'static str, body: String) -> Response {
    ([(CONTENT_TYPE, kind)], body).into_response()
}

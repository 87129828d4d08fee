//! The sink's own HTTP endpoint, by which a test reads what arrived and changes how the sink behaves.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde::Serialize;

use super::Sink;
use super::behaviour::Behaviour;
use super::body;
use super::reply::Reply;
use crate::cli::load::report::AcknowledgedIds;

/// The largest body taken here: the ids of a long run with many holes.
const MAX_BODY: usize = 256 << 20;

const HELP: &str = "GET /stats  DELETE /stats  GET /behaviour  PUT /behaviour  GET /requests.pb  \
                    GET /missing?seed=S&count=N  POST /missing (the file of load --acknowledged-ids)\n";

/// Answers one request; a wrong one with a sentence.
pub(super) async fn answer(
    sink: Arc<Sink>,
    request: Request<Incoming>,
) -> Result<Response<Reply>, Infallible> {
    Ok(route(&sink, request).await.unwrap_or_else(|(status, message)| {
        let mut response = Response::new(Reply::from(Bytes::from(message)));
        *response.status_mut() = status;
        response
    }))
}

type Wrong = (StatusCode, String);

async fn route(sink: &Sink, request: Request<Incoming>) -> Result<Response<Reply>, Wrong> {
    let (head, body) = request.into_parts();
    let path = head.uri.path();
    match (&head.method, path) {
        (&Method::GET, "/stats") => json(&sink.ledger().stats()),
        (&Method::DELETE, "/stats") => {
            sink.ledger().reset();
            json(&sink.ledger().stats())
        }
        (&Method::GET, "/behaviour") => json(&*sink.behaviour()),
        (&Method::PUT, "/behaviour") => {
            let behaviour: Behaviour = parse(body).await?;
            behaviour.validate().map_err(bad_request)?;
            sink.behave(behaviour);
            json(&*sink.behaviour())
        }
        (&Method::GET, "/requests.pb") => {
            let kept = sink.ledger().kept();
            Ok(with_type("application/x-protobuf", kept))
        }
        (&Method::GET, "/missing") => missing(sink, &counted(head.uri.query().unwrap_or_default())?),
        (&Method::POST, "/missing") => missing(sink, &parse(body).await?),
        _ => Err((StatusCode::NOT_FOUND, HELP.into())),
    }
}

fn missing(sink: &Sink, ids: &AcknowledgedIds) -> Result<Response<Reply>, Wrong> {
    if !sink.tells_apart {
        let message = "this sink only counts (--count-only), it cannot tell which spans are missing\n";
        return Err((StatusCode::CONFLICT, message.into()));
    }
    json(&sink.ledger().missing(ids))
}

/// All of the first `count` spans of the run with this seed.
fn counted(query: &str) -> Result<AcknowledgedIds, Wrong> {
    let number = |wanted: &str| {
        let value = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == wanted);
        let (_, value) = value.ok_or_else(|| bad_request(format!("`{wanted}` is missing from the query")))?;
        value
            .parse::<u64>()
            .map_err(|error| bad_request(format!("{wanted}={value}: {error}")))
    };
    let ranges = vec![(0, number("count")?)];
    Ok(AcknowledgedIds {
        seed: number("seed")?,
        ranges,
        ..Default::default()
    })
}

async fn parse<T: serde::de::DeserializeOwned>(body: Incoming) -> Result<T, Wrong> {
    let bytes = body::read(body, MAX_BODY)
        .await
        .map_err(|fault| bad_request(fault.message))?;
    serde_json::from_slice(&bytes).map_err(|error| bad_request(error.to_string()))
}

fn bad_request(message: String) -> Wrong {
    (StatusCode::BAD_REQUEST, message + "\n")
}

fn json(value: &impl Serialize) -> Result<Response<Reply>, Wrong> {
    let text =
        serde_json::to_vec(value).map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(with_type("application/json", text.into()))
}

fn with_type(content_type: &'static str, data: Bytes) -> Response<Reply> {
    let mut response = Response::new(Reply::from(data));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

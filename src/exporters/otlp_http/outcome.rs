//! What an HTTP answer means for a batch.
//!
//! OTLP names the statuses that may be retried; all others it forbids to retry. Of these some say that nothing
//! of ours will be taken before somebody mends a setting; the rest are held against the batch, so that
//! splitting finds what is to blame:
//!
//! | accepted | 2xx |
//! | not now | 429, 502, 503, 504, after `Retry-After` where there is one; no connection, no answer |
//! | destination | 401, 403, 404, 405; 3xx, as redirects are not followed |
//! | data | every other 4xx, 400 and 413 first of all, and every other 5xx |

use std::time::{Duration, SystemTime};

use http::header;
use prost::Message;
use serde_json::Value;
use tonic_types::pb::Status;

use crate::exporters::otlp_answer;
use crate::net::http_client::Answer;
use crate::pipeline::destination::{Failure, Sent};
use crate::wire::json;

/// Of a body that is no `google.rpc.Status` this many characters are shown.
const SHOWN: usize = 200;

/// What the server said about a batch.
pub fn of(answer: &Answer) -> Result<Sent, Failure> {
    if answer.status.is_success() {
        return Ok(if is_json(answer) {
            sent_json(&answer.body)
        } else {
            otlp_answer::sent(answer.body.clone())
        });
    }
    let message = message(answer);
    Err(match answer.status.as_u16() {
        429 | 502 | 503 | 504 => Failure::NotNow {
            message,
            retry_after: answer.header(header::RETRY_AFTER).and_then(delay),
        },
        401 | 403 | 404 | 405 => Failure::Destination(message),
        _ if answer.status.is_redirection() => Failure::Destination(message),
        _ => Failure::Data(message),
    })
}

fn is_json(answer: &Answer) -> bool {
    let kind = answer.header(header::CONTENT_TYPE).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn sent_json(body: &[u8]) -> Sent {
    json::response_to_protobuf(body)
        .map_or_else(|_| Sent::default(), |answer| otlp_answer::sent(answer.into()))
}

fn message(answer: &Answer) -> String {
    let status = answer.status;
    let words = words(answer);
    let location = answer
        .header(header::LOCATION)
        .filter(|_| status.is_redirection());
    match (location, words.is_empty()) {
        (Some(location), _) => {
            format!("HTTP status {status}: redirects are not followed; set the endpoint to `{location}`")
        }
        (None, true) => format!("HTTP status {status}"),
        (None, false) => format!("HTTP status {status}: {words}"),
    }
}

/// What the body says: the message of a `google.rpc.Status`, else the beginning of its text.
fn words(answer: &Answer) -> String {
    if is_json(answer) {
        let status: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if let Some(message) = status.get("message").and_then(Value::as_str) {
            return message.to_owned();
        }
    } else if answer
        .header(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.starts_with("application/x-protobuf"))
    {
        return Status::decode(answer.body.clone()).map_or_else(|_| String::new(), |status| status.message);
    }
    let text: String = String::from_utf8_lossy(&answer.body)
        .chars()
        .take(SHOWN)
        .collect();
    text.trim().to_owned()
}

/// `Retry-After` in seconds, or as a date, which may have passed.
fn delay(text: &str) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

//! What the server said about a call, from its trailers, or from its headers when it sent nothing else.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// A status other than OK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The gRPC code; where an HTTP status came instead, the code that gRPC maps it to.
    pub code: Code,
    /// The server's words.
    pub message: String,
    /// The delay of `RetryInfo`; zero when it names none.
    pub retry_after: Option<Duration>,
}

/// The verdict in `grpc-status` and what belongs to it; none where there is no such header.
pub fn from_headers(headers: &HeaderMap) -> Option<Result<(), Verdict>> {
    let code = Code::from_bytes(headers.get(Status::GRPC_STATUS)?.as_bytes());
    if code == Code::Ok {
        return Some(Ok(()));
    }
    Some(Err(Verdict {
        code,
        message: message(headers),
        retry_after: retry_after(headers),
    }))
}

/// The verdict of an HTTP status other than 200, where something in between answered instead of gRPC.
pub fn from_http(status: StatusCode) -> Verdict {
    let code = match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    };
    Verdict {
        code,
        message: format!("HTTP status {status} without a gRPC status"),
        retry_after: None,
    }
}

// tonic undoes the percent-encoding. It gets this header alone: on broken base64 in the details it panics.
fn message(headers: &HeaderMap) -> String {
    let mut alone = HeaderMap::new();
    alone.insert(Status::GRPC_STATUS, HeaderValue::from_static("2"));
    if let Some(message) = headers.get(Status::GRPC_MESSAGE) {
        alone.insert(Status::GRPC_MESSAGE, message.clone());
    }
    Status::from_header_map(&alone).map_or_else(String::new, |status| status.message().to_owned())
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let mut alone = HeaderMap::new();
    alone.insert(
        Status::GRPC_STATUS_DETAILS,
        headers.get(Status::GRPC_STATUS_DETAILS)?.clone(),
    );
    let metadata = MetadataMap::from_headers(alone);
    let details = metadata.get_bin("grpc-status-details-bin")?.to_bytes().ok()?;
    let info = Status::with_details(Code::Unknown, "", details).get_details_retry_info()?;
    Some(info.retry_delay.unwrap_or_default())
}

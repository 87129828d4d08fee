//! Why a request gets no rows, in the product's forms: an envelope for what its framework refuses, and a few that are
//! an endpoint's own.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::query::context::Denied;
use crate::query::dialect::Refusal;
use crate::query::model::QueryError;

/// Why a request gets no rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiError {
    /// No key was shown.
    NotAuthenticated,
    /// The key that was shown is none of ours.
    AuthenticationFailed,
    /// The key may not read.
    PermissionDenied,
    /// The project in the path is not the key's.
    UnknownProject,
    /// Nothing is served on this path.
    UnknownEndpoint,
    /// The endpoint does not take this method.
    MethodNotAllowed(String),
    /// Too many requests; the next may come after this time.
    Throttled(Duration),
    /// The request does not have the form that is expected; says where.
    Malformed(String),
    /// A value in the request makes no sense; names it.
    Invalid(String),
    /// An endpoint lacks what it needs, or asks for too much, in the words of its own.
    Detail(String),
    /// `values` was not told a key.
    NoKey,
    /// The trace id is not hexadecimal.
    NoTraceId,
    /// The body has more bytes than this.
    TooLarge(usize),
    /// The store or the gateway has no room now; says which.
    Busy(String),
    /// We failed; says how.
    Failed(String),
}

// === impl ApiError ===

impl ApiError {
    /// Status, type, code and words of the errors that have an envelope.
    fn envelope(&self) -> (StatusCode, &'static str, &'static str, String) {
        const AUTHENTICATION: &str = "authentication_error";
        const REQUEST: &str = "invalid_request";
        const SERVER: &str = "server_error";
        let (status, kind, code, detail) = match self {
            Self::NotAuthenticated => (
                401,
                AUTHENTICATION,
                "not_authenticated",
                "Authentication credentials were not provided.".into(),
            ),
            Self::AuthenticationFailed => (
                401,
                AUTHENTICATION,
                "authentication_failed",
                "The API key in the Authorization header is invalid.".into(),
            ),
            Self::PermissionDenied => (
                403,
                AUTHENTICATION,
                "permission_denied",
                "API key missing required scope 'tracing:read'".into(),
            ),
            Self::UnknownProject => (404, REQUEST, "not_found", "Project not found.".into()),
            Self::UnknownEndpoint => (404, REQUEST, "not_found", "Endpoint not found.".into()),
            Self::MethodNotAllowed(method) => (
                405,
                REQUEST,
                "method_not_allowed",
                format!("Method \"{method}\" not allowed."),
            ),
            Self::Throttled(wait) => (
                429,
                "throttled_error",
                "throttled",
                format!(
                    "Request was throttled. Expected available in {} seconds.",
                    seconds(*wait)
                ),
            ),
            Self::Malformed(what) => (400, REQUEST, "parse_error", what.clone()),
            Self::Invalid(what) => (400, "validation_error", "invalid_input", what.clone()),
            Self::TooLarge(limit) => (
                413,
                REQUEST,
                "request_too_large",
                format!("the body is larger than {limit} bytes"),
            ),
            Self::Busy(why) => (503, SERVER, "service_unavailable", why.clone()),
            Self::Failed(why) => (500, SERVER, "error", why.clone()),
            Self::Detail(_) | Self::NoKey | Self::NoTraceId => (400, REQUEST, "error", String::new()),
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, kind, code, detail)
    }

    fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::NotAuthenticated | Self::AuthenticationFailed => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            Self::Throttled(wait) => Some((RETRY_AFTER, seconds(*wait).into())),
            Self::Busy(_) => Some((RETRY_AFTER, HeaderValue::from_static("1"))),
            _ => None,
        }
    }

    /// An answer of another kind than the question's: a defect of ours.
    pub fn mismatch() -> Self {
        Self::Failed("the store answered another question".into())
    }
}

/// Whole seconds, at least one.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs_f64().ceil().max(1.0) as u64
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, kind, code, detail) = self.envelope();
        let mut response = match &self {
            Self::NoTraceId => status.into_response(),
            Self::NoKey => (status, Json(json!({ "error": "key is required" }))).into_response(),
            Self::Detail(detail) => (status, Json(json!({ "detail": detail }))).into_response(),
            _ => {
                let body = json!({ "type": kind, "code": code, "detail": detail, "attr": null });
                (status, Json(body)).into_response()
            }
        };
        if let Some((name, value)) = self.header() {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Missing => Self::NotAuthenticated,
            Denied::Unknown => Self::AuthenticationFailed,
            Denied::Forbidden(..) => Self::PermissionDenied,
        }
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        let message = error.to_string();
        match error {
            QueryError::Invalid(_) => Self::Invalid(message),
            QueryError::TooLong(_) | QueryError::TooMuch(_) => Self::Detail(format!(
                "{message}; narrow the date range or add serviceNames, statusCodes or filterGroup"
            )),
            QueryError::Unavailable(_) => Self::Busy(message),
            QueryError::Cancelled | QueryError::Failed(_) => Self::Failed(message),
        }
    }
}

impl From<&Refusal> for ApiError {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::NotFound(_) => Self::UnknownEndpoint,
            Refusal::TooLarge(limit) => Self::TooLarge(*limit),
            Refusal::Unreadable(why) => Self::Malformed(why.clone()),
            Refusal::Busy(why) => Self::Busy(why.clone()),
            Refusal::Query(error) => error.clone().into(),
            Refusal::Defect => Self::Failed("A server error occurred.".into()),
        }
    }
}

//! Errors as Traceloop says them.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{Method, StatusCode};
use serde_json::json;

use super::super::context::Denied;
use super::super::dialect::Refusal;
use super::super::members::Unfit;
use super::super::model::QueryError;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The kind of error.
    pub status: StatusCode,
    /// What it is about.
    pub message: String,
}

/// A refusal before the endpoints.
pub fn refuse(refusal: &Refusal) -> Response {
    let (status, message) = match refusal {
        Refusal::NotFound(path) => (StatusCode::NOT_FOUND, format!("nothing is served on {path}")),
        Refusal::TooLarge(limit) => (
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is larger than {limit} bytes"),
        ),
        Refusal::Unreadable(why) => (StatusCode::BAD_REQUEST, why.clone()),
        Refusal::Busy(why) => (StatusCode::SERVICE_UNAVAILABLE, why.clone()),
        Refusal::Query(error) => return Fault::from(error.clone()).into_response(),
        Refusal::Defect => (StatusCode::INTERNAL_SERVER_ERROR, "a defect of ours".to_owned()),
    };
    Fault { status, message }.into_response()
}

// === impl Fault ===

impl Fault {
    /// The request makes no sense; says why.
    pub fn bad(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
        }
    }

    /// The path is served, but not for this method.
    pub fn method(method: &Method) -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            message: format!("{method} is not served here"),
        }
    }

    /// The store answered something else than was asked.
    pub fn defect() -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            message: "a defect of ours: the answer is to another question".into(),
        }
    }
}

impl From<Unfit> for Fault {
    fn from(unfit: Unfit) -> Self {
        Self::bad(unfit.0)
    }
}

impl From<Denied> for Fault {
    fn from(denied: Denied) -> Self {
        let (status, message) = match denied {
            Denied::Missing => (
                StatusCode::UNAUTHORIZED,
                "the header `Authorization: Bearer` is missing".to_owned(),
            ),
            Denied::Unknown => (StatusCode::UNAUTHORIZED, "the API key is not known".to_owned()),
            Denied::Forbidden(name, _) => (
                StatusCode::FORBIDDEN,
                format!("the API key `{name}` may not read"),
            ),
        };
        Self { status, message }
    }
}

impl From<QueryError> for Fault {
    fn from(error: QueryError) -> Self {
        let status = match error {
            QueryError::Invalid(_) => StatusCode::BAD_REQUEST,
            QueryError::TooLong(_) | QueryError::TooMuch(_) | QueryError::Unavailable(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            QueryError::Cancelled | QueryError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            status,
            message: error.to_string(),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = Json(json!({ "error": self.message }));
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => (self.status, [(RETRY_AFTER, "1")], body).into_response(),
            status => (status, body).into_response(),
        }
    }
}

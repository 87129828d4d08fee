//! How Phoenix says that something went wrong: plain text from its handlers, a list of details from its validation.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::query::context::Denied;
use crate::query::dialect::Refusal;
use crate::query::model::QueryError;

/// The server whose behaviour this is.
pub const VERSION: &str = "20.26.1";

/// Names the version on every answer; clients go by it.
pub const VERSION_HEADER: HeaderName = HeaderName::from_static("x-phoenix-server-version");

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Something that a handler found out.
    Text(StatusCode, String),
    /// What is wrong with parameters or members of the body.
    Invalid(Vec<Value>),
    /// No key, or none of ours.
    Unauthorized,
    /// The store cannot answer now.
    Busy(String),
}

/// A handler's answer.
pub type Answered = Result<Response, Fault>;

// === impl Fault ===

impl Fault {
    /// What is named does not exist.
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::Text(StatusCode::NOT_FOUND, what.into())
    }

    /// What is asked makes no sense.
    pub fn unprocessable(what: impl Into<String>) -> Self {
        Self::Text(StatusCode::UNPROCESSABLE_ENTITY, what.into())
    }

    /// What is asked is not allowed.
    pub fn forbidden(what: impl Into<String>) -> Self {
        Self::Text(StatusCode::FORBIDDEN, what.into())
    }

    /// Something of ours failed.
    pub fn failed(what: impl Into<String>) -> Self {
        Self::Text(StatusCode::INTERNAL_SERVER_ERROR, what.into())
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        match self {
            Self::Text(status, text) => plain(status, text),
            Self::Invalid(details) => {
                let body = json!({ "detail": details }).to_string();
                let kind = [(CONTENT_TYPE, "application/json")];
                (StatusCode::UNPROCESSABLE_ENTITY, kind, body).into_response()
            }
            Self::Unauthorized => {
                let challenge = [(WWW_AUTHENTICATE, "Bearer realm=\"Arize Phoenix\"")];
                (challenge, plain(StatusCode::UNAUTHORIZED, "Invalid token".into())).into_response()
            }
            Self::Busy(why) => {
                let wait = [(RETRY_AFTER, "1")];
                (wait, plain(StatusCode::SERVICE_UNAVAILABLE, why)).into_response()
            }
        }
    }
}

impl From<QueryError> for Fault {
    fn from(error: QueryError) -> Self {
        let text = error.to_string();
        match error {
            QueryError::Invalid(_) => Self::Text(StatusCode::BAD_REQUEST, text),
            QueryError::TooLong(_) | QueryError::TooMuch(_) => {
                Self::Text(StatusCode::SERVICE_UNAVAILABLE, text)
            }
            QueryError::Unavailable(_) => Self::Busy(text),
            QueryError::Cancelled | QueryError::Failed(_) => Self::failed(text),
        }
    }
}

impl From<Denied> for Fault {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Missing | Denied::Unknown => Self::Unauthorized,
            Denied::Forbidden(key, needs) => {
                let needs = format!("{needs:?}").to_lowercase();
                Self::forbidden(format!("The key '{key}' lacks the permission '{needs}'"))
            }
        }
    }
}

/// Says why there is no answer before one of our handlers was reached.
pub fn refuse(refusal: &Refusal) -> Response {
    let fault = match refusal {
        Refusal::NotFound(_) => Fault::not_found("Not Found"),
        Refusal::TooLarge(limit) => Fault::Text(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body is larger than {limit} bytes"),
        ),
        Refusal::Unreadable(why) => Fault::Text(StatusCode::BAD_REQUEST, why.clone()),
        Refusal::Busy(why) => Fault::Busy(why.clone()),
        Refusal::Query(error) => error.clone().into(),
        Refusal::Defect => Fault::failed("Internal Server Error"),
    };
    versioned(fault.into_response())
}

/// The answer, with the version on it.
pub fn versioned(mut response: Response) -> Response {
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(VERSION_HEADER, HeaderValue::from_static(VERSION));
    response
}

/// A text with a status.
pub fn plain(status: StatusCode, text: String) -> Response {
    (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// JSON with a status.
pub fn json_of(status: StatusCode, body: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

/// JSON of a success.
pub fn ok(body: &Value) -> Answered {
    Ok(json_of(StatusCode::OK, body))
}

/// A success that has nothing to say.
pub fn no_content() -> Answered {
    Ok(StatusCode::NO_CONTENT.into_response())
}

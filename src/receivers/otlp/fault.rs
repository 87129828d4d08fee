//! Why a request is answered with an error, and how each protocol says it: the one table of status codes.

use std::time::Duration;

use http::StatusCode;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::net::auth::OverQuota;
use crate::net::buffer::Full;
use crate::net::decompress;
use crate::net::grpc::server::ReadError;
use crate::pipeline::budget::OverBudget;
use crate::pipeline::verdict::Refused;
use crate::telemetry::receiver::Reason;
use crate::wire::Malformed;

/// An answer that is not success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind.
    pub reason: Reason,
    /// What happened, for a person.
    pub message: String,
    /// When to come back; only for what may succeed later.
    pub retry_after: Option<Duration>,
    /// The spans that it concerns, where they were counted already.
    pub spans: usize,
}

/// What went wrong while a request was read or unpacked, before the pipelines' words for a full budget.
#[derive(Debug)]
pub enum Unread {
    /// Final.
    Fault(Fault),
    /// There is no room for so many more bytes.
    OverBudget(usize),
}

// === impl Fault ===

impl Fault {
    /// A fault that will not go away by itself.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            retry_after: None,
            spans: 0,
        }
    }

    /// A refusal by the pipelines.
    pub fn refused(reason: Reason, refused: Refused, spans: usize) -> Self {
        Self {
            reason,
            message: refused.message,
            retry_after: Some(refused.retry_after),
            spans,
        }
    }

    /// The two codes of the fault.
    pub fn codes(&self) -> (Code, StatusCode) {
        match self.reason {
            Reason::TooLarge => (Code::ResourceExhausted, StatusCode::PAYLOAD_TOO_LARGE),
            Reason::OverBudget | Reason::Unavailable => (Code::Unavailable, StatusCode::SERVICE_UNAVAILABLE),
            Reason::OverQuota => (Code::ResourceExhausted, StatusCode::TOO_MANY_REQUESTS),
            Reason::Malformed => (Code::InvalidArgument, StatusCode::BAD_REQUEST),
            Reason::Framing => (Code::Internal, StatusCode::BAD_REQUEST),
            Reason::Encoding => (Code::Unimplemented, StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Reason::ContentType => (Code::InvalidArgument, StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Reason::Method => (Code::Unimplemented, StatusCode::METHOD_NOT_ALLOWED),
            Reason::Path => (Code::Unimplemented, StatusCode::NOT_FOUND),
            Reason::Unauthenticated => (Code::Unauthenticated, StatusCode::UNAUTHORIZED),
            Reason::PermissionDenied => (Code::PermissionDenied, StatusCode::FORBIDDEN),
            Reason::Stalled => (Code::DeadlineExceeded, StatusCode::REQUEST_TIMEOUT),
            Reason::Gone => (Code::Cancelled, StatusCode::BAD_REQUEST),
            Reason::Internal => (Code::Internal, StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// The fault as gRPC says it; its details are an encoded `google.rpc.Status`, which is also HTTP's body.
    pub fn into_status(self) -> Status {
        let (code, _) = self.codes();
        let mut details = ErrorDetails::new();
        if self.reason == Reason::Malformed {
            details.add_bad_request_violation("request", self.message.as_str());
        }
        if let Some(delay) = self.retry_after {
            details.set_retry_info(Some(delay));
        }
        Status::with_error_details(code, self.message, details)
    }
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::new(Reason::Malformed, malformed.to_string())
    }
}

// === impl Unread ===

impl Unread {
    fn full(full: Full, message: String) -> Self {
        match full {
            Full::TooLarge { .. } => Fault::new(Reason::TooLarge, message).into(),
            Full::OverBudget(over) => Self::OverBudget(over.wanted),
        }
    }
}

impl From<Fault> for Unread {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Malformed> for Unread {
    fn from(malformed: Malformed) -> Self {
        Fault::from(malformed).into()
    }
}

impl From<Full> for Unread {
    fn from(full: Full) -> Self {
        Self::full(full, format!("the request is {full}"))
    }
}

impl From<OverQuota> for Fault {
    fn from(over: OverQuota) -> Self {
        Self {
            retry_after: Some(over.wait),
            ..Self::new(Reason::OverQuota, over.to_string())
        }
    }
}

impl From<OverQuota> for Unread {
    fn from(over: OverQuota) -> Self {
        Fault::from(over).into()
    }
}

impl From<OverBudget> for Unread {
    fn from(over: OverBudget) -> Self {
        Self::OverBudget(over.wanted)
    }
}

impl From<decompress::Error> for Unread {
    fn from(error: decompress::Error) -> Self {
        let message = error.to_string();
        match error {
            decompress::Error::Full(full) => Self::full(full, message),
            decompress::Error::Corrupt { .. } => Fault::new(Reason::Malformed, message).into(),
        }
    }
}

impl From<ReadError> for Unread {
    fn from(error: ReadError) -> Self {
        let message = error.to_string();
        match error {
            ReadError::Full { why, .. } => Self::full(why, message),
            ReadError::OverQuota(over) => over.into(),
            ReadError::Framing(_) => Fault::new(Reason::Framing, message).into(),
            ReadError::Stalled(_) => Fault::new(Reason::Stalled, message).into(),
            ReadError::Gone(_) => Fault::new(Reason::Gone, message).into(),
        }
    }
}

/// A delay in seconds, rounded up, since a client that comes back too early is refused again.
pub fn whole_seconds(delay: Duration) -> u64 {
    let rounded = delay.as_secs() + u64::from(delay.subsec_nanos() > 0);
    rounded.max(1)
}

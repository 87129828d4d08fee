//! What is to be done about each way in which a call can fail.
//!
//! OTLP names the codes that may be retried. Of the others four say that nothing of ours will be taken before
//! somebody mends a setting; all the rest are held against the batch, so that splitting finds what is to blame:
//!
//! | not now | CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS, RESOURCE_EXHAUSTED with `RetryInfo`; no connection, no answer |
//! | destination | UNAUTHENTICATED, PERMISSION_DENIED, UNIMPLEMENTED, NOT_FOUND; a server that does not speak gRPC |
//! | data | INVALID_ARGUMENT, FAILED_PRECONDITION, ALREADY_EXISTS, INTERNAL, UNKNOWN, RESOURCE_EXHAUSTED without `RetryInfo`; an answer above 4 MiB |

use tonic::Code;

use crate::net::grpc::client::{CallError, Verdict};
use crate::pipeline::destination::Failure;

/// The failure that `error` is for a batch.
pub fn of(error: CallError) -> Failure {
    let message = error.to_string();
    match error {
        CallError::Refused(verdict) => of_verdict(&verdict, message),
        CallError::NoAnswer(_) => Failure::NotNow {
            message,
            retry_after: None,
        },
        CallError::NotGrpc(_) => Failure::Destination(message),
        CallError::AnswerTooLong | CallError::Unsendable(_) => Failure::Data(message),
    }
}

fn of_verdict(verdict: &Verdict, message: String) -> Failure {
    let retry_after = verdict.retry_after;
    match verdict.code {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Failure::NotNow { message, retry_after },
        Code::ResourceExhausted if retry_after.is_some() => Failure::NotNow { message, retry_after },
        Code::Unauthenticated | Code::PermissionDenied | Code::Unimplemented | Code::NotFound => {
            Failure::Destination(message)
        }
        Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Internal => Failure::Data(message),
    }
}

//! What the two OTLP exporters have in common: the bound on a request, and reading the answer.

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use crate::pipeline::destination::{Failure, Outgoing, Sent};

/// The longest request that OTLP lets a client send, before compression.
pub const MAX_REQUEST: usize = 64 * 1024 * 1024;

/// Refuses a batch that no server would take, so that delivery cuts it.
pub fn check_size(batch: &Outgoing) -> Result<(), Failure> {
    match batch.bytes() {
        bytes if bytes > MAX_REQUEST => Err(Failure::Data(format!(
            "the batch has {bytes} bytes, above the {MAX_REQUEST} that OTLP allows a request"
        ))),
        _ => Ok(()),
    }
}

/// The outcome told by the answer to a request that succeeded. One that cannot be read is full success, since
/// the status said so.
pub fn sent(answer: Bytes) -> Sent {
    let partial = ExportTraceServiceResponse::decode(answer)
        .ok()
        .and_then(|response| response.partial_success)
        .unwrap_or_default();
    Sent {
        rejected: u64::try_from(partial.rejected_spans).unwrap_or(0),
        message: partial.error_message,
    }
}

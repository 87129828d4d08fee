use std::io::Write;

use http::HeaderValue;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
use tonic_types::ErrorDetails;

use super::*;

fn partial(rejected_spans: i64) -> Vec<u8> {
    let partial = ExportTracePartialSuccess {
        rejected_spans,
        ..Default::default()
    };
    ExportTraceServiceResponse {
        partial_success: Some(partial),
    }
    .encode_to_vec()
}

fn framed(compressed: u8, message: &[u8]) -> Vec<u8> {
    [&[compressed][..], &(message.len() as u32).to_be_bytes(), message].concat()
}

/// A success is one whether its message is plain, compressed, or empty; what was rejected is read from it.
#[test]
fn successes() {
    let ok = HeaderMap::from_iter([(
        http::HeaderName::from_static("grpc-status"),
        HeaderValue::from_static("0"),
    )]);
    let answer = |body: &[u8]| grpc_answer(&HeaderMap::new(), Some(&ok), body);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&partial(3)).unwrap();
    assert_eq!(
        answer(&framed(0, &partial(3))),
        Answer::Acknowledged { rejected: 3 }
    );
    assert_eq!(
        answer(&framed(1, &gzip.finish().unwrap())),
        Answer::Acknowledged { rejected: 3 }
    );
    assert_eq!(answer(&framed(0, b"")), Answer::Acknowledged { rejected: 0 });
    assert!(matches!(answer(b""), Answer::Failed(_)));
    assert!(matches!(answer(&framed(1, b"no gzip")), Answer::Failed(_)));
}

/// Only what OTLP calls retryable is sent again; RESOURCE_EXHAUSTED is when it names a delay.
#[test]
fn refusals() {
    let refused = |code, delay| {
        let details = ErrorDetails::with_retry_info(delay);
        let status = match delay {
            Some(_) => tonic::Status::with_error_details(code, "full", details),
            None => tonic::Status::new(code, "full"),
        };
        match grpc_answer(status.into_http::<()>().headers(), None, b"") {
            Answer::Refused {
                code,
                retryable,
                retry_after,
                ..
            } => (code, retryable, retry_after),
            other => panic!("{other:?}"),
        }
    };
    let delay = Some(Duration::from_millis(1_500));
    assert_eq!(
        refused(tonic::Code::Unavailable, None),
        ("UNAVAILABLE".into(), true, None)
    );
    assert_eq!(
        refused(tonic::Code::ResourceExhausted, delay),
        ("RESOURCE_EXHAUSTED".into(), true, delay)
    );
    assert_eq!(
        refused(tonic::Code::ResourceExhausted, None),
        ("RESOURCE_EXHAUSTED".into(), false, None)
    );
    assert_eq!(
        refused(tonic::Code::InvalidArgument, None),
        ("INVALID_ARGUMENT".into(), false, None)
    );
}

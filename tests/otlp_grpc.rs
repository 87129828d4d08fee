//! The receiver's gRPC port, from outside: every byte and every cut is the client's.

mod support;

use support::gateway::Gateway;
use support::grpc::{EXPORT, Grpc, framed};
use support::otlp;
use tonic::Code;

/// A request is accepted wherever its frame is cut, and arrives as the same bytes.
#[tokio::test]
async fn a_request_may_be_cut_anywhere() {
    let gateway = Gateway::start().await;
    let client = Grpc::connect(gateway.grpc).await;
    let message = otlp::encoded(1);
    let wire = framed(false, &message);
    for cut in 0..=wire.len() {
        let pieces = vec![wire[..cut].to_vec(), wire[cut..].to_vec()];
        let answer = client.call(EXPORT, &[], pieces).await;
        assert_eq!(answer.code(), Code::Ok, "cut at {cut}: {}", answer.message());
        assert_eq!(answer.response(), b"");
    }
    let received = gateway.pipelines.received();
    assert_eq!(received.len(), wire.len() + 1);
    assert!(received.iter().all(|bytes| *bytes == message));
    gateway.end().await;
}

use std::io::Read;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;

use super::*;

fn encoding(spans: usize, grpc: bool, gzip: bool) -> Encoding {
    let shape = Shape {
        spans,
        span_bytes: 500,
        resources: 5,
        first_name: None,
    };
    let poisoned = Shape {
        first_name: Some("poison".into()),
        ..shape.clone()
    };
    Encoding {
        run: Run::new(7),
        ordinary: Arc::new(Template::new(&shape).unwrap()),
        poisoned: Arc::new(Template::new(&poisoned).unwrap()),
        grpc,
        gzip,
    }
}

fn spans(message: &[u8]) -> Vec<Span> {
    let request = ExportTraceServiceRequest::decode(message).unwrap();
    assert_eq!(request.resource_spans.len(), 5);
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

/// A request is OTLP as asked: so many spans of the size, ten attributes, and the run's ids in order.
#[test]
fn requests_have_the_shape() {
    for count in [8, 512, 13] {
        let mut encoder = Encoder::new(encoding(count, false, false));
        let first = 3 * count as u64;
        let spans = spans(&encoder.encode(first, false));
        assert_eq!(spans.len(), count);
        for (n, span) in (first..).zip(&spans) {
            assert_eq!(
                (&span.trace_id[..], &span.span_id[..]),
                (&Run::new(7).trace_id(n)[..], &Run::new(7).span_id(n)[..])
            );
            assert_eq!(span.attributes.len(), 10);
            assert!(
                (495..=510).contains(&span.encoded_len()),
                "{}",
                span.encoded_len()
            );
        }
        // Parents lie in their children's trace.
        for (n, span) in (first..)
            .zip(&spans)
            .filter(|(_, span)| !span.parent_span_id.is_empty())
        {
            assert_eq!(span.parent_span_id, Run::new(7).span_id(n - 1));
            assert_eq!(Run::new(7).trace_id(n), Run::new(7).trace_id(n - 1));
        }
    }
}

/// A body made in the memory of the last one is the same as one made anew.
#[test]
fn reused_memory_does_not_show() {
    let encoding = encoding(8, true, false);
    let mut reusing = Encoder::new(encoding.clone());
    for number in 0..5 {
        let body = reusing.encode(number * 8, false);
        assert!(body == Encoder::new(encoding.clone()).encode(number * 8, false));
        reusing.give_back(body, false);
    }
}

/// A body that is still being sent is never written to.
#[test]
fn shared_memory_is_left_alone() {
    let mut encoder = Encoder::new(encoding(8, true, false));
    let body = encoder.encode(0, false);
    let (held, before) = (body.clone(), body.to_vec());
    encoder.give_back(body, false);
    assert!(encoder.encode(8, false) != held);
    assert!(held == before);
}

/// gRPC's prefix tells the length and whether it is compressed; what is compressed is the same request.
#[test]
fn compression_keeps_the_request() {
    let plain = encoding(512, false, false);
    let mut encoder = Encoder::new(Encoding {
        grpc: true,
        gzip: true,
        ..plain.clone()
    });
    let plain = Encoder::new(plain).encode(512, true);
    for _ in 0..2 {
        let body = encoder.encode(512, true);
        assert_eq!(
            body[..5],
            [&[1][..], &(body.len() as u32 - 5).to_be_bytes()].concat()
        );
        let mut inflated = Vec::new();
        flate2::read::GzDecoder::new(&body[5..])
            .read_to_end(&mut inflated)
            .unwrap();
        assert!(inflated == plain);
    }
    assert_eq!(spans(&plain)[0].name, "poison");
}

/// A run that nothing bounds ends when it is stopped, and stays ended however often it is asked.
#[tokio::test]
async fn an_unbounded_run_can_be_stopped() {
    let pace = Pace::new(pace::UNBOUNDED, None, Duration::ZERO, 1);
    assert_eq!(pace.next().await, Some(0));
    pace.stop();
    for _ in 0..3 {
        assert_eq!(pace.next().await, None);
    }
}

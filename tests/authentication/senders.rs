//! Headers that are a sender's stay on that sender's spans.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message;
use tokio::task::JoinSet;

use super::support::gateway::{Gateway, Options, Verdict, until};
use super::support::http;
use super::support::otlp;
use super::support::spanway::Spanway;
use spanway::receivers::otlp::config::{GrpcConfig, HttpConfig};

/// Requests of each sender.
const EACH: u64 = 30;

/// `a:a` and `b:b`.
const USERS: [(&str, &str); 2] = [("a", "Basic YTph"), ("b", "Basic Yjpi")];

fn body(sender: &str, id: u64) -> Vec<u8> {
    let mut span = otlp::span(id);
    span.name = sender.to_owned();
    otlp::request_of(vec![span]).encode_to_vec()
}

fn text(attribute: &KeyValue) -> &str {
    match attribute.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text,
        other => panic!("{other:?}"),
    }
}

async fn send(gateway: std::net::SocketAddr, sender: usize, id: u64) -> http::Answer {
    let (name, credentials) = USERS[sender];
    let headers = [
        ("content-type", "application/x-protobuf"),
        ("authorization", credentials),
        ("tenant", name),
    ];
    http::send(gateway, "POST", "/v1/traces", &headers, body(name, id)).await
}

/// Guarantees: of a batch that holds spans of two senders each one's leave with that one's headers, taken from the request
/// and from what its authenticator found out, over both protocols; and not one request a span.
#[tokio::test(flavor = "multi_thread")]
async fn headers_stay_with_their_senders() {
    for kind in ["otlp_http", "otlp_grpc"] {
        let destination = Gateway::with(Options {
            grpc: GrpcConfig {
                include_metadata: true,
                ..Options::default().grpc
            },
            http: HttpConfig {
                include_metadata: true,
                ..Options::default().http
            },
            ..Options::default()
        })
        .await;
        destination.pipelines.answer(Verdict::Hang);
        let endpoint = match kind {
            "otlp_http" => format!("http://{}", destination.http),
            _ => destination.grpc.to_string(),
        };
        let gateway = Spanway::start(&format!(
            "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: 127.0.0.1:0}}, http: {{endpoint: 127.0.0.1:0, \
             include_metadata: true, auth: {{authenticator: basicauth}}}}}}}}}}\n\
             extensions:\n  basicauth: {{htpasswd: {{inline: \"a:a\\nb:b\"}}}}\n  \
             headers_setter: {{additional_auth: bearertokenauth, headers: [\
             {{action: insert, key: X-Tenant, from_context: Tenant}}, {{key: X-User, from_attribute: username}}]}}\n  \
             bearertokenauth: {{token: abc}}\n\
             exporters: {{{kind}: {{endpoint: '{endpoint}', tls: {{insecure: true}}, auth: {{authenticator: headers_setter}}, \
             sending_queue: {{num_consumers: 1}}}}}}\n\
             processors:\n  batch: {{timeout: 60s}}\n  \
             attributes: {{actions: [{{action: insert, key: who, from_context: auth.username}}]}}\n  \
             transform: {{trace_statements: ['set(span.attributes[\"user\"], otelcol.client.auth.attributes[\"username\"])']}}\n\
             service: {{ack_timeout: 60s, extensions: [basicauth, headers_setter, bearertokenauth], \
             pipelines: {{traces: {{receivers: [otlp], processors: [attributes, transform, batch], exporters: [{kind}]}}}}}}\n"
        ));
        // While the first is under way, the others gather.
        let mut sending = JoinSet::new();
        sending.spawn(send(gateway.http, 0, 1));
        destination.pipelines.until_arrived(1).await;
        for id in 2..=EACH {
            sending.spawn(send(gateway.http, 0, id));
        }
        for id in 1..=EACH {
            sending.spawn(send(gateway.http, 1, 1000 + id));
        }
        let held = || gateway.scrape().sum("otelcol_receiver_refused_spans", "");
        until(|| {
            gateway
                .scrape()
                .sum("spanway_pipeline_spans", "state=\"handed_over\"")
                == 2 * EACH
                || held() > 0
        })
        .await;
        destination.pipelines.answer(Verdict::Accept(Default::default()));
        while let Some(answer) = sending.join_next().await {
            let answer = answer.unwrap();
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        let arrivals = destination.pipelines.arrivals();
        let mut spans = 0;
        for arrival in &arrivals {
            let request = ExportTraceServiceRequest::decode(arrival.traces.bytes().clone()).unwrap();
            let [tenant] = arrival.client.metadata("x-tenant") else {
                panic!("{:?}", arrival.client);
            };
            assert_eq!(arrival.client.metadata("x-user"), std::slice::from_ref(tenant));
            assert_eq!(arrival.client.metadata("authorization"), ["Bearer abc"]);
            let names = request
                .resource_spans
                .iter()
                .flat_map(|resource| &resource.scope_spans);
            for span in names.flat_map(|scope| &scope.spans) {
                assert_eq!(span.name, *tenant);
                let found: Vec<_> = span
                    .attributes
                    .iter()
                    .map(|found| text(found).to_owned())
                    .collect();
                assert_eq!(found, [tenant.as_str(); 2], "{span:?}");
                spans += 1;
            }
        }
        assert_eq!(spans, 2 * EACH);
        assert!(
            arrivals.len() < 20,
            "{} requests, so that no batch was divided",
            arrivals.len()
        );
    }
}

//! Two projects with the same ids, two keys: whoever asks Mackerel's or Traceloop's API with the key of one never sees a span of the other.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use serde_json::json;
use support::child::wait_until;
use support::query::{Reply, send};
use support::spanway::{Spanway, address};

/// The second at which the spans start.
const START: u64 = 1_763_273_059;

/// A key for each project that sends and reads, and one without a project.
fn yaml(directory: &std::path::Path) -> String {
    let auth = "auth: {authenticator: keys}";
    let key =
        |name| format!("{{name: {name}, secret: {name}, permissions: [ingest, read], project: {name}}}");
    format!(
        "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: 127.0.0.1:0}}, http: {{endpoint: 127.0.0.1:0, {auth}}}}}}}}}\n\
         exporters: {{store: {{directory: '{}'}}}}\n\
         extensions:\n  keys: {{keys: [{}, {}, {{name: both, secret: both, permissions: [read]}}]}}\n\
         \x20 query: {{endpoint: '127.0.0.1:0', {auth}}}\n\
         service: {{extensions: [keys, query], pipelines: {{traces: {{receivers: [otlp], exporters: [store]}}}}}}\n",
        directory.display(),
        key("red"),
        key("blue"),
    )
}

/// A request to a web server and a query to a database; both projects have the ids in common, and not their names.
fn spans(project: &str) -> String {
    let attribute = |key: &str, value: String| json!({"key": key, "value": {"stringValue": value}});
    let span = |id: u64, kind: u64, keys: [&str; 2]| {
        let attributes = keys.map(|key| attribute(key, format!("{project}-{key}")));
        json!({
            "traceId": format!("{:032x}", 1), "spanId": format!("{id:016x}"), "kind": kind,
            "name": format!("{project}-span"), "attributes": attributes,
            "startTimeUnixNano": (START * 1_000_000_000).to_string(),
            "endTimeUnixNano": (START * 1_000_000_000 + 5_000_000).to_string(),
        })
    };
    let spans = [
        span(1, 2, ["http.method", "http.route"]),
        span(2, 3, ["db.statement", "traceloop.workflow.name"]),
    ];
    let resource = json!({ "attributes": [attribute("service.name", "shop".into())] });
    json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}).to_string()
}

/// Guarantees: every endpoint shows a key its own project's spans and none of the other's, and shows all of them to a key
/// without a project; what is asked by a name of the other project is not found.
#[test]
fn a_key_sees_no_foreign_span() {
    let directory = tempfile::tempdir().unwrap();
    let gateway = Spanway::start(&yaml(directory.path()));
    let api = address(&gateway.child, "query APIs are answered", None);
    for project in ["red", "blue"] {
        let bearer = format!("Bearer {project}");
        let headers = [("content-type", "application/json"), ("authorization", &*bearer)];
        let body = spans(project);
        wait_until("the spans are taken", || {
            let reply = send(gateway.http, "POST", "/v1/traces", &headers, body.as_bytes());
            assert!(matches!(reply.status, 200 | 503), "{reply:?}");
            reply.status == 200
        });
    }
    let id = format!("{:032x}", 1);
    let stats = format!("serviceName=shop&from={START}&to={START}");
    let list = json!({"serviceName": "shop", "from": START, "to": START}).to_string();
    let endpoints = [
        ("POST", "/api/v0/traces".to_owned(), &*list),
        ("GET", format!("/api/v0/traces/{id}"), ""),
        ("GET", format!("/api/v0/apm/http-server-stats?{stats}"), ""),
        ("GET", format!("/api/v0/apm/db-query-stats?{stats}"), ""),
        ("GET", "/v2/warehouse/spans".into(), ""),
        ("GET", "/api/v2/warehouse/spans?envProjectIDs=red,blue".into(), ""),
        ("POST", "/v2/projects/red/spans".into(), "{}"),
        ("POST", "/v2/projects/blue/traces/root-spans".into(), "{}"),
        ("GET", format!("/v2/projects/red/traces/{id}/spans"), ""),
        ("GET", "/v2/projects/blue/spans/workflow-names".into(), ""),
    ];
    let ask = |key: &str, (method, path, body): &(&str, String, &str)| -> Reply {
        let bearer = format!("Bearer {key}");
        let headers = [("x-api-key", key), ("authorization", &*bearer)];
        let reply = send(api, method, path, &headers, body.as_bytes());
        assert_eq!(reply.status, 200, "{method} {path}: {reply:?}");
        reply
    };
    for endpoint in &endpoints {
        for (key, foreign) in [("red", "blue"), ("blue", "red")] {
            let body = ask(key, endpoint).body;
            assert!(body.contains(key), "{key} {endpoint:?}: {body}");
            assert!(!body.contains(foreign), "{key} {endpoint:?}: {body}");
        }
        // A list of traces has one row for the trace that both projects have.
        let all = ask("both", endpoint).body;
        assert!(all.contains("red"), "{endpoint:?}: {all}");
        assert!(
            all.contains("blue") || endpoint.1 == "/api/v0/traces",
            "{endpoint:?}: {all}"
        );
    }
    let foreign = ("GET", "/v2/warehouse/spans?span_name=blue-span".to_owned(), "");
    assert_eq!(ask("red", &foreign).json()["spans"]["total_results"], 0);
    assert_eq!(ask("blue", &foreign).json()["spans"]["total_results"], 2);
    let roots = ask("red", &endpoints[7]).json();
    assert_eq!(
        roots["root_spans"]["data"][0]["span_count"], 2,
        "the trace is counted in the project alone"
    );
}

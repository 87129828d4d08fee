//! Keys as users meet them: who is let in and who is not, what a key's project means, and what `validate` says.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

use tonic::Code;

use support::child::{Child, PATIENCE, spanway};
use support::grpc::{EXPORT, Grpc, framed};
use support::http::{self, Answer};
use support::otlp;
use support::spanway::Spanway;

/// SHA-256 of `reading`.
const READING: &str = "d70afca615203838da3d858e60dda12f900e83e4a6fb03a63cfadb8576ca8985";

/// Both protocols ask for the keys of this extension.
const RECEIVER: &str = "receivers: {otlp: {protocols: {\
    grpc: {endpoint: 127.0.0.1:0, auth: {authenticator: keys/ours}}, \
    http: {endpoint: 127.0.0.1:0, auth: {authenticator: keys/ours}, include_metadata: true}}}}\n";

const FORMS: [(&str, &str); 6] = [
    ("authorization", "Bearer sending"),
    ("authorization", "bEARER  sending"),
    ("mackerel-api-key", "sending"),
    ("x-mackerel-client-token", "sending"),
    ("api_key", "sending"),
    ("x-api-key", "sending"),
];

/// A key that sends for the project `shop` (from a file), one that reads, and one for everything.
fn extensions(directory: &Path) -> String {
    let file = directory.join("secret");
    std::fs::write(&file, "sending\n").unwrap();
    format!(
        "extensions:\n  keys/ours:\n    keys:\n\
         \x20   - {{name: shop, secret_file: '{}', permissions: [ingest], project: shop}}\n\
         \x20   - {{name: reader, secret_sha256: {READING}, permissions: [read]}}\n\
         \x20   - {{name: all, secret: all-of-it, permissions: [admin]}}\n",
        file.display()
    )
}

fn service(exporter: &str) -> String {
    format!(
        "service: {{extensions: [keys/ours], pipelines: {{traces: {{receivers: [otlp], exporters: [{exporter}]}}}}}}\n"
    )
}

fn start(directory: &Path) -> Spanway {
    let extensions = extensions(directory);
    Spanway::start(&format!(
        "{RECEIVER}{extensions}exporters: {{nop: }}\n{}",
        service("nop")
    ))
}

async fn post(address: SocketAddr, path: &str, kind: &str, headers: &[(&str, &str)]) -> Answer {
    let headers: Vec<_> = [("content-type", kind)].iter().chain(headers).copied().collect();
    let body = match kind {
        "application/json" => b"{}".to_vec(),
        _ => otlp::encoded(1),
    };
    http::send(address, "POST", path, &headers, body).await
}

/// Guarantees: each form of a key is taken on HTTP and gRPC; the reasons of refusals are counted, and no log line shows
/// a secret.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_let_in() {
    const PROTOBUF: &str = "application/x-protobuf";
    let directory = tempfile::tempdir().unwrap();
    let gateway = start(directory.path());
    let grpc = Grpc::connect(gateway.grpc).await;
    let call = async |metadata: &[(&str, &str)]| {
        let pieces = vec![framed(false, &otlp::encoded(1))];
        grpc.call(EXPORT, metadata, pieces).await
    };
    for form in FORMS {
        let answer = post(gateway.http, "/v1/traces", PROTOBUF, &[form]).await;
        assert_eq!(answer.status, 200, "{form:?}: {answer:?}");
        assert_eq!(call(&[form]).await.code(), Code::Ok, "{form:?}");
    }
    let answer = post(gateway.http, "/v1/traces?a=b&token=all%2Dof-it", PROTOBUF, &[]).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    let missing = "a key is needed";
    for (headers, status, code, words) in [
        (&[][..], 401, Code::Unauthenticated, missing),
        (
            &[("authorization", "Basic sending")],
            401,
            Code::Unauthenticated,
            missing,
        ),
        (
            &[("authorization", "Bearer ")],
            401,
            Code::Unauthenticated,
            missing,
        ),
        (
            &[("authorization", "Bearer unheard-of")],
            401,
            Code::Unauthenticated,
            "not known",
        ),
        (
            &[("x-api-key", "reading")],
            403,
            Code::PermissionDenied,
            "`reader` has no permission `ingest`",
        ),
    ] {
        for kind in [PROTOBUF, "application/json"] {
            let answer = post(gateway.http, "/v1/traces", kind, headers).await;
            assert_eq!(answer.status, status, "{answer:?}");
            let challenge = answer.headers.get("www-authenticate");
            assert_eq!(challenge.is_some(), status == 401, "{answer:?}");
            let (number, message) = answer.error();
            assert_eq!(Code::from(number), code);
            assert!(message.contains(words), "{message}");
        }
        let answer = call(headers).await;
        assert_eq!(answer.code(), code);
        assert!(answer.message().contains(words), "{}", answer.message());
    }
    let scrape = gateway.scrape();
    let refused = |transport: &str, reason: &str| {
        let labels = format!("transport=\"{transport}\",reason=\"{reason}\"");
        scrape.sum("spanway_receiver_refused_requests", &labels)
    };
    assert_eq!(refused("http", "unauthenticated"), 8);
    assert_eq!(refused("grpc", "unauthenticated"), 4);
    assert_eq!(refused("http", "permission_denied"), 2);
    assert_eq!(refused("grpc", "permission_denied"), 1);
    gateway.child.stderr.wait_for("the refusal of `reader`", |line| {
        line.contains("`reader` has no permission `ingest`").then_some(())
    });
    let log = gateway.child.stderr.all().join("\n");
    for secret in ["sending", "unheard-of", "all-of-it", READING] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

/// Guarantees: a request without a key is refused by its head: the answer is there while the client has sent nothing more.
#[test]
fn the_body_is_not_awaited() {
    let directory = tempfile::tempdir().unwrap();
    let gateway = start(directory.path());
    let mut stream = TcpStream::connect(gateway.http).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head = "POST /v1/traces HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1000000\r\n\
                content-type: application/x-protobuf\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 401");
}

/// Guarantees: spans go to the project of the key that sends them, whatever header or resource say; a key without one leaves
/// the choice to its user.
#[cfg(feature = "store")]
#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_its_project() {
    use spanway::query::model::TraceId;
    use support::child::wait_until;
    use support::store::Asked;

    let directory = tempfile::tempdir().unwrap();
    let spans = directory.path().join("spans");
    let yaml = format!(
        "{RECEIVER}{}exporters: {{store: {{directory: '{}'}}}}\n{}",
        extensions(directory.path()),
        spans.display(),
        service("store")
    );
    let gateway = Spanway::start(&yaml);
    let asked = Asked(&spans);
    wait_until("the store is ready", || asked.spans() == 0);
    for (id, key, expected) in [(1, "sending", "shop"), (2, "all-of-it", "other")] {
        let headers = [
            ("content-type", "application/x-protobuf"),
            ("x-project-name", "other"),
            ("x-api-key", key),
        ];
        let span = otlp::span(id);
        let trace = TraceId(span.trace_id.clone().try_into().unwrap());
        let body = prost::Message::encode_to_vec(&otlp::request_of(vec![span]));
        let answer = http::send(gateway.http, "POST", "/v1/traces", &headers, body).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(&*asked.trace(trace)[0].project, expected);
    }
}

/// What `command` prints about a configuration, and whether it succeeds.
fn say(command: &str, yaml: &str) -> (bool, String) {
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), yaml).unwrap();
    let output = spanway([command, "--config", file.path().to_str().unwrap()])
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

/// Guarantees: secrets are shown by no command, and not by what is wrong with them.
#[test]
fn secrets_are_redacted() {
    let directory = tempfile::tempdir().unwrap();
    let extensions = extensions(directory.path());
    let yaml = format!("{RECEIVER}{extensions}exporters: {{nop: }}\n{}", service("nop"));
    let (sound, shown) = say("print-config", &yaml);
    assert!(sound && shown.contains("[REDACTED]"), "{shown}");
    let (sound, said) = say("validate", &yaml.replace("[admin]", "[root]"));
    assert!(!sound && said.contains("keys.2.permissions.0"), "{said}");
    for text in [shown, said] {
        assert!(!text.contains("all-of-it") && !text.contains(READING), "{text}");
    }
}

/// Guarantees: a file without a secret stops the start, and is named.
#[test]
fn a_missing_file_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let extensions = extensions(directory.path());
    std::fs::remove_file(directory.path().join("secret")).unwrap();
    let yaml = format!("{RECEIVER}{extensions}exporters: {{nop: }}\n{}", service("nop"));
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), yaml).unwrap();
    let arguments = ["--config", file.path().to_str().unwrap()];
    let mut child = Child::start("the gateway", spanway(arguments));
    assert_eq!(child.ended_within(PATIENCE).code(), Some(1));
    let said = child.stderr.to_end();
    assert!(
        said.contains("keys.0.secret_file") && said.contains("/secret` cannot be read"),
        "{said}"
    );
}

/// Guarantees: a name that leads to no running extension with keys is an error at its place, with a way out; keys that nobody
/// asks for are a warning.
#[test]
fn names_lead_to_keys() {
    let directory = tempfile::tempdir().unwrap();
    let extensions = extensions(directory.path());
    let yaml = format!(
        "{RECEIVER}{extensions}  health_check:\nexporters: {{nop: }}\n{}",
        service("nop")
    );
    let (sound, said) = say("validate", &yaml);
    assert!(sound && !said.contains("warning"), "{said}");
    let wrong = |from: &str, to: &str| {
        let (sound, said) = say("validate", &yaml.replace(from, to));
        assert!(!sound, "{to}: {said}");
        said
    };
    let said = wrong(
        "127.0.0.1:0, auth: {authenticator: keys/ours}}, ",
        "127.0.0.1:0, auth: {authenticator: keys/hours}}, ",
    );
    for words in [
        "`protocols.grpc.auth.authenticator` names the extension `keys/hours`, which is not defined",
        "did you mean `keys/ours`?",
        ".yaml:1:",
    ] {
        assert!(said.contains(words), "{said}");
    }
    let said = wrong("authenticator: keys/ours", "authenticator: health_check");
    assert!(said.contains("which is not an authenticator"), "{said}");
    let said = wrong("extensions: [keys/ours]", "extensions: [health_check]");
    assert!(said.contains("add `keys/ours` to `service.extensions`"), "{said}");
    let (sound, said) = say(
        "validate",
        &yaml.replace(", auth: {authenticator: keys/ours}", ""),
    );
    assert!(
        sound && said.contains("the authenticator `keys/ours` runs, and nothing names it"),
        "{said}"
    );
}

/// Guarantees: where other machines can call and nobody asks them for a key, `validate` warns, and so does the start.
#[test]
fn open_doors_are_warned_of() {
    let yaml = |grpc: &str, http: &str, extensions: &str| {
        format!(
            "receivers: {{otlp: {{protocols: {{grpc: {{endpoint: '{grpc}'}}, http: {{endpoint: '{http}'}}}}}}}}\n\
             extensions: {{{extensions}}}\nexporters: {{nop: }}\n\
             service: {{pipelines: {{traces: {{receivers: [otlp], exporters: [nop]}}}}}}\n"
        )
    };
    for endpoint in ["0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "gateway:0"] {
        let (sound, said) = say("validate", &yaml(endpoint, endpoint, ""));
        assert!(sound, "{said}");
        for protocol in ["grpc", "http"] {
            let words =
                format!("`protocols.{protocol}.endpoint` is `{endpoint}`, where other machines can send");
            assert!(said.contains(&words), "{said}");
        }
    }
    let (sound, said) = say("validate", &yaml("localhost:0", "[::1]:0", ""));
    assert!(sound && !said.contains("other machines"), "{said}");
    if cfg!(feature = "store") {
        let (sound, said) = say(
            "validate",
            &yaml("localhost:0", "localhost:0", "query: {endpoint: ':4319'}"),
        );
        assert!(
            sound && said.contains("other machines can read and delete spans"),
            "{said}"
        );
    }
    let gateway = Spanway::start(&yaml("0.0.0.0:0", "127.0.0.1:0", ""));
    let log = gateway.child.stderr.all().join("\n");
    assert!(log.contains("other machines can send spans"), "{log}");
    assert!(
        log.lines()
            .any(|line| line.contains("WARN") && line.contains("other machines")),
        "{log}"
    );
}

/// Guarantees: the query APIs find their keys wherever these stand among the extensions; what is no product's stays open.
#[cfg(feature = "store")]
#[test]
fn the_query_apis_find_their_keys() {
    use support::query::{Asked, plan};

    let directory = tempfile::tempdir().unwrap();
    let keys = "{keys: [{name: reader, secret: reading, permissions: [read]}]}";
    let plan = plan(directory.path(), "auth: {authenticator: keys}").extension("keys", keys);
    let asked = Asked::on(&plan, directory);
    assert_eq!(asked.get("/openapi.json").status, 200);
}

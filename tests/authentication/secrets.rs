//! Secrets are shown nowhere.

use super::support::http;
use super::support::otlp;
use super::support::spanway::{RECEIVER, Spanway};
use super::{post, say};

/// Guarantees: no secret, token or password is in what commands print, in errors, in the log at its most talkative, in
/// metrics or on pages, whether credentials are right or wrong.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_shown_nowhere() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let (tokens, password) = (
        file("tokens", "hush-token\n"),
        file("password", "hush-password\n"),
    );
    // Each exporter sends where nobody listens.
    let exporters = [
        ("bearertokenauth", "otlp_http"),
        ("basicauth/client", "otlp_http"),
        ("oauth2client", "otlp_http"),
        ("headers_setter", "otlp_http"),
    ];
    let exporter = |(id, kind): &(&str, &str)| {
        let name = id.replace('/', "-");
        format!(
            "  {kind}/{name}: {{endpoint: 'http://127.0.0.1:1', auth: {{authenticator: {id}}}, timeout: 1s}}\n"
        )
    };
    let names: Vec<String> = exporters
        .iter()
        .map(|(id, kind)| format!("{kind}/{}", id.replace('/', "-")))
        .collect();
    let asks = |id: &str| format!("endpoint: 127.0.0.1:0, auth: {{authenticator: {id}}}");
    let receiver = RECEIVER
        .replacen("endpoint: 127.0.0.1:0", &asks("keys"), 1)
        .replacen(
            "endpoint: 127.0.0.1:0}}",
            &(asks("basicauth/server") + ", include_metadata: true}}"),
            1,
        );
    let yaml = format!(
        "{receiver}extensions:\n  \
         keys: {{keys: [{{name: a, secret: hush-key, permissions: [ingest], quota: {{requests_per_second: 1, burst: 1s}}}}]}}\n  \
         bearertokenauth: {{filename: '{tokens}', token: hush-unused}}\n  \
         basicauth/server: {{htpasswd: {{inline: 'one:hush-inline'}}}}\n  \
         basicauth/client: {{client_auth: {{username: one, password_file: '{password}'}}}}\n  \
         oauth2client: {{client_id: a, client_secret: hush-client, token_url: 'http://127.0.0.1:1/t', \
         endpoint_params: {{x: hush-param}}}}\n  \
         headers_setter: {{headers: [{{key: x, value: hush-value}}, {{key: y, from_context: z, default_value: hush-default}}, \
         {{key: w, from_attribute: raw}}]}}\n\
         exporters:\n{}service:\n  extensions: [keys, bearertokenauth, basicauth/server, basicauth/client, oauth2client, headers_setter]\n  \
         telemetry: {{logs: {{level: debug}}}}\n  pipelines: {{traces: {{receivers: [otlp], exporters: [{}]}}}}\n",
        exporters.iter().map(exporter).collect::<String>(),
        names.join(", ")
    );
    let (sound, printed) = say("print-config", &yaml);
    assert!(sound && printed.contains("[REDACTED]"), "{printed}");
    let mut shown = vec![printed];
    let (sound, said) = say("validate", &yaml);
    assert!(sound, "{said}");
    shown.push(said);
    for (from, to) in [
        ("secret: hush-key", "secret: 'hush key'"),
        ("filename:", "filenam:"),
        ("htpasswd: {inline: '", "htpasswd: {inline: 'hush\\n"),
        ("client_auth: {", "client_auth: {other: x, "),
        (
            "key: x, value: hush-value",
            "key: x, from_context: a, value: hush-value",
        ),
    ] {
        shown.push(say("validate", &yaml.replace(from, to)).1);
    }

    let gateway = Spanway::start(&yaml);
    // `one:hush-inline`, `one:hush-wrong`
    for credentials in [
        "Basic b25lOmh1c2gtaW5saW5l",
        "Basic b25lOmh1c2gtd3Jvbmc=",
        "Bearer hush-bearer",
    ] {
        let sending = post(
            gateway.http,
            "/v1/traces",
            ("authorization", credentials),
            otlp::encoded(1),
        );
        if let Ok(answer) = tokio::time::timeout(std::time::Duration::from_secs(3), sending).await {
            shown.push(String::from_utf8_lossy(&answer.body).into_owned() + &format!("{:?}", answer.headers));
        }
    }
    let metrics = http::send(gateway.metrics, "GET", "/metrics", &[], Vec::new()).await;
    shown.push(String::from_utf8(metrics.body.to_vec()).unwrap());
    shown.push(gateway.child.stderr.all().join("\n"));
    for text in shown {
        for secret in ["hush-", "b25lOmh1c2g", "hush key"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

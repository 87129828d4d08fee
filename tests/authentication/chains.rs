//! Gateways that authenticate to each other, and credentials that change meanwhile.

use std::path::Path;
use std::time::Duration;

use super::support::load::Load;
use super::support::sink::Sink;
use super::support::spanway::{Plan, Spanway};

/// A gateway that asks for credentials on both protocols and sends on to the sink.
fn asking(extension: &str, settings: &str, sink: &Sink) -> Spanway {
    let yaml = Plan::default()
        .extension(extension, settings)
        .exporter("otlp_grpc", &sink.exporter("otlp_grpc", ""))
        .yaml();
    let asks = format!("{{endpoint: 127.0.0.1:0, auth: {{authenticator: {extension}}}}}");
    Spanway::start(&yaml.replace("{endpoint: 127.0.0.1:0}", &asks))
}

/// A gateway that sends on to another with credentials.
fn showing(extension: &str, settings: &str, kind: &str, to: &Spanway) -> Spanway {
    let endpoint = match kind {
        "otlp_http" => format!("http://{}", to.http),
        _ => to.grpc.to_string(),
    };
    let exporter = format!(
        "{{endpoint: '{endpoint}', tls: {{insecure: true}}, compression: none, auth: {{authenticator: {extension}}}, \
         retry_on_failure: {{initial_interval: 50ms, max_interval: 500ms}}}}"
    );
    Plan::default()
        .extension(extension, settings)
        .exporter(kind, &exporter)
        .start()
}

/// Puts new content in place of a file at once, as a person should and Kubernetes does.
fn replace(path: &Path, content: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, content).unwrap();
    std::fs::rename(&new, path).unwrap();
}

/// Guarantees: a token that is replaced under load, on both sides at once, costs no span and no pause.
#[test]
fn tokens_are_rotated_under_load() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    std::fs::write(&path, "token-0\n").unwrap();
    let settings = format!("{{filename: '{}'}}", path.display());
    let sink = Sink::start(&[]);
    let second = asking("bearertokenauth", &settings, &sink);
    for kind in ["otlp_grpc", "otlp_http"] {
        let first = showing("bearertokenauth", &settings, kind, &second);
        let load = Load::start(first.grpc, "--rate 2000 --duration 4s");
        for turn in 1..=6 {
            std::thread::sleep(Duration::from_millis(500));
            replace(&path, &format!("token-{kind}-{turn}\n"));
        }
        let report = load.report();
        assert_eq!(report.requests_given_up, 0, "{report:?}");
        assert!(report.requests_acknowledged > 0, "{report:?}");
        let missing = sink.missing(&report);
        assert_eq!(missing.missing, 0, "{missing:?}");
        // Both sides look for what is new before anybody pauses for half a minute.
        let failing = first.scrape().sum("otelcol_exporter_send_failed_spans", "");
        println!("{kind}: {failing} spans were sent again");
        assert!(report.elapsed_seconds < 15.0, "{report:?}");
    }
}

/// Guarantees: a name and a password let one gateway in at another, on either protocol; a wrong password is the destination's
/// refusal, of which clients learn.
#[test]
fn names_and_passwords() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("password");
    std::fs::write(&path, "U*U\n").unwrap();
    let users = "one:$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    let sink = Sink::start(&[]);
    let second = asking(
        "basicauth",
        &format!("{{htpasswd: {{inline: '{users}'}}}}"),
        &sink,
    );
    let shown = format!(
        "{{client_auth: {{username: one, password_file: '{}'}}}}",
        path.display()
    );
    for kind in ["otlp_grpc", "otlp_http"] {
        let first = showing("basicauth/client", &shown, kind, &second);
        let report = Load::run(first.grpc, "--spans 5120");
        assert_eq!(
            (report.spans_acknowledged, report.requests_given_up),
            (5120, 0),
            "{report:?}"
        );
        assert_eq!(sink.missing(&report).missing, 0);
    }
    let wrong = "{client_auth: {username: one, password: wrong}}";
    let first = showing("basicauth/client", wrong, "otlp_grpc", &second);
    let report = Load::run(first.grpc, "--spans 512 --retry-for 0s --timeout 2s");
    assert_eq!(report.requests_acknowledged, 0, "{report:?}");
    assert!(
        second
            .scrape()
            .sum("spanway_receiver_refused_requests", "reason=\"unauthenticated\"")
            > 0
    );
}

//! The document and what holds its parts together.

use super::super::diagnostic::{Diagnostics, Severity, nearest};
use super::super::document::Config;
use super::super::id::{ComponentId, PipelineId, Signal};
use super::super::load::BUILT_IN;
use super::super::read_error::conceal;
use super::super::wiring;
use super::{around, catalog, load_all};

fn config(text: &str, traces_only: bool) -> (Config, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let root = load_all(&[text], &[], &mut diagnostics).unwrap();
    let config = Config::read(root, traces_only, &mut diagnostics);
    (config, diagnostics)
}

#[test]
fn names_are_type_and_name() {
    // What parses shows itself again, trimmed; what does not says why.
    for (text, shown) in [
        ("otlp", "otlp"),
        ("otlp/a-b.c", "otlp/a-b.c"),
        (" otlp / x ", "otlp/x"),
        ("a/é/b", "a/é/b"),
    ] {
        assert_eq!(
            text.parse::<ComponentId>().map(|id| id.to_string()),
            Ok(shown.into())
        );
    }
    let long = format!("a{}", "b".repeat(63));
    for text in [
        "",
        "/x",
        "1a",
        "a-b",
        "otlp/",
        "otlp/a b",
        "otlp/$x",
        long.as_str(),
    ] {
        assert!(text.parse::<ComponentId>().is_err(), "{text}");
    }
    let id: PipelineId = "traces/x".parse().unwrap();
    assert_eq!((id.signal, id.to_string()), (Signal::Traces, "traces/x".into()));
    assert!("spans".parse::<PipelineId>().is_err());
}

#[test]
fn the_built_in_configuration_is_sound() {
    // It is what runs without any argument; its components are those of the build.
    let (config, diagnostics) = config(BUILT_IN, false);
    assert_eq!(diagnostics.render(), "");
    let ids: Vec<String> = config
        .receivers
        .keys()
        .chain(config.exporters.keys())
        .map(ToString::to_string)
        .collect();
    let exporter = if cfg!(feature = "store") { "store" } else { "debug" };
    assert_eq!(ids, ["otlp", exporter]);
    assert_eq!(
        config.service.telemetry.metrics.listen_on(),
        [("localhost".to_owned(), 8888)]
    );
}

#[test]
fn traces_only_cuts_what_only_the_rest_uses() {
    // Components of other signals go, and so does the end of a connector that leads there; what is shared stays.
    let text = "
receivers: {fake: , prometheus: }
exporters: {fake: , loki: }
connectors: {fake/metrics: }
service:
  pipelines:
    traces: {receivers: [fake], exporters: [fake, fake/metrics]}
    metrics: {receivers: [prometheus, fake/metrics], exporters: [fake]}
    logs: {receivers: [fake], exporters: [loki]}
";
    let (left, mut diagnostics) = config(text, true);
    wiring::check(&left, &catalog(), &mut diagnostics);
    assert!(!diagnostics.has_errors(), "{}", diagnostics.render());
    let ids: Vec<String> = left
        .receivers
        .keys()
        .chain(left.exporters.keys())
        .map(ToString::to_string)
        .collect();
    assert_eq!(ids, ["fake", "fake"]);
    assert!(left.connectors.is_empty());
    let pipelines: Vec<String> = left.service.pipelines.keys().map(ToString::to_string).collect();
    assert_eq!(pipelines, ["traces"]);
    let note = diagnostics
        .iter()
        .find(|found| found.severity == Severity::Note)
        .unwrap();
    assert_eq!(
        note.to_string(),
        "left out, because they carry no traces: `metrics`, `logs` (--config yaml:8:5)"
    );
}

#[test]
fn a_warning_names_its_key_and_stops_nothing() {
    // A value that may lose spans is honoured, and said.
    let (config, mut diagnostics) = config(&around("queue: {wait: false}"), false);
    wiring::check(&config, &catalog(), &mut diagnostics);
    assert!(!diagnostics.has_errors());
    let warning = diagnostics
        .iter()
        .find(|found| found.severity == Severity::Warning)
        .unwrap();
    assert_eq!(
        warning.to_string(),
        "`queue.wait` is false: what was acknowledged may be lost (exporters.fake at --config yaml:5:19)"
    );
}

#[test]
fn metrics_are_offered_where_the_settings_say() {
    // The default, the old key, readers, none at all.
    for (metrics, expected) in [
        ("{level: none}", vec![]),
        ("{address: ':9999'}", vec![("0.0.0.0", 9999)]),
        ("{address: '[::1]:1'}", vec![("::1", 1)]),
        ("{readers: []}", vec![]),
        (
            "{readers: [{pull: {exporter: {prometheus: {host: 0.0.0.0}}}}]}",
            vec![("0.0.0.0", 8888)],
        ),
    ] {
        let text = around("workers: 1") + "  telemetry:\n    metrics: " + metrics;
        let (config, diagnostics) = config(&text, false);
        assert!(!diagnostics.has_errors(), "{}", diagnostics.render());
        // Where other machines could fetch them, that is said.
        let is_open = expected.iter().any(|(host, _)| *host == "0.0.0.0");
        assert_eq!(diagnostics.render().contains("other machines"), is_open);
        let expected: Vec<(String, u16)> = expected
            .into_iter()
            .map(|(host, port)| (host.to_owned(), port))
            .collect();
        assert_eq!(
            config.service.telemetry.metrics.listen_on(),
            expected,
            "{metrics}"
        );
    }
}

#[test]
fn a_hidden_text_leaves_no_piece_in_a_message() {
    // The whole of it, and quoted pieces of it.
    let hidden = ["user:s3cr3t"];
    assert_eq!(
        conceal("`user:s3cr3t` has the port `s3cr3t`", &hidden),
        "`(value not shown)` has the port `(value not shown)`"
    );
    assert_eq!(
        conceal("no host in user:s3cr3t; `` is empty", &hidden),
        "no host in (value not shown); `` is empty"
    );
}

#[test]
fn only_near_names_are_suggested() {
    // A suggestion that is far off would only confuse.
    assert_eq!(nearest("endpont", ["endpoint", "timeout"]), Some("endpoint"));
    assert_eq!(
        nearest("recievers", ["receivers", "exporters"]),
        Some("receivers")
    );
    assert_eq!(nearest("zzz", ["endpoint", "timeout"]), None);
}

#[test]
fn a_long_line_is_shown_in_part() {
    // A document on a single line stays readable, and the caret below its place.
    let keys: Vec<String> = (0..200).map(|number| format!("fake/{number}: {{}}")).collect();
    let text = format!(
        "{{exporters: {{{}, fake/x: {{nope: 1}}, {}}}}}",
        keys.join(", "),
        "'1': {}"
    );
    let (config, mut diagnostics) = config(&text, false);
    wiring::check(&config, &catalog(), &mut diagnostics);
    let shown = diagnostics.render();
    assert!(shown.contains("unknown key `nope`"), "{shown}");
    let lines: Vec<&str> = shown.lines().collect();
    let at = lines.iter().position(|line| line.contains("nope: 1")).unwrap();
    let caret = lines[at + 1].find('^').unwrap();
    assert!(
        lines[at].len() < 200 && lines[at][caret..].starts_with("nope"),
        "{shown}"
    );
}

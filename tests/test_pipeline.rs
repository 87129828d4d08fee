//! `spanway test-pipeline` as a user's CI runs it: exit codes, files, standard input, and what it says.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;

use support::child::spanway;

/// A folder with files to test with.
struct Place {
    folder: tempfile::TempDir,
}

/// What the command said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

const CONFIG: &str = "
receivers: {nop: }
processors: {batch: }
exporters: {nop: }
service:
  pipelines:
    traces: {receivers: [nop], processors: [batch], exporters: [nop]}
";

const OTHER_PIPELINE: &str = "    traces/other: {receivers: [nop], exporters: [nop]}\n";

/// A request of one span.
fn request(id: u8, name: &str) -> String {
    format!(
        r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{id:032x}","spanId":"{id:016x}","name":"{name}","attributes":[{{"key":"a","value":{{"intValue":"1"}}}}]}}]}}]}}]}}"#
    )
}

// === impl Place ===

impl Place {
    /// With this configuration, and an input of one span.
    fn new(config: &str) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        place.write("config.yaml", config);
        place.write("spans.json", &request(1, "buy"));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.path(name), content).unwrap();
    }

    /// Runs the command in the folder on the configuration, with these arguments, and this on standard input.
    fn run_on(&self, stdin: &[u8], arguments: &[&str]) -> Said {
        let mut command = spanway(["test-pipeline", "--config", "config.yaml"]);
        command.args(arguments).current_dir(self.folder.path());
        let (stdin_of, stdout, stderr) = (Stdio::piped(), Stdio::piped(), Stdio::piped());
        let mut child = command
            .stdin(stdin_of)
            .stdout(stdout)
            .stderr(stderr)
            .spawn()
            .unwrap();
        // Who takes no input may be gone already.
        drop(child.stdin.take().unwrap().write_all(stdin));
        Said::from(child.wait_with_output().unwrap())
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.run_on(b"", arguments)
    }
}

// === impl Said ===

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Said {
    /// It failed, with this message first.
    fn failed(&self, message: &str) {
        assert_eq!(self.code, Some(1), "{self:?}");
        assert!(
            self.stderr.starts_with(&format!("error: {message}")),
            "{}",
            self.stderr
        );
    }
}

/// Guarantees: what a run wrote is what the next one expects, with order; another expectation fails with the difference.
#[test]
fn an_output_is_expected_until_it_changes() {
    let place = Place::new(CONFIG);
    let wrote = place.run(&["--input", "spans.json", "--output", "out.json"]);
    assert_eq!(wrote.code, Some(0), "{wrote:?}");
    assert!(
        wrote.stdout.contains("1. batch\n   does not look into spans\n"),
        "{wrote:?}"
    );
    let met = place.run(&["--input", "spans.json", "--expect", "out.json", "--exact"]);
    assert_eq!(met.code, Some(0), "{met:?}");
    assert!(met.stdout.ends_with("\nas expected by out.json\n"), "{met:?}");
    place.write("other.json", &request(1, "sell"));
    let unmet = place.run(&["--input", "spans.json", "--expect", "other.json"]);
    unmet.failed(
        "what comes out is not what other.json expects: 1 different\n   different     \"sell\" 0000000000000001\n      \
         ~ name: expected \"sell\", it is \"buy\"\n",
    );
    assert!(
        unmet.stdout.contains("pipeline traces: 1 span in 1 request\n"),
        "{unmet:?}"
    );
}

/// Guarantees: with `--format json` standard output is one document, also when the expectation is not met.
#[test]
fn json_is_one_document() {
    let place = Place::new(CONFIG);
    place.write("other.json", "{}");
    let said = place.run(&[
        "--input",
        "spans.json",
        "--expect",
        "other.json",
        "--format",
        "json",
    ]);
    assert_eq!(said.code, Some(1), "{said:?}");
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(report["expectation"]["is_met"], false);
    assert_eq!(
        report["expectation"]["differences"][0]["difference"],
        "unexpected"
    );
    assert_eq!(
        report["expectation"]["differences"][0]["span_id"],
        "0000000000000001"
    );
}

/// Guarantees: standard input and JSON lines are taken, each line a request of its own.
#[test]
fn several_requests_are_taken() {
    let place = Place::new(CONFIG);
    let lines = format!("{}\n{}\n", request(1, "buy"), request(2, "sell"));
    let said = place.run_on(lines.as_bytes(), &["--input", "-", "--output", "out.json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.stdout
            .starts_with("pipeline traces: 2 spans in 2 requests\n"),
        "{said:?}"
    );
    place.write("lines.json", &lines);
    let again = place.run(&["--input", "lines.json", "--expect", "out.json", "--exact"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    // One request of both has the same spans, and not the same order of requests.
    let both = lines.replace("]}\n{\"resourceSpans\":[", ",");
    assert_eq!(both.lines().count(), 1);
    place.write("both.json", &both);
    assert_eq!(
        place.run(&["--input", "both.json", "--expect", "out.json"]).code,
        Some(0)
    );
    assert_eq!(
        place
            .run(&["--input", "both.json", "--expect", "out.json", "--exact"])
            .code,
        Some(1)
    );
}

/// Guarantees: what is wrong with the input is named with its file, and shows nothing.
#[test]
fn wrong_input_fails() {
    let place = Place::new(CONFIG);
    place.write("bad.json", &request(1, "buy").replace("\"1\"", "\"one\""));
    let said = place.run(&["--input", "bad.json"]);
    said.failed("bad.json: malformed OTLP/JSON: resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value.intValue: ");
    assert!(
        said.stderr.contains("\"one\" is not a whole number of 64 bits"),
        "{said:?}"
    );
    assert_eq!(said.stdout, "");
    place
        .run(&["--input", "nothing.json"])
        .failed("nothing.json: cannot be read: ");
    let said = place.run_on(b"[]", &["--input", "-"]);
    said.failed("standard input: malformed OTLP/JSON: ");
    let said = place.run(&["--input", "spans.json", "--expect", "nothing.json"]);
    said.failed("nothing.json: cannot be read: ");
}

/// Guarantees: a configuration that cannot run is told as `validate` tells it, and with the same exit code.
#[test]
fn a_wrong_configuration_is_told_as_by_validate() {
    let place = Place::new(&CONFIG.replace("{batch: }", "{batch: {send_batch_sise: 5}}"));
    let said = place.run(&["--input", "spans.json"]);
    let validated = spanway(["validate", "--config", "config.yaml"])
        .current_dir(place.folder.path())
        .output()
        .map(Said::from)
        .unwrap();
    assert_eq!(said.code, Some(1), "{said:?}");
    assert_eq!((said.code, &said.stderr), (validated.code, &validated.stderr));
    assert!(said.stderr.contains("send_batch_sise"), "{said:?}");
    let missing = spanway(["test-pipeline", "--input", "spans.json"])
        .output()
        .unwrap();
    Said::from(missing).failed("--config is missing");
}

/// Guarantees: of several pipelines one has to be named, and the error lists them.
#[test]
fn a_pipeline_is_chosen() {
    let place = Place::new(&format!("{CONFIG}{OTHER_PIPELINE}"));
    let said = place.run(&["--input", "spans.json"]);
    said.failed("there are several pipelines: --pipeline says which: `traces`, `traces/other`");
    let said = place.run(&["--input", "spans.json", "--pipeline", "traces/others"]);
    said.failed("there is no pipeline `traces/others`; there are: `traces`, `traces/other`");
    let said = place.run(&["--input", "spans.json", "--pipeline", "traces/other"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(
        said.stdout.starts_with("pipeline traces/other: 1 span"),
        "{said:?}"
    );
    // The right name on the wrong command line: clap's exit code.
    for wrong in [
        &["--input", "spans.json", "--exact"][..],
        &["--input", "spans.json", "--client-address", "here"],
        &["--input", "spans.json", "--metadata", "tenant"],
        &["--input", "spans.json", "--pipeline", "shop"],
    ] {
        assert_eq!(place.run(wrong).code, Some(2), "{wrong:?}");
    }
}

/// A command of `docs/test-pipeline.md`, run where the repository is.
fn shown(arguments: &[&str]) -> Said {
    let mut command = spanway(["test-pipeline", "--config", "config/processors.yaml"]);
    command
        .args(["--input", "config/processors/spans.json"])
        .args(arguments);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("ENVIRONMENT");
    Said::from(command.output().unwrap())
}

/// Guarantees: what the documentation shows is what the binary prints. `UPDATE_GOLDEN=1` renews it, and the file that the
/// example expects.
#[test]
fn the_documentation_is_true() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = root.join("docs/test-pipeline.md");
    let text = std::fs::read_to_string(&page).unwrap();
    let is_update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let expected = "config/processors/expected.json";
    if is_update {
        assert_eq!(shown(&["--output", expected]).code, Some(0));
    }
    let looked = shown(&["--expect", expected, "--exact"]);
    assert_eq!(looked.code, Some(0), "{looked:?}");
    let looked = shown(&[]);
    let by_statement = shown(&[
        "--set",
        "service.pipelines.traces.processors=[transform]",
        "--set",
        r#"processors.transform.trace_statements=["replace_pattern(span.name, \"[0-9]+\", \"{id}\")", "delete_key(span.attributes, \"user.email\")"]"#,
    ]);
    let failed = shown(&[
        "--expect",
        expected,
        "--set",
        "processors.attributes/people.actions=[{key: user.email, action: hash}, {key: user.id, action: hash}]",
        "--set",
        "processors.probabilistic_sampler.sampling_percentage=100",
    ]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    let mut printed = [looked.stdout, by_statement.stdout, failed.stderr].into_iter();
    let mut parts = text.split("```text\n");
    let mut renewed = parts.next().unwrap().to_owned();
    for part in parts {
        let (_, rest) = part.split_at(part.find("```").unwrap());
        renewed += &format!("```text\n{}{rest}", printed.next().unwrap());
    }
    assert_eq!(printed.next(), None, "an output that the page does not show");
    match is_update {
        true => std::fs::write(&page, renewed).unwrap(),
        false => assert_eq!(text, renewed),
    }
}

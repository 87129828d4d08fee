//! Every case of `tests/processors/cases`: a configuration, spans, and what the Collector's processors make of them.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Guarantees: each case gives exactly what is expected, in the same order.
#[test]
fn cases_are_as_the_collector_has_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/processors/cases");
    let cases = cases(&root);
    assert!(!cases.is_empty(), "no cases in {}", root.display());
    let failed: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let said = run(case).err()?;
            let name = case.strip_prefix(&root).unwrap_or(case);
            Some(format!("{}\n{said}", name.display()))
        })
        .collect();
    let (failures, all) = (failed.len(), cases.len());
    assert!(
        failed.is_empty(),
        "{failures} of {all} cases fail:\n\n{}",
        failed.join("\n")
    );
}

/// Guarantees: a case with another expectation fails, and says where; so that the other test can.
#[test]
fn a_difference_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let config = "{receivers: {nop: }, exporters: {nop: }, service: {pipelines: {traces: {receivers: [nop], exporters: [nop]}}}}";
    let spans = |name: &str| {
        let ids = r#""traceId":"00000000000000000000000000000001","spanId":"0000000000000001""#;
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{ids},"name":"{name}"}}]}}]}}]}}"#)
    };
    fs::write(folder.path().join("config.yaml"), config).unwrap();
    fs::write(folder.path().join("input.json"), spans("one")).unwrap();
    fs::write(folder.path().join("expected.json"), spans("one")).unwrap();
    assert_eq!(run(folder.path()), Ok(()));
    fs::write(folder.path().join("expected.json"), spans("other")).unwrap();
    let said = run(folder.path()).unwrap_err();
    assert!(
        said.contains("~ name: expected \"other\", it is \"one\""),
        "{said}"
    );
}

/// The folders of all cases, sorted: two below the root.
fn cases(root: &Path) -> Vec<PathBuf> {
    let below = |folder: &Path| {
        let entries = fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()));
        let mut folders: Vec<PathBuf> = entries
            .into_iter()
            .flatten()
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        folders
    };
    below(root).iter().flat_map(|family| below(family)).collect()
}

/// Runs one case; the error is what the command said.
fn run(case: &Path) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanway"));
    command
        .current_dir(case)
        .args(["test-pipeline", "--config", "config.yaml"])
        .args(["--input", "input.json", "--expect", "expected.json", "--exact"])
        .envs(environment(case));
    let output = command.output().unwrap();
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// The lines NAME=value of a case's `env`, where it has one.
fn environment(case: &Path) -> Vec<(String, String)> {
    let lines = fs::read_to_string(case.join("env")).unwrap_or_default();
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

//! Holds what we show to users: the files in `config/`.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Every example is sound, as it stands.
#[test]
fn examples_are_sound() {
    for example in examples() {
        let spanway = env!("CARGO_BIN_EXE_spanway");
        let output = Command::new(spanway)
            .args(["validate", "--config"])
            .arg(&example)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}: {output:#?}", example.display());
    }
}

fn examples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    assert!(!files.is_empty(), "no examples in {}", folder.display());
    files
}

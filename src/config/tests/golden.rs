//! What a user sees, to the letter: each `tests/data/config/invalid/*.yaml` and the text beside it.

use std::path::{Path, PathBuf};

use super::super::diagnostic::Diagnostics;
use super::super::prepare;
use super::{Inputs, catalog, environment};

const CASES: &str = "tests/data/config/invalid";

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = std::fs::read_dir(CASES)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    cases
}

fn diagnose(path: &Path) -> Diagnostics {
    let mut diagnostics = Diagnostics::default();
    let configs = [path.to_str().unwrap().to_owned()];
    let inputs = Inputs {
        configs: &configs,
        sets: &[],
        environment: &environment,
    };
    let config = prepare(&inputs, false, &catalog(), &mut diagnostics);
    assert!(config.is_none(), "{} is taken for sound", path.display());
    diagnostics
}

#[test]
fn every_invalid_configuration_gets_its_exact_message() {
    // Update after a deliberate change with `UPDATE_GOLDEN=1 cargo test --lib golden`, and read the difference.
    for case in cases() {
        let shown = diagnose(&case).render();
        let golden = case.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, &shown).unwrap();
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(shown, expected, "{}", case.display());
    }
}

#[test]
fn no_message_shows_a_secret() {
    // Neither what the environment holds, nor what stands under a secret key.
    for case in cases() {
        let shown = diagnose(&case).render();
        assert!(!shown.contains("s3cr3t"), "{shown}");
        assert!(!shown.contains("abc"), "{shown}");
    }
}

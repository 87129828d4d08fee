use std::fs;
use std::path::Path;

use super::processors;

/// Guarantees: each input of the fuzz target `processors` is processed as it must be.
#[test]
fn fuzzed_requests_are_processed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/processors");
    let mut replayed = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        processors(&fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "nothing in {}", folder.display());
}

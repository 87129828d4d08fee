//! The inputs that fuzzing found worth keeping.

use std::fs;
use std::path::Path;

use crate::wire::oracle;

fn replay(target: &str, judge: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut replayed = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        judge(&fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "nothing in {}", folder.display());
}

/// Each input of the fuzz target `walk` gets the verdict of `prost`.
#[test]
fn walk() {
    replay("walk", oracle::walk);
}

/// Each input of the fuzz target `split_edit` is cut and edited as objects are.
#[test]
fn split_edit() {
    replay("split_edit", oracle::split_edit);
}

/// Each input of the fuzz target `json` goes both ways.
#[test]
fn json() {
    replay("json", oracle::json);
}

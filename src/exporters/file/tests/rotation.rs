//! Files that are renamed when they are full.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{config_in, names, read, send, span};
use crate::exporters::file::backups::{free_name, prune};
use crate::exporters::file::config::Rotation;
use crate::exporters::file::destination::Files;

/// The files of a folder, by their names.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// What is written is in the renamed files and the last one, whole and in order; no file is larger than it may be, but that of
/// a batch that is; names are the Collector's.
#[test]
fn full_files_are_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path(), "data.json', rotation: {max_megabytes: 1}");
    let mut sent = Vec::new();
    for life in 0..2 {
        let files = Files::open(&config, "file").unwrap();
        for number in 0..6 {
            let size = if number == 3 { 2 << 20 } else { 300 << 10 };
            let name = format!("{life}{number}-{}", "x".repeat(size));
            send(&files, [span(&name, None)]).unwrap();
            sent.push(name);
        }
    }
    let files = files(folder.path());
    let mut found = Vec::new();
    for file in &files {
        let content = read(file, &config);
        let size = fs::metadata(file).unwrap().len();
        assert!(
            size <= 1 << 20 || names(&content).len() == 1,
            "{size} in {}",
            file.display()
        );
        found.extend(names(&content).iter().map(|name| (*name).to_owned()));
    }
    // `data-…` comes before `data.json`, and times in order.
    assert_eq!(found, sent);
    assert!(files.len() > 4);
    let pattern = regex::Regex::new(r"^data-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}-size\.json$").unwrap();
    for file in &files[..files.len() - 1] {
        let name = file.file_name().unwrap().to_string_lossy();
        assert!(pattern.is_match(&name), "{name}");
    }
}

/// No more renamed files are kept than wanted, and the newest are.
#[test]
fn old_files_are_removed() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(
        folder.path(),
        "data.json', rotation: {max_megabytes: 1, max_backups: 2}",
    );
    let writer = Files::open(&config, "file").unwrap();
    for number in 0..5 {
        send(
            &writer,
            [span(&format!("{number}{}", "x".repeat(700 << 10)), None)],
        )
        .unwrap();
    }
    let found = files(folder.path());
    let firsts: Vec<_> = found
        .iter()
        .map(|file| names(&read(file, &config))[0][..1].to_owned())
        .collect();
    assert_eq!(firsts, ["2", "3", "4"]);
}

/// Age is told by the name, with the reason in it or without, as older Collectors wrote it; other files are left alone.
#[test]
fn age_is_in_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.json");
    let rotation = Rotation {
        max_days: 3,
        ..Rotation::default()
    };
    let now: Timestamp = "2026-06-10T12:00:00Z".parse().unwrap();
    let names = [
        "data-2026-06-07T11-59-59.000-size.json",
        "data-2026-06-07T11-00-00.000.json",
        "data-2026-06-07T12-00-01.500-size.json",
        "data-2020-01-01T00-00-00.000-size.txt",
        "data-words.json",
        "data.json",
        "other-2020-01-01T00-00-00.000-size.json",
    ];
    names
        .iter()
        .for_each(|name| fs::write(folder.path().join(name), "").unwrap());
    let removed = prune(&path, &rotation, now).unwrap();
    assert_eq!(removed.len(), 2);
    let left: Vec<_> = files(folder.path())
        .iter()
        .map(|file| file.file_name().unwrap().to_owned())
        .collect();
    let mut expected = names[2..].to_vec();
    expected.sort_unstable();
    assert_eq!(left, expected);
}

/// Two files that are renamed in one moment have two names.
#[test]
fn names_are_free() {
    let folder = tempfile::tempdir().unwrap();
    let now: Timestamp = "2026-06-10T12:00:00.999Z".parse().unwrap();
    for expected in [
        "data-2026-06-10T12-00-00.999-size",
        "data-2026-06-10T12-00-01.000-size",
    ] {
        let name = free_name(&folder.path().join("data"), &Rotation::default(), now);
        assert_eq!(name, folder.path().join(expected));
        fs::write(name, "").unwrap();
    }
}

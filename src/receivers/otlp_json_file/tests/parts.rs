//! Patterns of paths, and how far a file is.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::*;

use crate::receivers::otlp_json_file::framing::{Found, Framing};
use crate::receivers::otlp_json_file::glob::{Glob, Globs};
use crate::receivers::otlp_json_file::mark::Piece;
use crate::receivers::otlp_json_file::progress::{Progress, Settled};

/// Patterns mean what they mean in the Collector.
#[test]
fn patterns() {
    for (pattern, fits, does_not) in [
        ("/a/*.json", "/a/b.json", "/a/b/c.json"),
        ("/a/?.json", "/a/b.json", "/a/bb.json"),
        ("/a/**/*.json", "/a/x/y/b.json", "/b/x.json"),
        ("/a/**/*.json", "/a/b.json", "/a/b.txt"),
        ("/a/**", "/a/x/y", "/b/x"),
        ("/a/[a-c]x", "/a/bx", "/a/dx"),
        ("/a/[!a-c]x", "/a/dx", "/a/bx"),
        ("/a/{b,c*}.json", "/a/cc.json", "/a/d.json"),
        ("/a/\\*.json", "/a/*.json", "/a/b.json"),
        ("./a/*.json", "a/b.json", "b/b.json"),
        ("a.json", "a.json", "axjson"),
    ] {
        let glob = Glob::parse(pattern).unwrap();
        assert!(glob.fits(Path::new(fits)), "{pattern} {fits}");
        assert!(!glob.fits(Path::new(does_not)), "{pattern} {does_not}");
    }
}

/// Files are found as deep as the pattern goes, without folders and what is excluded, the oldest first.
#[test]
fn files_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().display().to_string();
    for name in ["c.json", "b/x.json", "a/y/z.json", "a/skip.json", "c.txt"] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "").unwrap();
        let age = Duration::from_secs(1000 - u64::from(name.as_bytes()[0]));
        fs::File::open(&path)
            .unwrap()
            .set_modified(std::time::SystemTime::now() - age)
            .unwrap();
    }
    fs::create_dir(folder.path().join("folder.json")).unwrap();
    let find = |include: &str, age: u64| {
        let include = [format!("{root}/{include}")];
        let exclude = [format!("{root}/**/skip.json")];
        let globs = Globs::new(&include, &exclude, Duration::from_secs(age)).unwrap();
        let found = globs.find().into_iter();
        found
            .map(|(path, _)| path.strip_prefix(folder.path()).unwrap().to_owned())
            .collect::<Vec<PathBuf>>()
    };
    assert_eq!(find("*.json", 0), [Path::new("c.json")]);
    assert_eq!(find("*/*.json", 0), [Path::new("b/x.json")]);
    assert_eq!(
        find("**/*.json", 0),
        ["a/y/z.json", "b/x.json", "c.json"].map(PathBuf::from)
    );
    assert_eq!(
        find("{a/y,b}/*.json", 0),
        ["a/y/z.json", "b/x.json"].map(PathBuf::from)
    );
    assert_eq!(find("**/*.json", 500), Vec::<PathBuf>::new());
    assert_eq!(find("nowhere/*.json", 0), Vec::<PathBuf>::new());
}

proptest! {
    /// Guarantees: a file is as far as the records before the first that is not settled, in whatever order they settle.
    #[test]
    fn progress_is_a_low_water_mark(order in Just((0..20_u64).collect::<Vec<_>>()).prop_shuffle()) {
        let start = Settled { offset: 5, tail: Piece::tail(b""), refused: 0 };
        let progress = Progress::new(start);
        let piece = |end: u64| Piece::tail(&end.to_be_bytes());
        for number in 0..20 {
            let end = 15 + 10 * number;
            prop_assert_eq!(progress.begin(end, piece(end)), number);
        }
        let mut settled = BTreeSet::new();
        for number in order {
            progress.settle(number, number % 3 == 0);
            settled.insert(number);
            let first = (0..20).find(|number| !settled.contains(number)).unwrap_or(20);
            let offset = 5 + 10 * first;
            let tail = if first == 0 { start.tail } else { piece(offset) };
            let refused = (0..first).filter(|number| number % 3 == 0).count() as u64;
            prop_assert_eq!(progress.settled(), Settled { offset, tail, refused });
            prop_assert_eq!(progress.open() as u64, 20 - first);
        }
    }

    /// Guarantees: records are found whatever of the file is seen at a time.
    #[test]
    fn records_are_found_in_pieces(
        records in proptest::collection::vec(proptest::collection::vec(b'a'..b'f', 0..40), 0..10),
        is_lines: bool,
    ) {
        let framing = if is_lines { Framing::Lines } else { Framing::Lengths };
        let framed = records.iter().flat_map(|record| match framing {
            Framing::Lines => [record.as_slice(), b"\n"].concat(),
            Framing::Lengths => [(record.len() as u32).to_be_bytes().as_slice(), record].concat(),
        });
        let bytes: Vec<u8> = framed.collect();
        let (mut start, mut seen, mut found) = (0, 0, Vec::new());
        for end in 0..=bytes.len() {
            while let Found::Record { start: first, stop, end: len } = framing.find(&bytes[start..end], seen, 40) {
                found.push(bytes[start + first..start + stop].to_vec());
                start += len;
                seen = 0;
            }
            seen = end - start;
        }
        prop_assert_eq!(found, records);
        prop_assert_eq!(start, bytes.len());
    }
}

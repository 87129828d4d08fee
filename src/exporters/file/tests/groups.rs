//! Several files, by an attribute.

use std::fs;
use std::path::{Component, Path};

use proptest::prelude::*;

use super::{config_in, names, read, send, span};
use crate::exporters::file::destination::Files;
use crate::exporters::file::groups::Paths;
use crate::pipeline::destination::Failure;

const KEYS: &str = "out/*.json', group_by: {enabled: true, resource_attribute: team, max_open_files: 2}";

/// Spans go to the file of their team, many teams through few open files, over a restart too; spans without a team are given
/// back alone.
#[test]
fn spans_go_to_the_file_of_their_team() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path(), KEYS);
    for _ in 0..2 {
        let files = Files::open(&config, "file").unwrap();
        for _ in 0..2 {
            let teams = ["a", "b", "c", "sub/d"].map(|team| span(team, Some(team)));
            let batch = teams.into_iter().chain([span("nobody", None)]);
            let Err(Failure::Partly(left)) = send(&files, batch) else {
                panic!("spans without a team were written somewhere");
            };
            assert_eq!(left.len(), 1);
            assert_eq!((left[0].part, left[0].traces.spans()), (4, 1));
            assert!(matches!(left[0].why, Failure::Data(_)));
            assert_eq!(files.open_groups(), 2);
        }
    }
    for team in ["a", "b", "c", "sub/d"] {
        let path = folder.path().join(format!("out/{team}.json"));
        assert_eq!(names(&read(&path, &config)), [team; 4]);
    }
}

/// A value that cannot be a file's name costs no other team anything: it is about the spans.
#[test]
fn values_that_are_no_names() {
    let folder = tempfile::tempdir().unwrap();
    let config = config_in(folder.path(), KEYS);
    let files = Files::open(&config, "file").unwrap();
    let long = "x".repeat(300);
    let bad = ["nul\0", long.as_str(), "good.json/below"];
    let batch = ["good"].iter().chain(&bad).map(|team| span(team, Some(team)));
    let Err(Failure::Partly(left)) = send(&files, batch) else {
        panic!("all of them were written");
    };
    assert_eq!(left.len(), bad.len(), "{left:?}");
    assert!(
        left.iter().all(|left| matches!(left.why, Failure::Data(_))),
        "{left:?}"
    );
    assert_eq!(
        names(&read(&folder.path().join("out/good.json"), &config)),
        ["good"]
    );
}

/// Where nothing at all can be written, that is the matter with the disk, and not with some spans.
#[test]
fn a_failing_disk_fails_all() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let keys = "file/out/*.json', group_by: {enabled: true, resource_attribute: team}";
    let files = Files::open(&config_in(folder.path(), keys), "file").unwrap();
    let failed = send(&files, ["a", "b"].map(|team| span(team, Some(team)))).unwrap_err();
    assert!(!matches!(failed, Failure::Partly(_)), "{failed:?}");
}

/// Values and the files that the Collector writes for them.
#[test]
fn paths_are_the_collectors() {
    for (path, value, expected) in [
        ("/data/*.json", "team", "/data/team.json"),
        ("/data/*.json", "a/b", "/data/a/b.json"),
        ("/data/*.json", "./a", "/data/a.json"),
        ("/data/*.json", "../a", "/data/a.json"),
        ("/data/*.json", "../../etc/passwd", "/data/etc/passwd.json"),
        ("/data/*.json", "a/../../b", "/data/b.json"),
        ("/data/*.json", "/etc/passwd", "/data/etc/passwd.json"),
        ("/data/app*/x.json", "", "/data/app/x.json"),
        ("/data/app*.json", "-one", "/data/app-one.json"),
        ("out/*.json", "a", "out/a.json"),
        ("./*.json", "a", "a.json"),
        ("../*.json", "a/../../b", "../b.json"),
    ] {
        assert_eq!(
            Paths::new(path).of(value).as_deref(),
            Some(Path::new(expected)),
            "{path} {value}"
        );
    }
    assert_eq!(Paths::new("/data/*").of(""), None);
    assert_eq!(Paths::new("/data/*").of("../.."), None);
}

proptest! {
    /// Guarantees: whatever an attribute says, the file lies below the folder that was configured.
    #[test]
    fn no_value_leads_out(
        prefix in prop_oneof![Just("/data/out/"), Just("out/"), Just("./"), Just("../"), Just("../../x/"), Just("/")],
        value in prop_oneof!["[./a]{0,12}", "(\\.\\./|\\./|/|a/|\\.\\.|[a-z]){0,8}", any::<String>()],
        suffix in prop_oneof![Just(""), Just(".json"), Just("/spans.json")],
    ) {
        let path = format!("{prefix}*{suffix}");
        if let Some(found) = Paths::new(&path).of(&value) {
            let base: Vec<_> = Path::new(prefix).components().filter(|part| *part != Component::CurDir).collect();
            let found: Vec<_> = found.components().collect();
            prop_assert!(found.starts_with(&base), "{found:?}");
            let below = &found[base.len()..];
            prop_assert!(!below.is_empty() && below.iter().all(|part| matches!(part, Component::Normal(_))), "{found:?}");
        }
    }
}

//! The records.

use super::{Annotation, Listing, Records, Subject, Sweep};

fn annotation(target: &str, name: &str) -> Annotation {
    Annotation {
        target: target.into(),
        name: name.into(),
        annotator_kind: "LLM".into(),
        ..Annotation::default()
    }
}

fn names(records: &Records, project: &str, wanted: &Listing) -> Vec<String> {
    let found = records.annotations(Subject::Span, project, wanted).unwrap();
    found.into_iter().map(|kept| kept.annotation.name).collect()
}

fn all() -> Listing {
    Listing {
        limit: 100,
        ..Listing::default()
    }
}

/// Guarantees: what was kept is there when the file is opened again, and ids go on where they were.
#[test]
fn records_last() {
    let directory = tempfile::tempdir().unwrap();
    let (project, session, ids);
    {
        let records = Records::open(directory.path()).unwrap();
        assert_eq!(records.project_named("default").unwrap().unwrap().id, 1);
        project = records.ensure_project("shop").unwrap();
        session = records.ensure_sessions("shop", &["s".into()]).unwrap();
        let kept = vec![("shop".into(), annotation("a", "one"))];
        ids = records.annotate(Subject::Span, kept, 5).unwrap();
    }
    let records = Records::open(directory.path()).unwrap();
    assert_eq!(records.ensure_project("shop").unwrap(), project);
    assert_eq!(records.ensure_sessions("shop", &["s".into()]).unwrap(), session);
    let again = vec![
        ("shop".into(), annotation("a", "one")),
        ("shop".into(), annotation("a", "two")),
    ];
    let again = records.annotate(Subject::Span, again, 9).unwrap();
    assert_eq!((again[0], again[1]), (ids[0], ids[0] + 1));
    let kept = records.annotations(Subject::Span, "shop", &all()).unwrap();
    assert_eq!((kept[1].created_at, kept[1].updated_at), (5, 9));
    assert_eq!(names(&records, "shop", &all()), ["two", "one"]);
}

/// Guarantees: an id is never given twice, also when what had it is gone.
#[test]
fn ids_are_given_once() {
    let directory = tempfile::tempdir().unwrap();
    let records = Records::open(directory.path()).unwrap();
    let first = records.ensure_project("shop").unwrap();
    records.delete_project(&first).unwrap();
    assert!(records.ensure_project("shop").unwrap().id > first.id);
    let kept = || vec![("shop".into(), annotation("a", "one"))];
    let first = records.annotate(Subject::Span, kept(), 1).unwrap();
    records.sweep(Subject::Span, "shop", &Sweep::default()).unwrap();
    assert!(records.annotate(Subject::Span, kept(), 1).unwrap() > first);
}

/// Guarantees: projects do not see each other's annotations, though the targets have one name.
#[test]
fn projects_are_apart() {
    let directory = tempfile::tempdir().unwrap();
    let records = Records::open(directory.path()).unwrap();
    let kept = [("a", "of a"), ("b", "of b"), ("ab", "of ab")];
    let kept = kept.map(|(project, name)| (project.to_owned(), annotation("t", name)));
    records.annotate(Subject::Span, kept.to_vec(), 1).unwrap();
    let of_target = Listing {
        targets: vec!["t".into()],
        ..all()
    };
    for wanted in [all(), of_target] {
        assert_eq!(names(&records, "a", &wanted), ["of a"]);
        assert_eq!(names(&records, "ab", &wanted), ["of ab"]);
    }
    records.sweep(Subject::Span, "a", &Sweep::default()).unwrap();
    assert!(names(&records, "a", &all()).is_empty());
    assert_eq!(names(&records, "ab", &all()), ["of ab"]);
}

/// Guarantees: what waits is adopted by the project of its target, and no more waits than may; the oldest make room.
#[test]
fn what_waits_is_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let records = Records::open(directory.path()).unwrap();
    let waiting = (0..1500).map(|number| (String::new(), annotation(&format!("t{number}"), "early")));
    records.annotate(Subject::Span, waiting.collect(), 1).unwrap();
    let waiting = records.waiting(Subject::Span).unwrap();
    assert_eq!(waiting.len(), 1000);
    assert!(!waiting.contains(&"t0".to_owned()) && waiting.contains(&"t1499".to_owned()));
    records.adopt(Subject::Span, "shop", &["t1499".into()]).unwrap();
    assert_eq!(records.waiting(Subject::Span).unwrap().len(), 999);
    assert_eq!(names(&records, "shop", &all()), ["early"]);
}

/// Guarantees: a file of a newer format is refused and named.
#[test]
fn a_newer_format_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    {
        let records = Records::open(directory.path()).unwrap();
        let newer = records.change(|transaction| {
            transaction.open_table(super::FACTS)?.insert("format", 99)?;
            Ok(())
        });
        newer.unwrap();
    }
    let error = Records::open(directory.path()).err().unwrap().to_string();
    assert!(error.contains("phoenix.redb") && error.contains("99"), "{error}");
}

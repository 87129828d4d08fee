use super::*;

fn segment(rows: u64) -> Registered {
    Registered {
        rows,
        min_start: u64::MAX,
        max_start: u64::MAX,
        ..Registered::default()
    }
}

/// Guarantees: what was changed is there after the file was opened again, and nothing else.
#[test]
fn changes_are_durable() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.redb");
    let (catalog, known) = Catalog::open(&path).unwrap();
    assert_eq!(known, Known::default());
    let seal = Seal {
        segments: vec![(0, segment(1)), (1, segment(2))],
        sealed: 7,
        next_number: 70,
        next_segment: 2,
    };
    catalog.seal(&seal).unwrap();
    let tombstone = Tombstone {
        before: 70,
        trace_id: Some([1; 16]),
        ..Tombstone::default()
    };
    assert_eq!(catalog.bury(&tombstone).unwrap(), 0);
    assert_eq!(catalog.bury(&tombstone).unwrap(), 1);
    catalog.replace(&[0, 1], Some((2, segment(3))), &[0]).unwrap();
    drop(catalog);
    let (_, known) = Catalog::open(&path).unwrap();
    let expected = Known {
        sealed: 7,
        next_number: 70,
        next_segment: 3,
        segments: BTreeMap::from([(2, segment(3))]),
        tombstones: BTreeMap::from([(1, tombstone)]),
    };
    assert_eq!(known, expected);
}

/// Guarantees: a file of a newer format is refused with both numbers, and left as it is.
#[test]
fn newer_formats_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.redb");
    let (catalog, _) = Catalog::open(&path).unwrap();
    let newer = catalog.change(|transaction| {
        transaction.open_table(FACTS)?.insert("format", FORMAT + 1)?;
        Ok(())
    });
    newer.unwrap();
    drop(catalog);
    for _ in 0..2 {
        let error = Catalog::open(&path).err().unwrap().to_string();
        assert!(
            error.contains("its format is 2, and this program reads up to 1"),
            "{error}"
        );
    }
}

/// Guarantees: a file that is no state is refused by name, never overwritten.
#[test]
fn other_files_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.redb");
    std::fs::write(&path, "something else").unwrap();
    let error = Catalog::open(&path).err().unwrap().to_string();
    assert!(error.contains("state.redb"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"something else");
}

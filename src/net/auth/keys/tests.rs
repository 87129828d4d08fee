use super::{Key, Keys, Permission, digest};

fn key(name: &str, permissions: &[Permission]) -> Key {
    Key {
        name: name.into(),
        permissions: permissions.into(),
        project: None,
    }
}

/// A key is found by its own secret and by no other.
#[test]
fn secrets_lead_to_their_keys() {
    let keys: Keys = [("s3cret", "one"), ("S3cret", "two")]
        .map(|(secret, name)| (digest(secret), key(name, &[])))
        .into_iter()
        .collect();
    assert_eq!(keys.find("s3cret").unwrap().name, "one");
    assert_eq!(keys.find("S3cret").unwrap().name, "two");
    assert!(keys.find("").is_none() && keys.find("s3cret ").is_none());
}

/// A permission stands for itself alone, except that `admin` stands for all.
#[test]
fn permissions() {
    use Permission::{Admin, Annotate, Ingest, Read};
    for needed in [Ingest, Read, Annotate, Admin] {
        assert!(key("admin", &[Admin]).may(needed));
        for given in [Ingest, Read, Annotate] {
            assert_eq!(key("one", &[given]).may(needed), given == needed);
        }
        assert!(!key("none", &[]).may(needed));
    }
}

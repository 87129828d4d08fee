use std::time::Duration;

use super::{Watched, whole};

/// A file that changes is read again, also behind a link; while it is away or unsound, what it said last counts.
#[tokio::test(start_paused = true)]
async fn files_are_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let (old, new) = (directory.path().join("old"), directory.path().join("new"));
    std::fs::write(&old, " one\n").unwrap();
    std::fs::write(&new, "two").unwrap();
    let path = directory.path().join("secret");
    std::os::unix::fs::symlink(&old, &path).unwrap();
    let file = Watched::open("x", path.to_str().unwrap(), whole).unwrap();
    let says = || file.get().map(|text| text.to_string());
    assert_eq!(says().as_deref(), Some("one"));
    assert!(!file.look().await);

    let switch = |to: &std::path::Path| {
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink(to, &path).unwrap();
    };
    switch(&new);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(file.look().await);
    assert_eq!(says().as_deref(), Some("two"));

    std::fs::remove_file(&new).unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(!file.look().await);
    std::fs::write(&new, "\n").unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(!file.look().await);
    assert_eq!(says().as_deref(), Some("two"));
}

/// A file that is watched is looked at without being asked to.
#[tokio::test]
async fn watching_needs_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    let file = Watched::open_later("x", path.to_str().unwrap(), whole);
    assert!(file.get().is_none());
    file.watch();
    std::fs::write(&path, "there").unwrap();
    let there = async {
        while file.get().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), there)
        .await
        .unwrap();
}

/// What is wrong with a file is told by its name, and not by what is in it.
#[test]
fn wrong_files_are_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    let open = || Watched::open("x", path.to_str().unwrap(), whole).unwrap_err();
    assert!(open().contains("/secret` cannot be read"), "{}", open());
    std::fs::write(&path, " \n").unwrap();
    assert!(open().ends_with("is empty"), "{}", open());
    std::fs::write(&path, vec![b'x'; 2_000_000]).unwrap();
    assert!(open().contains("more than"), "{}", open());
}

//! What the blocks come to with a journal and without.

use std::time::Duration;

use super::{QueueSettings, RetrySettings};
use crate::config::settings::Problems;

fn queue(yaml: &str) -> QueueSettings {
    serde_saphyr::from_str(yaml).unwrap()
}

fn retry(yaml: &str) -> RetrySettings {
    serde_saphyr::from_str(yaml).unwrap()
}

fn paths(warn: impl FnOnce(&mut Problems)) -> Vec<String> {
    let mut warnings = Problems::default();
    warn(&mut warnings);
    warnings.iter().map(|warning| warning.path.clone()).collect()
}

/// What is not written is the Collector's default in memory, and leaves the bounds to the disk with a journal.
#[test]
fn what_is_not_written_depends_on_the_journal() {
    assert_eq!(queue("{}").size(false), 1000);
    assert_eq!(queue("{}").size(true), u64::MAX);
    assert_eq!(retry("{}").gives_up_after(false), Duration::from_secs(300));
    assert_eq!(retry("{}").gives_up_after(true), Duration::ZERO);
}

/// What is written is honoured either way.
#[test]
fn what_is_written_is_honoured() {
    for journaled in [false, true] {
        assert_eq!(queue("queue_size: 7").size(journaled), 7);
        assert_eq!(
            retry("max_elapsed_time: 9s").gives_up_after(journaled),
            Duration::from_secs(9)
        );
        assert_eq!(
            retry("max_elapsed_time: 0s").gives_up_after(journaled),
            Duration::ZERO
        );
    }
    let mut problems = Problems::default();
    queue("queue_size: 0").validate(&mut problems);
    assert!(!problems.is_empty());
}

/// An early answer is a risk in memory only, giving up a risk with a journal only.
#[test]
fn warnings_depend_on_the_journal() {
    let early = queue("wait_for_result: false");
    assert_eq!(paths(|warnings| early.warn(false, warnings)), ["wait_for_result"]);
    assert_eq!(paths(|warnings| early.warn(true, warnings)), [""; 0]);
    for (yaml, key) in [
        ("max_elapsed_time: 5m", "max_elapsed_time"),
        ("enabled: false", "enabled"),
    ] {
        let gives_up = retry(yaml);
        assert_eq!(paths(|warnings| gives_up.warn(true, warnings)), [key]);
        assert_eq!(paths(|warnings| gives_up.warn(false, warnings)), [""; 0]);
    }
    for yaml in ["{}", "max_elapsed_time: 0s"] {
        assert_eq!(paths(|warnings| retry(yaml).warn(true, warnings)), [""; 0]);
    }
}

/// A queue that is off keeps nothing on disk, and says so when a storage is written.
#[test]
fn a_storage_is_named_by_a_queue_that_is_on() {
    let on = queue("storage: file_storage/wal");
    let named = on.storage().map(|(key, storage)| (key, storage.to_string()));
    assert_eq!(
        named,
        Some(("sending_queue.storage", "file_storage/wal".to_owned()))
    );
    assert_eq!(paths(|warnings| on.warn(true, warnings)), [""; 0]);
    let off = queue("{enabled: false, storage: file_storage/wal}");
    assert_eq!(off.storage(), None);
    assert_eq!(paths(|warnings| off.warn(false, warnings)), ["storage"]);
}

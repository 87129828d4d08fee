//! What the extension tells the graph, and which settings it refuses or warns of.

use std::path::Path;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::config::FileStorageSettings;
use super::factory;
use crate::config::id::ComponentId;
use crate::config::node::Node;
use crate::config::settings::{KeyNote, Problems, Settings};
use crate::config::source::{Origin, Source};
use crate::pipeline::budget::Budget;
use crate::pipeline::parts::Surroundings;
use crate::pipeline::storage::{OnFull, StorageSettings};
use crate::telemetry::health::Health;

fn settings(yaml: &str) -> FileStorageSettings {
    serde_saphyr::from_str(yaml).unwrap()
}

fn problems(yaml: &str) -> Vec<KeyNote> {
    let mut problems = Problems::default();
    settings(yaml).validate(&mut problems);
    let notes = problems.iter();
    notes
        .map(|problem| KeyNote::new(&problem.path, &problem.note))
        .collect()
}

fn warned(yaml: &str) -> Vec<String> {
    let mut warnings = Problems::default();
    settings(yaml).warn(false, &mut warnings);
    warnings.iter().map(|warning| warning.path.clone()).collect()
}

/// Nothing written gives the Collector's folder, and safety before speed.
#[tokio::test]
async fn defaults() {
    let id: ComponentId = "file_storage".parse().unwrap();
    let nothing = Node::null(Origin::start(&Source::new("test", "")));
    let extension = factory()
        .build(
            &nothing,
            &id,
            &Surroundings::new(Health::default(), Budget::new(1 << 20)),
        )
        .unwrap();
    let expected = StorageSettings {
        directory: Path::new("/var/lib/otelcol/file_storage").into(),
        create_directory: true,
        directory_permissions: 0o750,
        lock_timeout: Duration::from_secs(1),
        fsync: true,
        limit: 10 << 30,
        on_full: OnFull::Block,
        dead_letter_limit: 1 << 30,
    };
    assert_eq!(extension.storage(), Some(expected));
    extension.start(CancellationToken::new()).await.unwrap();
    assert!(factory().component().is_storage);
    assert_eq!(warned("{}"), [""; 0]);
}

/// What is written arrives, and the largest numbers do no harm.
#[test]
fn written_values() {
    let yaml = "
directory: /data
create_directory: false
directory_permissions: '0700'
timeout: 0s
fsync: false
limit_mib: 18446744073709551615
on_full: shed
dead_letter_limit_mib: 1
";
    assert_eq!(problems(yaml), []);
    let read = settings(yaml).storage_settings().unwrap();
    assert_eq!(read.directory, Path::new("/data"));
    assert!(!read.create_directory && !read.fsync);
    assert_eq!(read.directory_permissions, 0o700);
    assert!(read.lock_timeout > Duration::from_hours(24), "0s waits");
    assert_eq!(
        (read.limit, read.on_full, read.dead_letter_limit),
        (u64::MAX, OnFull::Shed, 1 << 20)
    );
}

/// Each wrong value is named by its key.
#[test]
fn wrong_values() {
    for (yaml, key, says) in [
        ("directory: ''", "directory", "is empty"),
        ("limit_mib: 15", "limit_mib", "is 15, but must be at least 16"),
        ("dead_letter_limit_mib: 0", "dead_letter_limit_mib", "at least 1"),
        ("directory_permissions: '0780'", "directory_permissions", "`0780`"),
        ("directory_permissions: '1777'", "directory_permissions", "`1777`"),
        ("directory_permissions: '+750'", "directory_permissions", "octal"),
        ("directory_permissions: ''", "directory_permissions", "octal"),
        ("directory_permissions: rwx", "directory_permissions", "octal"),
    ] {
        let found = problems(yaml);
        let fits = |problem: &KeyNote| problem.path == key && problem.note.contains(says);
        assert!(found.len() == 1 && found.iter().all(fits), "{yaml}: {found:?}");
    }
}

/// What can lose acknowledged spans is warned of, and nothing else is.
#[test]
fn warnings() {
    assert_eq!(warned("fsync: false"), ["fsync"]);
    assert_eq!(warned("on_full: shed"), ["on_full"]);
    assert_eq!(warned("limit_mib: 16"), [""; 0]);
}

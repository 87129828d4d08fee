use super::BatchSettings;
use crate::config::settings::{Problems, Settings};

/// Guarantees: a bound below the size, and a key named twice, are errors that name their key and the values.
#[test]
fn contradictions_are_named() {
    let settings = BatchSettings {
        send_batch_size: 100,
        send_batch_max_size: 50,
        metadata_keys: vec!["tenant".into(), "Tenant".into()],
        ..BatchSettings::default()
    };
    let mut problems = Problems::default();
    settings.validate(&mut problems);
    let found: Vec<_> = problems
        .iter()
        .map(|problem| format!("{}: {}", problem.path, problem.note))
        .collect();
    assert_eq!(
        found,
        [
            "send_batch_max_size: is 50, but must be 0 or at least send_batch_size, which is 100",
            "metadata_keys: names `Tenant` twice"
        ]
    );
}

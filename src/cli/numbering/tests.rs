use std::collections::HashSet;

use super::*;

/// Every span of a run has its own span id and its own key, trace ids change every `TRACE_SPANS`, none is zero.
#[test]
fn ids_are_distinct() {
    let run = Run::new(u64::MAX);
    let spans: HashSet<_> = (0..100_000).map(|n| run.span_id(n)).collect();
    let traces: HashSet<_> = (0..100_000).map(|n| run.trace_id(n)).collect();
    let keys: HashSet<_> = (0..100_000).map(|n| run.key(n)).collect();
    assert_eq!(
        (spans.len(), traces.len(), keys.len()),
        (100_000, 12_500, 100_000)
    );
    assert!(!spans.contains(&[0; 8]) && !traces.contains(&[0; 16]));
}

/// Runs with different seeds do not share ids.
#[test]
fn runs_are_distinct() {
    let one: HashSet<_> = (0..10_000).map(|n| Run::new(1).key(n)).collect();
    assert!((0..10_000).all(|n| !one.contains(&Run::new(2).key(n))));
}

/// Ids of any length have a key, and different ids have different ones.
#[test]
fn odd_lengths_have_keys() {
    let keys: HashSet<u64> = [
        (&b""[..], &b""[..]),
        (b"a", b""),
        (b"ab", b"c"),
        (b"0123456789abcdef", b"x"),
    ]
    .iter()
    .map(|(trace, span)| key(trace, span))
    .collect();
    assert_eq!(keys.len(), 4);
}

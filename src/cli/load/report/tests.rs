use super::*;

/// A quantile is never below the true value and at most 4 % above it.
#[test]
fn quantiles_are_close() {
    let mut histogram = Histogram::default();
    (1..=100_000u64).for_each(|micros| histogram.add(Duration::from_micros(micros)));
    for share in [0.001, 0.5, 0.9, 0.99, 1.0] {
        let exact = Duration::from_secs_f64(0.1 * share);
        let found = histogram.quantile(share);
        assert!(
            found >= exact && found <= exact.mul_f64(1.04),
            "{share}: {found:?} for {exact:?}"
        );
    }
    assert_eq!(Histogram::default().quantile(0.5), Duration::ZERO);
}

/// Ranges join in whatever order they come, and holes stay.
#[test]
fn ranges_join() {
    let mut ranges = Ranges::default();
    [(8, 16), (32, 40), (0, 8), (24, 32), (48, 56)]
        .iter()
        .for_each(|(from, to)| ranges.add(*from, *to));
    assert_eq!(ranges.to_vec(), [(0, 16), (24, 40), (48, 56)]);
}

/// However many reasons there are, the report stays small.
#[test]
fn reasons_are_bounded() {
    let mut reasons = BTreeMap::new();
    (0..1_000).for_each(|number| count(&mut reasons, &format!("reason {number}")));
    assert!(reasons.len() <= REASONS + 1);
    assert_eq!(reasons.values().sum::<u64>(), 1_000);
}

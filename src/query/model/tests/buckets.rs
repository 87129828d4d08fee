//! Buckets, quantiles.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::query::model::{
    Group, Measure, Measured, Part, Sketch, duration_bucket, time_bucket, time_buckets, zero_filled,
};

/// Buckets of time begin at multiples of their width and cover the range, its end excluded.
#[test]
fn time() {
    assert_eq!(time_bucket(29, 10), 20);
    let buckets = |from, to| time_buckets(from, to, 10).collect::<Vec<_>>();
    assert_eq!(buckets(15, 41), [10, 20, 30, 40]);
    assert_eq!(buckets(15, 40), [10, 20, 30]);
    assert!(buckets(20, 20).is_empty());
    let last = time_buckets(u64::MAX - 3, u64::MAX, 10).collect::<Vec<_>>();
    assert_eq!(last, [u64::MAX - 5]);
}

/// Buckets of duration follow the series 1, 2, 5 to the end of the range.
#[test]
fn duration() {
    for (duration, bucket) in [
        (i64::MIN, 0),
        (0, 0),
        (1, 1),
        (4, 2),
        (5, 5),
        (10, 10),
        (49, 20),
        (999, 500),
        (i64::MAX, 5_000_000_000_000_000_000),
    ] {
        assert_eq!(duration_bucket(duration), bucket, "{duration}");
    }
}

/// Empty buckets get one group of zeros, in their place; those with groups stay as they are.
#[test]
fn zero_fill() {
    let group = |time, service: Option<&str>, count| Group {
        keys: vec![
            Part::Time(time),
            service.map_or(Part::Missing, |name| Part::Text(name.into())),
        ],
        measures: vec![Measured::Count(count)],
    };
    let groups = vec![group(20, Some("web"), 3), group(20, Some("cart"), 1)];
    let filled = zero_filled(groups, 0, &[Measure::Spans], time_buckets(10, 40, 10));
    let expected = [
        group(10, None, 0),
        group(20, Some("web"), 3),
        group(20, Some("cart"), 1),
        group(30, None, 0),
    ];
    assert_eq!(filled, expected);
}

/// A quantile is within one per cent of the value at its rank, whatever the values, merged or not.
#[test]
fn quantiles() {
    let mut rng = StdRng::seed_from_u64(5);
    for round in 0..200 {
        let largest = 1_i64 << rng.random_range(1..62);
        let least = if round % 4 == 0 { -largest } else { 0 };
        let mut values: Vec<i64> = (0..rng.random_range(1..300))
            .map(|_| rng.random_range(least..largest))
            .collect();
        let (mut sketch, mut other) = (Sketch::default(), Sketch::default());
        for (place, value) in values.iter().enumerate() {
            [&mut sketch, &mut other][place % 2].add(*value);
        }
        sketch.merge(&other);
        values.sort_unstable();
        for share in [0.0, 0.3, 0.5, 0.95, 0.999, 1.0] {
            let rank = ((share * values.len() as f64).ceil() as usize).max(1);
            let (exact, found) = (values[rank - 1] as f64, sketch.quantile(share) as f64);
            assert!(
                (exact - found).abs() <= exact.abs() * 0.01,
                "{share}: {found} for {exact}"
            );
        }
    }
    assert_eq!(Sketch::default().quantile(0.5), 0);
    let (mut same, mut more) = (Sketch::default(), Sketch::default());
    same.add(100_000_000);
    more.add(100_000_000);
    same.merge(&more);
    assert_eq!(
        [0.0, 0.5, 0.95].map(|share| same.quantile(share)),
        [100_000_000; 3]
    );
}

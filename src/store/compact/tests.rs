use std::collections::BTreeMap;

use super::choose::{MOST_BYTES, MOST_ROWS, choose};
use crate::store::catalog::Registered;

const HOUR: u64 = 3_600_000_000_000;
const DAY: u64 = 24 * HOUR;

/// Segments of so many rows that start at these times, with ids in this order.
fn segments(of: &[(u64, u64)]) -> BTreeMap<u64, Registered> {
    let segment = |(id, (rows, start)): (usize, &(u64, u64))| {
        let known = Registered {
            rows: *rows,
            bytes: rows * 75,
            min_start: *start,
            max_start: start + HOUR / 60,
            arrived: *start,
            ..Registered::default()
        };
        (id as u64, known)
    };
    of.iter().enumerate().map(segment).collect()
}

/// Guarantees: eight alike of one day are merged, in the order of time; seven are not, nor are others.
#[test]
fn eight_alike_are_merged() {
    let now = 10 * DAY;
    let seven: Vec<(u64, u64)> = (0..7).map(|at| (1000, now - at * HOUR / 60)).collect();
    assert_eq!(choose(&segments(&seven), now), None);
    let eight = [&seven[..], &[(1000, now - HOUR)]].concat();
    assert_eq!(choose(&segments(&eight), now), None, "one is of another day");
    let noon = 10 * DAY + 12 * HOUR;
    let eight: Vec<(u64, u64)> = (0..8).map(|at| (1000, noon - at * HOUR)).collect();
    assert_eq!(
        choose(&segments(&eight), noon),
        Some(vec![7, 6, 5, 4, 3, 2, 1, 0])
    );
    let mixed: Vec<(u64, u64)> = (0..8).map(|at| (1000 << (at / 4 * 10), noon)).collect();
    assert_eq!(
        choose(&segments(&mixed), noon),
        None,
        "four are a thousand times larger"
    );
}

/// Guarantees: once the day is over on which they came two are enough; whatever is whole stays as it is; what came in on
/// different days is not merged, nor are spans of one day with those of several.
#[test]
fn little_is_left_of_a_day() {
    let two = [(1000, DAY), (2000, DAY + HOUR)];
    assert_eq!(choose(&segments(&two), DAY + 2 * HOUR), None);
    assert_eq!(choose(&segments(&two), 3 * DAY), Some(vec![0, 1]));
    let whole = [(MOST_ROWS / 2, DAY), (MOST_ROWS / 2, DAY)];
    assert_eq!(choose(&segments(&whole), 3 * DAY), None);
    let late = segments(&[(1000, DAY), (1000, DAY)]);
    let with = |change: fn(&mut Registered)| {
        let mut changed = late.clone();
        changed.values_mut().take(1).for_each(change);
        choose(&changed, 9 * DAY)
    };
    assert_eq!(with(|_| ()), Some(vec![0, 1]));
    assert_eq!(with(|known| known.arrived = 7 * DAY), None);
    assert_eq!(with(|known| known.max_start = 7 * DAY), None);
}

/// Guarantees: whatever is merged stays within the bounds, every merge makes progress, and it comes to an end.
#[test]
fn merging_comes_to_an_end_within_bounds() {
    for seed in 0..50_u64 {
        let mut known: BTreeMap<u64, Registered> = (0..200_u64)
            .map(|id| {
                let random = (id + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(seed) >> 20;
                let rows = 1 + (random % 9).pow(6);
                let start = random % (3 * DAY);
                (id, segments(&[(rows, start)])[&0])
            })
            .collect();
        let rows: u64 = known.values().map(|known| known.rows).sum();
        let mut merges = 0;
        while let Some(chosen) = choose(&known, 10 * DAY) {
            let gone: Vec<Registered> = chosen.iter().filter_map(|id| known.remove(id)).collect();
            let merged = Registered {
                rows: gone.iter().map(|known| known.rows).sum(),
                bytes: gone.iter().map(|known| known.bytes).sum(),
                min_start: gone.iter().map(|known| known.min_start).min().unwrap(),
                max_start: gone.iter().map(|known| known.max_start).max().unwrap(),
                arrived: gone.iter().map(|known| known.arrived).max().unwrap(),
                ..Registered::default()
            };
            assert!(gone.len() >= 2 && merged.rows <= MOST_ROWS && merged.bytes <= MOST_BYTES);
            merges += 1;
            known.insert(1000 + merges, merged);
        }
        assert!(merges < 200);
        assert_eq!(known.values().map(|known| known.rows).sum::<u64>(), rows);
        assert!(known.len() < 60, "{} are left", known.len());
    }
}

//! Which segments are merged next.
//!
//! Segments of about the same size that came in on one day and hold spans of one day are merged when there are eight of
//! them, so that a span is rewritten a few times at most; once the day on which they came is over, two are enough, so that
//! few are left of it. What holds spans of several days (late ones, wrong clocks) is merged among itself. No merge makes a
//! segment larger than the bounds, nor delays the expiry of what came in on another day.

use std::collections::BTreeMap;

use crate::store::catalog::Registered;

/// Rows of a merged segment, at most.
pub const MOST_ROWS: u64 = 2 << 20;

/// Bytes of a merged segment, about, at most.
pub const MOST_BYTES: u64 = 1 << 30;

/// So many make a merge.
const ENOUGH: usize = 8;

/// So many are merged at once, at most.
const MOST: usize = 16;

/// Sizes are told apart by this factor, from the largest down.
const STEP: u64 = 8;

/// Segments of at least this part of the bounds are left as they are.
const WHOLE: u64 = 2;

const HOUR: u64 = 3_600_000_000_000;
const DAY: u64 = 24 * HOUR;

/// The segments to merge next; none when all is well. `now` is in nanoseconds since 1970.
pub fn choose(segments: &BTreeMap<u64, Registered>, now: u64) -> Option<Vec<u64>> {
    let mut alike: BTreeMap<_, Vec<(u64, Registered)>> = BTreeMap::new();
    for (id, known) in segments {
        if let Some(tier) = tier(known) {
            alike
                .entry((tier, day(known), known.arrived / DAY))
                .or_default()
                .push((*id, *known));
        }
    }
    let chosen = |((_, _, came), mut alike): ((u32, Option<u64>, u64), Vec<_>)| {
        let is_over = came < now.saturating_sub(HOUR) / DAY;
        let enough = if is_over { 2 } else { ENOUGH };
        alike.sort_by_key(|(id, known): &(u64, Registered)| (known.min_start, *id));
        (0..alike.len()).find_map(|first| {
            let run = run(alike.get(first..)?);
            (run.len() >= enough).then_some(run)
        })
    };
    alike.into_iter().find_map(chosen)
}

/// As many neighbours as fit into one segment.
fn run(neighbours: &[(u64, Registered)]) -> Vec<u64> {
    let (mut rows, mut bytes) = (0, 0);
    let fits = |(_, known): &&(u64, Registered)| {
        rows += known.rows;
        bytes += known.bytes;
        rows <= MOST_ROWS && bytes <= MOST_BYTES
    };
    let run = neighbours.iter().take(MOST).take_while(fits);
    run.map(|(id, _)| *id).collect()
}

/// How often the segment would have to grow to be whole, the smallest first; none when it is.
fn tier(known: &Registered) -> Option<u32> {
    let steps = |size: u64, whole: u64| {
        let mut steps = 0;
        let mut bound = whole;
        while size < bound && bound > 1 {
            steps += 1;
            bound /= STEP;
        }
        steps
    };
    let steps = steps(known.rows, MOST_ROWS / WHOLE).min(steps(known.bytes, MOST_BYTES / WHOLE));
    // All of the smallest are one tier: they are not worth telling apart.
    (steps > 0).then(|| u32::MAX - steps.min(3))
}

/// The day in which all spans of a segment started, if that is one.
fn day(known: &Registered) -> Option<u64> {
    let day = known.min_start / DAY;
    (day == known.max_start / DAY).then_some(day)
}

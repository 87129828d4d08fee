//! The time that a span spent in none of its children.

use std::collections::HashMap;

use super::row;
use crate::query::model::{FoundSpan, SpanHit};

/// For each span its duration without the times that children among `hits` cover, in nanoseconds.
pub fn self_times(hits: &[SpanHit]) -> Vec<i64> {
    let mut children: HashMap<&[u8], Vec<(u64, u64)>> = HashMap::new();
    for hit in hits.iter().filter(|hit| !hit.span.is_root()) {
        let times = children.entry(hit.span.span().parent_span_id()).or_default();
        times.push(micros(&hit.span));
    }
    children.values_mut().for_each(|times| times.sort_unstable());
    hits.iter()
        .map(|hit| {
            let times = children
                .get(hit.span.span().span_id())
                .map_or(&[][..], Vec::as_slice);
            let covered = i64::try_from(covered(&hit.span, times)).unwrap_or(i64::MAX);
            row::duration(&hit.span)
                .saturating_sub(covered.saturating_mul(1000))
                .max(0)
        })
        .collect()
}

/// When a span began and ended, in microseconds since 1970, as rows have it.
fn micros(span: &FoundSpan) -> (u64, u64) {
    (span.start() / 1000, row::end(span) / 1000)
}

/// How much of a span's time lies in `times`, which come by their beginning; all in microseconds.
fn covered(span: &FoundSpan, times: &[(u64, u64)]) -> u64 {
    let (mut reached, end) = micros(span);
    let mut covered = 0;
    for (from, to) in times {
        let (from, to) = ((*from).max(reached), (*to).min(end));
        if from < to {
            covered += to - from;
            reached = to;
        }
    }
    covered
}

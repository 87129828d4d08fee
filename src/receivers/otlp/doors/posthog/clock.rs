//! When spans began: what cannot be a time is refused, what is far from now is moved, where that is wanted.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prost_types::Timestamp;

use super::answer::Refusal;
use crate::pipeline::budget::Budget;
use crate::wire::{Checked, Decision, Editor, ResourceView, ScopeView, SpanEdit};

/// A span may begin this long before or after now.
const DAY: u64 = Duration::from_hours(24).as_nanos() as u64;

/// Where the time is kept at which a moved span began.
const ORIGINAL: &str = "$originalTimestamp";

/// Looks at the times of spans.
#[derive(Debug)]
pub struct Clock {
    /// Nanoseconds since 1970, where spans are moved.
    now: Option<u64>,
    unfit: bool,
}

// === impl Clock ===

impl Clock {
    /// A clock that moves spans, or lets them be.
    pub fn new(moves: bool) -> Self {
        let now = || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            u64::try_from(now.as_nanos()).unwrap_or(u64::MAX)
        };
        Self {
            now: moves.then(now),
            unfit: false,
        }
    }

    /// The request with its spans where they belong; refused when a time is beyond what PostHog can say.
    pub fn set(&mut self, checked: Checked, budget: &Budget) -> Result<Checked, Refusal> {
        let before = checked.traces.bytes().as_ptr();
        let traces = checked.traces.edit(self);
        if self.unfit {
            return Err(Refusal::bad_input());
        }
        let moved = !std::ptr::eq(traces.bytes().as_ptr(), before);
        Ok(Checked {
            traces: if moved { budget.cover(traces) } else { traces },
            ..checked
        })
    }
}

impl Editor for Clock {
    fn span(&mut self, _: ResourceView<'_>, _: ScopeView<'_>, span: &mut SpanEdit<'_>) -> Decision {
        let before = span.before();
        let (start, end) = (before.start_time_unix_nano(), before.end_time_unix_nano());
        self.unfit |= i64::try_from(start.max(end)).is_err();
        let Some(now) = self.now.filter(|now| now.abs_diff(start) > DAY || end == 0) else {
            return Decision::Keep;
        };
        let begins = match now.abs_diff(start) > DAY {
            true => now,
            false => start,
        };
        if begins != start {
            span.set_start_time(begins);
            if start > 0 {
                span.upsert(ORIGINAL, rfc3339(start).as_str());
            }
        }
        if end == 0 {
            span.set_end_time(begins);
        }
        Decision::Keep
    }
}

fn rfc3339(nanos: u64) -> String {
    const SECOND: u64 = 1_000_000_000;
    let time = Timestamp {
        seconds: i64::try_from(nanos / SECOND).unwrap_or(i64::MAX),
        nanos: i32::try_from(nanos % SECOND).unwrap_or_default(),
    };
    time.to_string()
}

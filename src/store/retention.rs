//! Expiry: whole segments go, the oldest first, when all of their spans are older than the user wants, or for room.

use std::collections::BTreeMap;

use super::catalog::Registered;
use super::core::Core;
use super::events::Event;
use super::settings::{Retention, StoreError};

/// What expires now.
#[derive(Debug, Default, PartialEq, Eq)]
struct Expired {
    /// For their age.
    aged: Vec<u64>,
    /// For room.
    crowded: Vec<u64>,
}

// === impl Core ===

impl Core {
    /// Deletes what has expired at `now`, in nanoseconds since 1970.
    pub fn expire(&self, now: u64) -> Result<(), StoreError> {
        let known = self.registered().clone();
        let expired = expired(&known, self.settings.retention, now);
        for (gone, aged) in [(expired.aged, true), (expired.crowded, false)] {
            if gone.is_empty() {
                continue;
            }
            self.catalog.replace(&gone, None, &[])?;
            self.swap(&gone, &[]);
            self.remove(&gone);
            let of =
                |count: fn(&Registered) -> u64| gone.iter().filter_map(|id| known.get(id)).map(count).sum();
            self.observer.tell(Event::Expired {
                segments: gone.len(),
                spans: of(|known| known.rows),
                bytes: of(|known| known.bytes),
                aged,
            });
        }
        Ok(())
    }
}

/// Spans that say they are from the future count as of when they came.
fn age_counts_from(known: &Registered) -> u64 {
    known.max_start.min(known.arrived)
}

fn expired(known: &BTreeMap<u64, Registered>, retention: Retention, now: u64) -> Expired {
    let mut oldest_first: Vec<(u64, u64, &Registered)> = known
        .iter()
        .map(|(id, known)| (age_counts_from(known), *id, known))
        .collect();
    oldest_first.sort_by_key(|(from, id, _)| (*from, *id));
    let max_age = u64::try_from(retention.max_age.as_nanos()).unwrap_or(u64::MAX);
    let mut bytes: u64 = known.values().map(|known| known.bytes).sum();
    let mut expired = Expired::default();
    for (from, id, known) in oldest_first {
        let is_old = max_age > 0 && from < now.saturating_sub(max_age);
        let is_too_much = retention.max_bytes > 0 && bytes > retention.max_bytes;
        match (is_old, is_too_much) {
            (true, _) => expired.aged.push(id),
            (false, true) => expired.crowded.push(id),
            (false, false) => break,
        }
        bytes -= known.bytes;
    }
    expired
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn segment(max_start: u64, arrived: u64) -> Registered {
        Registered {
            bytes: 10,
            max_start: max_start * 1_000_000_000,
            arrived: arrived * 1_000_000_000,
            ..Registered::default()
        }
    }

    fn run(max_age: u64, max_bytes: u64) -> Expired {
        let known = [
            (0, segment(100, 110)),
            (1, segment(50, 120)),
            (2, segment(u64::MAX / 1_000_000_000, 40)),
            (3, segment(190, 191)),
        ];
        let retention = Retention {
            max_age: Duration::from_secs(max_age),
            max_bytes,
        };
        expired(&known.into(), retention, 200_000_000_000)
    }

    /// Guarantees: zero keeps everything; by age goes what is older, and what claims to be from the future counts from when
    /// it came; by bytes go the oldest until the rest fits, and what goes for its age makes room, too.
    #[test]
    fn whole_segments_expire() {
        let of = |aged: &[u64], crowded: &[u64]| Expired {
            aged: aged.to_vec(),
            crowded: crowded.to_vec(),
        };
        assert_eq!(run(0, 0), of(&[], &[]));
        assert_eq!(run(99, 0), of(&[2, 1, 0], &[]));
        assert_eq!(run(150, 0), of(&[2], &[]));
        assert_eq!(run(0, 40), of(&[], &[]));
        assert_eq!(run(0, 39), of(&[], &[2]));
        assert_eq!(run(0, 19), of(&[], &[2, 1, 0]));
        assert_eq!(run(150, 20), of(&[2], &[1]));
    }
}

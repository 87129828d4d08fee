//! Expiry: whole segments go, the oldest first, when the user wants none of their spans any longer, or for room.
//!
//! Age counts from when spans came in: what an old recording or a wrong clock says about their start deletes nothing early
//! and keeps nothing for ever. Room is made by what started first.

use std::collections::BTreeMap;

use super::catalog::Registered;
use super::core::Core;
use super::events::Event;
use super::settings::{Retention, StoreError};

/// What expires now.
#[derive(Debug, PartialEq, Eq)]
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
fn started(known: &Registered) -> u64 {
    known.max_start.min(known.arrived)
}

fn expired(known: &BTreeMap<u64, Registered>, retention: Retention, now: u64) -> Expired {
    let mut oldest_first: Vec<(u64, u64, &Registered)> = known
        .iter()
        .map(|(id, known)| (started(known), *id, known))
        .collect();
    oldest_first.sort_by_key(|(started, id, _)| (*started, *id));
    let max_age = u64::try_from(retention.max_age.as_nanos()).unwrap_or(u64::MAX);
    let is_old = |known: &Registered| max_age > 0 && known.arrived < now.saturating_sub(max_age);
    let (old, young): (Vec<_>, Vec<_>) = oldest_first.into_iter().partition(|(_, _, known)| is_old(known));
    let mut bytes: u64 = young.iter().map(|(_, _, known)| known.bytes).sum();
    let is_too_much = |(_, _, known): &&(u64, u64, &Registered)| {
        let too_much = retention.max_bytes > 0 && bytes > retention.max_bytes;
        bytes = bytes.saturating_sub(known.bytes);
        too_much
    };
    let crowded = young.iter().take_while(is_too_much);
    Expired {
        crowded: crowded.map(|(_, id, _)| *id).collect(),
        aged: old.iter().map(|(_, id, _)| *id).collect(),
    }
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

    /// Guarantees: zero keeps everything; by age goes what came in before, whenever it says that it started; by bytes go those
    /// that started first until the rest fits, and what goes for its age makes room, too.
    #[test]
    fn whole_segments_expire() {
        let of = |aged: &[u64], crowded: &[u64]| Expired {
            aged: aged.to_vec(),
            crowded: crowded.to_vec(),
        };
        assert_eq!(run(0, 0), of(&[], &[]));
        assert_eq!(run(85, 0), of(&[2, 0], &[]));
        assert_eq!(run(150, 0), of(&[2], &[]));
        assert_eq!(run(0, 40), of(&[], &[]));
        assert_eq!(run(0, 39), of(&[], &[2]));
        assert_eq!(run(0, 19), of(&[], &[2, 1, 0]));
        assert_eq!(run(150, 20), of(&[2], &[1]));
        assert_eq!(run(85, 10), of(&[2, 0], &[1]));
    }
}

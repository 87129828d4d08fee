use proptest::prelude::*;

use super::*;

/// Gives `total` bytes in pieces of at most `piece`.
struct Pieces {
    total: usize,
    piece: usize,
    given: usize,
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = out.len().min(self.piece).min(self.total - self.given);
        for (at, byte) in out[..count].iter_mut().enumerate() {
            *byte = ((self.given + at) % 251) as u8;
        }
        self.given += count;
        Ok(count)
    }
}

proptest! {
    /// Whatever comes in whatever pieces: the contents are what was given or the limit stops them; what is
    /// allocated is always paid for; and all of it comes back.
    #[test]
    fn contents_are_whole_and_paid_for(
        total in 0usize..400_000, piece in 1usize..100_000, first in 0usize..200_000, limit in 0usize..400_000,
    ) {
        let budget = Budget::new(4_000_000);
        {
            let first = first.min(limit);
            let mut buffer = PaidBuffer::new(&budget, first, limit).unwrap();
            let read = buffer.read_all(Pieces { total, piece, given: 0 });
            prop_assert!(buffer.bytes.capacity() <= buffer.reservation.bytes());
            if total > limit {
                let stopped = matches!(read, Err(Fill::Full(Full::TooLarge { .. })));
                prop_assert!(stopped);
            } else {
                read.unwrap();
                let expected: Vec<u8> = (0..total).map(|at| (at % 251) as u8).collect();
                let bytes = buffer.into_bytes();
                prop_assert!(bytes == expected);
                prop_assert!(budget.used() >= total && budget.used() <= total + total / 4 + 1);
            }
        }
        prop_assert_eq!(budget.used(), 0);
    }
}

/// A buffer that cannot grow within the budget says so, keeps what it has, and gives all back when dropped.
#[test]
fn growth_stops_at_the_budget() {
    let budget = Budget::new(200_000);
    let mut buffer = PaidBuffer::new(&budget, 0, usize::MAX).unwrap();
    let read = buffer.read_all(Pieces {
        total: 10_000_000,
        piece: 1000,
        given: 0,
    });
    assert!(matches!(read, Err(Fill::Full(Full::OverBudget(_)))), "{read:?}");
    assert!(!buffer.is_empty());
    assert!(budget.used() <= 200_000);
    drop(buffer);
    assert_eq!(budget.used(), 0);
}

/// A capacity beyond the limit is refused before anything is reserved.
#[test]
fn a_capacity_beyond_the_limit_is_refused() {
    let budget = Budget::new(1000);
    let refused = PaidBuffer::new(&budget, 101, 100).map(drop);
    assert_eq!(refused, Err(Full::TooLarge { limit: 100 }));
    assert_eq!(budget.used(), 0);
}

/// Appending by hand obeys the same limit.
#[test]
fn appending_stops_at_the_limit() {
    let budget = Budget::new(1_000_000);
    let mut buffer = PaidBuffer::new(&budget, 2, 5).unwrap();
    buffer.extend(b"abc").unwrap();
    assert_eq!(buffer.extend(b"def"), Err(Full::TooLarge { limit: 5 }));
    assert_eq!(buffer.as_slice(), b"abc");
    assert_eq!(buffer.len(), 3);
}

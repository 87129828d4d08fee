use super::{Budget, Share};

/// Whoever shares a budget cannot take it all: another finds room, up to as much as the first has kept, and all that is
/// given back counts for both.
#[test]
fn shares_are_fair() {
    let budget = Budget::new(9000);
    let take_all = |share: &Share| {
        let budget = budget.shared(share);
        std::iter::from_fn(|| budget.reserve(10).ok()).collect::<Vec<_>>()
    };
    let bytes = |held: &[super::Reservation]| held.iter().map(super::Reservation::bytes).sum::<usize>();
    let (greedy, late) = (Share::default(), Share::default());
    let mut first = take_all(&greedy);
    assert!((7100..=7200).contains(&bytes(&first)), "{}", bytes(&first));
    // The greedy one can go on only as fast as it gives back, and yields to the other meanwhile.
    let mut second = Vec::new();
    for _ in 0..100 {
        second.extend(take_all(&late));
        first.drain(..first.len() / 10);
        first.extend(take_all(&greedy));
    }
    let (one, other) = (bytes(&first), bytes(&second));
    assert!(
        (3900..=4100).contains(&one) && (3900..=4100).contains(&other),
        "{one} {other}"
    );
    // Nobody is locked out.
    assert!(budget.shared(&Share::default()).reserve(500).is_ok());
    drop((first, second));
    assert_eq!(budget.used(), 0);
    for share in [&late, &greedy] {
        assert_eq!(bytes(&take_all(share)), 7200);
    }
}

/// One who shares is bound by the budget as everybody is; what stands outside of shares is not theirs.
#[test]
fn shares_are_bounded() {
    let budget = Budget::new(100);
    let share = Share::default();
    let shared = budget.shared(&share);
    assert!(shared.reserve(101).is_err());
    let whole = shared.reserve(100).unwrap();
    assert!(shared.reserve(1).is_err() && budget.reserve(1).is_err());
    drop(whole);
    let paid = shared.overdraw(60);
    assert!(shared.reserve(40).is_ok() && budget.reserve(40).is_ok());
    drop(paid);
    assert_eq!(budget.used(), 0);
}

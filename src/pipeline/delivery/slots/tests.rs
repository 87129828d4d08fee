use super::*;

const TIMEOUT: Duration = Duration::from_secs(4);

/// Takes slots until there is none.
fn take_all(slots: &Arc<Slots>) -> Vec<Slot> {
    std::iter::from_fn(|| slots.take()).collect()
}

/// As many sends at a time as allowed, each answered after `took`, this often; how many are allowed then.
fn settle(slots: &Arc<Slots>, took: Duration, rounds: usize) -> usize {
    for _ in 0..rounds {
        for slot in take_all(slots) {
            slots.answered(took);
            let _told = slot.give_back();
        }
    }
    slots.state().limit
}

/// Guarantees: a quick destination soon has all consumers, and never more.
#[test]
fn quick_answers_open_all_slots() {
    let slots = Slots::new(10, Some(TIMEOUT));
    assert_eq!(take_all(&slots).len(), FIRST);
    slots.state().taken = 0;
    assert_eq!(settle(&slots, Duration::from_millis(10), 20), 10);
}

/// Guarantees: answers that come late, refusals that do, and a destination that asks for less close slots down to
/// one, never to none.
#[test]
fn late_answers_close_slots() {
    for late in [
        |slots: &Slots| slots.answered(TIMEOUT * 3 / 4),
        |slots: &Slots| slots.failed(TIMEOUT, false),
        |slots: &Slots| slots.failed(Duration::ZERO, true),
    ] {
        let slots = Slots::new(10, Some(TIMEOUT));
        settle(&slots, Duration::ZERO, 20);
        (0..9).for_each(|_| late(&slots));
        assert_eq!(slots.state().limit, 1);
        late(&slots);
        assert_eq!(take_all(&slots).len(), 1);
    }
}

/// Guarantees: a destination that just cannot be reached costs no slot: when it is back it is back as before.
#[test]
fn quick_failures_close_nothing() {
    let slots = Slots::new(10, Some(TIMEOUT));
    settle(&slots, Duration::ZERO, 20);
    slots.failed(Duration::from_millis(1), false);
    assert_eq!(slots.state().limit, 10);
}

/// Guarantees: whoever found no slot is told when one comes back.
#[test]
fn the_next_one_is_told() {
    let slots = Slots::new(1, None);
    let slot = slots.take().unwrap();
    assert!(slots.take().is_none());
    assert!(slot.give_back());
    assert!(!slots.take().unwrap().give_back());
}

/// Guarantees: without a queue every request is sent as it comes, whatever came of others.
#[test]
fn unbounded_stays_unbounded() {
    let slots = Slots::unbounded();
    slots.failed(Duration::ZERO, true);
    let taken: Vec<_> = (0..5000).map_while(|_| slots.take()).collect();
    assert_eq!(taken.len(), 5000);
}

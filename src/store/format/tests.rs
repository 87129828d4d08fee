use proptest::prelude::*;

use super::{bloom, delta, hybrid};

/// Small numbers of every width and mixture, runs among them.
fn codes() -> impl Strategy<Value = (u32, Vec<u32>)> {
    (0_u32..=32).prop_flat_map(|width| {
        let most = u32::MAX.checked_shr(32 - width).unwrap_or_default();
        let stretch = prop_oneof![
            (0..=most, 1..40_usize).prop_map(|(value, count)| vec![value; count]),
            prop::collection::vec(0..=most, 0..20),
        ];
        let values = prop::collection::vec(stretch, 0..20).prop_map(|all| all.concat());
        (Just(width), values)
    })
}

proptest! {
    /// Codes come back as they went in, at any width and mixture of runs.
    #[test]
    fn hybrid_round_trips((width, values) in codes()) {
        let mut bytes = Vec::new();
        hybrid::encode(&values, width, &mut bytes);
        let mut back = Vec::new();
        hybrid::decode(&bytes, width, values.len(), &mut back).unwrap();
        prop_assert_eq!(back, values);
    }

    /// Numbers come back as they went in, those at the ends of the range included.
    #[test]
    fn delta_round_trips(values in prop::collection::vec(prop_oneof![any::<i64>(), 0..1000_i64, Just(i64::MIN), Just(i64::MAX)], 0..400)) {
        let mut bytes = Vec::new();
        delta::encode(&values, &mut bytes);
        prop_assert_eq!(delta::decode(&bytes, values.len()).unwrap(), values);
    }

    /// Bytes that nobody encoded are refused or read as something; nothing panics and nothing grows beyond what was asked for.
    #[test]
    fn garbage_is_survived(bytes in prop::collection::vec(any::<u8>(), 0..200), width in 0_u32..40, count in 0..500_usize) {
        let mut values = Vec::new();
        let _ = hybrid::decode(&bytes, width, count, &mut values);
        prop_assert!(values.len() <= count);
        if let Ok(values) = delta::decode(&bytes, count) {
            prop_assert!(values.len() <= count);
        }
    }

    /// A filter never denies what was put into it.
    #[test]
    fn bloom_never_denies(hashes in prop::collection::vec(any::<u64>(), 0..500), bits in 1..20_usize) {
        let mut filter = Vec::new();
        bloom::build(hashes.iter().copied(), bits, &mut filter);
        for hash in hashes {
            let place = bloom::place(hash, filter.len()).unwrap();
            prop_assert!(bloom::maybe(hash, &filter[place]));
        }
    }
}

/// With ten bits an entry, one question in fifty at most is answered "maybe" in vain.
#[test]
fn bloom_denies_most_of_the_rest() {
    let spread = |number: u64| {
        number
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .rotate_left(29)
            .wrapping_mul(0xd6e8_feb8_6659_fd93)
    };
    let mut filter = Vec::new();
    bloom::build(
        (0..100_000_u32).map(|number| spread(number.into())),
        10,
        &mut filter,
    );
    let maybe = |number: &u64| {
        let hash = spread(*number);
        bloom::maybe(hash, &filter[bloom::place(hash, filter.len()).unwrap()])
    };
    let wrong = (100_000..200_000_u64).filter(maybe).count();
    assert!(wrong < 2_000, "{wrong} of 100,000");
}

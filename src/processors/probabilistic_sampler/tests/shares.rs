//! How many spans are kept, and that samplers in a row agree.

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use super::super::config::{Mode, ProbabilisticSamplerSettings};
use super::super::sampler::Sampler;
use super::super::trace_state::TraceState;
use super::{kept, settings};

const MODES: [Mode; 3] = [Mode::HashSeed, Mode::Proportional, Mode::Equalizing];

/// Of 100,000 random trace ids each mode keeps the percentage, within five standard deviations.
#[test]
fn the_percentage_is_kept() {
    const IDS: u32 = 100_000;
    let mut random = SmallRng::seed_from_u64(6);
    for mode in MODES {
        for percentage in [
            0.0, 0.1, 1.0, 5.0, 15.0, 33.3, 50.0, 66.6, 90.0, 99.0, 99.9, 100.0,
        ] {
            let sampler = Sampler::new(&settings(mode, percentage));
            let ids = (0..IDS).filter(|_| sampler.decide(random.random(), "", None).is_kept);
            let kept = ids.count() as f64;
            let share = f64::from(percentage) / 100.0;
            let deviation = (f64::from(IDS) * share * (1.0 - share)).sqrt();
            // The hash's part is cut off to one of 2^14, the others' to four digits.
            let cut = f64::from(IDS) / 16384.0;
            let away = (kept - f64::from(IDS) * share).abs();
            assert!(away <= 5.0 * deviation + cut, "{mode:?} {percentage}: {kept}");
        }
    }
}

/// The probability that a kept span says it was kept with.
fn probability(state: &str) -> f64 {
    let (state, _) = TraceState::read(state);
    state.threshold().unwrap().probability()
}

fn mode() -> impl Strategy<Value = Mode> {
    proptest::sample::select(MODES.as_slice())
}

proptest! {
    /// A span that is kept at a percentage is kept at every larger one, with the same seed.
    #[test]
    fn more_is_a_superset(id: u128, mode in mode(), hash_seed: u32, some in 0_f32..=100.0, more in 0_f32..=100.0) {
        let sampler = |sampling_percentage| Sampler::new(&ProbabilisticSamplerSettings {
            hash_seed,
            ..settings(mode, sampling_percentage)
        });
        let (less, more) = (sampler(some.min(more)), sampler(some.max(more)));
        prop_assert!(!less.decide(id, "", None).is_kept || more.decide(id, "", None).is_kept);
    }

    /// No sampler lowers a threshold, and `equalizing` leaves one that is above its own.
    #[test]
    fn thresholds_are_never_lowered(id: u128, first in 0.01_f32..=100.0, second in 0.01_f32..=100.0, mode in mode()) {
        let before = kept(&Sampler::new(&settings(Mode::Equalizing, first)), id, "");
        let Some(before) = before else { return Ok(()) };
        if let Some(after) = kept(&Sampler::new(&settings(mode, second)), id, &before) {
            prop_assert!(probability(&after) <= probability(&before), "{} {}", before, after);
            if mode == Mode::Equalizing && second >= first {
                prop_assert_eq!(after, before);
            }
        }
    }

    /// Proportional samplers in a row keep the product of their percentages, and the spans say so.
    #[test]
    fn adjusted_counts_multiply(id: u128, chain in proptest::collection::vec(20_f32..=100.0, 1..5)) {
        let (mut state, mut product) = (String::new(), 1.0);
        for percentage in chain {
            let sampler = Sampler::new(&ProbabilisticSamplerSettings {
                sampling_precision: 14,
                ..settings(Mode::Proportional, percentage)
            });
            // High bits of randomness, so that many chains come to their end.
            let Some(next) = kept(&sampler, id | 0xf0_0000_0000_0000, &state) else { return Ok(()) };
            product *= f64::from(percentage) / 100.0;
            prop_assert!((probability(&next) / product - 1.0).abs() < 1e-12, "{} {}", next, product);
            state = next;
        }
    }
}

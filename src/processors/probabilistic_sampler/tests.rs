use std::sync::Arc;

use super::config::{Mode, ProbabilisticSamplerSettings};
use super::oracle;
use super::priority::Priority;
use super::sampler::{Policy, Sampler};
use super::threshold::Threshold;
use super::trace_state::TraceState;
use crate::config::diagnostic::{Diagnostics, Severity};
use crate::config::parse::parse;
use crate::config::source::Source;
use crate::wire::ValueView;

mod grammar;
mod recorded;
mod requests;
mod shares;

const ID: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
const OTHER: u128 = 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c;
const THIRD: u128 = 0x5b8e_fff7_9803_8103_d269_b633_813f_c60c;

fn settings(mode: Mode, sampling_percentage: f32) -> ProbabilisticSamplerSettings {
    ProbabilisticSamplerSettings {
        mode,
        sampling_percentage,
        ..Default::default()
    }
}

/// The trace state that a span is kept with; none where it is dropped.
fn kept(sampler: &Sampler, id: u128, state: &str) -> Option<String> {
    let verdict = sampler.decide(id, state, None);
    let written = verdict.state.map_or(state.into(), |state| text(&state));
    verdict.is_kept.then_some(written)
}

fn text(state: &TraceState<'_>) -> String {
    String::from_utf8(state.write().to_vec()).unwrap()
}

fn digits(threshold: Threshold) -> String {
    String::from_utf8(threshold.text().as_bytes().to_vec()).unwrap()
}

/// The settings in `yaml`, or everything that is said about them.
fn read(yaml: &str) -> Result<ProbabilisticSamplerSettings, String> {
    let mut diagnostics = Diagnostics::default();
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).expect("YAML");
    node.read(&mut diagnostics).ok_or_else(|| diagnostics.render())
}

/// A percentage becomes the threshold that the Collector writes, with four digits and with all.
#[test]
fn thresholds_of_percentages() {
    let table = [
        (0.01_f32, "fff9724", "fff9724747ae14"),
        (0.1, "ffbe77", "ffbe76c8a3d70a"),
        (1.0, "fd70a", "fd70a3d70a3d71"),
        (5.0, "f3333", "f3333333333333"),
        (10.0, "e666", "e6666666666666"),
        (15.0, "d99a", "d999999999999a"),
        (20.0, "cccd", "cccccccccccccc"),
        (25.0, "c", "c"),
        (33.3, "aac1", "aac08333333334"),
        (50.0, "8", "8"),
        (75.0, "4", "4"),
        (90.0, "199a", "19999999999998"),
        (99.0, "028f6", "028f5c28f5c29"),
        (99.99, "00068e1", "00068e147ae148"),
        (100.0, "0", "0"),
    ];
    for (percentage, four, all) in table {
        let of = |precision| Threshold::of(f64::from(percentage) / 100.0, precision).map(digits);
        assert_eq!(of(4).as_deref(), Some(four), "{percentage}");
        assert_eq!(of(14).as_deref(), Some(all), "{percentage}");
    }
    assert_eq!(Threshold::of(1.0 / (1_u64 << 57) as f64, 4), None);
    assert_eq!(Threshold::of(1.1, 4), None);
    assert_eq!(digits(Threshold::NEVER), "");
}

/// The hash's threshold is one of 2^14, cut off in single precision; too small a part is none at all.
#[test]
fn thresholds_of_the_hash() {
    let threshold = |percentage| {
        let sampler = Sampler::new(&settings(Mode::HashSeed, percentage));
        let state = (1..200_000_u128).find_map(|id| kept(&sampler, id, ""))?;
        state.split_once("th:").map(|(_, th)| th.to_owned())
    };
    for (percentage, expected) in [
        (0.0061, None),
        (0.0062, Some("fffc")),
        (1.0, Some("fd74")),
        (10.0, Some("e668")),
        (15.0, Some("d99c")),
        (25.0, Some("c")),
        (33.3, Some("aac4")),
        (99.99, Some("0008")),
        (100.0, Some("0")),
        (1000.0, Some("0")),
    ] {
        assert_eq!(threshold(percentage).as_deref(), expected, "{percentage}");
    }
}

/// Each mode decides and writes as in the worked examples of the specification.
#[test]
fn worked_examples() {
    use Mode::{Equalizing, HashSeed, Proportional};
    let table = [
        (ID, HashSeed, 25.0, 0, "", Some("ot=rv:fdc80d0b42008d;th:c")),
        (ID, HashSeed, 25.0, 22, "", None),
        (
            OTHER,
            HashSeed,
            50.0,
            0,
            "foo=bar",
            Some("ot=rv:886c204b10dde4;th:8,foo=bar"),
        ),
        (
            OTHER,
            HashSeed,
            15.0,
            22,
            "",
            Some("ot=rv:f984040d03019e;th:d99c"),
        ),
        (THIRD, HashSeed, 33.3, 0, "", None),
        (ID, Proportional, 20.0, 0, "", Some("ot=th:cccd")),
        (ID, Proportional, 15.0, 0, "", None),
        (
            ID,
            Proportional,
            50.0,
            0,
            "ot=th:0;rv:9b8233f7e3a151",
            Some("ot=rv:9b8233f7e3a151;th:8"),
        ),
        (
            THIRD,
            Proportional,
            50.0,
            0,
            "ot=th:c;rv:e05a99c8df8d32",
            Some("ot=rv:e05a99c8df8d32;th:e"),
        ),
        (
            THIRD,
            Proportional,
            33.3,
            0,
            "ot=th:8;rv:e05a99c8df8d32",
            Some("ot=rv:e05a99c8df8d32;th:d56"),
        ),
        (
            THIRD,
            Equalizing,
            25.0,
            0,
            "ot=th:8;rv:e05a99c8df8d32",
            Some("ot=rv:e05a99c8df8d32;th:c"),
        ),
        (
            THIRD,
            Equalizing,
            50.0,
            0,
            "ot=th:c;rv:e05a99c8df8d32",
            Some("ot=rv:e05a99c8df8d32;th:c"),
        ),
        (THIRD, Proportional, 50.0, 0, "ot=th:8;rv:70000000000000", None),
        (1, Proportional, 99.99, 0, "", None),
    ];
    for (number, (id, mode, percentage, hash_seed, state, expected)) in table.into_iter().enumerate() {
        let sampler = Sampler::new(&ProbabilisticSamplerSettings {
            hash_seed,
            ..settings(mode, percentage)
        });
        assert_eq!(
            kept(&sampler, id, state).as_deref(),
            expected,
            "example {}",
            number + 1
        );
    }
}

/// A span whose randomness or threshold cannot be relied on is dropped, or with `fail_closed: false` kept.
#[test]
fn doubts_drop_or_keep() {
    use Mode::{Equalizing, HashSeed, Proportional};
    let too_many = format!("{}z=1", "a=b,".repeat(31));
    let first_31 = format!("ot=th:0{}", ",a=b".repeat(31));
    let table = [
        (Proportional, 50.0, ID, "no list", "no list"),
        (HashSeed, 50.0, ID, "no list", "no list"),
        (Equalizing, 0.0, ID, "no list", "ot=th:0"),
        (HashSeed, 0.0, ID, too_many.as_str(), first_31.as_str()),
        (HashSeed, 50.0, ID, "ot=rv:9b8233f7e3a151", "ot=rv:9b8233f7e3a151"),
        (HashSeed, 50.0, ID, "ot=th:8", "ot=th:8"),
        (Proportional, 50.0, 0, "", "ot=th:0"),
        (HashSeed, 50.0, 0, "", "ot=rv:ffffffffffffff;th:0"),
        (
            Proportional,
            50.0,
            ID,
            "ot=th:8;rv:70000000000000",
            "ot=rv:70000000000000;th:0",
        ),
    ];
    for (mode, percentage, id, state, open) in table {
        let closed = Sampler::new(&settings(mode, percentage));
        assert_eq!(kept(&closed, id, state), None, "{mode:?} {state}");
        let sampler = Sampler::new(&ProbabilisticSamplerSettings {
            fail_closed: false,
            ..settings(mode, percentage)
        });
        assert_eq!(
            kept(&sampler, id, state).as_deref(),
            Some(open),
            "{mode:?} {state}"
        );
    }
}

/// What the sender of a span wants prevails over the percentage and over doubts; it keeps with a threshold of 0, unless
/// the span was sampled before.
#[test]
fn priority_prevails() {
    let decide = |mode, percentage, state, priority| {
        let verdict = Sampler::new(&settings(mode, percentage)).decide(ID, state, Some(priority));
        assert_eq!(verdict.policy, Policy::SamplingPriority);
        (verdict.is_kept, verdict.state.map(|state| text(&state)))
    };
    let kept_as = |state: &str| (true, Some(state.to_owned()));
    assert_eq!(
        decide(Mode::Proportional, 1.0, "", Priority::Keep),
        kept_as("ot=th:0")
    );
    assert_eq!(
        decide(Mode::Proportional, 0.0, "", Priority::Keep),
        kept_as("ot=th:0")
    );
    assert_eq!(
        decide(Mode::Equalizing, 1.0, "ot=th:8", Priority::Keep),
        kept_as("ot=th:8")
    );
    assert_eq!(
        decide(Mode::HashSeed, 1.0, "", Priority::Keep),
        kept_as("ot=rv:fdc80d0b42008d;th:0")
    );
    assert_eq!(
        decide(Mode::HashSeed, 1.0, "ot=th:8", Priority::Keep),
        (true, None)
    );
    assert_eq!(
        decide(Mode::Proportional, 100.0, "", Priority::Drop),
        (false, None)
    );
}

/// A priority is a number or the text of one, as Go reads it; what is neither leaves the decision to sampling.
#[test]
fn priorities_are_read_as_go_does() {
    let of = |value: ValueView<'_>| Priority::of(&value);
    assert_eq!(of(ValueView::Int(0)), Some(Priority::Drop));
    assert_eq!(of(ValueView::Int(i64::MAX)), Some(Priority::Keep));
    assert_eq!(of(ValueView::Int(-1)), None);
    assert_eq!(of(ValueView::Double(-0.0)), Some(Priority::Drop));
    assert_eq!(of(ValueView::Double(1e-300)), Some(Priority::Keep));
    assert_eq!(of(ValueView::Double(f64::NAN)), None);
    assert_eq!(of(ValueView::Bool(true)), None);
    assert_eq!(of(ValueView::Empty), None);
    for kept in [
        "1",
        "+.5",
        "1e3",
        "0x1p4",
        "0X.8P-2",
        "1_0",
        "0x_1p0",
        "inf",
        "+Infinity",
        "1e-320",
        "0x1p-1074",
        "5.",
        "0x1.fffffffffffffp1023",
        "0x100000000000000000000000000p-1100",
    ] {
        assert_eq!(of(ValueView::String(kept)), Some(Priority::Keep), "{kept}");
    }
    for dropped in [
        "0",
        "-0",
        "0.0e9",
        "1e-400",
        "0x0p9",
        "0x1p-2000",
        "0x.p0".trim_end_matches(".p0"),
        "0_0",
    ] {
        let expected = (dropped != "0x").then_some(Priority::Drop);
        assert_eq!(of(ValueView::String(dropped)), expected, "{dropped}");
    }
    for neither in [
        "",
        "-1",
        "yes",
        " 1",
        "1 ",
        "1e400",
        "0x1",
        "0x1p",
        "0xp1",
        "0x.p1",
        "0x1p1024",
        "_1",
        "1_",
        "1__0",
        "1_.5",
        "nan",
        "-inf",
        "1e",
        "0x1p+",
        "0x1p99999999999",
        "-0x1p0",
        "é",
    ] {
        assert_eq!(of(ValueView::String(neither)), None, "{neither}");
    }
}

/// What the Collector refuses is refused, with the key and the value.
#[test]
fn settings_are_checked() {
    assert_eq!(read("{}"), Ok(ProbabilisticSamplerSettings::default()));
    let sound =
        read("{mode: '', sampling_percentage: 15.3, hash_seed: 4294967295, fail_closed: false}").unwrap();
    assert_eq!((sound.mode, sound.sampling_percentage), (Mode::HashSeed, 15.3));
    assert!(read("{sampling_percentage: 250, mode: equalizing, sampling_precision: 14}").is_ok());
    for (yaml, said) in [
        ("sampling_percentage: -1", "is -1, but must not be negative"),
        ("sampling_percentage: .nan", "but must be a number"),
        ("sampling_percentage: .inf", "but must be a number"),
        ("sampling_percentage: 1.0e-16", "one in 2^56"),
        ("sampling_precision: 0", "is 0, but must be between 1 and 14"),
        ("sampling_precision: 15", "is 15, but must be between 1 and 14"),
        ("sampling_precision: -1", "sampling_precision"),
        ("mode: fair", "fair"),
        ("attribute_source: span", "span"),
        ("hash_seed: 4294967296", "hash_seed"),
        ("percentage: 1", "percentage"),
    ] {
        let refused = read(yaml).unwrap_err();
        assert!(refused.contains(said), "{yaml}: {refused}");
    }
}

/// Keys that are about logs alone are taken, and those that take any text are said to have no effect.
#[test]
fn keys_of_logs_are_noted() {
    let mut diagnostics = Diagnostics::default();
    let yaml = "{attribute_source: record, from_attribute: id, sampling_priority: p}";
    let node = parse(&Source::new("test.yaml", yaml), &mut diagnostics).unwrap();
    assert!(
        node.read::<ProbabilisticSamplerSettings>(&mut diagnostics)
            .is_some()
    );
    assert_eq!(diagnostics.count(Severity::Note), 2, "{}", diagnostics.render());
}

/// Guarantees: each input of the fuzz target `trace_state` is read and written as it must be.
#[test]
fn fuzzed_trace_states_are_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/trace_state");
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        oracle::trace_state(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "nothing in {}", folder.display());
}

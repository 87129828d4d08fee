//! Decisions of the real Collector, recorded: the same spans get the same decisions and trace states here.

use std::path::PathBuf;

use super::super::config::{Mode, ProbabilisticSamplerSettings};
use super::super::sampler::Sampler;
use super::kept;

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "processors", "vectors"]
        .iter()
        .collect()
}

/// Tab-separated: a line `rule` with mode, percentage, seed, precision and `fail_closed`, then spans with trace id,
/// trace state, `keep` and the trace state after it, or `drop`.
fn sampler(rule: &str) -> Sampler {
    let fields: Vec<&str> = rule.split('\t').collect();
    let [mode, percentage, seed, precision, fail_closed] = fields[..] else {
        panic!("not a rule: {rule}");
    };
    Sampler::new(&ProbabilisticSamplerSettings {
        mode: match mode {
            "hash_seed" => Mode::HashSeed,
            "proportional" => Mode::Proportional,
            "equalizing" => Mode::Equalizing,
            _ => panic!("not a mode: {mode}"),
        },
        sampling_percentage: percentage.parse().unwrap(),
        hash_seed: seed.parse().unwrap(),
        sampling_precision: precision.parse().unwrap(),
        fail_closed: fail_closed.parse().unwrap(),
        ..Default::default()
    })
}

/// Every recorded decision is ours as well, bit for bit.
#[test]
fn the_collectors_decisions_are_ours() {
    for mode in ["hash_seed", "proportional", "equalizing"] {
        let table = std::fs::read_to_string(folder().join(format!("{mode}.txt"))).unwrap();
        let (mut rule, mut decisions, mut compared) = ("", None, 0);
        for line in table.lines() {
            if let Some(next) = line.strip_prefix("rule\t") {
                rule = next;
                decisions = Some(sampler(next));
                continue;
            }
            let fields: Vec<&str> = line.split('\t').collect();
            let id = u128::from_str_radix(fields[0], 16).unwrap();
            let expected = match fields[2..] {
                ["keep", state] => Some(state.to_owned()),
                ["drop"] => None,
                _ => panic!("not a decision: {line}"),
            };
            let ours = kept(decisions.as_ref().unwrap(), id, fields[1]);
            assert_eq!(ours, expected, "{rule}: {line}");
            compared += 1;
        }
        assert!(compared > 1000, "{mode}: only {compared} decisions");
    }
}

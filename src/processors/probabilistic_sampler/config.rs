//! Keys of the `probabilistic_sampler` processor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::threshold::{DIGITS, SMALLEST};
use crate::config::settings::{KeyNote, Problems, Settings};

/// How many spans are kept, and by what they are chosen.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProbabilisticSamplerSettings {
    /// Per cent of the spans that are kept: 0 for none, 100 and more for all.
    pub sampling_percentage: f32,
    /// By what spans are chosen.
    pub mode: Mode,
    /// The seed of the hash in the mode `hash_seed`. Gateways with the same seed keep the same traces.
    pub hash_seed: u32,
    /// Whether a span is dropped rather than kept where its trace state cannot be read, contradicts itself or the mode,
    /// or where it has no randomness.
    pub fail_closed: bool,
    /// Hexadecimal digits of the threshold that is written to the trace state, 1 to 14; a percentage close to 0 or 100
    /// takes more.
    pub sampling_precision: u32,
    /// Concerns logs alone and has no effect on spans: `traceID` or `record`.
    pub attribute_source: AttributeSource,
}

/// Where logs have their randomness from.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
pub enum AttributeSource {
    /// The trace id.
    #[default]
    #[serde(rename = "traceID", alias = "")]
    TraceId,
    /// An attribute.
    #[serde(rename = "record")]
    Record,
}

/// By what spans are chosen.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By a hash of the trace id, whatever was sampled before.
    #[default]
    #[serde(alias = "")]
    HashSeed,
    /// By the trace id's or the trace state's randomness, so that this part of what was there before any sampling is
    /// left.
    Equalizing,
    /// By the trace id's or the trace state's randomness, so that this part of what arrives is left.
    Proportional,
}

impl Default for ProbabilisticSamplerSettings {
    fn default() -> Self {
        Self {
            sampling_percentage: 0.0,
            mode: Mode::default(),
            hash_seed: 0,
            fail_closed: true,
            sampling_precision: 4,
            attribute_source: AttributeSource::default(),
        }
    }
}

impl Settings for ProbabilisticSamplerSettings {
    fn no_effect() -> Vec<KeyNote> {
        ["from_attribute", "sampling_priority"]
            .map(|key| {
                KeyNote::new(
                    key,
                    "it is about logs; spans have `sampling.priority` as an attribute",
                )
            })
            .to_vec()
    }

    fn validate(&self, problems: &mut Problems) {
        let percentage = self.sampling_percentage;
        let probability = f64::from(percentage) / 100.0;
        let mut refuse = |why: &str| problems.add("sampling_percentage", format!("is {percentage}, {why}"));
        if !probability.is_finite() {
            refuse("but must be a number");
        } else if probability < 0.0 {
            refuse("but must not be negative");
        } else if probability > 0.0 && probability < SMALLEST {
            refuse("but must be 0, or at least the part of one in 2^56");
        }
        if !(1..=DIGITS).contains(&self.sampling_precision) {
            problems.add(
                "sampling_precision",
                format!(
                    "is {}, but must be between 1 and {DIGITS}",
                    self.sampling_precision
                ),
            );
        }
    }
}

//! The decision on one span. It depends on nothing but the configuration and the span, so that every gateway decides
//! alike on all spans of a trace.

use super::config::{Mode, ProbabilisticSamplerSettings};
use super::priority::Priority;
use super::threshold::{Randomness, SMALLEST, Threshold};
use super::trace_state::{Malformed, TraceState};

/// Decides by one configuration.
#[derive(Clone, Debug)]
pub struct Sampler {
    method: Method,
    /// Whether a span is dropped where its randomness or threshold cannot be relied on.
    fail_closed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Method {
    Never,
    /// By a hash of the trace id, begun with the seed.
    HashSeed {
        seeded: u32,
        threshold: Threshold,
    },
    /// Keeps this part of what arrives, whatever was sampled before.
    Proportional {
        probability: f64,
        digits: u32,
    },
    /// Keeps this part of what there was before any sampling.
    Equalizing {
        threshold: Threshold,
    },
}

/// Where the randomness of a decision was from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// A hash of the trace id.
    TraceIdHash,
    /// The trace id itself, whose last 56 bits are random by W3C's specification.
    TraceIdW3c,
    /// `rv` in the trace state.
    SamplingRandomness,
    /// None: the span's `sampling.priority` decided, or a percentage of 0.
    SamplingPriority,
    /// None: it could not be had.
    MissingRandomness,
}

/// The decision on a span.
#[derive(Clone, Copy, Debug)]
pub struct Verdict<'a> {
    /// Whether it is kept.
    pub is_kept: bool,
    /// By what.
    pub policy: Policy,
    /// The trace state that it is kept with, where that is written.
    pub state: Option<TraceState<'a>>,
    /// What was wrong with it.
    pub doubt: Option<Doubt>,
}

/// Why the randomness or threshold of a span cannot be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// Its trace state cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// Its trace id is all zeros.
    #[error("the trace id has no randomness")]
    MissingRandomness,
    /// By its randomness it should not have been kept before.
    #[error("the threshold in the trace state is above the span's randomness")]
    Inconsistent,
    /// A hash of the trace id is not what others decided by.
    #[error("the trace state has `rv`; the modes `equalizing` and `proportional` go by it")]
    RandomnessInUse,
    /// A hash of the trace id is not what others decided by.
    #[error("the trace state has `th`; the modes `equalizing` and `proportional` go by it")]
    ThresholdInUse,
}

// === impl Sampler ===

impl Sampler {
    /// Decides by these settings, which are valid.
    pub fn new(settings: &ProbabilisticSamplerSettings) -> Self {
        let percentage = settings.sampling_percentage.min(100.0);
        let probability = (f64::from(percentage) / 100.0).max(SMALLEST);
        let digits = settings.sampling_precision;
        let method = match settings.mode {
            _ if percentage == 0.0 => Method::Never,
            // The part of 2^14, in single precision and cut off.
            Mode::HashSeed => match (percentage * 163.84_f32) as u64 {
                0 => Method::Never,
                parts => Method::HashSeed {
                    seeded: fnv(0x811c_9dc5, &settings.hash_seed.to_le_bytes()),
                    threshold: Threshold::passing(parts),
                },
            },
            Mode::Proportional => Method::Proportional { probability, digits },
            Mode::Equalizing => Method::Equalizing {
                threshold: Threshold::of(probability, digits).unwrap_or(Threshold::NEVER),
            },
        };
        Self {
            method,
            fail_closed: settings.fail_closed,
        }
    }

    /// Decides on a span with this trace id and trace state.
    pub fn decide<'a>(&self, trace_id: u128, state: &'a str, priority: Option<Priority>) -> Verdict<'a> {
        let (mut state, malformed) = TraceState::read(state);
        let (mut policy, randomness) = self.randomness(trace_id, &state, malformed.is_some());
        let mut doubt = malformed.map(Doubt::Malformed);
        let mut is_written = malformed.is_none();
        match self.method {
            Method::Never => is_written = true,
            Method::HashSeed { .. } if malformed.is_none() => {
                doubt = in_use(&state);
                is_written = doubt.is_none();
                state.set_randomness(randomness.unwrap_or(Randomness::ALL));
            }
            _ => {}
        }
        doubt = doubt.or_else(|| check(randomness, &mut state));
        let mut threshold = match doubt {
            None => self.threshold(&state),
            Some(_) if self.fail_closed => Threshold::NEVER,
            Some(_) => Threshold::ALWAYS,
        };
        if let Some(priority) = priority {
            policy = Policy::SamplingPriority;
            threshold = match priority {
                Priority::Keep => Threshold::ALWAYS,
                Priority::Drop => Threshold::NEVER,
            };
        }
        let is_kept = threshold.keeps(randomness.unwrap_or(Randomness::ALL));
        state.raise_threshold(threshold);
        Verdict {
            is_kept,
            policy,
            state: (is_kept && is_written).then_some(state),
            doubt,
        }
    }

    /// The randomness of a span, if it has any, and where it is from.
    fn randomness(
        &self,
        trace_id: u128,
        state: &TraceState<'_>,
        is_malformed: bool,
    ) -> (Policy, Option<Randomness>) {
        let missing = (Policy::MissingRandomness, None);
        match (self.method, state.randomness()) {
            (Method::Never, _) => (Policy::SamplingPriority, Some(Randomness::ALL)),
            (Method::HashSeed { .. }, _) if trace_id == 0 => missing,
            (Method::HashSeed { seeded, .. }, _) => (Policy::TraceIdHash, Some(hashed(seeded, trace_id))),
            _ if is_malformed => missing,
            (_, Some(explicit)) => (Policy::SamplingRandomness, Some(explicit)),
            _ if trace_id == 0 => missing,
            _ => (Policy::TraceIdW3c, Some(Randomness::new(trace_id as u64))),
        }
    }

    /// What a span with this trace state must reach.
    fn threshold(&self, state: &TraceState<'_>) -> Threshold {
        match self.method {
            Method::Never => Threshold::NEVER,
            Method::HashSeed { threshold, .. } => threshold,
            Method::Proportional { probability, digits } => {
                let before = state.threshold().map_or(1.0, Threshold::probability);
                Threshold::of(before * probability, digits).unwrap_or(Threshold::NEVER)
            }
            Method::Equalizing { threshold } => state.threshold().map_or(threshold, |th| th.max(threshold)),
        }
    }
}

/// A span that others have decided on by its randomness is not hashed.
fn in_use(state: &TraceState<'_>) -> Option<Doubt> {
    if state.randomness().is_some() {
        return Some(Doubt::RandomnessInUse);
    }
    state.threshold().map(|_| Doubt::ThresholdInUse)
}

/// A span must have randomness, and by it must have been kept before. A threshold that lies is taken away.
fn check(randomness: Option<Randomness>, state: &mut TraceState<'_>) -> Option<Doubt> {
    let Some(randomness) = randomness else {
        return Some(Doubt::MissingRandomness);
    };
    if state.threshold().is_some_and(|th| !th.keeps(randomness)) {
        state.clear_threshold();
        return Some(Doubt::Inconsistent);
    }
    None
}

/// The first 14 bits decide, as the hash did before there were thresholds; the others are what else it has to give.
fn hashed(seeded: u32, trace_id: u128) -> Randomness {
    let hash = u64::from(fnv(seeded, &trace_id.to_be_bytes()));
    let (bucket, rest) = (hash & 0x3fff, hash >> 18);
    let mixed = rest ^ (rest << 10);
    Randomness::new((0x3fff - bucket) << 42 | mixed << 14 | bucket)
}

/// FNV-1a in 32 bits.
fn fnv(start: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(start, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

// === impl Policy ===

impl Policy {
    /// All of them; the number of a policy is its place.
    pub const ALL: [Self; 5] = [
        Self::TraceIdHash,
        Self::TraceIdW3c,
        Self::SamplingRandomness,
        Self::SamplingPriority,
        Self::MissingRandomness,
    ];

    /// As metrics name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::TraceIdHash => "trace_id_hash",
            Self::TraceIdW3c => "trace_id_w3c",
            Self::SamplingRandomness => "sampling_randomness",
            Self::SamplingPriority => "sampling_priority",
            Self::MissingRandomness => "missing_randomness",
        }
    }
}

//! Keys of the `memory_limiter` processor.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::settings::{KeyNote, Problems, Settings};

const MIB: u64 = 1024 * 1024;

/// The bound on the memory that spans take. It holds for the whole process, from the moment a request's size is
/// known, before its body is read.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MemoryLimiterSettings {
    /// The hard limit in MiB.
    pub limit_mib: u64,
    /// The room in MiB below the hard limit where new requests are refused already; 0 is a fifth of the limit.
    pub spike_limit_mib: u64,
    /// The hard limit in per cent of the memory that the control group or the machine has; `limit_mib` prevails.
    pub limit_percentage: u64,
    /// The room below it in per cent of that memory; 0 is a fifth of the limit.
    pub spike_limit_percentage: u64,
}

impl Settings for MemoryLimiterSettings {
    fn no_effect() -> Vec<KeyNote> {
        let collector =
            "memory is reserved byte by byte, there is nothing to measure at intervals or to collect";
        [
            "check_interval",
            "min_gc_interval_when_soft_limited",
            "min_gc_interval_when_hard_limited",
            "max_gc_interval_when_soft_limited",
            "max_gc_interval_when_hard_limited",
        ]
        .map(|key| KeyNote::new(key, collector))
        .to_vec()
    }

    fn validate(&self, problems: &mut Problems) {
        if self.limit_mib == 0 && self.limit_percentage == 0 {
            problems.add("limit_mib", "or limit_percentage must be set");
        }
        for (key, percentage) in [
            ("limit_percentage", self.limit_percentage),
            ("spike_limit_percentage", self.spike_limit_percentage),
        ] {
            if percentage > 100 {
                problems.add(key, format!("is {percentage}, but must be between 0 and 100"));
            }
        }
        if self.limit_mib > 0 && self.spike_limit_mib >= self.limit_mib {
            let (spike, limit) = (self.spike_limit_mib, self.limit_mib);
            problems.add(
                "spike_limit_mib",
                format!("is {spike}, but must be below limit_mib, which is {limit}"),
            );
        }
        if self.limit_mib == 0
            && self.limit_percentage > 0
            && self.spike_limit_percentage >= self.limit_percentage
        {
            let (spike, limit) = (self.spike_limit_percentage, self.limit_percentage);
            problems.add(
                "spike_limit_percentage",
                format!("is {spike}, but must be below limit_percentage, which is {limit}"),
            );
        }
    }
}

impl MemoryLimiterSettings {
    /// The budget in bytes: the hard limit less the room for spikes. `memory` is what the process may use.
    pub fn budget(&self, memory: u64) -> u64 {
        let (limit, spike) = if self.limit_mib > 0 {
            (
                self.limit_mib.saturating_mul(MIB),
                self.spike_limit_mib.saturating_mul(MIB),
            )
        } else {
            let share = |percentage: u64| (u128::from(memory) * u128::from(percentage) / 100) as u64;
            (share(self.limit_percentage), share(self.spike_limit_percentage))
        };
        limit - if spike == 0 { limit / 5 } else { spike.min(limit) }
    }
}

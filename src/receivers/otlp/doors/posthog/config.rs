//! Keys of PostHog's door.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

const MIB: u64 = 1024 * 1024;

/// The largest request in MiB, as PostHog itself has it.
const LARGEST: u64 = 2;

/// PostHog's way in, `POST /i/v1/traces`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PostHogConfig {
    /// Whether it is served.
    pub enabled: bool,
    /// The largest request in MiB, as sent and decompressed; 2 as PostHog has it, which 0 stands for.
    pub max_request_body_size_mib: u64,
    /// Whether a span that begins more than 24 h before or after its arrival begins at its arrival instead, as in
    /// PostHog; when it began is kept as its attribute `$originalTimestamp`.
    pub clamp_time: bool,
}

// === impl PostHogConfig ===

impl Default for PostHogConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            max_request_body_size_mib: LARGEST,
            clamp_time: false,
        }
    }
}

impl PostHogConfig {
    /// The largest request in bytes.
    pub fn limit(&self) -> usize {
        let mib = match self.max_request_body_size_mib {
            0 => LARGEST,
            mib => mib,
        };
        usize::try_from(mib.saturating_mul(MIB)).unwrap_or(usize::MAX)
    }
}

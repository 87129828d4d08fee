//! How the sink misbehaves: knobs for the command line and, while it runs, for `PUT /behaviour`.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tonic::Code;

use crate::cli::codes;
use crate::config::types::GoDuration;

/// What the sink does to requests; as it stands by default, it takes them all at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, clap::Args)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Behaviour {
    /// Refuse this share of requests, 0 to 1, at random.
    #[arg(long, default_value_t = 0.0)]
    pub(super) fail_rate: f64,
    /// The code of requests refused by --fail-rate.
    #[arg(long, default_value = "UNAVAILABLE")]
    pub(super) fail_code: String,
    /// The delay named (RetryInfo, Retry-After) in requests refused by --fail-rate; 0 names none.
    #[arg(long, default_value = "0", value_parser = GoDuration::parse)]
    pub(super) retry_after: GoDuration,
    /// Wait this long before each answer.
    #[arg(long, default_value = "0", value_parser = GoDuration::parse)]
    pub(super) delay: GoDuration,
    /// Spans a second that are taken; what comes above is refused with --throttle-code and a delay; 0 is no bound.
    #[arg(long, default_value_t = 0)]
    pub(super) throttle: u64,
    /// The code of requests refused by --throttle.
    #[arg(long, default_value = "UNAVAILABLE")]
    pub(super) throttle_code: String,
    /// Decompressed bytes a second that are taken, by answering late; 0 is no bound.
    #[arg(long, default_value_t = 0)]
    pub(super) bytes_per_second: u64,
    /// Refuse a whole request with --refuse-code when it holds a span of this name.
    #[arg(long, default_value = "")]
    pub(super) refuse_name: String,
    /// The code of requests refused by --refuse-name.
    #[arg(long, default_value = "INVALID_ARGUMENT")]
    pub(super) refuse_code: String,
    /// Refuse the spans of this name, by partial success, and take their neighbours.
    #[arg(long, default_value = "")]
    pub(super) partial_refuse_name: String,
    /// At the end of each such period, leave all requests unanswered for --pause-for; 0 never pauses.
    #[arg(long, default_value = "0", value_parser = GoDuration::parse)]
    pub(super) pause_every: GoDuration,
    /// How long each pause lasts.
    #[arg(long, default_value = "1s", value_parser = GoDuration::parse)]
    pub(super) pause_for: GoDuration,
    /// At the end of each such period, cut all connections and take no new ones for --down-for; 0 never does.
    #[arg(long, default_value = "0", value_parser = GoDuration::parse)]
    pub(super) die_every: GoDuration,
    /// How long each absence lasts.
    #[arg(long, default_value = "1s", value_parser = GoDuration::parse)]
    pub(super) down_for: GoDuration,
    /// Be absent from the start, until told otherwise.
    #[arg(long)]
    pub(super) down: bool,
}

// === impl Behaviour ===

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            fail_rate: 0.0,
            fail_code: "UNAVAILABLE".into(),
            retry_after: GoDuration::default(),
            delay: GoDuration::default(),
            throttle: 0,
            throttle_code: "UNAVAILABLE".into(),
            bytes_per_second: 0,
            refuse_name: String::new(),
            refuse_code: "INVALID_ARGUMENT".into(),
            partial_refuse_name: String::new(),
            pause_every: GoDuration::default(),
            pause_for: GoDuration::secs(1),
            die_every: GoDuration::default(),
            down_for: GoDuration::secs(1),
            down: false,
        }
    }
}

impl Behaviour {
    /// Says which knob has a value that cannot be.
    pub(super) fn validate(&self) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.fail_rate) {
            return Err(format!("fail_rate: {} is not between 0 and 1", self.fail_rate));
        }
        codes::parse(&self.fail_code).map_err(|error| format!("fail_code: {error}"))?;
        codes::parse(&self.throttle_code).map_err(|error| format!("throttle_code: {error}"))?;
        codes::parse(&self.refuse_code).map_err(|error| format!("refuse_code: {error}"))?;
        Ok(())
    }

    pub(super) fn fail_code(&self) -> Code {
        codes::parse(&self.fail_code).unwrap_or(Code::Unavailable)
    }

    pub(super) fn throttle_code(&self) -> Code {
        codes::parse(&self.throttle_code).unwrap_or(Code::Unavailable)
    }

    pub(super) fn refuse_code(&self) -> Code {
        codes::parse(&self.refuse_code).unwrap_or(Code::InvalidArgument)
    }

    /// Whether the sink is to be absent this long after its start.
    pub(super) fn is_down(&self, age: Duration) -> bool {
        self.down || window(age, self.die_every, self.down_for).is_some()
    }

    /// How long a request must still wait this long after the sink's start.
    pub(super) fn pause(&self, age: Duration) -> Option<Duration> {
        window(age, self.pause_every, self.pause_for)
    }
}

/// What is left of the window at the end of each period; none outside of it.
fn window(age: Duration, period: GoDuration, length: GoDuration) -> Option<Duration> {
    let period = period.0.as_nanos();
    let left = period - age.as_nanos().checked_rem(period)?;
    (left <= length.0.as_nanos()).then(|| Duration::from_nanos(left as u64))
}

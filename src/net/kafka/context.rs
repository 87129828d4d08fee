//! What a client of librdkafka tells: its log, its statistics, its errors.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::statistics::{Broker, Statistics, Window};

use crate::telemetry::kafka::{BrokerState, KafkaEvents, Queued};

/// Tells on what a client says about itself, and remembers what keeps it from its work.
#[derive(Debug)]
pub struct Told {
    events: KafkaEvents,
    obstacle: Mutex<Option<Obstacle>>,
}

#[derive(Clone, Debug)]
struct Obstacle {
    code: RDKafkaErrorCode,
    reason: String,
}

// === impl Told ===

impl Told {
    /// Nothing yet.
    pub fn new(events: KafkaEvents) -> Self {
        Self {
            events,
            obstacle: Mutex::default(),
        }
    }

    /// Where it is told.
    pub fn events(&self) -> &KafkaEvents {
        &self.events
    }

    /// A line of the library's log.
    pub fn log(&self, _: RDKafkaLogLevel, facility: &str, line: &str) {
        self.events.library(facility, line);
    }

    /// The library's statistics. Returns whether it has a broker to talk to.
    pub fn statistics(&self, statistics: &Statistics) -> bool {
        let queued = Queued {
            messages: statistics.msg_cnt,
            bytes: statistics.msg_size,
        };
        // Brokers without a number are addresses to begin with, until one of them has named the cluster's.
        let is_named = |broker: &&Broker| broker.nodeid >= 0;
        let is_configured = |broker: &&Broker| broker.source == "configured";
        let all = || statistics.brokers.values();
        let brokers: Vec<BrokerState> = match all().any(|broker| is_named(&broker)) {
            true => all().filter(is_named).map(state).collect(),
            false => all().filter(is_configured).map(state).collect(),
        };
        let is_up = brokers.iter().any(|broker| broker.is_up);
        if is_up {
            self.clear();
        }
        self.events.measured(queued, &brokers);
        is_up
    }

    /// The client cannot do its work. It says so again and again, and some clients twice: what is known is not told.
    pub fn error(&self, error: &KafkaError, reason: &str) {
        let code = code_of(error);
        let mut obstacle = self.obstacle();
        let is_known = obstacle.as_ref().is_some_and(|known| known.code == code);
        // That all brokers are down follows from what was told of each.
        let follows = obstacle.is_some() && code == RDKafkaErrorCode::AllBrokersDown;
        if is_known || follows {
            return;
        }
        *obstacle = Some(Obstacle {
            code,
            reason: reason.to_owned(),
        });
        drop(obstacle);
        self.events.troubled(&format!("{code:?}"), reason);
    }

    /// It does its work.
    pub fn clear(&self) {
        *self.obstacle() = None;
    }

    /// What has kept the client from its work lately.
    pub fn reason(&self) -> Option<String> {
        self.obstacle().as_ref().map(|obstacle| obstacle.reason.clone())
    }

    /// Whether the brokers refuse us for who we are, or we them, which somebody has to mend.
    pub fn is_refused(&self) -> bool {
        let code = self.obstacle().as_ref().map(|obstacle| obstacle.code);
        matches!(
            code,
            Some(
                RDKafkaErrorCode::Authentication
                    | RDKafkaErrorCode::SaslAuthenticationFailed
                    | RDKafkaErrorCode::SSL
                    | RDKafkaErrorCode::ClusterAuthorizationFailed
            )
        )
    }

    fn obstacle(&self) -> std::sync::MutexGuard<'_, Option<Obstacle>> {
        self.obstacle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The error's code; `Unknown` where it has none.
pub fn code_of(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)
}

fn state(broker: &Broker) -> BrokerState {
    let average = |window: &Option<Window>| micros(window.as_ref().map_or(0, |window| window.avg));
    BrokerState {
        name: broker.nodename.clone(),
        is_up: broker.state == "UP",
        in_flight: broker.waitresp_cnt,
        round_trip: average(&broker.rtt),
        slow_round_trip: micros(broker.rtt.as_ref().map_or(0, |window| window.p99)),
        // This one is in milliseconds.
        throttle: average(&broker.throttle) * 1000,
        connects: broker
            .connects
            .and_then(|count| u64::try_from(count).ok())
            .unwrap_or(0),
        retries: broker.txretries,
        timeouts: broker.req_timeouts,
    }
}

fn micros(micros: i64) -> Duration {
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

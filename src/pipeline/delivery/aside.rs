//! Records of a journal that are not delivered in their turn: parked to be tried again slowly, or dead letters.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::attempt::{Attempt, Batch, Piece};
use super::driver::Driver;
use crate::pipeline::disk::Place;
use crate::pipeline::log::Record;
use crate::pipeline::log::record::Settlement;
use crate::pipeline::ticket::Outcome;
use crate::telemetry::ledger::Exit;
use crate::wire::Traces;

/// From this attempt on a batch is parked when others were taken in the meantime.
const PARK_AFTER: u32 = 4;

// === impl Batch ===

impl Batch {
    /// Sends nothing: the disk budget is used up, and its records go to the dead letters.
    pub async fn shed(self, driver: &Driver) {
        let attempt = Attempt::new(driver, self.tried, Instant::now(), true);
        for (record, traces) in self.records {
            attempt.bury(record, traces, "the disk budget is used up").await;
        }
    }
}

// === impl Attempt ===

impl Attempt<'_> {
    /// It keeps failing while others are delivered, or is parked and holds up others that are.
    pub(super) fn is_to_be_parked(&self) -> bool {
        match self.driver.cursor.feed() {
            Some(feed) if feed.parked => feed.is_behind(),
            Some(_) => {
                let taken = self.driver.outlet.gate.taken();
                self.tried.attempts >= PARK_AFTER && taken > self.tried.taken
            }
            None => false,
        }
    }

    pub(super) async fn park(&self, piece: Piece, reason: &str, delay: Duration) {
        for (record, traces) in piece {
            if !self.put_aside(Place::Retry, &record, &traces, reason).await {
                self.rest(vec![(record, traces)], self.tried.attempts, delay);
            }
        }
    }

    /// Nobody will ever take it. Where the dead letters have no room it is parked, and comes back.
    pub(super) async fn bury(&self, record: Arc<Record>, traces: Traces, reason: &str) {
        if self.put_aside(Place::Dead, &record, &traces, reason).await
            || self.put_aside(Place::Retry, &record, &traces, reason).await
        {
            return;
        }
        let delay = self.driver.outlet.retry.max_interval.into();
        self.rest(vec![(record, traces)], self.tried.attempts, delay);
    }

    async fn put_aside(&self, place: Place, record: &Record, traces: &Traces, reason: &str) -> bool {
        let Some(held) = record.held() else { return false };
        let put = held.feed().aside.put(place, traces, &record.client, reason).await;
        match (place, put.is_ok()) {
            (_, false) => return false,
            (Place::Retry, true) => record.moved(),
            (Place::Dead, true) => record.settle(Settlement {
                refused: 0,
                exit: Exit::DeadLettered,
                outcome: Outcome::Delivered {
                    rejected: 0,
                    message: String::new(),
                },
            }),
        }
        held.feed().remember().await;
        true
    }
}

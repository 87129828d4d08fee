//! Records of a journal that are not delivered in their turn: parked to be tried again slowly, or dead letters.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
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

/// The wait after dead letters found no room, while room is being made.
const MAKING_ROOM: Duration = Duration::from_millis(100);

// === impl Batch ===

impl Batch {
    /// Sends nothing: the disk budget is used up, and its records go to the dead letters.
    pub async fn shed(self, driver: &Driver) {
        let attempt = Attempt::new(driver, self.tried, Instant::now(), true);
        let left = attempt
            .put_aside(Place::Dead, self.records, "the disk budget is used up")
            .await;
        attempt.rest(left, self.tried.attempts, MAKING_ROOM);
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
        let left = self.put_aside(Place::Retry, piece, reason).await;
        self.rest(left, self.tried.attempts, delay);
    }

    /// Nobody will ever take it. Where the dead letters have no room it is parked, and comes back.
    pub(super) async fn bury(&self, record: Arc<Record>, traces: Traces, reason: &str) {
        let left = self.put_aside(Place::Dead, vec![(record, traces)], reason).await;
        self.park(left, reason, self.driver.outlet.way().retry.max_interval.into())
            .await;
    }

    /// Appends all of it there, then settles here what is durable; returns what found no room.
    async fn put_aside(&self, place: Place, piece: Piece, reason: &str) -> Piece {
        let puts = piece.into_iter().map(|(record, traces)| async move {
            let feed = record.held()?.feed().clone();
            let put = feed.aside.put(place, &traces, &record.client, reason).await;
            if put.is_err() {
                return Some((record, traces));
            }
            match place {
                Place::Retry => record.moved(),
                Place::Dead => record.settle(dead_lettered()),
            }
            None
        });
        let left = join_all(puts).await.into_iter().flatten().collect();
        if let Some(feed) = self.driver.cursor.feed() {
            feed.remember().await;
        }
        left
    }
}

fn dead_lettered() -> Settlement {
    Settlement {
        refused: 0,
        exit: Exit::DeadLettered,
        outcome: Outcome::Delivered {
            rejected: 0,
            message: String::new(),
        },
    }
}

//! One batch: sent, and by what came of it settled, kept for another attempt, or cut to find what is bad in it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use futures_util::FutureExt;

use super::driver::Driver;
use super::gate::Change;
use crate::pipeline::destination::{Failure, Outgoing, Part, Sent};
use crate::pipeline::log::Record;
use crate::pipeline::log::record::Settlement;
use crate::pipeline::ticket::Outcome;
use crate::pipeline::verdict::Refused;
use crate::telemetry::ledger::Exit;
use crate::wire::Traces;

/// Parked records wait this many times as long between attempts as others.
const SLOWLY: u32 = 10;

/// The most sends that one batch is cut into before what is left becomes batches of its own.
const MOST_SENDS: u32 = 64;

/// Records that are being sent, each with its spans.
pub(super) type Piece = Vec<(Arc<Record>, Traces)>;

/// A batch and how often it was tried.
pub struct Batch {
    pub(super) records: Piece,
    pub(super) tried: Tried,
}

/// What was tried with a batch.
#[derive(Clone, Copy, Default)]
pub(super) struct Tried {
    pub attempts: u32,
    /// When the first attempt began.
    pub first: Option<Instant>,
    /// How many batches the destination had taken by then.
    pub taken: u64,
}

/// A batch between two attempts. Its records hold their spans, so that a withdrawn one frees them at once.
pub struct Rested {
    records: Vec<Arc<Record>>,
    tried: Tried,
}

// === impl Batch ===

impl Batch {
    /// A batch that was not tried yet.
    pub fn new(records: Piece) -> Self {
        Self {
            records,
            tried: Tried::default(),
        }
    }

    /// An empty batch: is the destination there?
    pub fn probe() -> Self {
        Self::new(Vec::new())
    }

    /// Sends it and deals with the result.
    pub async fn send(mut self, driver: &Driver) {
        let started = Instant::now();
        if self.tried.first.is_none() {
            self.tried.taken = driver.outlet.gate.taken();
        }
        let first = *self.tried.first.get_or_insert(started);
        self.tried.attempts += 1;
        let mut attempt = Attempt::new(driver, self.tried, first, self.records.len() == 1);
        attempt.work.push(self.records);
        while let Some(piece) = attempt.work.pop() {
            attempt.send(piece).await;
        }
    }
}

// === impl Rested ===

impl Rested {
    /// What is left of it for another attempt; `None` when all of it was withdrawn.
    pub fn again(self) -> Option<Batch> {
        let begin = |record: Arc<Record>| record.begin().map(|traces| (record, traces));
        let records: Piece = self.records.into_iter().filter_map(begin).collect();
        let tried = self.tried;
        (!records.is_empty()).then_some(Batch { records, tried })
    }
}

/// A batch under way.
pub(super) struct Attempt<'a> {
    pub driver: &'a Driver,
    pub tried: Tried,
    first: Instant,
    sends: u32,
    /// It began with one request.
    alone: bool,
    /// Pieces not sent yet.
    pub(super) work: Vec<Piece>,
}

// === impl Attempt ===

impl<'a> Attempt<'a> {
    pub(super) fn new(driver: &'a Driver, tried: Tried, first: Instant, alone: bool) -> Self {
        Self {
            driver,
            tried,
            first,
            sends: 0,
            alone,
            work: Vec::new(),
        }
    }

    async fn send(&mut self, piece: Piece) {
        let outlet = &self.driver.outlet;
        let outgoing = outgoing(&piece);
        let (spans, bytes) = (outgoing.spans, outgoing.bytes());
        self.driver.cursor.ledger().sent_again(self.sent_before(&piece));
        if self.tried.attempts == 1 && self.sends == 0 && spans > 0 {
            outlet.events.gathered(spans, bytes);
        }
        self.sends += 1;
        let under_way = outlet.events.sending();
        let begun = Instant::now();
        let way = outlet.way();
        let sending = std::panic::AssertUnwindSafe(way.destination.send(outgoing)).catch_unwind();
        let result = sending.await.unwrap_or_else(|_| Err(panicked()));
        drop(under_way);
        let took = begun.elapsed();
        match &result {
            Ok(_) | Err(Failure::Data(_) | Failure::Partly(_)) => way.slots.answered(took),
            Err(failure) => way.slots.failed(took, failure.asks_for_a_pause()),
        }
        match result {
            Ok(sent) => {
                self.alive(spans);
                outlet.events.sent(spans, bytes, sent.rejected, &sent.message);
                settle_sent(piece, sent);
            }
            Err(Failure::Data(message)) => {
                self.alive(spans);
                self.cut_or_refuse(piece, &message).await;
            }
            Err(Failure::Partly(left)) => {
                self.alive(spans);
                self.taken_partly(piece, left).await;
            }
            Err(failure) => self.failed(piece, &failure).await,
        }
    }

    /// Spans that leave once more: all from the second attempt on, else those that an earlier process may have sent.
    fn sent_before(&self, piece: &Piece) -> usize {
        let before = |(record, _): &(Arc<Record>, _)| record.held().map_or(0, |held| held.take_again());
        let by_another = piece.iter().map(before).sum();
        if self.tried.attempts > 1 {
            spans(piece)
        } else {
            by_another
        }
    }

    fn alive(&self, spans: usize) {
        if self.driver.outlet.gate.succeeded(spans) == Change::Recovered {
            self.driver.outlet.events.recovered();
        }
    }

    /// The destination takes nothing now: this piece and those not sent yet rest, are parked, or expire.
    async fn failed(&mut self, piece: Piece, failure: &Failure) {
        let outlet = &self.driver.outlet;
        let (delay, change) = outlet
            .gate
            .failed(failure, self.tried.attempts - 1, Instant::now());
        outlet.events.send_failed(spans(&piece), &failure.to_string());
        if change == Change::Failing {
            outlet.events.failing(&failure.to_string());
        }
        let untried = std::mem::take(&mut self.work);
        for piece in std::iter::once(piece).chain(untried) {
            self.put_off(piece, failure, delay).await;
        }
    }

    /// Not now: it rests, is parked, or expires.
    pub(super) async fn put_off(&self, piece: Piece, failure: &Failure, delay: Duration) {
        if self.expires_within(delay) {
            self.expire(piece, failure, delay);
        } else if self.is_to_be_parked() {
            self.park(piece, &failure.to_string(), delay).await;
        } else {
            self.rest(piece, self.tried.attempts, self.paced(delay));
        }
    }

    fn paced(&self, delay: Duration) -> Duration {
        let parked = self.driver.cursor.feed().is_some_and(|feed| feed.parked);
        if parked { delay * SLOWLY } else { delay }
    }

    fn expires_within(&self, delay: Duration) -> bool {
        let way = self.driver.outlet.way();
        let retry = &way.retry;
        let most = retry.gives_up_after(self.driver.cursor.feed().is_some());
        !retry.enabled || (!most.is_zero() && self.first.elapsed() + delay > most)
    }

    pub(super) fn rest(&self, piece: Piece, attempts: u32, delay: Duration) {
        let stay = |(record, traces): (Arc<Record>, Traces)| record.rest(traces).then_some(record);
        let records: Vec<_> = piece.into_iter().filter_map(stay).collect();
        if !records.is_empty() {
            self.driver.rest(
                Rested {
                    records,
                    tried: Tried {
                        attempts,
                        ..self.tried
                    },
                },
                delay,
            );
        }
    }

    fn expire(&self, piece: Piece, failure: &Failure, delay: Duration) {
        if piece.is_empty() {
            return;
        }
        self.driver
            .outlet
            .events
            .expired(spans(&piece), &failure.to_string());
        for (record, _) in piece {
            let refused = Refused {
                message: failure.to_string(),
                retry_after: delay,
            };
            record.settle(Settlement {
                refused: 0,
                exit: Exit::Expired,
                outcome: Outcome::NotNow(refused),
            });
        }
    }

    /// Something in the piece is bad. It is cut, first between the requests of clients, then within one, until
    /// what is bad stands alone; that is refused, and the rest is sent. Past the bound on sends each request goes on
    /// as a batch of its own, and one that has used up that one's bound too is refused whole: it is bad all over.
    async fn cut_or_refuse(&mut self, mut piece: Piece, message: &str) {
        if piece.len() > 1 {
            let second = piece.split_off(piece.len() / 2);
            return self.enqueue([piece, second]);
        }
        let Some((record, traces)) = piece.pop() else {
            return;
        };
        if record.spans > 1 && !self.is_spent() {
            let parts = record.cut(traces.split(record.spans.div_ceil(2), 0));
            let begun = parts
                .into_iter()
                .filter_map(|part| part.begin().map(|traces| vec![(part, traces)]));
            return self.enqueue(begun);
        }
        if record.spans > 1 && !self.alone {
            return self.rest(vec![(record, traces)], 0, Duration::ZERO);
        }
        self.refuse(record, traces, message).await;
    }

    /// Nobody will ever take it: a dead letter, or without a journal its client is told.
    pub(super) async fn refuse(&self, record: Arc<Record>, traces: Traces, message: &str) {
        let events = &self.driver.outlet.events;
        if record.held().is_some() {
            events.dead_lettered(record.spans);
            return self.bury(record, traces, message).await;
        }
        events.refused_downstream(record.spans, message);
        refuse(&record, message);
    }

    fn enqueue(&mut self, pieces: impl IntoIterator<Item = Piece>) {
        let pieces: Vec<Piece> = pieces.into_iter().collect();
        for piece in pieces.into_iter().rev() {
            match self.is_spent() && !self.alone {
                true => self.rest(piece, 0, Duration::ZERO),
                false => self.work.push(piece),
            }
        }
    }

    fn is_spent(&self) -> bool {
        self.sends >= MOST_SENDS
    }
}

fn panicked() -> Failure {
    Failure::NotNow {
        message: "the exporter panicked; this is a defect".into(),
        retry_after: None,
    }
}

pub(super) fn spans(piece: &Piece) -> usize {
    piece.iter().map(|(record, _)| record.spans).sum()
}

fn outgoing(piece: &Piece) -> Outgoing {
    let part = |(record, traces): &(Arc<Record>, Traces)| Part {
        traces: traces.clone(),
        client: record.client.clone(),
    };
    Outgoing {
        parts: piece.iter().map(part).collect(),
        spans: spans(piece),
    }
}

/// A `partial_success` names no spans. The client of a batch that was its own learns the count; of a batch of
/// several each is warned.
pub(super) fn settle_sent(piece: Piece, sent: Sent) {
    let alone = piece.len() == 1;
    let mut rejected = usize::try_from(sent.rejected).unwrap_or(usize::MAX);
    let warning = match rejected {
        0 => sent.message,
        _ if alone => sent.message,
        _ => format!(
            "{rejected} spans of a batch with this request were refused downstream: {}",
            sent.message
        ),
    };
    for (record, _) in piece {
        let refused = rejected.min(record.spans);
        rejected -= refused;
        let told = if alone { refused as u64 } else { 0 };
        let outcome = Outcome::Delivered {
            rejected: told,
            message: warning.clone(),
        };
        record.settle(Settlement {
            refused,
            exit: Exit::Delivered,
            outcome,
        });
    }
}

fn refuse(record: &Record, message: &str) {
    let outcome = Outcome::Delivered {
        rejected: record.spans as u64,
        message: message.to_owned(),
    };
    record.settle(Settlement {
        refused: record.spans,
        exit: Exit::RefusedDownstream,
        outcome,
    });
}

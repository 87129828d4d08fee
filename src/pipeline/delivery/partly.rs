//! A batch of which the destination took a part, and says which: that part is settled, and nothing of it is sent again.

use std::sync::Arc;

use bytes::Bytes;

use super::attempt::{Attempt, Piece, settle_sent, spans};
use crate::pipeline::destination::{Failure, Left, Sent};
use crate::pipeline::log::Record;
use crate::wire::Traces;

// === impl Attempt ===

impl Attempt<'_> {
    /// Settles what was taken of the piece, and deals with what is `left` by why it is.
    pub(super) async fn taken_partly(&mut self, piece: Piece, left: Vec<Left>) {
        let mut left_of: Vec<Vec<Left>> = piece.iter().map(|_| Vec::new()).collect();
        for left in left {
            if let Some(of) = left_of.get_mut(left.part) {
                of.push(left);
            }
        }
        let mut taken = Piece::new();
        let mut remains = Vec::new();
        for ((record, traces), left) in piece.into_iter().zip(left_of) {
            match left.is_empty() {
                true => taken.push((record, traces)),
                false => divide(record, traces, left, &mut taken, &mut remains),
            }
        }
        if !taken.is_empty() {
            let bytes = taken.iter().map(|(_, traces)| traces.bytes().len()).sum();
            self.driver.outlet.events.sent(spans(&taken), bytes, 0, "");
            settle_sent(taken, Sent::default());
        }
        for (record, traces, why) in remains {
            self.remains(record, traces, why).await;
        }
    }

    async fn remains(&mut self, record: Arc<Record>, traces: Traces, why: Failure) {
        match why {
            Failure::Data(message) if record.spans == 1 => self.refuse(record, traces, &message).await,
            Failure::Data(_) | Failure::Partly(_) => self.work.push(vec![(record, traces)]),
            // The destination lives, so that others need not wait.
            Failure::NotNow { .. } | Failure::Destination(_) => {
                let outlet = &self.driver.outlet;
                let delay = outlet.gate.after(&why, self.tried.attempts - 1);
                outlet.events.send_failed(record.spans, &why.to_string());
                self.put_off(vec![(record, traces)], &why, delay).await;
            }
        }
    }
}

/// Cuts a record into what was taken of it and what is left. What was taken is not needed any more: only counted.
fn divide(
    record: Arc<Record>,
    traces: Traces,
    left: Vec<Left>,
    taken: &mut Piece,
    remains: &mut Vec<(Arc<Record>, Traces, Failure)>,
) {
    let lost: usize = left.iter().map(|left| left.traces.spans()).sum();
    let rest = traces.spans().saturating_sub(lost);
    if let ([_], 0) = (left.as_slice(), rest) {
        let why = left.into_iter().map(|left| left.why);
        return remains.extend(why.map(|why| (record.clone(), traces.clone(), why)));
    }
    let rest = u32::try_from(rest).ok().filter(|rest| *rest > 0);
    let rest = rest.map(|rest| Traces::restored(Bytes::new(), rest));
    let has_rest = rest.is_some();
    let parts = rest
        .into_iter()
        .chain(left.iter().map(|left| left.traces.clone()));
    let mut parts = record.cut(parts.collect()).into_iter();
    let whole = parts.by_ref().take(usize::from(has_rest));
    taken.extend(whole.filter_map(begin));
    for (part, left) in parts.zip(left) {
        remains.extend(begin(part).map(|(part, traces)| (part, traces, left.why)));
    }
}

/// `None` when its client has withdrawn it just now.
fn begin(record: Arc<Record>) -> Option<(Arc<Record>, Traces)> {
    let traces = record.begin()?;
    Some((record, traces))
}

//! What the OTLP exporters have in common where `auth` names an extension: credentials on every request, and a request of
//! its own for each lot of senders that may not share one.
//!
//! Promises: no header that is one sender's stands on spans of another; credentials that the destination does not accept
//! are looked for anew once; a sender that it refuses keeps nobody else's spans waiting.

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use http::HeaderMap;

use crate::net::auth::{Client, Failed};
use crate::pipeline::destination::{Failure, Left, Outgoing, Part, Sent};

/// Requests of one batch that are under way together.
const TOGETHER: usize = 8;

/// Sends one request.
pub trait Sends: Sync {
    /// Sends a batch with these headers.
    fn send<'a>(&'a self, headers: &'a HeaderMap, batch: Outgoing) -> BoxFuture<'a, Result<Sent, Unsent>>;
}

/// Why a request was not accepted.
#[derive(Debug)]
pub struct Unsent {
    /// What is to be done about it.
    pub failure: Failure,
    /// Whether it was for its credentials.
    pub unauthenticated: bool,
}

/// Sends batches with the credentials that an extension gives.
#[derive(Debug, Default)]
pub struct Authorized {
    client: Option<Arc<dyn Client>>,
    timeout: Option<Duration>,
    /// What decided about the headers of the last request: a probe has no sender, and asks for this one.
    last: Mutex<Vec<String>>,
}

/// Spans that may share a request.
struct Lot {
    values: Vec<String>,
    parts: Vec<(usize, Part)>,
}

// === impl Authorized ===

impl Authorized {
    /// With the credentials of `client`, for which it waits so long; without any where there is none.
    pub fn new(client: Option<Arc<dyn Client>>, timeout: Option<Duration>) -> Self {
        Self {
            client,
            timeout,
            last: Mutex::default(),
        }
    }

    /// Sends a batch, once, in as many requests as its senders need.
    pub async fn send(&self, to: &dyn Sends, headers: &HeaderMap, batch: Outgoing) -> Result<Sent, Failure> {
        let Some(client) = &self.client else {
            return to.send(headers, batch).await.map_err(|unsent| unsent.failure);
        };
        let client = client.as_ref();
        if !client.asks_senders() {
            return self.send_lot(client, &[], to, headers, batch).await;
        }
        if batch.parts.is_empty() {
            let values = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
            return self.send_lot(client, &values, to, headers, batch).await;
        }
        let (lots, wrong) = lots(client, batch);
        let sending = lots.into_iter().map(|lot| async move {
            let sent = self
                .send_lot(client, &lot.values, to, headers, lot.outgoing())
                .await;
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = lot.values.clone();
            (lot, sent)
        });
        let done = stream::iter(sending).buffer_unordered(TOGETHER).collect().await;
        together(done, wrong)
    }

    async fn send_lot(
        &self,
        client: &dyn Client,
        values: &[String],
        to: &dyn Sends,
        headers: &HeaderMap,
        batch: Outgoing,
    ) -> Result<Sent, Failure> {
        let shown = self.headers(client, values, headers).await?;
        match to.send(&shown, batch.clone()).await {
            Ok(sent) => Ok(sent),
            Err(unsent) if unsent.unauthenticated && client.refused(&shown).await => {
                let shown = self.headers(client, values, headers).await?;
                to.send(&shown, batch).await.map_err(|unsent| unsent.failure)
            }
            Err(unsent) => Err(unsent.failure),
        }
    }

    /// The headers of a request, credentials included.
    async fn headers(
        &self,
        client: &dyn Client,
        values: &[String],
        headers: &HeaderMap,
    ) -> Result<HeaderMap, Failure> {
        let mut headers = headers.clone();
        let putting = client.put(values, &mut headers);
        let put = match self.timeout {
            None => putting.await,
            Some(timeout) => tokio::time::timeout(timeout, putting)
                .await
                .unwrap_or_else(|_| Err(Failed::NotNow(format!("no credentials within {timeout:?}")))),
        };
        put.map(|()| headers).map_err(|failed| match failed {
            Failed::NotNow(message) => Failure::NotNow {
                message,
                retry_after: None,
            },
            Failed::ForGood(message) => Failure::Destination(message),
        })
    }
}

/// Sorts the requests of a batch by what decides about their headers. What is left has senders for whom nothing can be
/// sent.
fn lots(client: &dyn Client, batch: Outgoing) -> (Vec<Lot>, Vec<Left>) {
    let (mut lots, mut wrong): (Vec<Lot>, _) = (Vec::new(), Vec::new());
    for (number, part) in batch.parts.into_iter().enumerate() {
        match client.values(&part.client) {
            Err(why) => wrong.push(Left {
                part: number,
                traces: part.traces,
                why: Failure::Data(why),
            }),
            Ok(values) => match lots.iter_mut().find(|lot| lot.values == values) {
                Some(lot) => lot.parts.push((number, part)),
                None => lots.push(Lot {
                    values,
                    parts: vec![(number, part)],
                }),
            },
        }
    }
    (lots, wrong)
}

/// What became of the whole batch.
fn together(done: Vec<(Lot, Result<Sent, Failure>)>, wrong: Vec<Left>) -> Result<Sent, Failure> {
    let mut left = wrong;
    let mut all = None::<Sent>;
    for (lot, result) in done {
        match result {
            Ok(sent) => all.get_or_insert_default().add(sent),
            Err(why) => left.extend(lot.left(&why)),
        }
    }
    match (all, whole(&left)) {
        (Some(sent), _) if left.is_empty() => Ok(sent),
        (None, Some(why)) => Err(why),
        _ => Err(Failure::Partly(left)),
    }
}

/// The failure that all of these have in common, where it says nothing about single senders.
fn whole(left: &[Left]) -> Option<Failure> {
    let why = &left.first()?.why;
    let alike = |left: &Left| std::mem::discriminant(&left.why) == std::mem::discriminant(why);
    let is_common = matches!(why, Failure::NotNow { .. } | Failure::Data(_));
    (is_common && left.iter().all(alike)).then(|| {
        let mut asking = left.iter().map(|left| &left.why);
        asking.find(|why| why.asks_for_a_pause()).unwrap_or(why).clone()
    })
}

// === impl Unsent ===

impl From<Failure> for Unsent {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            unauthenticated: false,
        }
    }
}

// === impl Lot ===

impl Lot {
    fn outgoing(&self) -> Outgoing {
        let parts: Vec<Part> = self.parts.iter().map(|(_, part)| part.clone()).collect();
        let spans = parts.iter().map(|part| part.traces.spans()).sum();
        Outgoing { parts, spans }
    }

    fn left(self, why: &Failure) -> impl Iterator<Item = Left> {
        self.parts
            .into_iter()
            .map(move |(part, Part { traces, .. })| Left {
                part,
                traces,
                why: why.clone(),
            })
    }
}

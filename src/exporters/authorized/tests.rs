use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::HeaderValue;

use super::*;
use crate::pipeline::client::Client as Sender;
use crate::wire::Traces;

const TENANT: &str = "x-tenant";

/// Puts on requests the tenant that their senders named, after a secret that may be renewed.
#[derive(Debug, Default)]
struct Tenants {
    renewed: Mutex<bool>,
    fails: Option<Failed>,
}

impl Client for Tenants {
    fn asks_senders(&self) -> bool {
        true
    }

    fn values(&self, sender: &Sender) -> Result<Vec<String>, String> {
        match sender.metadata(TENANT) {
            [one] => Ok(vec![one.clone()]),
            [] => Ok(vec!["nobody".into()]),
            _ => Err("has several tenants".into()),
        }
    }

    fn put<'a>(
        &'a self,
        values: &'a [String],
        headers: &'a mut HeaderMap,
    ) -> BoxFuture<'a, Result<(), Failed>> {
        if let Some(failed) = self.fails.clone() {
            return async { Err(failed) }.boxed();
        }
        let age = if *self.renewed.lock().unwrap() {
            "new"
        } else {
            "old"
        };
        headers.insert("authorization", HeaderValue::from_static(age));
        let tenant = values.first().map_or("none", String::as_str);
        headers.insert(TENANT, tenant.parse().unwrap());
        async { Ok(()) }.boxed()
    }

    fn refused<'a>(&'a self, headers: &'a HeaderMap) -> BoxFuture<'a, bool> {
        *self.renewed.lock().unwrap() = true;
        async { headers["authorization"] == "old" }.boxed()
    }
}

/// What came, and how it is answered by its tenant.
struct Destination<F> {
    came: Mutex<Vec<(String, String, Vec<Bytes>)>>,
    answer: F,
}

impl<F: Fn(&str, &str) -> Option<Unsent> + Sync> Sends for Destination<F> {
    fn send<'a>(&'a self, headers: &'a HeaderMap, batch: Outgoing) -> BoxFuture<'a, Result<Sent, Unsent>> {
        let text = |name: &str| headers[name].to_str().unwrap().to_owned();
        let (tenant, secret) = (text(TENANT), text("authorization"));
        let refused = (self.answer)(&tenant, &secret);
        let came = (tenant, secret, batch.into_bytes());
        self.came.lock().unwrap().push(came);
        async { refused.map_or(Ok(Sent::default()), Err) }.boxed()
    }
}

fn part(tenants: &[&str], spans: &'static str) -> Part {
    let tenants: Vec<String> = tenants.iter().map(|&tenant| tenant.into()).collect();
    Part {
        traces: Traces::restored(Bytes::from_static(spans.as_bytes()), 1),
        client: Arc::new(Sender {
            metadata: vec![(TENANT.into(), tenants)],
            ..Sender::default()
        }),
    }
}

fn batch(parts: impl IntoIterator<Item = Part>) -> Outgoing {
    let parts: Vec<Part> = parts.into_iter().collect();
    Outgoing {
        spans: parts.len(),
        parts,
    }
}

async fn sent<F: Fn(&str, &str) -> Option<Unsent> + Sync>(
    authorized: &Authorized,
    to: &Destination<F>,
    batch: Outgoing,
) -> Result<Sent, Failure> {
    authorized.send(to, &HeaderMap::new(), batch).await
}

fn destination<F: Fn(&str, &str) -> Option<Unsent> + Sync>(answer: F) -> Destination<F> {
    let came = Mutex::default();
    Destination { came, answer }
}

fn authorized(tenants: Tenants) -> Authorized {
    Authorized::new(Some(Arc::new(tenants)), None)
}

fn refusal(failure: Failure, unauthenticated: bool) -> Option<Unsent> {
    Some(Unsent {
        failure,
        unauthenticated,
    })
}

/// Each sender's spans leave with that sender's header, in one request a sender.
#[tokio::test]
async fn senders_do_not_mix() {
    let to = destination(|_, _| None);
    let parts = [
        part(&["a"], "a1"),
        part(&["b"], "b1"),
        part(&["a"], "a2"),
        part(&[], "n1"),
    ];
    sent(&authorized(Tenants::default()), &to, batch(parts))
        .await
        .unwrap();
    let came = to.came.into_inner().unwrap();
    let came: BTreeSet<(String, Vec<Bytes>)> = came
        .into_iter()
        .map(|(tenant, _, parts)| (tenant, parts))
        .collect();
    let expected = [("a", vec!["a1", "a2"]), ("b", vec!["b1"]), ("nobody", vec!["n1"])];
    let expected =
        expected.map(|(tenant, parts)| (tenant.to_owned(), parts.into_iter().map(Bytes::from).collect()));
    assert_eq!(came, BTreeSet::from(expected));
}

/// What one sender cannot send, or may not, is told of that one's spans alone; a failure of all is one of the batch.
#[tokio::test]
async fn failures_are_the_senders_own() {
    let to = destination(|tenant, _| match tenant {
        "bad" => refusal(Failure::Destination("who is bad?".into()), false),
        _ => None,
    });
    let parts = [
        part(&["good"], "1"),
        part(&["bad"], "2"),
        part(&["two", "of them"], "3"),
        part(&["bad"], "4"),
    ];
    let failure = sent(&authorized(Tenants::default()), &to, batch(parts))
        .await
        .unwrap_err();
    let Failure::Partly(mut left) = failure else {
        panic!("{failure:?}");
    };
    left.sort_by_key(|left| left.part);
    let told: Vec<_> = left
        .iter()
        .map(|left| (left.part, left.why.to_string()))
        .collect();
    let expected = [(1, "who is bad?"), (2, "has several tenants"), (3, "who is bad?")];
    assert_eq!(told, expected.map(|(part, why)| (part, why.to_owned())));

    // It is refused, not the destination closed: others may come next.
    let alone = batch([part(&["bad"], "1")]);
    let failure = sent(&authorized(Tenants::default()), &to, alone).await;
    assert!(matches!(failure, Err(Failure::Partly(_))), "{failure:?}");

    let pause = Some(Duration::from_secs(7));
    let to = destination(|tenant, _| {
        let retry_after = pause.filter(|_| tenant == "b");
        let message = "not now".into();
        refusal(Failure::NotNow { message, retry_after }, false)
    });
    let two = batch([part(&["a"], "1"), part(&["b"], "2")]);
    let failure = sent(&authorized(Tenants::default()), &to, two).await;
    assert!(matches!(failure, Err(Failure::NotNow { retry_after, .. }) if retry_after == pause));

    let to = destination(|_, _| None);
    let several = batch([part(&["a", "b"], "1")]);
    let failure = sent(&authorized(Tenants::default()), &to, several).await;
    assert_eq!(failure, Err(Failure::Data("has several tenants".into())));
}

/// Credentials that are refused are looked for anew, once; ones that there are not are a failure without a request.
#[tokio::test]
async fn credentials_are_renewed_once() {
    let unauthenticated = || refusal(Failure::Destination("401".into()), true);
    let to = destination(|_, secret| if secret == "old" { unauthenticated() } else { None });
    let one = || batch([part(&["a"], "1")]);
    sent(&authorized(Tenants::default()), &to, one()).await.unwrap();
    assert_eq!(to.came.lock().unwrap().len(), 2);

    let to = destination(|_, _| unauthenticated());
    sent(&authorized(Tenants::default()), &to, one())
        .await
        .unwrap_err();
    assert_eq!(to.came.lock().unwrap().len(), 2);

    let to = destination(|_, _| None);
    for (failed, is_for_good) in [
        (Failed::NotNow("later".into()), false),
        (Failed::ForGood("never".into()), true),
    ] {
        let tenants = Tenants {
            fails: Some(failed),
            ..Tenants::default()
        };
        // Without senders it is the destination's failure, whoever asks.
        let failure = sent(&authorized(tenants), &to, Outgoing::probe())
            .await
            .unwrap_err();
        assert_eq!(matches!(failure, Failure::Destination(_)), is_for_good);
    }
    assert_eq!(to.came.lock().unwrap().len(), 0);
}

/// A probe asks for the sender whose spans were sent last, since a destination may take nothing without one.
#[tokio::test]
async fn probes_have_a_sender() {
    let to = destination(|_, _| None);
    let authorized = authorized(Tenants::default());
    sent(&authorized, &to, batch([part(&["a"], "1")])).await.unwrap();
    sent(&authorized, &to, Outgoing::probe()).await.unwrap();
    assert_eq!(to.came.lock().unwrap()[1].0, "a");
}

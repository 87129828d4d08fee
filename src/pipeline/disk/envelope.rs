//! What is written beside the spans of a record.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message;

use crate::config::types::Secret;
use crate::journal::{Entry, Item};
use crate::net::auth::{Identity, RAW};
use crate::pipeline::client::Client;
use crate::wire::Traces;

/// The head of a record; empty when there is nothing to say. Field numbers are the format: they are never used again.
#[derive(Clone, PartialEq, Message)]
struct Head {
    /// The client's metadata.
    #[prost(message, repeated, tag = "1")]
    metadata: Vec<Metadata>,
    /// Why it is a dead letter.
    #[prost(string, tag = "2")]
    reason: String,
    /// What is known of the sender, but for their credentials.
    #[prost(message, repeated, tag = "3")]
    attributes: Vec<Attribute>,
}

/// Something that an authenticator found out about the sender.
#[derive(Clone, PartialEq, Message)]
struct Attribute {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// The values of one metadata key.
#[derive(Clone, PartialEq, Message)]
struct Metadata {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, repeated, tag = "2")]
    values: Vec<String>,
}

/// A record as it is read.
#[derive(Debug)]
pub struct Letter {
    /// The spans.
    pub traces: Traces,
    /// Who sent them.
    pub client: Arc<Client>,
    /// Why it is a dead letter; empty when it is none.
    pub reason: String,
}

/// The record of a request.
pub fn seal(traces: &Traces, client: &Arc<Client>, reason: &str) -> Entry {
    let metadata = client.metadata.iter().map(|(key, values)| Metadata {
        key: key.clone(),
        values: values.clone(),
    });
    let head = Head {
        metadata: metadata.collect(),
        reason: reason.to_owned(),
        attributes: attributes(client).collect(),
    };
    // As many spans as fit in a request fit in the field.
    let weight = u32::try_from(traces.spans()).unwrap_or(u32::MAX);
    Entry::new(head.encode_to_vec().into(), traces.bytes().clone(), weight).with_memo(client.clone())
}

/// Credentials stay out of files.
fn attributes(client: &Client) -> impl Iterator<Item = Attribute> {
    let known = client.attributes().iter();
    known
        .filter(|(name, _)| name != RAW)
        .map(|(name, value)| Attribute {
            name: name.clone(),
            value: value.0.clone(),
        })
}

/// The bytes on disk of a request's record, head and frame included.
pub fn size(traces: &Traces, client: &Client) -> u64 {
    let strings = client.metadata.iter().map(|(key, values)| {
        let values = values.iter().map(|value| value.len() + 6).sum::<usize>();
        key.len() + values + 12
    });
    let attributes = attributes(client).map(|known| known.name.len() + known.value.len() + 12);
    (traces.bytes().len() + strings.sum::<usize>() + attributes.sum::<usize>() + 64) as u64
}

/// What a record holds. Bytes that come from disk are checked like those of a request; an error says what is wrong.
pub fn open(item: &Item) -> Result<Letter, String> {
    let known = item.memo.clone().and_then(|memo| memo.downcast::<Client>().ok());
    if let Some(client) = known {
        return Ok(Letter {
            traces: Traces::restored(item.body.clone(), item.weight),
            client,
            reason: String::new(),
        });
    }
    let head = Head::decode(item.head.clone()).map_err(|error| format!("its head: {error}"))?;
    let checked = Traces::check(item.body.clone()).map_err(|error| format!("its spans: {error}"))?;
    Ok(Letter {
        traces: checked.traces,
        client: client(head.metadata, head.attributes),
        reason: head.reason,
    })
}

fn client(metadata: Vec<Metadata>, attributes: Vec<Attribute>) -> Arc<Client> {
    if metadata.is_empty() && attributes.is_empty() {
        return Client::unknown();
    }
    let pairs = metadata.into_iter().map(|entry| (entry.key, entry.values));
    Arc::new(Client {
        address: None,
        metadata: pairs.collect(),
        project: None,
        identity: identity(attributes),
    })
}

fn identity(attributes: Vec<Attribute>) -> Option<Arc<Identity>> {
    let known = attributes
        .into_iter()
        .map(|known| (known.name, Secret(known.value)));
    let attributes: Vec<_> = known.collect();
    if attributes.is_empty() {
        return None;
    }
    Some(Arc::new(Identity {
        attributes,
        ..Identity::default()
    }))
}

/// The head of a record that is moved as it is.
pub fn copy(item: &Item) -> Entry {
    Entry::new(item.head.clone(), Bytes::clone(&item.body), item.weight)
}

//! What each action does to a list of attributes.

use std::borrow::Cow;

use super::hash::Hashed;
use super::{Action, Actions, From, How, Source, Target, convert};
use crate::pipeline::client::Client;
use crate::wire::{Amendment, Change, Encoded, Message, ToValue, ValueView};

impl Actions {
    /// Applies them in their order; each sees what the one before has left.
    pub fn apply<'a, V: Message<'a>>(&self, client: &Client, on: &mut Amendment<'a, V>) {
        for action in &self.0 {
            match action {
                Action::Put { how, key, source } => put(*how, key, source, client, on),
                Action::Delete { key, pattern } => {
                    on.remove(key);
                    if let Some(pattern) = pattern {
                        on.retain(|attribute| !pattern.is_match(attribute.key()));
                    }
                }
                Action::Hash { key, pattern } => {
                    if let Some(hashed) = on.attribute(key).map(|value| Hashed::of(&value)) {
                        on.update(key, hashed.as_str());
                    }
                    if let Some(pattern) = pattern {
                        on.change_each(|attribute| match pattern.is_match(attribute.key()) {
                            true => Change::Value(Hashed::of(&attribute.value())),
                            false => Change::Keep,
                        });
                    }
                }
                Action::Extract { key, pattern } => {
                    let Some(ValueView::String(text)) = on.attribute(key) else {
                        continue;
                    };
                    // A miss is found without a copy of the text.
                    if !pattern.is_match(text) {
                        continue;
                    }
                    let text = text.to_owned();
                    let Some(found) = pattern.regex().captures(&text) else {
                        continue;
                    };
                    for (number, name) in (1..).zip(pattern.groups()) {
                        on.upsert(name, found.get(number).map_or("", |group| group.as_str()));
                    }
                }
                Action::Convert { key, to } => convert_to(*to, key, on),
            }
        }
    }
}

fn put<'a, V: Message<'a>>(how: How, key: &str, source: &Source, client: &Client, on: &mut Amendment<'a, V>) {
    // Nothing is looked up where nothing would be done.
    let is_there = on.pair(key).is_some();
    if matches!((how, is_there), (How::Insert, true) | (How::Update, false)) {
        return;
    }
    let (from, default) = match source {
        Source::Constant(value) => return on.upsert(key, value),
        Source::Found { from, default } => (from, default),
    };
    match (from.find(client, on), default) {
        (Some(Found::Text(text)), _) => on.upsert(key, text.as_ref()),
        (Some(Found::Value(value)), _) => on.upsert(key, &value),
        (None, Some(default)) => on.upsert(key, default),
        (None, None) => {}
    }
}

fn convert_to<'a, V: Message<'a>>(to: Target, key: &str, on: &mut Amendment<'a, V>) {
    let Some(value) = on.attribute(key) else {
        return;
    };
    match (to, value) {
        (Target::String, ValueView::String(_)) => {}
        (Target::String, value) => {
            let text = value.text().into_owned();
            on.update(key, text.as_str());
        }
        (Target::Int, value) => update(on, key, convert::int(&value)),
        (Target::Double, value) => update(on, key, convert::double(&value)),
    }
}

/// Changes the value, if there is a new one.
fn update<'a, V: Message<'a>>(on: &mut Amendment<'a, V>, key: &str, value: Option<impl ToValue>) {
    if let Some(value) = value {
        on.update(key, &value);
    }
}

/// A value that was found.
enum Found<'c> {
    Text(Cow<'c, str>),
    Value(Encoded),
}

// === impl From ===

impl From {
    fn find<'c, 'a, V: Message<'a>>(&self, client: &'c Client, on: &Amendment<'a, V>) -> Option<Found<'c>> {
        match self {
            Self::Attribute(key) => on.pair(key).map(|attribute| Found::Value(attribute.encoded())),
            Self::Auth(name) => client.attribute(name).map(|value| Found::Text(value.into())),
            // A client without an address has an empty one.
            Self::Address => {
                let address = client
                    .address
                    .map(|address| address.ip().to_canonical().to_string());
                Some(Found::Text(address.unwrap_or_default().into()))
            }
            Self::Metadata(name) => match client.metadata(name) {
                [] => None,
                [value] => Some(Found::Text(value.into())),
                values => Some(Found::Text(values.join(";").into())),
            },
        }
    }
}

//! Edits of attributes, on bytes and on objects.

use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};

use super::super::seen::any_value;
use crate::wire::{Amendment, Message, Value};

/// What has attributes, as bytes or as objects.
pub(super) trait Attributes {
    fn keys(&self) -> Vec<String>;
    fn insert(&mut self, key: &str, value: &Value);
    fn update(&mut self, key: &str, value: &Value);
    fn upsert(&mut self, key: &str, value: &Value);
    fn remove(&mut self, key: &str);
    fn retain(&mut self, wanted: impl Fn(&str) -> bool);
    fn clear(&mut self);
    fn set(&mut self, pairs: Vec<(String, Value)>);
}

// === impl Attributes ===

impl<'a, V: Message<'a>> Attributes for Amendment<'a, V> {
    fn keys(&self) -> Vec<String> {
        self.attributes()
            .map(|attribute| attribute.key().to_owned())
            .collect()
    }

    fn insert(&mut self, key: &str, value: &Value) {
        Amendment::insert(self, key, value);
    }

    fn update(&mut self, key: &str, value: &Value) {
        Amendment::update(self, key, &value.encoded());
    }

    fn upsert(&mut self, key: &str, value: &Value) {
        match value {
            Value::String(text) => Amendment::upsert(self, key, text.as_str()),
            Value::Int(number) => Amendment::upsert(self, key, number),
            value => Amendment::upsert(self, key, value),
        }
    }

    fn remove(&mut self, key: &str) {
        Amendment::remove(self, key);
    }

    fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        Amendment::retain(self, |attribute| wanted(attribute.key()));
    }

    fn clear(&mut self) {
        self.clear_attributes();
    }

    fn set(&mut self, pairs: Vec<(String, Value)>) {
        self.set_attributes(pairs);
    }
}

impl Attributes for Vec<KeyValue> {
    fn keys(&self) -> Vec<String> {
        self.iter().map(|attribute| attribute.key.clone()).collect()
    }

    fn insert(&mut self, key: &str, value: &Value) {
        if !self.iter().any(|attribute| attribute.key == key) {
            Attributes::upsert(self, key, value);
        }
    }

    fn update(&mut self, key: &str, value: &Value) {
        if let Some(attribute) = self.iter_mut().find(|attribute| attribute.key == key) {
            attribute.value = Some(object(value));
        }
    }

    fn upsert(&mut self, key: &str, value: &Value) {
        if !self.iter().any(|attribute| attribute.key == key) {
            self.push(KeyValue {
                key: key.into(),
                ..KeyValue::default()
            });
        }
        self.update(key, value);
    }

    fn remove(&mut self, key: &str) {
        if let Some(at) = self.iter().position(|attribute| attribute.key == key) {
            self.swap_remove(at);
        }
    }

    fn retain(&mut self, wanted: impl Fn(&str) -> bool) {
        Vec::retain(self, |attribute| wanted(&attribute.key));
    }

    fn clear(&mut self) {
        Vec::clear(self);
    }

    fn set(&mut self, pairs: Vec<(String, Value)>) {
        Vec::clear(self);
        for (key, value) in pairs {
            self.push(KeyValue {
                key,
                value: Some(object(&value)),
                ..KeyValue::default()
            });
        }
    }
}

fn object(value: &Value) -> AnyValue {
    let encoded = value.encoded();
    any_value(crate::wire::values::merged(std::iter::once(encoded.0.as_slice())))
}

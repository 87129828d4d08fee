//! JSON in: streamed into protobuf bytes, no tree in between.

use std::fmt::{self, Write};

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::Malformed;
use super::super::schema::{Field, Kind, Message};
use super::super::writer::{close, open};
use super::scalar::{Scalar, put};

/// What is written so far, and the way to where the reader is.
struct Progress {
    out: Vec<u8>,
    path: Vec<Step>,
}

/// One step on the way into a request.
enum Step {
    Field(&'static str),
    Item(usize),
}

/// Reads an object as the body of `message`.
struct Body<'p> {
    message: &'static Message,
    progress: &'p mut Progress,
}

/// Reads a name.
struct Name(&'static Message);

/// Reads what stands behind a name.
struct Content<'p> {
    field: &'static Field,
    progress: &'p mut Progress,
}

/// Reads one value of a field.
struct One<'p> {
    field: &'static Field,
    progress: &'p mut Progress,
}

/// The bytes of `message` in JSON.
pub(super) fn read(json: &[u8], message: &'static Message) -> Result<Vec<u8>, Malformed> {
    let out = Vec::with_capacity(json.len() / 2);
    let mut progress = Progress {
        out,
        path: Vec::new(),
    };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let body = Body {
        message,
        progress: &mut progress,
    };
    let result = body
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    match result {
        Ok(()) => Ok(progress.out),
        Err(error) => Err(Malformed(format!(
            "malformed OTLP/JSON: {}{error}",
            progress.place()
        ))),
    }
}

// === impl Progress ===

impl Progress {
    /// Runs `read` one step further in. After an error the step stays, to be shown.
    fn within<T, E>(&mut self, step: Step, read: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.path.push(step);
        let value = read(self)?;
        self.path.pop();
        Ok(value)
    }

    fn place(&self) -> String {
        let mut place = String::new();
        for step in &self.path {
            // Writing to a string cannot fail.
            let _ = match step {
                Step::Field(name) if place.is_empty() => write!(place, "{name}"),
                Step::Field(name) => write!(place, ".{name}"),
                Step::Item(number) => write!(place, "[{number}]"),
            };
        }
        if !place.is_empty() {
            place.push_str(": ");
        }
        place
    }
}

// === impl Body ===

impl<'de> DeserializeSeed<'de> for Body<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Body<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key_seed(Name(self.message))? {
            match field {
                Some(field) => self.progress.within(Step::Field(field.camel), |progress| {
                    map.next_value_seed(Content { field, progress })
                })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

// === impl Name ===

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static Field>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.by_name(name))
    }
}

// === impl Content ===

impl<'de> DeserializeSeed<'de> for Content<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Content<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.field.repeated {
            "an array"
        } else {
            "a value"
        })
    }

    /// `null` is as good as absent.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { field, progress } = self;
        match field.repeated {
            true => deserializer.deserialize_seq(Self { field, progress }),
            false => One { field, progress }.deserialize(deserializer),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let field = self.field;
        for number in 0.. {
            let item = self.progress.within(Step::Item(number), |progress| {
                items.next_element_seed(One { field, progress })
            })?;
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }
}

// === impl One ===

impl<'de> DeserializeSeed<'de> for One<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Kind::Message(message) = self.field.kind else {
            return deserializer.deserialize_any(self);
        };
        let progress = self.progress;
        let field = open(&mut progress.out, self.field.number, 0);
        Body { message, progress }.deserialize(deserializer)?;
        close(&mut progress.out, field);
        Ok(())
    }
}

impl One<'_> {
    fn put<E: Error>(self, scalar: Scalar<'_>) -> Result<(), E> {
        put(&mut self.progress.out, self.field, scalar).map_err(E::custom)
    }
}

impl Visitor<'_> for One<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.field.kind.in_words())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.put(Scalar::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.put(Scalar::Int(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.put(Scalar::Int(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.put(Scalar::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.put(Scalar::Text(value))
    }
}

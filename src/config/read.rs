//! Serde over nodes. An error knows the place of its value, the path of its key, and never repeats a hidden text.
//!
//! As lenient as the Collector where that is harmless: a number or boolean where a text is wanted is its text, a
//! whole number where a fraction is wanted, `a,b` where a list is wanted, nothing where a map or list is wanted.

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, EnumAccess, IntoDeserializer, VariantAccess, Visitor};

use super::node::{Kind, Node, Scalar, Value};
use super::read_error::ReadError;

/// Reads a typed value; the first thing that is wrong ends it.
pub fn read<'de, T: de::Deserialize<'de>>(node: &'de Node) -> Result<T, ReadError> {
    T::deserialize(NodeReader { node, in_map: false })
}

#[derive(Clone, Copy)]
struct NodeReader<'de> {
    node: &'de Node,
    /// A value of a map or list without fixed keys: an empty text is written as nothing.
    in_map: bool,
}

// === impl NodeReader ===

impl<'de> NodeReader<'de> {
    fn wanted(self, what: &str) -> ReadError {
        let found = match &self.node.value {
            Value::Scalar(scalar) if scalar.kind == Kind::Text => format!("the text `{}`", scalar.text),
            Value::Scalar(scalar) if scalar.kind != Kind::Null => format!("`{}`", scalar.text),
            _ => self.node.what().to_owned(),
        };
        let mut error = ReadError::new(format!("expected {what}, found {found}")).at(self.node);
        let unquoted = self.node.text().map(Kind::of);
        if self.kind() == Some(Kind::Text) && !matches!(unquoted, Some(Kind::Text | Kind::Null)) {
            error.help = Some("quotes make it a text; write it without them".into());
        }
        error
    }

    fn kind(self) -> Option<Kind> {
        match &self.node.value {
            Value::Scalar(scalar) => Some(scalar.kind),
            _ => None,
        }
    }

    fn whole(self, min: i128, max: i128) -> Result<i128, ReadError> {
        let number = match self.kind() {
            Some(Kind::Int(number)) => Some(number),
            // `1e3` is a whole number too; 2^53 is where a float stops telling neighbours apart.
            Some(Kind::Float(number)) if number.fract() == 0.0 && number.abs() < 9e15 => Some(number as i128),
            _ => None,
        };
        number
            .filter(|number| (min..=max).contains(number))
            .ok_or_else(|| self.wanted(&format!("a whole number from {min} to {max}")))
    }

    fn signed<V: Visitor<'de>>(self, min: i64, max: i64, visitor: V) -> Result<V::Value, ReadError> {
        let number = self.whole(min.into(), max.into())? as i64;
        visitor
            .visit_i64(number)
            .map_err(|error: ReadError| error.at(self.node))
    }

    fn unsigned<V: Visitor<'de>>(self, max: u64, visitor: V) -> Result<V::Value, ReadError> {
        let number = self.whole(0, max.into())? as u64;
        visitor
            .visit_u64(number)
            .map_err(|error: ReadError| error.at(self.node))
    }

    fn float<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let number = match self.kind() {
            Some(Kind::Float(number)) => number,
            Some(Kind::Int(number)) => number as f64,
            _ => return Err(self.wanted("a number")),
        };
        visitor
            .visit_f64(number)
            .map_err(|error: ReadError| error.at(self.node))
    }

    fn scalar<V: Visitor<'de>>(self, scalar: &'de Scalar, visitor: V) -> Result<V::Value, ReadError> {
        match scalar.kind {
            Kind::Null => visitor.visit_unit(),
            Kind::Bool(value) => visitor.visit_bool(value),
            Kind::Float(value) => visitor.visit_f64(value),
            Kind::Text => visitor.visit_borrowed_str(&scalar.text),
            Kind::Int(value) => match (u64::try_from(value), i64::try_from(value)) {
                (Ok(value), _) => visitor.visit_u64(value),
                (_, Ok(value)) => visitor.visit_i64(value),
                _ => visitor.visit_i128(value),
            },
        }
        .map_err(|error: ReadError| error.at(self.node))
    }

    fn map<V: Visitor<'de>>(self, visitor: V, in_map: bool) -> Result<V::Value, ReadError> {
        let entries: Vec<(&str, &Node)> = match &self.node.value {
            Value::Map(map) => map.iter().collect(),
            _ if self.node.is_null() => Vec::new(),
            _ => return Err(self.wanted("a map")),
        };
        visitor
            .visit_map(Entries {
                rest: entries.into_iter(),
                value: None,
                in_map,
            })
            .map_err(|error: ReadError| error.at(self.node))
    }
}

macro_rules! whole_numbers {
    ($($method:ident => $read:ident($($bound:expr),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
            self.$read($($bound.into(),)* visitor)
        })*
    };
}

impl<'de> de::Deserializer<'de> for NodeReader<'de> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Scalar(scalar) => self.scalar(scalar, visitor),
            Value::List(_) => self.deserialize_seq(visitor),
            Value::Map(_) => self.map(visitor, true),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.kind() {
            Some(Kind::Bool(value)) => visitor
                .visit_bool(value)
                .map_err(|error: ReadError| error.at(self.node)),
            _ => Err(self.wanted("`true` or `false`")),
        }
    }

    whole_numbers! {
        deserialize_i8 => signed(i8::MIN, i8::MAX);
        deserialize_i16 => signed(i16::MIN, i16::MAX);
        deserialize_i32 => signed(i32::MIN, i32::MAX);
        deserialize_i64 => signed(i64::MIN, i64::MAX);
        deserialize_u8 => unsigned(u8::MAX);
        deserialize_u16 => unsigned(u16::MAX);
        deserialize_u32 => unsigned(u32::MAX);
        deserialize_u64 => unsigned(u64::MAX);
        deserialize_f32 => float();
        deserialize_f64 => float();
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Scalar(scalar) if scalar.kind != Kind::Null => visitor.visit_borrowed_str(&scalar.text),
            Value::Scalar(_) if self.in_map => visitor.visit_borrowed_str(""),
            _ => return Err(self.wanted("a text")),
        }
        .map_err(|error: ReadError| error.at(self.node))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.is_null() {
            true => visitor.visit_none(),
            false => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let result = match &self.node.value {
            Value::List(items) => visitor.visit_seq(Items {
                rest: items.iter().enumerate(),
            }),
            Value::Scalar(scalar) if scalar.text.is_empty() || scalar.kind == Kind::Null => {
                visitor.visit_seq(de::value::SeqDeserializer::new(std::iter::empty::<&str>()))
            }
            Value::Scalar(scalar) if scalar.kind == Kind::Text => {
                visitor.visit_seq(de::value::SeqDeserializer::new(scalar.text.split(',')))
            }
            _ => return Err(self.wanted("a list")),
        };
        result.map_err(|error: ReadError| error.at(self.node))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.map(visitor, true)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        self.map(visitor, false)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Scalar(scalar) if scalar.kind != Kind::Null => {
                let text: StrDeserializer<'_, ReadError> = scalar.text.as_str().into_deserializer();
                visitor.visit_enum(text)
            }
            Value::Map(map) => match map.iter().collect::<Vec<_>>().as_slice() {
                [(key, node)] => visitor.visit_enum(Variant { key, node }),
                _ => return Err(self.wanted("a map with one key")),
            },
            _ => return Err(self.wanted("a text")),
        }
        .map_err(|error: ReadError| error.at(self.node))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Entries<'de> {
    rest: std::vec::IntoIter<(&'de str, &'de Node)>,
    value: Option<(&'de str, &'de Node)>,
    in_map: bool,
}

impl<'de> de::MapAccess<'de> for Entries<'de> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadError> {
        self.value = self.rest.next();
        match self.value {
            Some((key, _)) => seed
                .deserialize(de::value::BorrowedStrDeserializer::new(key))
                .map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let Some((key, node)) = self.value.take() else {
            return Err(ReadError::new("a value was asked for before its key"));
        };
        let in_map = self.in_map;
        seed.deserialize(NodeReader { node, in_map })
            .map_err(|error| error.at(node).below(key))
    }
}

struct Items<'de> {
    rest: std::iter::Enumerate<std::slice::Iter<'de, Node>>,
}

impl<'de> de::SeqAccess<'de> for Items<'de> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadError> {
        let Some((index, node)) = self.rest.next() else {
            return Ok(None);
        };
        seed.deserialize(NodeReader { node, in_map: true })
            .map(Some)
            .map_err(|error| error.at(node).below(index.to_string()))
    }
}

/// `variant: content`.
struct Variant<'de> {
    key: &'de str,
    node: &'de Node,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = ReadError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), ReadError> {
        let key: StrDeserializer<'_, ReadError> = self.key.into_deserializer();
        Ok((seed.deserialize(key)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = ReadError;

    fn unit_variant(self) -> Result<(), ReadError> {
        de::Deserialize::deserialize(NodeReader::from(self))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, ReadError> {
        let (key, node) = (self.key, self.node);
        seed.deserialize(NodeReader::from(self))
            .map_err(|error| error.at(node).below(key))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, ReadError> {
        de::Deserializer::deserialize_seq(NodeReader::from(self), visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        NodeReader::from(self).map(visitor, false)
    }
}

impl<'de> From<Variant<'de>> for NodeReader<'de> {
    fn from(variant: Variant<'de>) -> Self {
        Self {
            node: variant.node,
            in_map: false,
        }
    }
}

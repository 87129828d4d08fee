//! Keys in brackets, looked at one by one as the Collector does: what is behind a missing entry is never looked at.

use super::super::path::shallow;
use super::super::syntax::Key;
use super::super::value::Value;
use super::world::{Pairs, V, World};
use super::{Fail, Yields};
use crate::wire::Value as Stored;

/// Elements that writing behind the end of an empty value may make.
const MAX_NEW_ELEMENTS: i64 = 65_536;

impl World<'_> {
    /// A key that must be a text.
    pub fn text_key(&self, key: &Key) -> Yields<String> {
        match key {
            Key::Text(text) => Ok(text.clone()),
            Key::Int(_) => Err(Fail),
            Key::Value(expression) => match self.value(expression)? {
                Value::Text(text) => Ok(text.into_owned()),
                _ => Err(Fail),
            },
        }
    }

    fn int_key(&self, key: &Key) -> Yields<i64> {
        match key {
            Key::Text(_) => Err(Fail),
            Key::Int(number) => Ok(*number),
            Key::Value(expression) => match self.value(expression)? {
                Value::Int(number) => Ok(number),
                _ => Err(Fail),
            },
        }
    }

    fn place(&self, key: &Key, len: usize) -> Yields<usize> {
        let place = usize::try_from(self.int_key(key)?).map_err(|_| Fail)?;
        if place < len { Ok(place) } else { Err(Fail) }
    }

    /// What the keys find in a map that a path leads to.
    pub fn found(&self, map: &Pairs, keys: &[Key]) -> Yields<V> {
        let mut value = Stored::KeyValueList(map.clone());
        for key in keys {
            value = match value {
                Stored::KeyValueList(pairs) => {
                    let key = self.text_key(key)?;
                    match pairs.into_iter().find(|(known, _)| *known == key) {
                        Some((_, value)) => value,
                        None => return Ok(Value::Nil),
                    }
                }
                Stored::Array(items) => {
                    let place = self.place(key, items.len())?;
                    items.into_iter().nth(place).ok_or(Fail)?
                }
                _ => return Err(Fail),
            };
        }
        Ok(Value::owned(value))
    }

    /// What the keys find in what a converter yields.
    pub fn indexed(&self, mut value: V, keys: &[Key]) -> Yields<V> {
        for key in keys {
            value = match value {
                Value::Map(pairs) => {
                    let key = self.text_key(key)?;
                    let pair = pairs.into_iter().find(|(known, _)| *known == key);
                    Value::owned(pair.ok_or(Fail)?.1)
                }
                Value::List(items) => {
                    let place = self.place(key, items.len())?;
                    Value::owned(items.into_iter().nth(place).ok_or(Fail)?)
                }
                Value::Bytes(bytes) => {
                    let place = self.place(key, bytes.len())?;
                    Value::Int(i64::from(*bytes.get(place).ok_or(Fail)?))
                }
                _ => return Err(Fail),
            };
        }
        Ok(value)
    }

    /// Writes into a map. What is made on the way stays, also where the rest fails.
    pub fn put(&self, map: &mut Pairs, keys: &[Key], value: V) -> Yields<()> {
        let Some((first, rest)) = keys.split_first() else {
            return Err(Fail);
        };
        let key = self.text_key(first)?;
        self.put_in(entry(map, &key)?, rest, value)
    }

    fn put_in(&self, current: &mut Stored, keys: &[Key], value: V) -> Yields<()> {
        let Some((key, rest)) = keys.split_first() else {
            let value = value.into_stored()?;
            shallow(&value)?;
            *current = value;
            return Ok(());
        };
        if *current == Stored::Empty {
            *current = match self.empty_for(key)? {
                None => Stored::KeyValueList(Vec::new()),
                Some(number) if number >= MAX_NEW_ELEMENTS => return Err(Fail),
                Some(number) => {
                    // Before the first there are none to be made, but the one itself is.
                    let before = usize::try_from(number).unwrap_or_default();
                    let mut list = vec![Stored::Empty; before];
                    list.push(Stored::Empty);
                    *current = Stored::Array(list);
                    let Stored::Array(list) = current else {
                        return Err(Fail);
                    };
                    return self.put_in(list.last_mut().ok_or(Fail)?, rest, value);
                }
            };
        }
        match current {
            Stored::KeyValueList(pairs) => {
                let key = self.text_key(key)?;
                self.put_in(entry(pairs, &key)?, rest, value)
            }
            Stored::Array(items) => {
                let place = self.place(key, items.len())?;
                self.put_in(items.get_mut(place).ok_or(Fail)?, rest, value)
            }
            _ => Err(Fail),
        }
    }

    /// Whether an empty value becomes a list for this key, and up to which place.
    fn empty_for(&self, key: &Key) -> Yields<Option<i64>> {
        match (self.int_key(key), self.text_key(key)) {
            (Ok(number), _) => Ok(Some(number)),
            (_, Ok(_)) => Ok(None),
            _ => Err(Fail),
        }
    }
}

/// The value of the first entry with this key; one is made where there is none.
fn entry<'p>(pairs: &'p mut Pairs, key: &str) -> Yields<&'p mut Stored> {
    if !pairs.iter().any(|(known, _)| known == key) {
        pairs.push((key.to_owned(), Stored::Empty));
    }
    let found = pairs.iter_mut().find(|(known, _)| known == key);
    found.map(|(_, value)| value).ok_or(Fail)
}

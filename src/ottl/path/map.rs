//! Edits to a map in its place: attributes without taking the span apart, other maps as copies.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::super::context::Context;
use super::super::fault::{Error, Outcome};
use super::super::scene::Scene;
use super::super::value::Value;
use super::write::shallow;
use super::{Field, Path};
use crate::wire::{Amendment, Change, Message, Value as Stored, ValueView};

/// An edit to a map, be it attributes or a copy.
pub trait MapEdit {
    /// Edits attributes.
    fn attributes<'a, V: Message<'a>>(self, edit: &mut Amendment<'a, V>) -> Outcome<()>;

    /// Edits a copy.
    fn pairs(self, pairs: &mut Vec<(String, Stored)>) -> Outcome<()>;
}

/// Removes the first entry with the key; the last entry takes its place.
pub struct Remove<'k>(pub &'k str);

/// Keeps the entries whose keys are wanted.
pub struct Retain<F>(pub F);

/// Gives entries new values.
pub struct Revalue<F>(pub F);

/// Adds or changes entries.
pub struct Merge {
    /// What is merged in.
    pub source: Vec<(String, Stored)>,
    /// Whether entries that are missing are added.
    pub adds: bool,
    /// Whether entries that are there are changed.
    pub changes: bool,
}

// === impl Path ===

impl Path {
    /// Edits the map that it leads to.
    pub(in crate::ottl) fn edit(&self, scene: &mut Scene<'_, '_, '_>, edit: impl MapEdit) -> Outcome<()> {
        match self.field {
            Field::Attributes(of) if self.keys.is_empty() => match of {
                Context::Resource => edit.attributes(scene.resource_mut()?),
                Context::Scope => edit.attributes(scene.scope_mut()?),
                Context::Span => edit.attributes(scene.span_mut()?),
                Context::SpanEvent => edit.attributes(scene.event_mut()?),
            },
            Field::Cache if self.keys.is_empty() => edit.pairs(&mut scene.cache.pairs),
            _ => {
                let before = self.map(scene)?;
                let mut pairs = before.clone();
                edit.pairs(&mut pairs)?;
                // By their bytes, since zeros with and without a sign are equal.
                let (before, after) = (Stored::KeyValueList(before), Stored::KeyValueList(pairs));
                match after.encoded() == before.encoded() {
                    true => Ok(()),
                    false => self.write(scene, Value::owned(after)),
                }
            }
        }
    }

    /// A copy of the map that it leads to.
    pub(in crate::ottl) fn map(&self, scene: &Scene<'_, '_, '_>) -> Outcome<Vec<(String, Stored)>> {
        match self.read(scene)? {
            Value::Map(pairs) => Ok(pairs),
            other => Err(Error::new(format!("expected a map but got {}", other.kind()))),
        }
    }
}

impl MapEdit for Remove<'_> {
    fn attributes<'a, V: Message<'a>>(self, edit: &mut Amendment<'a, V>) -> Outcome<()> {
        edit.remove(self.0);
        Ok(())
    }

    fn pairs(self, pairs: &mut Vec<(String, Stored)>) -> Outcome<()> {
        if let Some(at) = pairs.iter().position(|(key, _)| key == self.0) {
            pairs.swap_remove(at);
        }
        Ok(())
    }
}

impl<F: FnMut(&str) -> bool> MapEdit for Retain<F> {
    fn attributes<'a, V: Message<'a>>(mut self, edit: &mut Amendment<'a, V>) -> Outcome<()> {
        edit.retain(|attribute| (self.0)(attribute.key()));
        Ok(())
    }

    fn pairs(mut self, pairs: &mut Vec<(String, Stored)>) -> Outcome<()> {
        pairs.retain(|(key, _)| (self.0)(key));
        Ok(())
    }
}

impl<F: FnMut(&ValueView<'_>) -> Option<Stored>> MapEdit for Revalue<F> {
    fn attributes<'a, V: Message<'a>>(mut self, edit: &mut Amendment<'a, V>) -> Outcome<()> {
        edit.change_each(|attribute| match (self.0)(&attribute.value()) {
            Some(value) => Change::Value(value),
            None => Change::Keep,
        });
        Ok(())
    }

    fn pairs(mut self, pairs: &mut Vec<(String, Stored)>) -> Outcome<()> {
        for (_, value) in pairs {
            let encoded = value.encoded();
            if let Some(changed) = (self.0)(&encoded.view()) {
                *value = changed;
            }
        }
        Ok(())
    }
}

impl MapEdit for Merge {
    fn attributes<'a, V: Message<'a>>(self, edit: &mut Amendment<'a, V>) -> Outcome<()> {
        self.source.iter().try_for_each(|(_, value)| shallow(value))?;
        // Each entry with whether it was met: one pass over the attributes is enough for all of them.
        let mut wanted: HashMap<&str, (&Stored, bool)> = HashMap::new();
        for (key, value) in &self.source {
            match wanted.entry(key) {
                Entry::Vacant(entry) => drop(entry.insert((value, false))),
                Entry::Occupied(mut entry) if self.changes => entry.get_mut().0 = value,
                Entry::Occupied(_) => {}
            }
        }
        edit.change_each(|attribute| match wanted.get_mut(attribute.key()) {
            Some((value, is_met @ false)) => {
                *is_met = true;
                match self.changes {
                    true => Change::Value(value.clone()),
                    false => Change::Keep,
                }
            }
            _ => Change::Keep,
        });
        if self.adds {
            for (key, _) in &self.source {
                if let Some((value, is_met @ false)) = wanted.get_mut(key.as_str()) {
                    *is_met = true;
                    edit.add(key, *value);
                }
            }
        }
        Ok(())
    }

    fn pairs(self, pairs: &mut Vec<(String, Stored)>) -> Outcome<()> {
        self.source.iter().try_for_each(|(_, value)| shallow(value))?;
        let mut places: HashMap<String, usize> = HashMap::new();
        for (at, (key, _)) in pairs.iter().enumerate() {
            places.entry(key.clone()).or_insert(at);
        }
        for (key, value) in self.source {
            match places.get(&key).map(|at| pairs.get_mut(*at)) {
                Some(Some((_, place))) if self.changes => *place = value,
                Some(_) => {}
                None if self.adds => {
                    places.insert(key.clone(), pairs.len());
                    pairs.push((key, value));
                }
                None => {}
            }
        }
        Ok(())
    }
}

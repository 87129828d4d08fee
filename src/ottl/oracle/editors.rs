//! What editors do: a map is taken out, changed, and put back.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use regex::Regex;

use super::super::go::expand::{Template, replace_all};
use super::super::go::format::sprintf;
use super::super::go::glob::Glob;
use super::super::parsers::{Flattening, semconv_span_name};
use super::super::syntax::{Call, Expression, Kind, Path};
use super::super::value::{Time, Value};
use super::arguments::{Arguments, parameters, target};
use super::converters::of_one_text;
use super::world::{Pairs, V, World};
use super::{Fail, Yields};
use crate::config::pattern::Pattern;
use crate::wire::Value as Stored;

impl World<'_> {
    /// Runs an editor.
    pub fn edit(&mut self, call: &Call) -> Yields<()> {
        if call.name == "set_semconv_span_name" {
            return self.set_span_name(call);
        }
        let path = target(call)?;
        let written = self.written(call, path)?;
        match written {
            Some(value) => self.write(path, value),
            None => Ok(()),
        }
    }

    /// What is written to the target; nothing where it is left alone.
    fn written(&self, call: &Call, path: &Path) -> Yields<Option<V>> {
        let given = self.arguments(call);
        Ok(Some(match call.name.as_str() {
            "set" => given.any(1)?,
            "append" => self.longer(path, &given)?,
            "delete_index" => Value::List(self.shorter(path, &given)?),
            "clear" => empty_of(&self.read(path)?),
            "replace_match" => {
                let glob = Glob::new(&given.text(1)?)?;
                let before = self.read(path)?;
                let replacement = whole(&given, 2)?;
                match before {
                    Value::Text(text) if glob.is_match(&text) => Value::text(replacement),
                    _ => return Ok(None),
                }
            }
            "replace_pattern" => {
                let before = self.read(path)?;
                if before.is_nil() {
                    return Ok(None);
                }
                let replacement = given.text(2)?;
                let Value::Text(text) = before else {
                    return Ok(None);
                };
                let pattern = Pattern::new(&given.text(1)?)?;
                match replaced(&given, 3, &pattern, &text, &replacement)? {
                    Some(text) => Value::text(text),
                    None => return Ok(None),
                }
            }
            _ => {
                let Value::Map(map) = self.read(path)? else {
                    return Err(Fail);
                };
                Value::Map(changed(&call.name, map, &given)?)
            }
        }))
    }

    fn longer(&self, path: &Path, given: &Arguments<'_, '_>) -> Yields<V> {
        let mut list = match self.read(path)? {
            Value::Nil => Vec::new(),
            Value::List(items) => items,
            Value::Map(_) => return Err(Fail),
            other => vec![other.into_stored()?],
        };
        if given.has(1) {
            list.push(self.appended(given.expression(1)?)?);
        }
        if given.has(2) {
            for item in given.items(2)? {
                list.push(self.appended(item)?);
            }
        }
        Ok(Value::List(list))
    }

    /// What is appended: no map, and no list but one that is written out and holds no map.
    fn appended(&self, item: &Expression) -> Yields<Stored> {
        match (self.value(item)?, &item.kind) {
            (Value::List(items), Kind::List(_))
                if !items.iter().any(|item| matches!(item, Stored::KeyValueList(_))) =>
            {
                Ok(Stored::Array(items))
            }
            (Value::List(_) | Value::Map(_), _) => Err(Fail),
            (value, _) => Ok(value.into_stored()?),
        }
    }

    fn shorter(&self, path: &Path, given: &Arguments<'_, '_>) -> Yields<Vec<Stored>> {
        let Value::List(list) = self.read(path)? else {
            return Err(Fail);
        };
        let start = given.int(1)?;
        let end = if given.has(2) {
            given.int(2)?
        } else {
            start.wrapping_add(1)
        };
        let len = list.len() as i64;
        if start == 0 && end == len {
            return Ok(Vec::new());
        }
        if start < 0 || start >= len || end < start || end > len {
            return Err(Fail);
        }
        let stays = |place: &i64| *place < start || *place >= end;
        Ok((0..)
            .zip(list)
            .filter(|(place, _)| stays(place))
            .map(|(_, item)| item)
            .collect())
    }

    fn set_span_name(&mut self, call: &Call) -> Yields<()> {
        let attribute = self.arguments(call).some_text(1)?;
        let Value::Map(attributes) = self.read(&path("span.attributes"))? else {
            return Err(Fail);
        };
        let attributes: Vec<_> = attributes
            .into_iter()
            .map(|(key, value)| (key, value.encoded()))
            .collect();
        let span = self.span.as_deref_mut().ok_or(Fail)?;
        let of = |key: &str| {
            attributes
                .iter()
                .find(|(known, _)| known == key)
                .map(|(_, value)| value.view())
        };
        match semconv_span_name(span.kind, of) {
            Some(name) if name != span.name => {
                let before = std::mem::replace(&mut span.name, name);
                match attribute {
                    Some(key) => {
                        let mut path = path("span.attributes");
                        if let Some(last) = path.fields.last_mut() {
                            last.keys = vec![super::super::syntax::Key::Text(key)];
                        }
                        self.write(&path, Value::text(before))
                    }
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

fn path(text: &str) -> Path {
    match super::super::syntax::value(text).map(|value| value.kind) {
        Ok(super::super::syntax::Kind::Path(path)) => path,
        other => panic!("{text} is no path: {other:?}"),
    }
}

fn empty_of(value: &V) -> V {
    match value {
        Value::Nil => Value::Nil,
        Value::Bool(_) => Value::Bool(false),
        Value::Int(_) => Value::Int(0),
        Value::Float(_) => Value::Float(0.0),
        Value::Text(_) => Value::text(""),
        Value::Bytes(_) => Value::Bytes(Vec::new().into()),
        Value::List(_) => Value::List(Vec::new()),
        Value::Map(_) => Value::Map(Vec::new()),
        Value::Duration(_) => Value::Duration(0),
        Value::TraceId(_) => Value::TraceId([0; 16]),
        Value::SpanId(_) => Value::SpanId([0; 8]),
        Value::Events(_) => Value::Events(Vec::new()),
        Value::Links(_) => Value::Links(Vec::new()),
        // It has no empty value of its own kind.
        Value::Status(status) => Value::Status(status.clone()),
        // The first of January of the year 1.
        Value::Time(_) => Value::Time(Time::from_unix(-719_162 * 86_400, 0, TimeZone::UTC)),
    }
}

/// Editors of maps.
fn changed(editor: &str, mut map: Pairs, given: &Arguments<'_, '_>) -> Yields<Pairs> {
    match editor {
        "delete_key" => {
            let key = given.text(1)?;
            if let Some(at) = map.iter().position(|(known, _)| *known == key) {
                map.swap_remove(at);
            }
        }
        "delete_matching_keys" => {
            let pattern = Pattern::new(&given.text(1)?)?;
            map.retain(|(key, _)| !pattern.is_match(key));
        }
        "keep_matching_keys" => {
            let pattern = Pattern::new(&given.text(1)?)?;
            map.retain(|(key, _)| pattern.is_match(key));
        }
        "keep_keys" => {
            let keys = given.texts(1)?;
            map.retain(|(key, _)| keys.contains(key));
        }
        "limit" => return limited(map, given.int(1)?, &given.texts(2)?),
        "merge_maps" => {
            let strategy = given.text(2)?;
            for (key, value) in given.map(1)? {
                match map.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, known)) if strategy != "insert" => *known = value,
                    None if strategy != "update" => map.push((key, value)),
                    _ => {}
                }
            }
        }
        "flatten" => {
            let (prefix, conflicts) = (given.some_text(1)?, given.bool_or(3, false)?);
            let depth = if given.has(2) { Some(given.int(2)?) } else { None };
            return Ok(Flattening::new(prefix.as_deref(), depth, conflicts)?.flatten(map)?);
        }
        "truncate_all" => {
            let (limit, marker) = (given.int(1)? as usize, given.some_text(3)?.unwrap_or_default());
            let is_safe = given.bool_or(2, true)?;
            for (_, value) in &mut map {
                if let Stored::String(text) = value
                    && text.len() > limit
                {
                    *text = truncated(text, limit - marker.len(), is_safe) + &marker;
                }
            }
        }
        "stringify_all" => {
            for (_, value) in &mut map {
                let text = value.encoded().view().text().into_owned();
                *value = Stored::String(text);
            }
        }
        "replace_all_matches" => {
            let (glob, replacement) = (Glob::new(&given.text(1)?)?, whole(given, 2)?);
            for (_, value) in &mut map {
                if let Stored::String(text) = value
                    && glob.is_match(text)
                {
                    text.clone_from(&replacement);
                }
            }
        }
        "replace_all_patterns" => return all_patterns(map, given),
        other => panic!("the twin does not know {other}"),
    }
    Ok(map)
}

fn limited(mut map: Pairs, limit: i64, first: &[String]) -> Yields<Pairs> {
    if map.len() as i64 <= limit {
        return Ok(map);
    }
    let there: HashSet<String> = map.iter().map(|(key, _)| key.clone()).collect();
    let mut count = first.iter().filter(|key| there.contains(*key)).count() as i64;
    map.retain(|(key, _)| {
        if first.contains(key) {
            return true;
        }
        let stays = count < limit;
        count += i64::from(stays);
        stays
    });
    Ok(map)
}

fn truncated(text: &str, mut end: usize, is_safe: bool) -> String {
    while is_safe && !text.is_char_boundary(end) {
        end -= 1;
    }
    String::from_utf8_lossy(text.as_bytes().get(..end).unwrap_or_default()).into_owned()
}

fn all_patterns(map: Pairs, given: &Arguments<'_, '_>) -> Yields<Pairs> {
    let (mode, replacement) = (given.text(1)?, given.text(3)?);
    let pattern = Pattern::new(&given.text(2)?)?;
    let mut all: Pairs = Vec::new();
    for (key, value) in map {
        match (mode.as_str(), value) {
            ("value", Stored::String(text)) => {
                let new = replaced(given, 4, &pattern, &text, &replacement).ok().flatten();
                all.push((key, Stored::String(new.unwrap_or(text))));
            }
            ("value", value) => all.push((key, value)),
            (_, value) => {
                let Ok(new) = replaced(given, 4, &pattern, &key, &replacement) else {
                    continue;
                };
                let key = new.unwrap_or(key);
                match all.iter_mut().find(|(known, _)| *known == key) {
                    Some((_, known)) => *known = value,
                    None => all.push((key, value)),
                }
            }
        }
    }
    Ok(all)
}

/// The replacement of a whole text; the function is the next argument, its format the one after.
fn whole(given: &Arguments<'_, '_>, at: usize) -> Yields<String> {
    let replacement = given.text(at)?;
    match given.function(at + 1) {
        None => Ok(replacement),
        Some(function) => applied(function, &replacement, given, at + 2),
    }
}

/// The text with all that matches replaced, if anything does.
fn replaced(
    given: &Arguments<'_, '_>,
    function: usize,
    pattern: &Pattern,
    text: &str,
    replacement: &str,
) -> Yields<Option<String>> {
    let template = Template::new(replacement);
    let replaced = replace_all(pattern, text, 16 << 20, |captures, out| {
        let mut expanded = String::new();
        template.expand(captures, pattern.groups(), &mut expanded);
        out.push_str(&match given.function(function) {
            None => expanded,
            Some(name) => applied(name, &expanded, given, function + 1).map_err(|Fail| String::new())?,
        });
        Ok(())
    });
    Ok(replaced?)
}

fn applied(function: &str, text: &str, given: &Arguments<'_, '_>, format: usize) -> Yields<String> {
    if parameters(function).len() != 1 {
        return Err(Fail);
    }
    let function = of_one_text(function).ok_or(Fail)?;
    let Value::Text(made) = function(text)? else {
        return Err(Fail);
    };
    let Some(format) = given.some_text(format)? else {
        return Ok(made.into_owned());
    };
    // A line that has it, and no other verb.
    let has = |pattern: &str| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(&format));
    match has("^.*%s.*$") && !has("(?s)%[^s]") {
        true => Ok(sprintf(&format, &[Value::Text(made)])?),
        false => Err(Fail),
    }
}

//! Editors that replace texts.

use std::borrow::Cow;
use std::collections::HashMap;

use regex::Captures;

use super::super::call::{Call, Given, Known, MAX_TEXT, Prepared};
use super::super::coerce::Accepts;
use super::super::fault::{Error, Outcome};
use super::super::go::expand::{Template, replace_all, replace_all_by};
use super::super::go::format::sprintf;
use super::super::path::Revalue;
use super::super::scene::Scene;
use super::super::value::Value;
use super::{Body, Function, Literals, Parameter, Takes, editor, optional, required};
use crate::config::pattern::Pattern;
use crate::wire::{Value as Stored, ValueView};

const FUNCTION: Parameter = optional("function", Takes::Converter);
const FORMAT: Parameter = optional("replacement_format", Takes::Value(Accepts::Text));
const REPLACEMENT: Parameter = required("replacement", Takes::Value(Accepts::Text));

pub(super) const FUNCTIONS: &[Function] = &[
    editor(
        "replace_match",
        &[
            required("target", Takes::Path),
            required("pattern", Takes::Glob),
            REPLACEMENT,
            FUNCTION,
            FORMAT,
        ],
        replace_match,
    ),
    editor(
        "replace_all_matches",
        &[
            required("target", Takes::MapPath),
            required("pattern", Takes::Glob),
            REPLACEMENT,
            FUNCTION,
            FORMAT,
        ],
        replace_all_matches,
    ),
    editor(
        "replace_pattern",
        &[
            required("target", Takes::Path),
            required("regex_pattern", Takes::Pattern),
            REPLACEMENT,
            FUNCTION,
            FORMAT,
        ],
        replace_pattern,
    )
    .prepared(|literals| Ok(template(literals, 2))),
    editor(
        "replace_all_patterns",
        &[
            required("target", Takes::MapPath),
            required("mode", Takes::LiteralText),
            required("regex_pattern", Takes::Pattern),
            REPLACEMENT,
            FUNCTION,
            FORMAT,
        ],
        replace_all_patterns,
    )
    .prepared(|literals| match literals.text(1) {
        Some("key" | "value") => Ok(template(literals, 3)),
        other => {
            let other = other.unwrap_or_default();
            Err(format!("the mode must be \"key\" or \"value\", not {other:?}"))
        }
    }),
];

/// A replacement that is written out, taken apart.
fn template(literals: &Literals<'_>, at: usize) -> Prepared {
    let template = literals.text(at).map(Template::new)?;
    Some(Box::new(template))
}

/// The replacement that is argument `at`, taken apart now if it was not before.
fn template_now<'c>(call: &'c Call, at: usize, scene: &Scene<'_, '_, '_>) -> Outcome<Known<'c, Template>> {
    Ok(match call.prepared::<Template>() {
        Ok(template) => Known::Before(template),
        Err(_) => Known::Now(Template::new(&call.text(at, scene)?)),
    })
}

fn replace_match(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    let glob = call.glob(1, scene)?;
    let path = call.path(0)?;
    let matches = matches!(path.read(scene)?, Value::Text(text) if glob.is_match(&text));
    let replacement = whole_replacement(call, scene)?;
    match matches {
        true => path.write(scene, Value::text(replacement)),
        false => Ok(()),
    }
}

fn replace_all_matches(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    let glob = call.glob(1, scene)?;
    let replacement = whole_replacement(call, scene)?;
    let replaced = |value: &ValueView<'_>| {
        let matches = value.as_str().is_some_and(|text| glob.is_match(text));
        matches.then(|| Stored::String(replacement.clone()))
    };
    call.path(0)?.edit(scene, Revalue(replaced))
}

/// What takes the place of a whole text.
fn whole_replacement(call: &Call, scene: &Scene<'_, '_, '_>) -> Outcome<String> {
    let replacement = call.text(2, scene)?;
    match call.function(3) {
        None => Ok(replacement.into_owned()),
        Some(function) => {
            let format = call.text(4, scene)?;
            let format = call.has(4).then_some(format.as_ref());
            applied(function, call, &replacement, format, scene)
        }
    }
}

fn replace_pattern(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    let path = call.path(0)?;
    let replaced = {
        let target = path.read(scene)?;
        if target.is_nil() {
            return Ok(());
        }
        let template = template_now(call, 2, scene)?;
        let Value::Text(text) = target else {
            return Ok(());
        };
        let pattern = call.pattern(1, scene)?;
        replaced(call, 3, &pattern, &text, &template, scene)?
    };
    match replaced {
        Some(text) => path.write(scene, Value::text(text)),
        None => Ok(()),
    }
}

fn replace_all_patterns(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    let path = call.path(0)?;
    let template = template_now(call, 3, scene)?;
    let pattern = call.pattern(2, scene)?;
    let before = path.map(scene)?;
    if call.text(1, scene)? != "key" {
        let changed = before.iter().map(|(_, value)| match value {
            Stored::String(text) => {
                let replaced = replaced(call, 4, &pattern, text, &template, scene).ok()?;
                replaced.filter(|replaced| replaced != text)
            }
            _ => None,
        });
        let changed: Vec<Option<String>> = changed.collect();
        let mut changed = changed.into_iter();
        return path.edit(
            scene,
            Revalue(|_: &ValueView<'_>| changed.next().flatten().map(Stored::String)),
        );
    }
    let mut renamed: Vec<(String, Stored)> = Vec::with_capacity(before.len());
    let mut places: HashMap<String, usize> = HashMap::with_capacity(before.len());
    for (key, value) in &before {
        // An entry whose new key cannot be had goes.
        let Ok(new) = replaced(call, 4, &pattern, key, &template, scene) else {
            continue;
        };
        let (key, value) = (new.unwrap_or_else(|| key.clone()), value.clone());
        match places.get(&key).and_then(|at| renamed.get_mut(*at)) {
            Some((_, known)) => *known = value,
            None => {
                places.insert(key.clone(), renamed.len());
                renamed.push((key, value));
            }
        }
    }
    match renamed == before {
        true => Ok(()),
        false => path.write(scene, Value::Map(renamed)),
    }
}

/// The text with all matches replaced; nothing where there is none. The function, if there is one, is argument `at`.
fn replaced(
    call: &Call,
    at: usize,
    pattern: &Pattern,
    text: &str,
    template: &Template,
    scene: &Scene<'_, '_, '_>,
) -> Outcome<Option<String>> {
    let Some(function) = call.function(at) else {
        if let Some(literal) = template.literal() {
            return Ok(replace_all_by(pattern, text, MAX_TEXT, literal)?);
        }
        return Ok(replace_all(pattern, text, MAX_TEXT, |captures, out| {
            template.expand(captures, pattern.groups(), out);
            Ok(())
        })?);
    };
    let format = call.text(at + 1, scene)?;
    let format = call.has(at + 1).then_some(format.as_ref());
    let write = |captures: &Captures<'_>, out: &mut String| {
        let mut expanded = String::new();
        template.expand(captures, pattern.groups(), &mut expanded);
        let applied = applied(function, call, &expanded, format, scene);
        out.push_str(&applied.map_err(|error| error.to_string())?);
        Ok(())
    };
    Ok(replace_all(pattern, text, MAX_TEXT, write)?)
}

/// What the function makes of a text, in the format.
fn applied(
    function: &'static Function,
    call: &Call,
    text: &str,
    format: Option<&str>,
    scene: &Scene<'_, '_, '_>,
) -> Outcome<String> {
    let Body::Converter(convert) = function.body else {
        return Err(Error::new(format!("`{}` yields no value", function.name)));
    };
    // The Collector counts those that could be left out, too.
    if function.parameters.len() != 1 {
        let count = function.parameters.len();
        let message = format!("`{}` takes {count} arguments, and is given one", function.name);
        return Err(Error::new(message));
    }
    let mut given = Given::only(call, Value::Text(Cow::Borrowed(text)));
    let Value::Text(made) = convert(&mut given, scene)? else {
        return Err(Error::new("the replacement must be a string"));
    };
    match format {
        None => Ok(made.into_owned()),
        Some(format) => in_format(format, made),
    }
}

/// `%s` is what is shown, in a single line, and no other verb may be there; a percent sign at the end is none.
fn in_format(format: &str, text: Cow<'_, str>) -> Outcome<String> {
    let rest = format.strip_suffix('%').unwrap_or(format);
    let mut verbs = rest.split('%').skip(1);
    let is_one =
        verbs.clone().count() > 0 && verbs.all(|verb| verb.starts_with('s')) && !format.contains('\n');
    if !is_one {
        let message = format!("the replacement format {format:?} must hold one %s and no other verb");
        return Err(Error::new(message));
    }
    Ok(sprintf(format, &[Value::Text(text)])?)
}

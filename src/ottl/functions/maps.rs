//! Editors of maps.

use std::collections::BTreeSet;

use super::super::call::Call;
use super::super::call::Prepared;
use super::super::coerce::Accepts;
use super::super::fault::{Error, Outcome};
use super::super::parsers::Flattening;
use super::super::path::{Merge, Remove, Retain, Revalue};
use super::super::scene::Scene;
use super::super::value::Value;
use super::{Function, Known, Literals, Takes, editor, optional, required};
use crate::wire::{Value as Stored, ValueView};

pub(super) const FUNCTIONS: &[Function] = &[
    editor(
        "delete_key",
        &[
            required("target", Takes::MapPath),
            required("key", Takes::Value(Accepts::Text)),
        ],
        |call, scene| match call.constant(1) {
            // What is known is not borrowed from the scene, and so need not be copied.
            Some(Value::Text(key)) => call.path(0)?.edit(scene, Remove(key)),
            _ => {
                let key = call.text(1, scene)?.into_owned();
                call.path(0)?.edit(scene, Remove(&key))
            }
        },
    )
    .known(Known::Everywhere),
    editor(
        "delete_matching_keys",
        &[
            required("target", Takes::MapPath),
            required("pattern", Takes::Pattern),
        ],
        |call, scene| {
            let pattern = call.pattern(1, scene)?;
            call.path(0)?
                .edit(scene, Retain(|key: &str| !pattern.is_match(key)))
        },
    )
    .known(Known::Everywhere),
    editor(
        "keep_matching_keys",
        &[
            required("target", Takes::MapPath),
            required("pattern", Takes::Pattern),
        ],
        |call, scene| {
            let pattern = call.pattern(1, scene)?;
            call.path(0)?
                .edit(scene, Retain(|key: &str| pattern.is_match(key)))
        },
    ),
    editor(
        "keep_keys",
        &[
            required("target", Takes::MapPath),
            required("keys", Takes::Values(Accepts::Text)),
        ],
        keep_keys,
    ),
    editor(
        "limit",
        &[
            required("target", Takes::MapPath),
            required("limit", Takes::LiteralInt),
            required("priority_keys", Takes::LiteralTexts),
        ],
        limit,
    )
    .prepared(prepare_limit),
    editor(
        "merge_maps",
        &[
            required("target", Takes::MapPath),
            required("source", Takes::Value(Accepts::Map)),
            required("strategy", Takes::LiteralText),
        ],
        merge_maps,
    )
    .prepared(|literals| match literals.text(2) {
        Some("insert" | "update" | "upsert") => Ok(None),
        other => {
            let other = other.unwrap_or_default();
            Err(format!(
                "the strategy must be \"insert\", \"update\" or \"upsert\", not {other:?}"
            ))
        }
    }),
    editor(
        "flatten",
        &[
            required("target", Takes::MapPath),
            optional("prefix", Takes::LiteralText),
            optional("depth", Takes::LiteralInt),
            optional("resolve_conflicts", Takes::LiteralBool),
        ],
        |call, scene| {
            let path = call.path(0)?;
            let flat = call.prepared::<Flattening>()?.flatten(path.map(scene)?)?;
            path.write(scene, Value::Map(flat))
        },
    )
    .prepared(|literals| {
        let flattening = Flattening::new(
            literals.text(1),
            literals.int(2),
            literals.bool(3).unwrap_or_default(),
        )?;
        Ok(Some(Box::new(flattening)))
    }),
    editor(
        "truncate_all",
        &[
            required("target", Takes::MapPath),
            required("limit", Takes::LiteralInt),
            optional("utf8_safe", Takes::LiteralBool),
            optional("truncation_marker", Takes::LiteralText),
        ],
        |call, scene| {
            let truncation: &Truncation = call.prepared()?;
            let cut = |value: &ValueView<'_>| truncation.cut(value.as_str()?).map(Stored::String);
            call.path(0)?.edit(scene, Revalue(cut))
        },
    )
    .prepared(Truncation::prepare),
    editor(
        "stringify_all",
        &[required("target", Takes::MapPath)],
        |call, scene| {
            let text = |value: &ValueView<'_>| match value {
                ValueView::String(_) => None,
                other => Some(Stored::String(other.text().into_owned())),
            };
            call.path(0)?.edit(scene, Revalue(text))
        },
    ),
];

fn keep_keys(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    let keys: BTreeSet<String> = call
        .values(1, scene)?
        .into_iter()
        .filter_map(|key| match key {
            Value::Text(key) => Some(key.into_owned()),
            _ => None,
        })
        .collect();
    call.path(0)?.edit(scene, Retain(|key: &str| keys.contains(key)))
}

fn merge_maps(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    let source = match call.argument(1, scene)? {
        Value::Map(pairs) => pairs,
        other => return Err(Error::new(format!("expected a map but got {}", other.kind()))),
    };
    let strategy = call.text(2, scene)?;
    let (adds, changes) = (strategy != "update", strategy != "insert");
    let merge = Merge {
        source,
        adds,
        changes,
    };
    call.path(0)?.edit(scene, merge)
}

// === limit ===

/// How many entries stay, and which first.
struct Limit {
    entries: usize,
    first: Vec<String>,
}

fn prepare_limit(literals: &Literals<'_>) -> Result<Prepared, String> {
    let entries = usize::try_from(literals.int(1).unwrap_or_default()).unwrap_or(usize::MAX);
    let first = literals.texts(2).unwrap_or_default();
    if entries < first.len() {
        return Err(format!(
            "the limit {entries} is less than the {} keys that stay",
            first.len()
        ));
    }
    Ok(Some(Box::new(Limit {
        entries,
        first: first.into_iter().map(str::to_owned).collect(),
    })))
}

fn limit(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    let limit: &Limit = call.prepared()?;
    let path = call.path(0)?;
    let keys: Vec<String> = path.map(scene)?.into_iter().map(|(key, _)| key).collect();
    if keys.len() <= limit.entries {
        return Ok(());
    }
    let is_there = |key: &&String| keys.contains(*key);
    let mut kept = limit.first.iter().filter(is_there).count();
    let keep = |key: &str| {
        let is_first = limit.first.iter().any(|first| first == key);
        let stays = is_first || kept < limit.entries;
        kept += usize::from(stays && !is_first);
        stays
    };
    path.edit(scene, Retain(keep))
}

// === truncate_all ===

/// How texts are cut.
struct Truncation {
    limit: usize,
    /// Whether no character is cut in two.
    is_safe: bool,
    marker: String,
}

impl Truncation {
    fn prepare(literals: &Literals<'_>) -> Result<Prepared, String> {
        let limit = usize::try_from(literals.int(1).unwrap_or_default()).unwrap_or(usize::MAX);
        let marker = literals.text(3).unwrap_or_default().to_owned();
        if marker.len() > limit {
            return Err(format!(
                "the truncation marker {marker:?} is longer than the limit {limit}"
            ));
        }
        Ok(Some(Box::new(Self {
            limit,
            is_safe: literals.bool(2).unwrap_or(true),
            marker,
        })))
    }

    /// The text, cut, if it is too long.
    fn cut(&self, text: &str) -> Option<String> {
        if text.len() <= self.limit {
            return None;
        }
        let end = self.limit - self.marker.len();
        let kept = match self.is_safe {
            true => text
                .get(..text.floor_char_boundary(end))
                .unwrap_or_default()
                .to_owned(),
            // A piece of a character is no text that a receiver would take.
            false => String::from_utf8_lossy(text.as_bytes().get(..end).unwrap_or_default()).into_owned(),
        };
        Some(kept + &self.marker)
    }
}

//! The arguments of a call, and what parameters make of them.

use super::super::go::{json, number};
use super::super::syntax::{Call, Expression, Given, Kind, Path};
use super::super::value::{Time, Value};
use super::texts::to_hex;
use super::world::{Pairs, V, World};
use super::{Fail, Yields};
use crate::wire::Value as Stored;

/// Arguments by parameter.
pub(super) struct Arguments<'w, 't> {
    world: &'w World<'w>,
    given: Vec<Option<&'t Given>>,
}

/// The names of the parameters of a function, in order.
pub(super) fn parameters(function: &str) -> &'static [&'static str] {
    match function {
        "set" => &["target", "value"],
        "append" => &["target", "value", "values"],
        "delete_index" => &["target", "start_index", "end_index"],
        "clear" | "stringify_all" | "Keys" | "Values" | "Len" | "Bool" | "Double" | "Int" | "String"
        | "Hex" | "FNV" | "IsBool" | "IsDouble" | "IsEmpty" | "IsInt" | "IsList" | "IsMap" | "IsString"
        | "IsValidLuhn" | "Log" | "MD5" | "SHA1" | "SHA256" | "SHA512" | "Murmur3Hash" | "Murmur3Hash128"
        | "XXH3" | "XXH128" | "ParseJSON" | "TraceID" | "SpanID" | "ToCamelCase" | "ToLowerCase"
        | "ToSnakeCase" | "ToUpperCase" => &["target"],
        "Day" | "Hour" | "Minute" | "Month" | "Nanosecond" | "Second" | "Year" | "Weekday" | "UnixMicro"
        | "UnixMilli" | "UnixNano" | "UnixSeconds" => &["time"],
        "Duration" | "Hours" | "Minutes" | "Seconds" | "Milliseconds" | "Microseconds" | "Nanoseconds" => {
            &["duration"]
        }
        "URL" => &["uri"],
        "UserAgent" => &["user_agent"],
        "delete_key" => &["target", "key"],
        "delete_matching_keys" | "keep_matching_keys" | "ExtractPatterns" | "IsMatch" => {
            &["target", "pattern"]
        }
        "keep_keys" => &["target", "keys"],
        "limit" => &["target", "limit", "priority_keys"],
        "merge_maps" => &["target", "source", "strategy"],
        "flatten" => &["target", "prefix", "depth", "resolve_conflicts"],
        "truncate_all" => &["target", "limit", "utf8_safe", "truncation_marker"],
        "replace_match" | "replace_all_matches" => &[
            "target",
            "pattern",
            "replacement",
            "function",
            "replacement_format",
        ],
        "replace_pattern" => &[
            "target",
            "regex_pattern",
            "replacement",
            "function",
            "replacement_format",
        ],
        "replace_all_patterns" => &[
            "target",
            "mode",
            "regex_pattern",
            "replacement",
            "function",
            "replacement_format",
        ],
        "set_semconv_span_name" => &["semconv_version", "original_span_name_attribute"],
        "Base64Encode" => &["target", "variant"],
        "Coalesce" => &["values"],
        "CommunityID" => &[
            "source_ip",
            "source_port",
            "destination_ip",
            "destination_port",
            "protocol",
            "seed",
        ],
        "Concat" => &["vals", "delimiter"],
        "ContainsValue" => &["target", "item"],
        "ConvertCase" => &["target", "to_case"],
        "Decode" => &["target", "encoding"],
        "ExtractGrokPatterns" => &["target", "pattern", "named_captures_only", "pattern_definitions"],
        "Format" => &["format", "vals"],
        "FormatTime" => &["time", "format"],
        "HasPrefix" | "TrimPrefix" => &["target", "prefix"],
        "HasSuffix" | "TrimSuffix" => &["target", "suffix"],
        "Index" => &["target", "value"],
        "IsInCIDR" => &["target", "networks"],
        "ParseCSV" => &["target", "header", "delimiter", "header_delimiter", "mode"],
        "ParseInt" => &["target", "base"],
        "ParseKeyValue" => &["target", "delimiter", "pair_delimiter"],
        "ToKeyValueString" => &["target", "delimiter", "pair_delimiter", "sort_output"],
        "SliceToMap" => &["target", "key_path", "value_path"],
        "Sort" => &["target", "order"],
        "Split" => &["target", "delimiter"],
        "Substring" => &["target", "start", "length", "utf8_safe"],
        "Time" => &["time", "format", "location", "locale"],
        "Trim" => &["target", "replacement"],
        "TruncateTime" => &["time", "duration"],
        "Unix" => &["seconds", "nanoseconds"],
        "ParseXML" | "ParseSimplifiedXML" => &["target"],
        "GetXML" | "RemoveXML" | "ConvertAttributesToElementsXML" => &["target", "xpath"],
        "InsertXML" => &["target", "xpath", "sub_document"],
        "ConvertTextToElementsXML" => &["target", "xpath", "element_name"],
        _ => &[],
    }
}

/// Whether two spellings name the same parameter.
fn alike(one: &str, other: &str) -> bool {
    one.replace('_', "").eq_ignore_ascii_case(&other.replace('_', ""))
}

impl World<'_> {
    /// The arguments of a call, each at its parameter.
    pub fn arguments<'w, 't>(&'w self, call: &'t Call) -> Arguments<'w, 't> {
        let names = parameters(&call.name);
        let mut given = vec![None; names.len()];
        for (number, argument) in call.arguments.iter().enumerate() {
            let at = match &argument.name {
                None => Some(number),
                Some(name) => names.iter().position(|known| alike(known, name)),
            };
            if let Some(place) = at.and_then(|at| given.get_mut(at)) {
                *place = Some(&argument.value);
            }
        }
        Arguments { world: self, given }
    }
}

/// The path that is the first argument.
pub(super) fn target(call: &Call) -> Yields<&Path> {
    let named = call
        .arguments
        .iter()
        .find(|argument| argument.name.as_deref().is_some_and(|name| alike(name, "target")));
    match named.or(call.arguments.first()).map(|argument| &argument.value) {
        Some(Given::Value(Expression {
            kind: Kind::Path(path),
            ..
        })) => Ok(path),
        _ => Err(Fail),
    }
}

// === impl Arguments ===

impl<'t> Arguments<'_, 't> {
    pub fn has(&self, at: usize) -> bool {
        self.given.get(at).is_some_and(Option::is_some)
    }

    pub fn expression(&self, at: usize) -> Yields<&'t Expression> {
        match self.given.get(at) {
            Some(Some(Given::Value(expression))) => Ok(expression),
            _ => Err(Fail),
        }
    }

    /// The name of a function that is an argument.
    pub fn function(&self, at: usize) -> Option<&'t str> {
        match self.given.get(at)?.as_ref()? {
            Given::Function(name) => Some(name),
            Given::Value(Expression {
                kind: Kind::Enum(name),
                ..
            }) => Some(name),
            Given::Value(_) => None,
        }
    }

    /// The expressions of a list in brackets.
    pub fn items(&self, at: usize) -> Yields<&'t [Expression]> {
        match &self.expression(at)?.kind {
            Kind::List(items) => Ok(items),
            _ => Err(Fail),
        }
    }

    pub fn any(&self, at: usize) -> Yields<V> {
        self.world.value(self.expression(at)?)
    }

    pub fn text(&self, at: usize) -> Yields<String> {
        text(self.any(at)?)
    }

    /// A text, where it is given.
    pub fn some_text(&self, at: usize) -> Yields<Option<String>> {
        self.has(at).then(|| self.text(at)).transpose()
    }

    /// A list of texts, where it is given.
    pub fn some_texts(&self, at: usize) -> Yields<Option<Vec<String>>> {
        self.has(at).then(|| self.texts(at)).transpose()
    }

    /// The texts of a list in brackets.
    pub fn texts(&self, at: usize) -> Yields<Vec<String>> {
        self.items(at)?
            .iter()
            .map(|item| text(self.world.value(item)?))
            .collect()
    }

    pub fn int(&self, at: usize) -> Yields<i64> {
        match self.any(at)? {
            Value::Int(number) => Ok(number),
            _ => Err(Fail),
        }
    }

    /// A truth value, false where it is not given.
    pub fn bool_or(&self, at: usize, otherwise: bool) -> Yields<bool> {
        match self.has(at).then(|| self.any(at)).transpose()? {
            None => Ok(otherwise),
            Some(Value::Bool(value)) => Ok(value),
            Some(_) => Err(Fail),
        }
    }

    pub fn map(&self, at: usize) -> Yields<Pairs> {
        match self.any(at)? {
            Value::Map(pairs) => Ok(pairs),
            _ => Err(Fail),
        }
    }

    pub fn list(&self, at: usize) -> Yields<Vec<Stored>> {
        match self.any(at)? {
            Value::List(items) => Ok(items),
            _ => Err(Fail),
        }
    }

    pub fn time(&self, at: usize) -> Yields<Time> {
        match self.any(at)? {
            Value::Time(time) => Ok(time),
            _ => Err(Fail),
        }
    }

    pub fn duration(&self, at: usize) -> Yields<i64> {
        match self.any(at)? {
            Value::Duration(nanos) => Ok(nanos),
            _ => Err(Fail),
        }
    }
}

fn text(value: V) -> Yields<String> {
    match value {
        Value::Text(text) => Ok(text.into_owned()),
        _ => Err(Fail),
    }
}

/// The text of what is like one; nothing of nothing.
pub(super) fn like_text(value: V) -> Yields<Option<String>> {
    Ok(match value {
        Value::Nil => None,
        Value::Text(text) => Some(text.into_owned()),
        Value::Bytes(bytes) => Some(to_hex(&bytes)),
        other => Some(json::json_text(&other)?),
    })
}

/// The whole number of what is like one.
pub(super) fn like_int(value: &V) -> Yields<Option<i64>> {
    Ok(Some(match value {
        Value::Nil => return Ok(None),
        Value::Int(number) => *number,
        Value::Float(number) => number::whole(*number),
        Value::Bool(true) => 1,
        Value::Bool(false) => 0,
        Value::Text(text) => number::parse_int(text, 10)?,
        _ => return Err(Fail),
    }))
}

/// The floating point number of what is like one.
pub(super) fn like_float(value: &V) -> Yields<Option<f64>> {
    Ok(Some(match value {
        Value::Nil => return Ok(None),
        Value::Float(number) => *number,
        Value::Int(number) => *number as f64,
        Value::Bool(true) => 1.0,
        Value::Bool(false) => 0.0,
        Value::Text(text) => number::parse_float(text)?,
        _ => return Err(Fail),
    }))
}

/// The truth value of what is like one.
pub(super) fn like_bool(value: &V) -> Yields<Option<bool>> {
    Ok(Some(match value {
        Value::Nil => return Ok(None),
        Value::Bool(value) => *value,
        Value::Int(number) => *number != 0,
        Value::Float(number) => *number != 0.0,
        Value::Text(text) => match text.as_ref() {
            "1" | "t" | "T" | "TRUE" | "true" | "True" => true,
            "0" | "f" | "F" | "FALSE" | "false" | "False" => false,
            _ => return Err(Fail),
        },
        _ => return Err(Fail),
    }))
}

/// The bytes of what is like them.
pub(super) fn like_bytes(value: V) -> Yields<Option<Vec<u8>>> {
    Ok(Some(match value {
        Value::Nil => return Ok(None),
        Value::Bytes(bytes) => bytes.into_owned(),
        Value::Text(text) => text.as_bytes().to_vec(),
        Value::Int(number) => number.to_be_bytes().to_vec(),
        Value::Float(number) => number.to_bits().to_be_bytes().to_vec(),
        Value::Bool(value) => vec![u8::from(value)],
        _ => return Err(Fail),
    }))
}

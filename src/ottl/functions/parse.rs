//! Converters that take texts apart, and put maps together as texts.

use super::super::call::{Call, Given, Prepared};
use super::super::coerce::Accepts;
use super::super::fault::{Error, Outcome};
use super::super::go::json::parse_json;
use super::super::parsers::{
    Csv, Definitions, Delimiters, Grok, Severities, check_semconv_version, extract_patterns, key_value_text,
    parse_key_value, semconv_span_name, url, user_agent,
};
use super::super::scene::Scene;
use super::super::value::Value;
use super::{Function, Known, Literals, Parameter, Takes, converter, editor, optional, required};

const TARGET: Parameter = required("target", Takes::Value(Accepts::Text));

pub(super) const FUNCTIONS: &[Function] = &[
    converter("ParseJSON", &[TARGET], |given, _| {
        Ok(Value::owned(parse_json(given.text(0))?))
    }),
    converter(
        "ParseCSV",
        &[
            TARGET,
            required("header", Takes::Value(Accepts::Text)),
            optional("delimiter", Takes::LiteralText),
            optional("header_delimiter", Takes::LiteralText),
            optional("mode", Takes::LiteralText),
        ],
        |given, _| {
            let csv: &Csv = given.prepared()?;
            Ok(Value::Map(csv.parse(given.text(0), given.text(1))?))
        },
    )
    .prepared(|literals| {
        let csv = Csv::new(literals.text(2), literals.text(3), literals.text(4))?;
        Ok(Some(Box::new(csv)))
    }),
    converter(
        "ParseKeyValue",
        &[
            TARGET,
            optional("delimiter", Takes::LiteralText),
            optional("pair_delimiter", Takes::LiteralText),
        ],
        |given, _| {
            let delimiters: &Delimiters = given.prepared()?;
            Ok(Value::Map(parse_key_value(given.text(0), delimiters)?))
        },
    )
    .prepared(delimiters),
    converter(
        "ToKeyValueString",
        &[
            required("target", Takes::Value(Accepts::Map)),
            optional("delimiter", Takes::LiteralText),
            optional("pair_delimiter", Takes::LiteralText),
            optional("sort_output", Takes::LiteralBool),
        ],
        to_key_value,
    )
    .prepared(delimiters),
    converter(
        "ExtractPatterns",
        &[TARGET, required("pattern", Takes::Pattern)],
        |given, scene| {
            let pattern = given.pattern(1, scene)?;
            Ok(Value::Map(extract_patterns(&pattern, given.text(0))?))
        },
    ),
    converter(
        "ExtractGrokPatterns",
        &[
            TARGET,
            required("pattern", Takes::Value(Accepts::Text)),
            optional("named_captures_only", Takes::LiteralBool),
            optional("pattern_definitions", Takes::LiteralTexts),
        ],
        grok,
    )
    .prepared(prepare_grok),
    converter(
        "URL",
        &[required("uri", Takes::Value(Accepts::Text))],
        |given, _| Ok(Value::Map(url(given.text(0))?)),
    ),
    converter(
        "UserAgent",
        &[required("user_agent", Takes::Value(Accepts::Text))],
        |given, _| Ok(Value::Map(user_agent(given.text(0)))),
    ),
    converter(
        "ParseSeverity",
        &[
            required("target", Takes::Value(Accepts::Any)),
            required("mapping", Takes::Value(Accepts::Map)),
        ],
        severity,
    )
    .prepared(|literals| {
        let severities = match literals.value(1) {
            Some(Value::Map(mapping)) => Severities::new(mapping),
            _ => Err("the mapping must be written out".into()),
        };
        // The Collector takes the statement, too, and fails when it runs.
        Ok(Some(Box::new(severities)))
    }),
    editor(
        "set_semconv_span_name",
        &[
            required("semconv_version", Takes::LiteralText),
            optional("original_span_name_attribute", Takes::LiteralText),
        ],
        set_semconv_span_name,
    )
    .known(Known::AboutSpansOfTransform)
    .prepared(|literals| {
        check_semconv_version(literals.text(0).unwrap_or_default())?;
        match literals.text(1) {
            Some("") => Err("the attribute for the original span name has an empty key".into()),
            _ => Ok(None),
        }
    }),
];

fn delimiters(literals: &Literals<'_>) -> Result<Prepared, String> {
    let delimiters = Delimiters::new(literals.text(1), literals.text(2))?;
    Ok(Some(Box::new(delimiters)))
}

fn to_key_value<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let is_sorted = given.bool(3);
    let delimiters: &Delimiters = given.prepared()?;
    let map = given.map(0);
    let pairs: Vec<_> = map.iter().map(|(key, value)| (key, value.encoded())).collect();
    let texts = pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value.view().text().into_owned().into()));
    Ok(Value::text(key_value_text(texts, delimiters, is_sorted)))
}

// === severities ===

fn severity<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let severities: &Result<Severities, String> = given.prepared()?;
    let severities = severities.as_ref().map_err(Error::new)?;
    let level = match given.value(0) {
        Value::Text(word) => severities.of_word(word),
        Value::Int(number) => severities.of_number(*number),
        other => return Err(Error::new(format!("{} stands for no level", other.kind()))),
    };
    let level = level.ok_or_else(|| Error::new("no level of the mapping fits the value"))?;
    Ok(Value::text(level))
}

// === grok ===

/// A grok pattern that is written out, or what is needed to make one.
enum Prospect {
    Known(Grok),
    Later {
        named_captures_only: bool,
        definitions: Definitions,
    },
}

fn prepare_grok(literals: &Literals<'_>) -> Result<Prepared, String> {
    let named_captures_only = literals.bool(2).unwrap_or_default();
    let definitions: Vec<String> = literals
        .texts(3)
        .unwrap_or_default()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let definitions = Definitions::new(&definitions)?;
    let prospect = match literals.text(1) {
        Some(pattern) => Prospect::Known(Grok::new(pattern, named_captures_only, &definitions)?),
        None => Prospect::Later {
            named_captures_only,
            definitions,
        },
    };
    Ok(Some(Box::new(prospect)))
}

fn grok<'v>(given: &mut Given<'v>, _: &'v Scene<'_, '_, '_>) -> Outcome<Value<'v>> {
    let prospect: &Prospect = given.prepared()?;
    let fields = match prospect {
        Prospect::Known(grok) => grok.extract(given.text(0))?,
        Prospect::Later {
            named_captures_only,
            definitions,
        } => Grok::new(given.text(1), *named_captures_only, definitions)?.extract(given.text(0))?,
    };
    Ok(Value::Map(fields))
}

// === span names ===

fn set_semconv_span_name(call: &Call, scene: &mut Scene<'_, '_, '_>) -> Outcome<()> {
    let attribute = call.text(1, scene)?.into_owned();
    let span = scene.span_mut()?;
    let Some(name) = semconv_span_name(span.kind(), |key| span.attribute(key)) else {
        return Ok(());
    };
    if name == span.name() {
        return Ok(());
    }
    let original = span.name().to_owned();
    span.set_name(&name);
    if call.has(1) {
        span.upsert(&attribute, original.as_str());
    }
    Ok(())
}

//! From the names in a statement to what they lead to.

use super::super::context::{Context, Prefix};
use super::super::syntax::{self, Fault};
use super::{Clock, Field, Form};

/// How the first name of a path is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// It is a context, always.
    Prefixed,
    /// It is a context where it names one that can be read, and else the context of the statement is meant. So are paths in
    /// groups that name their context.
    Optional,
}

/// What a path in a statement about `context` leads to.
pub(in crate::ottl) fn resolve(
    path: &syntax::Path,
    context: Context,
    naming: Naming,
) -> Result<Field, Fault> {
    let first = path.context();
    let prefix = first.and_then(|name| context.prefix(name));
    let (of, rest) = match (prefix, naming) {
        (Some(prefix), _) => (prefix, path.fields.get(1..).unwrap_or_default()),
        (None, Naming::Optional) => (Prefix::Of(context), path.fields.as_slice()),
        (None, Naming::Prefixed) => return Err(no_context(path, context)),
    };
    if is_cache(rest) {
        check_cache(path, of, context)?;
    }
    let names: Vec<&str> = rest.iter().map(|field| field.name.as_str()).collect();
    let Some(field) = lookup(of, &names) else {
        return Err(unknown(path, of, &names));
    };
    let last = rest.len().saturating_sub(1);
    let misplaced = rest
        .iter()
        .enumerate()
        .find(|(at, field_of)| !field_of.keys.is_empty() && (*at != last || !field.takes_keys()));
    match misplaced {
        Some((_, field)) => Err(Fault::new(
            path.range.clone(),
            format!("`{}` has no keys", field.name),
        )),
        None => Ok(field),
    }
}

fn is_cache(rest: &[syntax::Field]) -> bool {
    matches!(rest, [only] if only.name == "cache")
}

/// Each context has its own, which the others cannot reach.
fn check_cache(path: &syntax::Path, of: Prefix, context: Context) -> Result<(), Fault> {
    if of == Prefix::Of(context) {
        return Ok(());
    }
    let message = format!(
        "`{}` is out of reach of statements about {}",
        path.names(),
        context.name()
    );
    Err(Fault::new(path.range.clone(), message).with_help(format!("write `{}.cache`", context.name())))
}

fn no_context(path: &syntax::Path, context: Context) -> Fault {
    let known = context.prefixes().join("`, `");
    let first = path.fields.first();
    let name = first.map_or("", |field| field.name.as_str());
    match path.context() {
        Some(_) => Fault::new(
            first.map_or(path.range.clone(), |field| field.range.clone()),
            format!("`{name}` is no context of a statement about {}", context.name()),
        )
        .with_help(format!("it must be one of `{known}`")),
        None => Fault::new(
            path.range.clone(),
            format!("the path `{}` does not begin with its context", path.names()),
        )
        .with_help(format!(
            "write `{}.{}`; contexts here: `{known}`",
            context.name(),
            path.names()
        )),
    }
}

fn unknown(path: &syntax::Path, of: Prefix, names: &[&str]) -> Fault {
    let whose = match of {
        Prefix::Of(context) => context.name(),
        Prefix::Request => "otelcol",
    };
    let name = names.join(".");
    let is_context = |field: &&syntax::Field| {
        names.first() == Some(&field.name.as_str()) && Context::SpanEvent.prefix(&field.name).is_some()
    };
    if let Some(first) = path.fields.first().filter(is_context) {
        return match path.fields.len() {
            1 => Fault::new(
                path.range.clone(),
                format!("`{}` by itself is no path", first.name),
            ),
            _ => Fault::new(
                first.range.clone(),
                format!("`{}` is out of reach of statements about {whose}", first.name),
            ),
        };
    }
    let fault = Fault::new(
        path.range.clone(),
        format!("there is no path `{name}` of {whose}"),
    );
    if let Some(help) = keyed(path, &name) {
        return fault.with_help(help);
    }
    let known: Vec<&str> = known(of).iter().map(|(known, _)| *known).collect();
    let near = known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, &name), *known))
        .min()
        .filter(|(distance, known)| *distance <= 1 + known.len() / 4);
    match near {
        Some((_, near)) => fault.with_help(format!("did you mean `{near}`?")),
        None => fault.with_help(format!("there are `{}`", known.join("`, `"))),
    }
}

/// What is meant by names behind `attributes`: `attributes.http.method` is `attributes["http.method"]`.
fn keyed(path: &syntax::Path, name: &str) -> Option<String> {
    let (map, key) = name
        .split_once('.')
        .filter(|(map, _)| matches!(*map, "attributes" | "cache"))?;
    let field = path.fields.iter().find(|field| field.name == map)?;
    let deeper = if field.keys.is_empty() { "" } else { "[…]" };
    Some(format!("write `{map}{deeper}[\"{key}\"]`"))
}

fn lookup(of: Prefix, names: &[&str]) -> Option<Field> {
    let name = names.join(".");
    known(of)
        .into_iter()
        .find(|(known, _)| *known == name)
        .map(|(_, field)| field)
}

/// All paths of a context.
fn known(of: Prefix) -> Vec<(&'static str, Field)> {
    match of {
        Prefix::Of(context) => {
            let mut known = vec![
                ("attributes", Field::Attributes(context)),
                ("dropped_attributes_count", Field::DroppedAttributes(context)),
                ("cache", Field::Cache),
            ];
            known.extend_from_slice(match context {
                Context::Resource => &[("schema_url", Field::SchemaUrl(Context::Resource))],
                Context::Scope => &[
                    ("name", Field::Name(Context::Scope)),
                    ("version", Field::Version),
                    ("schema_url", Field::SchemaUrl(Context::Scope)),
                ],
                Context::Span => SPAN,
                Context::SpanEvent => &[
                    ("name", Field::Name(Context::SpanEvent)),
                    ("time_unix_nano", Field::EventTime(Clock::Nanos)),
                    ("time", Field::EventTime(Clock::Time)),
                    ("event_index", Field::EventIndex),
                ],
            });
            known
        }
        Prefix::Request => vec![
            ("client.addr", Field::ClientAddress),
            ("client.metadata", Field::ClientMetadata),
            ("client.auth.attributes", Field::ClientAuth),
            ("grpc.metadata", Field::ClientMetadata),
        ],
    }
}

/// The paths that only spans have.
const SPAN: &[(&str, Field)] = &[
    ("trace_id", Field::TraceId(Form::Id)),
    ("trace_id.string", Field::TraceId(Form::Text)),
    ("span_id", Field::SpanId(Form::Id)),
    ("span_id.string", Field::SpanId(Form::Text)),
    ("parent_span_id", Field::ParentSpanId(Form::Id)),
    ("parent_span_id.string", Field::ParentSpanId(Form::Text)),
    ("trace_state", Field::TraceState),
    ("name", Field::Name(Context::Span)),
    ("kind", Field::Kind),
    ("kind.string", Field::KindText),
    ("kind.deprecated_string", Field::KindSymbol),
    ("start_time_unix_nano", Field::Start(Clock::Nanos)),
    ("start_time", Field::Start(Clock::Time)),
    ("end_time_unix_nano", Field::End(Clock::Nanos)),
    ("end_time", Field::End(Clock::Time)),
    ("dropped_events_count", Field::DroppedEvents),
    ("dropped_links_count", Field::DroppedLinks),
    ("events", Field::Events),
    ("links", Field::Links),
    ("status", Field::Status),
    ("status.code", Field::StatusCode),
    ("status.message", Field::StatusMessage),
    ("flags", Field::Flags),
];

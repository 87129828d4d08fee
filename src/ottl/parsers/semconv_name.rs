//! `set_semconv_span_name`: the name that the semantic conventions give a span.

use super::shown;
use crate::wire::ValueView;

/// The versions of the semantic conventions whose names are known.
const VERSIONS: [[u64; 3]; 2] = [[1, 37, 0], [1, 43, 0]];

/// Kinds of spans.
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// A span's attributes.
struct Span<F>(F);

/// Checks the `semconv_version` of a statement: up to three numbers, and what may come behind them in a semantic version.
pub fn check_semconv_version(text: &str) -> Result<(), String> {
    let wrong = || format!("{} is not a version", shown(text));
    let (version, build) = split(text, '+');
    let (version, before) = split(version, '-');
    let mut parts = version.strip_prefix('v').unwrap_or(version).split('.');
    let mut numbers = [0; 3];
    for (place, number) in numbers.iter_mut().enumerate() {
        *number = match parts.next() {
            Some(part) if part.bytes().all(|byte| byte.is_ascii_digit()) => {
                part.parse().map_err(|_| wrong())?
            }
            None if place > 0 => 0,
            _ => return Err(wrong()),
        };
    }
    let is_zero_led = |part: &str| part.len() > 1 && part.starts_with('0') && part.parse::<u64>().is_ok();
    if parts.next().is_some()
        || [before, build]
            .into_iter()
            .flatten()
            .any(|parts| !are_identifiers(parts))
        || before.is_some_and(|parts| parts.split('.').any(is_zero_led))
    {
        return Err(wrong());
    }
    let [first, last] = VERSIONS;
    if numbers < first || numbers > last || (numbers == first && before.is_some()) {
        let [first, last] = VERSIONS.map(|version| version.map(|part| part.to_string()).join("."));
        return Err(format!(
            "unsupported semconv version {text:?}: must be between {first} and {last}"
        ));
    }
    Ok(())
}

/// What comes before a letter, and what comes behind it when it is there.
fn split(text: &str, letter: char) -> (&str, Option<&str>) {
    match text.split_once(letter) {
        Some((before, behind)) => (before, Some(behind)),
        None => (text, None),
    }
}

/// Whether all parts between dots are letters, digits and dashes.
fn are_identifiers(parts: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    parts
        .split('.')
        .all(|part| !part.is_empty() && part.bytes().all(is_inner))
}

/// The name of a span of this kind with these attributes; none where the semantic conventions give none.
pub fn semconv_span_name<'a>(kind: i32, attribute: impl Fn(&str) -> Option<ValueView<'a>>) -> Option<String> {
    let span = Span(attribute);
    let name = |name: Option<String>| name.filter(|name| !name.is_empty());
    match kind {
        SERVER => name(span.http("http.route"))
            .or_else(|| name(span.rpc()))
            .or_else(|| name(span.messaging())),
        CLIENT => name(span.http("url.template"))
            .or_else(|| name(span.rpc()))
            .or_else(|| name(span.database()))
            .or_else(|| name(span.messaging())),
        PRODUCER | CONSUMER => name(span.messaging()),
        _ => None,
    }
}

// === impl Span ===

impl<'a, F: Fn(&str) -> Option<ValueView<'a>>> Span<F> {
    fn http(&self, subject: &str) -> Option<String> {
        let method = self.either("http.request.method", "http.method")?;
        Some(match self.text(subject) {
            Some(subject) => format!("{method} {subject}"),
            None => method,
        })
    }

    fn rpc(&self) -> Option<String> {
        let system = self.either("rpc.system.name", "rpc.system")?;
        let method = self.either("rpc.method", "rpc.grpc.method");
        let service = self.either("rpc.service", "rpc.grpc.service");
        Some(match (service, method) {
            (Some(service), Some(method)) => format!("{service}/{method}"),
            (None, Some(method)) => method,
            (Some(service), None) => format!("{service}/*"),
            (None, None) => system,
        })
    }

    fn database(&self) -> Option<String> {
        let system = self.either("db.system.name", "db.system")?;
        if let Some(summary) = self.text("db.query.summary") {
            return Some(summary);
        }
        let operation = self
            .either("db.operation.name", "db.operation")
            .unwrap_or_default();
        let target = self.database_target().unwrap_or_default();
        Some(match (operation.is_empty(), target.is_empty()) {
            (false, false) => format!("{operation} {target}"),
            (false, true) => operation,
            (true, false) => target,
            (true, true) => system,
        })
    }

    fn database_target(&self) -> Option<String> {
        let namespace = self.either("db.namespace", "db.name");
        let namespace = namespace.filter(|name| !name.is_empty());
        match (
            namespace,
            self.either("db.collection.name", "db.stored_procedure.name"),
        ) {
            (Some(namespace), Some(object)) => Some(format!("{namespace}.{object}")),
            (None, None) => self.server(),
            (one, other) => one.or(other),
        }
    }

    fn messaging(&self) -> Option<String> {
        let system = self.text("messaging.system")?;
        let operation = self.either("messaging.operation.name", "messaging.operation");
        let destination = self.destination().filter(|name| !name.is_empty());
        Some(match (operation, destination) {
            (Some(operation), Some(destination)) => format!("{operation} {destination}"),
            (one, other) => other.or(one).unwrap_or(system),
        })
    }

    fn destination(&self) -> Option<String> {
        if self.is_true("messaging.destination.temporary") {
            return Some("(temporary)".into());
        }
        if self.is_true("messaging.destination.anonymous") {
            return Some("(anonymous)".into());
        }
        self.text("messaging.destination.template")
            .or_else(|| self.either("messaging.destination.name", "messaging.destination"))
            .or_else(|| self.server())
    }

    fn server(&self) -> Option<String> {
        let address = self.text("server.address")?;
        Some(match self.text("server.port") {
            Some(port) => format!("{address}:{port}"),
            None => address,
        })
    }

    fn is_true(&self, key: &str) -> bool {
        matches!((self.0)(key), Some(ValueView::Bool(true)))
    }

    fn either(&self, key: &str, old_key: &str) -> Option<String> {
        self.text(key).or_else(|| self.text(old_key))
    }

    fn text(&self, key: &str) -> Option<String> {
        (self.0)(key).map(|value| value.text().into_owned())
    }
}

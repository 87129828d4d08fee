//! Statements and conditions as text, at random: mostly of the right types, now and then of wrong ones.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt, SeedableRng};

use crate::ottl::Context;

/// Keys that statements name and requests have; `requests` tells what they mostly hold.
pub(super) const KEYS: [&str; 14] = [
    "text",
    "n",
    "f",
    "flag",
    "bytes",
    "list",
    "map",
    "json",
    "kv",
    "url",
    "time",
    "empty",
    "ä→𝄞",
    "http.method",
];

/// Texts that mean something to one function or another.
pub(super) const TEXTS: [&str; 36] = [
    "",
    " ",
    "a",
    "b",
    "GET",
    "POST /api/users/42",
    "ä→𝄞 ß",
    "x y  z",
    "camelCase_and-snake.HTTPServer2xx",
    "12",
    "-7",
    "1.5",
    "0x1f",
    "true",
    "F",
    "nan",
    "a=1 b=2 c='x y'",
    "a,b,c",
    "1,2,\"3\"",
    "{\"a\":1,\"b\":[1,null,\"x\"],\"c\":{\"d\":true}}",
    "[1,2.5,\"x\"]",
    "[",
    "https://u:p@host.io:8080/p/x.tar.gz?q=1#f",
    "2024-02-29 12:30:45",
    "2024-02-29T12:30:45.123456789Z",
    "1h2m3.5s",
    "192.168.0.1",
    "10.0.0.0/8",
    "::1",
    "4539 1488 0343 6467",
    "0102030405060708",
    "01020304050607080102030405060708",
    "aGVsbG8=",
    "\u{0}\n\t\"\\$1%s",
    "k=v,t@s=w",
    "element.with.dots",
];

const PATTERNS: [&str; 15] = [
    "a",
    "^$",
    "[a-z]+",
    "(?P<word>[a-z]+)",
    "(\\d+)",
    "^.*$",
    "ä",
    ".",
    "x*",
    "(a)|(b)",
    "^text$",
    "(?i)get",
    "[",
    "\\s+",
    "e",
];

const GLOBS: [&str; 8] = ["*", "a*", "?", "{a,b,GET}", "[!a]*", "*ä*", "POST /api/*/*", "["];

const REPLACEMENTS: [&str; 9] = ["", "x", "$1", "${word}-$0", "$$", "ä", "$1x", "{id}", "$"];

/// What a value is wanted to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    Text,
    Int,
    Float,
    Bool,
    Bytes,
    Map,
    List,
    Time,
    Duration,
    TraceId,
    SpanId,
    Any,
}

/// Writes statements about one thing.
pub(super) struct Grammar {
    rng: StdRng,
    context: Context,
}

const WANTS: [Want; 12] = [
    Want::Text,
    Want::Int,
    Want::Float,
    Want::Bool,
    Want::Bytes,
    Want::Map,
    Want::List,
    Want::Time,
    Want::Duration,
    Want::TraceId,
    Want::SpanId,
    Want::Any,
];

/// Fields of each thing: its name, what it is, and whether it can be written.
const FIELDS: &[(Context, &str, Want)] = &[
    (Context::Resource, "schema_url", Want::Text),
    (Context::Resource, "dropped_attributes_count", Want::Int),
    (Context::Scope, "name", Want::Text),
    (Context::Scope, "version", Want::Text),
    (Context::Scope, "schema_url", Want::Text),
    (Context::Scope, "dropped_attributes_count", Want::Int),
    (Context::Span, "trace_id", Want::TraceId),
    (Context::Span, "trace_id.string", Want::Text),
    (Context::Span, "span_id", Want::SpanId),
    (Context::Span, "span_id.string", Want::Text),
    (Context::Span, "parent_span_id", Want::SpanId),
    (Context::Span, "parent_span_id.string", Want::Text),
    (Context::Span, "trace_state", Want::Text),
    (Context::Span, "trace_state[\"k\"]", Want::Text),
    (Context::Span, "trace_state[\"t@s\"]", Want::Text),
    (Context::Span, "name", Want::Text),
    (Context::Span, "kind", Want::Int),
    (Context::Span, "kind.string", Want::Text),
    (Context::Span, "kind.deprecated_string", Want::Text),
    (Context::Span, "start_time_unix_nano", Want::Int),
    (Context::Span, "end_time_unix_nano", Want::Int),
    (Context::Span, "start_time", Want::Time),
    (Context::Span, "end_time", Want::Time),
    (Context::Span, "dropped_attributes_count", Want::Int),
    (Context::Span, "dropped_events_count", Want::Int),
    (Context::Span, "dropped_links_count", Want::Int),
    (Context::Span, "events", Want::Any),
    (Context::Span, "links", Want::Any),
    (Context::Span, "status", Want::Any),
    (Context::Span, "status.code", Want::Int),
    (Context::Span, "status.message", Want::Text),
    (Context::Span, "flags", Want::Int),
    (Context::SpanEvent, "name", Want::Text),
    (Context::SpanEvent, "time_unix_nano", Want::Int),
    (Context::SpanEvent, "time", Want::Time),
    (Context::SpanEvent, "event_index", Want::Int),
    (Context::SpanEvent, "dropped_attributes_count", Want::Int),
];

/// A text as a statement has it.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\0' => out.push_str("\\x00"),
            letter => out.push(letter),
        }
    }
    out + "\""
}

impl Grammar {
    pub fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let context = *[
            Context::Span,
            Context::Span,
            Context::SpanEvent,
            Context::Scope,
            Context::Resource,
        ]
        .choose(&mut rng)
        .unwrap();
        Self { rng, context }
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        *all.choose(&mut self.rng).unwrap()
    }

    fn one_in(&mut self, number: u32) -> bool {
        self.rng.random_ratio(1, number)
    }

    fn text_of(&mut self, all: &[&str]) -> String {
        let text = self.pick(all);
        quoted(text)
    }

    // === conditions ===

    pub fn condition(&mut self, depth: u32) -> String {
        match self.rng.random_range(0..if depth == 0 { 7 } else { 12 }) {
            0 => self.pick(&["true", "false"]).to_owned(),
            1 | 2 => self.converter(Want::Bool, depth),
            3..=6 => {
                let want = self.pick(&WANTS);
                let sign = self.pick(&["==", "!=", "<", "<=", ">", ">="]);
                let left = self.value(want, depth);
                let right = match self.one_in(5) {
                    true => "nil".to_owned(),
                    false => self.value(want, depth),
                };
                format!("{left} {sign} {right}")
            }
            7 => format!("not ({})", self.condition(depth - 1)),
            8 => format!("not {}", self.converter(Want::Bool, depth - 1)),
            9 | 10 => {
                let (left, right) = (self.condition(depth - 1), self.condition(depth - 1));
                format!("{left} {} {right}", self.pick(&["and", "or"]))
            }
            _ => format!("({})", self.condition(depth - 1)),
        }
    }

    // === values ===

    /// A value, mostly of the wanted kind.
    fn value(&mut self, want: Want, depth: u32) -> String {
        let want = if self.one_in(20) { self.pick(&WANTS) } else { want };
        let is_of_spans = matches!(self.context, Context::Span | Context::SpanEvent);
        if want == Want::Duration || !is_of_spans && matches!(want, Want::Time | Want::TraceId | Want::SpanId)
        {
            // No path leads to one.
            return if self.one_in(2) {
                self.literal(want, depth)
            } else {
                self.converter(want, depth)
            };
        }
        match self.rng.random_range(0..10) {
            0..=3 => self.literal(want, depth),
            4..=6 => self.path(want),
            _ if depth == 0 => self.path(want),
            7 if matches!(want, Want::Int | Want::Float | Want::Time | Want::Duration) => {
                self.sum(want, depth - 1)
            }
            _ => self.converter(want, depth - 1),
        }
    }

    fn sum(&mut self, want: Want, depth: u32) -> String {
        let (left, sign, right) = match want {
            Want::Time => (Want::Time, self.pick(&["+", "-"]), Want::Duration),
            Want::Duration if self.one_in(2) => (Want::Time, "-", Want::Time),
            Want::Duration => (Want::Duration, self.pick(&["+", "-"]), Want::Duration),
            want => (
                want,
                self.pick(&["+", "-", "*", "/"]),
                self.pick(&[Want::Int, Want::Float]),
            ),
        };
        let operand = |grammar: &mut Self, want| match grammar.rng.random_range(0..4) {
            0 => grammar.number(want),
            1 | 2 => grammar.path(want),
            _ => grammar.converter(want, depth),
        };
        let (left, right) = (operand(self, left), operand(self, right));
        match self.rng.random_range(0..4) {
            0 => format!("-({left} {sign} {right})"),
            1 => format!("({left} {sign} {right})"),
            _ => format!("{left} {sign} {right}"),
        }
    }

    fn number(&mut self, want: Want) -> String {
        match want {
            Want::Float => self.pick(&[
                "0.0",
                "-0.0",
                "1.5",
                "-2.25",
                ".5",
                "1.",
                "1.0e308",
                "4.9e-324",
                "9007199254740993.0",
            ]),
            _ => self.pick(&[
                "0",
                "1",
                "2",
                "-1",
                "3",
                "010",
                "42",
                "65536",
                "4294967295",
                "4294967296",
                "9223372036854775807",
                "-9223372036854775807",
                "9007199254740993",
            ]),
        }
        .to_owned()
    }

    fn literal(&mut self, want: Want, depth: u32) -> String {
        match want {
            Want::Text => self.text_of(&TEXTS),
            Want::Int if self.one_in(8) => self
                .pick(&["SPAN_KIND_SERVER", "STATUS_CODE_ERROR", "SPAN_KIND_CONSUMER"])
                .into(),
            Want::Int | Want::Float => self.number(want),
            Want::Bool => self.pick(&["true", "false"]).into(),
            Want::Bytes => self
                .pick(&["0x00", "0x0102", "0xff", "0x0102030405060708", "0xc3a4"])
                .into(),
            Want::List => self.list(Want::Any, depth),
            Want::Map => {
                let count = self.rng.random_range(0..4);
                let pairs = (0..count).map(|_| {
                    let key = self.text_of(&KEYS);
                    let inner = self.pick(&WANTS);
                    format!("{key}: {}", self.value(inner, depth.saturating_sub(1)))
                });
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
            }
            Want::Time => "Unix(1700000000, 5)".into(),
            Want::Duration => format!(
                "Duration({})",
                self.text_of(&["1h2m3.5s", "-1ns", "0", "x", "2540400h"])
            ),
            Want::TraceId => "TraceID(0x01020304050607080102030405060708)".into(),
            Want::SpanId => "SpanID(\"0102030405060708\")".into(),
            Want::Any if self.one_in(3) => "nil".into(),
            Want::Any => {
                let want = self.pick(&[Want::Text, Want::Int, Want::Float, Want::Bool, Want::Bytes]);
                self.literal(want, depth)
            }
        }
    }

    fn list(&mut self, want: Want, depth: u32) -> String {
        let count = self.rng.random_range(0..4);
        let items = (0..count).map(|_| match want {
            Want::Any => {
                let inner = self.pick(&[
                    Want::Text,
                    Want::Int,
                    Want::Float,
                    Want::Bool,
                    Want::Bytes,
                    Want::Map,
                    Want::Any,
                ]);
                self.value(inner, depth.saturating_sub(1))
            }
            want => self.value(want, depth.saturating_sub(1)),
        });
        format!("[{}]", items.collect::<Vec<_>>().join(", "))
    }

    // === paths ===

    fn reachable(&mut self) -> Context {
        let all: Vec<Context> = Context::ALL
            .into_iter()
            .filter(|context| self.context.reaches(*context))
            .collect();
        match self.one_in(3) {
            true => self.pick(&all),
            false => self.context,
        }
    }

    fn path(&mut self, want: Want) -> String {
        if self.one_in(25) {
            return self
                .pick(&[
                    "otelcol.client.addr",
                    "otelcol.client.metadata",
                    "otelcol.client.metadata[\"X-Tenant\"]",
                    "otelcol.client.metadata[\"x-tenant\"][1]",
                    "otelcol.client.metadata[\"empty\"][0]",
                    "otelcol.grpc.metadata[\"none\"]",
                ])
                .to_owned();
        }
        let of = self.reachable();
        self.path_of(of, want)
    }

    fn path_of(&mut self, of: Context, want: Want) -> String {
        let name = of.name();
        let fields: Vec<&str> = FIELDS
            .iter()
            .filter(|(context, _, is)| *context == of && (*is == want || want == Want::Any))
            .map(|(_, field, _)| *field)
            .collect();
        if !fields.is_empty() && self.one_in(2) {
            return format!("{name}.{}", self.pick(&fields));
        }
        let root = match self.one_in(6) && of == self.context {
            true => format!("{name}.cache"),
            false => format!("{name}.attributes"),
        };
        match want {
            Want::Map if self.one_in(2) => root,
            want => format!("{root}{}", self.keys(want)),
        }
    }

    fn keys(&mut self, want: Want) -> String {
        let key = match want {
            Want::Text => self.pick(&["text", "json", "kv", "url", "time", "ä→𝄞", "http.method"]),
            Want::Int => "n",
            Want::Float => "f",
            Want::Bool => "flag",
            Want::Bytes => "bytes",
            Want::Map => "map",
            Want::List => "list",
            _ => self.pick(&KEYS),
        };
        let mut keys = match self.one_in(15) {
            true => format!("[{}]", self.converter(Want::Text, 0)),
            false => format!("[{}]", quoted(key)),
        };
        while self.one_in(if matches!(key, "map" | "list") { 2 } else { 12 }) {
            let next = match self.rng.random_range(0..8) {
                0..=2 => self.text_of(&KEYS),
                3..=5 => self.pick(&["0", "1", "2", "70000"]).into(),
                6 => self
                    .pick(&["-1", "Len(\"ab\")", "Int(\"1\")", "Len([]) + 1", "Int(nil)"])
                    .into(),
                _ => self.path(Want::Text),
            };
            keys += &format!("[{next}]");
        }
        keys
    }
}

mod calls;

//! Calls of converters and editors.

use rand::RngExt as _;

use super::{GLOBS, Grammar, KEYS, PATTERNS, REPLACEMENTS, TEXTS, WANTS, Want, quoted};

/// Converters of a text alone.
const OF_TEXT: [&str; 13] = [
    "MD5",
    "SHA1",
    "SHA256",
    "SHA512",
    "Murmur3Hash",
    "Murmur3Hash128",
    "XXH3",
    "XXH128",
    "ToLowerCase",
    "ToUpperCase",
    "ToSnakeCase",
    "ToCamelCase",
    "String",
];

const OF_TIME: [&str; 12] = [
    "Day",
    "Hour",
    "Minute",
    "Month",
    "Nanosecond",
    "Second",
    "Year",
    "Weekday",
    "UnixMicro",
    "UnixMilli",
    "UnixNano",
    "UnixSeconds",
];

const FORMATS: [&str; 6] = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%B %e",
    "%s",
    "%FT%TZ",
    "%q",
];

const VERBS: [&str; 10] = [
    "%v",
    "%s-%d",
    "%5.2f|%x",
    "%[2]v %[1]q",
    "%T",
    "%%",
    "%t %e %g",
    "%+v",
    "%d %d %d",
    "ä%c",
];

impl Grammar {
    /// A converter that yields what is wanted, now and then with a key behind it.
    pub(super) fn converter(&mut self, want: Want, depth: u32) -> String {
        let depth = depth.saturating_sub(1);
        let call = match want {
            Want::Text => self.of_text(depth),
            Want::Int => self.of_int(depth),
            Want::Float => match self.rng.random_range(0..3) {
                0 => format!("Double({})", self.value(Want::Any, depth)),
                1 => format!("Log({})", self.value(Want::Float, depth)),
                _ => {
                    let name = self.pick(&["Hours", "Minutes", "Seconds"]);
                    format!("{name}({})", self.value(Want::Duration, depth))
                }
            },
            Want::Bool => self.of_bool(depth),
            Want::Bytes => self.path(Want::Bytes),
            Want::Map => self.of_map(depth),
            Want::List => match self.rng.random_range(0..5) {
                0 => format!(
                    "Split({}, {})",
                    self.value(Want::Text, depth),
                    self.text_of(&["", ",", "/", " ", "ä"])
                ),
                1 => format!("Keys({})", self.value(Want::Map, depth)),
                2 => format!("Values({})", self.value(Want::Map, depth)),
                3 => format!("Sort({})", self.value(Want::List, depth)),
                _ => format!("Sort({}, \"desc\")", self.value(Want::List, depth)),
            },
            Want::Time => match self.rng.random_range(0..4) {
                0 => format!(
                    "Time({}, {})",
                    self.value(Want::Text, depth),
                    self.text_of(&FORMATS)
                ),
                1 => {
                    let (text, format) = (self.value(Want::Text, depth), self.text_of(&FORMATS));
                    format!("Time({text}, {format}, location=\"Europe/Berlin\")")
                }
                2 => format!(
                    "Unix({}, {})",
                    self.value(Want::Int, depth),
                    self.value(Want::Int, depth)
                ),
                _ => {
                    let time = self.value(Want::Time, depth);
                    format!("TruncateTime({time}, {})", self.value(Want::Duration, depth))
                }
            },
            Want::Duration => match self.rng.random_range(0..4) {
                0 => format!("Duration({})", self.value(Want::Text, depth)),
                1 => format!(
                    "{} - {}",
                    self.value(Want::Time, depth),
                    self.literal(Want::Time, depth)
                ),
                _ => self.literal(Want::Duration, depth),
            },
            Want::TraceId => format!("TraceID({})", self.value(Want::Text, depth)),
            Want::SpanId => format!("SpanID({})", self.value(Want::Bytes, depth)),
            Want::Any => match self.one_in(2) {
                true => format!("Coalesce({})", self.list(Want::Any, depth)),
                false => {
                    let want = self.pick(&WANTS[..11]);
                    return self.converter(want, depth);
                }
            },
        };
        match self.rng.random_range(0..40) {
            0 => call + "[0]",
            1 => call + "[\"a\"]",
            2 => format!("{call}[{}]", self.path(Want::Text)),
            _ => call,
        }
    }

    fn of_text(&mut self, depth: u32) -> String {
        let text = self.value(Want::Text, depth);
        match self.rng.random_range(0..16) {
            0..=2 => format!("{}({text})", self.pick(&OF_TEXT)),
            3 => format!(
                "Concat({}, {})",
                self.list(Want::Any, depth),
                self.value(Want::Text, depth)
            ),
            4 => format!("Concat({}, \"-\")", self.path(Want::List)),
            5 => format!(
                "ConvertCase({text}, {})",
                self.text_of(&["lower", "upper", "snake", "camel"])
            ),
            6 => format!(
                "Format({}, {})",
                self.text_of(&VERBS),
                self.list(Want::Any, depth)
            ),
            7 => format!("Substring({text}, {}, {})", self.small(depth), self.small(depth)),
            8 => format!(
                "Substring({text}, {}, {}, true)",
                self.small(depth),
                self.small(depth)
            ),
            9 => format!("Trim({text}, {})", self.text_of(&TEXTS)),
            10 => {
                let name = self.pick(&["TrimPrefix", "TrimSuffix"]);
                format!("{name}({text}, {})", self.value(Want::Text, depth))
            }
            11 => format!(
                "Base64Encode({text}, {})",
                self.text_of(&["base64", "base64-url", "base64-raw", "x"])
            ),
            12 => format!(
                "Decode({text}, {})",
                self.text_of(&["base64", "utf-8", "utf-16", "iso-8859-1", "us-ascii"])
            ),
            13 => format!("Hex({})", self.value(Want::Any, depth)),
            14 => match self.one_in(2) {
                true => format!(
                    "ToKeyValueString({}, sort_output=true)",
                    self.value(Want::Map, depth)
                ),
                false => format!("ToKeyValueString({}, \":\", \";\")", self.value(Want::Map, depth)),
            },
            _ => match self.one_in(2) {
                true => format!(
                    "FormatTime({}, {})",
                    self.value(Want::Time, depth),
                    self.text_of(&FORMATS)
                ),
                false => format!("String({})", self.value(Want::Any, depth)),
            },
        }
    }

    fn small(&mut self, depth: u32) -> String {
        match self.one_in(6) {
            true => self.value(Want::Int, depth),
            false => self.pick(&["0", "1", "2", "3", "5"]).into(),
        }
    }

    fn of_int(&mut self, depth: u32) -> String {
        match self.rng.random_range(0..9) {
            0 | 1 => format!("Int({})", self.value(Want::Any, depth)),
            2 => {
                let want = self.pick(&[Want::Text, Want::List, Want::Map, Want::Any]);
                format!("Len({})", self.value(want, depth))
            }
            3 => format!(
                "Index({}, {})",
                self.value(Want::Text, depth),
                self.value(Want::Text, depth)
            ),
            4 => format!(
                "Index({}, {})",
                self.value(Want::List, depth),
                self.value(Want::Any, depth)
            ),
            5 => format!(
                "ParseInt({}, {})",
                self.value(Want::Text, depth),
                self.pick(&["0", "10", "16", "2", "37"])
            ),
            6 => format!("FNV({})", self.value(Want::Text, depth)),
            7 => format!("{}({})", self.pick(&OF_TIME), self.value(Want::Time, depth)),
            _ => {
                let name = self.pick(&["Milliseconds", "Microseconds", "Nanoseconds"]);
                format!("{name}({})", self.value(Want::Duration, depth))
            }
        }
    }

    fn of_bool(&mut self, depth: u32) -> String {
        match self.rng.random_range(0..9) {
            0..=2 => {
                let name = self.pick(&[
                    "IsString", "IsInt", "IsDouble", "IsBool", "IsMap", "IsList", "IsEmpty",
                ]);
                format!("{name}({})", self.path(Want::Any))
            }
            3 => {
                let name = self.pick(&["HasPrefix", "HasSuffix"]);
                format!(
                    "{name}({}, {})",
                    self.value(Want::Text, depth),
                    self.value(Want::Text, depth)
                )
            }
            4 => format!(
                "ContainsValue({}, {})",
                self.value(Want::List, depth),
                self.value(Want::Any, depth)
            ),
            5 => format!("Bool({})", self.value(Want::Any, depth)),
            6 => match self.one_in(4) {
                true => format!(
                    "IsMatch({}, {})",
                    self.value(Want::Any, depth),
                    self.path(Want::Text)
                ),
                false => format!(
                    "IsMatch({}, {})",
                    self.value(Want::Any, depth),
                    self.text_of(&PATTERNS)
                ),
            },
            7 => format!(
                "IsInCIDR({}, [\"10.0.0.0/8\", \"::/0\"])",
                self.value(Want::Text, depth)
            ),
            _ => match self.one_in(2) {
                true => format!("IsValidLuhn({})", self.value(Want::Text, depth)),
                false => "IsRootSpan()".into(),
            },
        }
    }

    fn of_map(&mut self, depth: u32) -> String {
        let text = self.value(Want::Text, depth);
        match self.rng.random_range(0..9) {
            0 => format!("ParseJSON({})", self.path(Want::Text)),
            1 => format!("ParseJSON({})", quoted(TEXTS[19])),
            2 => format!("ParseKeyValue({text})"),
            3 => format!("ParseKeyValue({text}, \":\", pair_delimiter=\",\")"),
            4 => format!("ParseCSV({text}, \"x,y,z\")"),
            5 => format!("ExtractPatterns({text}, {})", self.text_of(&PATTERNS)),
            6 => format!("ExtractGrokPatterns({text}, \"%{{WORD:w}} ?%{{NUMBER:n:int}}?\", true)"),
            7 if self.one_in(3) => format!("UserAgent({text})"),
            7 => format!("URL({text})"),
            _ => match self.one_in(2) {
                true => format!("SliceToMap({})", self.value(Want::List, depth)),
                false => format!(
                    "SliceToMap({}, key_path=[\"text\"], value_path=[\"n\"])",
                    self.value(Want::List, depth)
                ),
            },
        }
    }

    /// A statement, perhaps with a condition.
    pub fn statement(&mut self) -> String {
        let editor = self.editor();
        match self.one_in(3) {
            true => format!("{editor} where {}", self.condition(3)),
            false => editor,
        }
    }

    fn target(&mut self, want: Want) -> String {
        let of = self.context;
        self.path_of(of, want)
    }

    fn editor(&mut self) -> String {
        let map = self.target(Want::Map);
        match self.rng.random_range(0..30) {
            0..=8 => {
                let want = self.pick(&WANTS);
                format!("set({}, {})", self.target(want), self.value(want, 3))
            }
            9 | 10 => {
                let target = self.target(Want::List);
                match self.rng.random_range(0..3) {
                    0 => format!("append({target}, {})", self.value(Want::Any, 2)),
                    1 => format!("append({target}, values={})", self.list(Want::Any, 2)),
                    _ => format!(
                        "append({target}, {}, {})",
                        self.value(Want::Text, 2),
                        self.list(Want::Any, 1)
                    ),
                }
            }
            11 => format!(
                "delete_index({}, {}, {})",
                self.target(Want::List),
                self.small(1),
                self.small(1)
            ),
            12 => format!("delete_index({}, {})", self.target(Want::List), self.small(1)),
            13 => {
                let want = self.pick(&WANTS);
                format!("clear({})", self.target(want))
            }
            14 | 15 => match self.one_in(4) {
                true => format!("delete_key({map}, {})", self.value(Want::Text, 2)),
                false => format!("delete_key({map}, {})", self.text_of(&KEYS)),
            },
            16 => format!("delete_matching_keys({map}, {})", self.text_of(&PATTERNS)),
            17 => format!("keep_matching_keys({map}, {})", self.text_of(&PATTERNS)),
            18 => format!("keep_keys({map}, {})", self.list(Want::Text, 1)),
            19 => {
                let keys: Vec<String> = (0..self.rng.random_range(0..3))
                    .map(|_| self.text_of(&KEYS))
                    .collect();
                format!(
                    "limit({map}, {}, [{}])",
                    self.pick(&["0", "1", "2", "4"]),
                    keys.join(", ")
                )
            }
            20 | 21 => {
                let strategy = self.pick(&["insert", "update", "upsert"]);
                format!("merge_maps({map}, {}, \"{strategy}\")", self.value(Want::Map, 2))
            }
            22 => match self.rng.random_range(0..3) {
                0 => format!("flatten({map})"),
                1 => format!("flatten({map}, \"p\", 2)"),
                _ => format!("flatten({map}, resolve_conflicts=true)"),
            },
            23 => {
                let (limit, safe, marker) = (
                    self.pick(&["0", "1", "3", "5"]),
                    self.pick(&["true", "false"]),
                    self.pick(&["", "…", "-"]),
                );
                match self.one_in(2) {
                    true => format!("truncate_all({map}, {limit})"),
                    false => format!("truncate_all({map}, {limit}, {safe}, \"{marker}\")"),
                }
            }
            24 => format!("stringify_all({map})"),
            25 => format!(
                "replace_match({}, {}, {})",
                self.target(Want::Text),
                self.text_of(&GLOBS),
                self.replacement()
            ),
            26 => format!(
                "replace_all_matches({map}, {}, {})",
                self.text_of(&GLOBS),
                self.replacement()
            ),
            27 => format!(
                "replace_pattern({}, {}, {})",
                self.target(Want::Text),
                self.text_of(&PATTERNS),
                self.replacement()
            ),
            28 => {
                let mode = self.pick(&["key", "value"]);
                format!(
                    "replace_all_patterns({map}, \"{mode}\", {}, {})",
                    self.text_of(&PATTERNS),
                    self.replacement()
                )
            }
            _ => match self.one_in(2) {
                true => "set_semconv_span_name(\"1.37.0\")".into(),
                false => "set_semconv_span_name(\"1.37.0\", \"text\")".into(),
            },
        }
    }

    /// A replacement, perhaps with a function and a format.
    fn replacement(&mut self) -> String {
        let text = match self.one_in(5) {
            true => self.value(Want::Text, 1),
            false => self.text_of(&REPLACEMENTS),
        };
        let function = self.pick(&["SHA256", "ToUpperCase", "FNV", "Trim", "ParseJSON", "MD5"]);
        match self.rng.random_range(0..6) {
            0 => format!("{text}, {function}"),
            1 => format!(
                "{text}, function={function}, replacement_format={}",
                self.text_of(&["<%s>", "%s%s", "%", "%d", "%s%", "\n%s"])
            ),
            _ => text,
        }
    }
}

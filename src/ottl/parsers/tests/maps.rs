//! What the Collector makes of maps and patterns.

use super::{Answer, json};
use crate::ottl::parsers::Severities;
use crate::wire::Value;

const NESTED: &str = r#"{"a":{"b":1,"c":{"d":"x"}},"l":[1,{"k":2},["y",["z"]]],"e":{},"f":[],"g":true}"#;

const LIST: &str = r#"[{"k":"x","v":1,"o":{"p":"q"}},{"k":"y","v":2,"o":{"p":"r"}}]"#;

/// Functions, their arguments, and the answers.
pub(super) const ANSWERS: &[Answer] = &[
    (
        "ExtractPatterns",
        &["abc 12", r"(?P<a>\w+) (?P<b>\d+)"],
        r#"{a: "abc", b: "12"}"#,
    ),
    (
        "ExtractPatterns",
        &["y", "(?P<a>x)|(?P<b>y)"],
        r#"{a: "", b: "y"}"#,
    ),
    ("ExtractPatterns", &["z", "(?P<a>x)"], "{}"),
    ("ExtractPatterns", &["x", "(x)"], "!"),
    ("ExtractPatterns", &["ab", "(?P<a>a)(?P<a>b)"], r#"{a: "b"}"#),
    ("ExtractPatterns", &["xz", "(?<q>.)(z)"], r#"{q: "x"}"#),
    (
        "TraceID",
        &["0102030405060708090a0b0c0d0e0f10"],
        "0102030405060708090a0b0c0d0e0f10",
    ),
    ("TraceID", &["0102030405060708090A0b0c0d0e0f1g"], "!"),
    (
        "TraceID",
        &["0123456789abcdef"],
        "30313233343536373839616263646566",
    ),
    ("TraceID", &["1"], "!"),
    ("SpanID", &["0123456789abcdef"], "0123456789abcdef"),
    ("SpanID", &["01234567"], "3031323334353637"),
    ("SpanID", &["zzzzzzzzzzzzzzzz"], "!"),
    ("SpanID", &["1"], "!"),
    (
        "flatten",
        &[NESTED, "", "", "false"],
        r#"{a.b: 1, a.c.d: "x", g: true, l.0: 1, l.1.k: 2, l.20: "y", l.21.0: "z"}"#,
    ),
    (
        "flatten",
        &[NESTED, "p", "", "false"],
        r#"{p.a.b: 1, p.a.c.d: "x", p.g: true, p.l.0: 1, p.l.1.k: 2, p.l.20: "y", p.l.21.0: "z"}"#,
    ),
    (
        "flatten",
        &[NESTED, "", "1", "false"],
        r#"{a.b: 1, a.c: {d: "x"}, g: true, l.0: 1, l.1: {k: 2}, l.2: ["y", ["z"]]}"#,
    ),
    (
        "flatten",
        &[NESTED, "", "2", "false"],
        r#"{a.b: 1, a.c.d: "x", g: true, l.0: 1, l.1.k: 2, l.20: "y", l.21: ["z"]}"#,
    ),
    (
        "flatten",
        &[NESTED, "", "", "true"],
        r#"{a.b: 1, a.c.d: "x", g: true, l: 1, l.1.k: 2, l.20: "y", l.21: "z"}"#,
    ),
    (
        "flatten",
        &[r#"{"a":["x","y","z"]}"#, "", "", "true"],
        r#"{a: "x", a.0: "y", a.1: "z"}"#,
    ),
    ("flatten", &[NESTED, "", "0", "false"], "!"),
    (
        "SliceToMap",
        &[LIST, "", ""],
        r#"{0: {k: "x", o: {p: "q"}, v: 1}, 1: {k: "y", o: {p: "r"}, v: 2}}"#,
    ),
    (
        "SliceToMap",
        &[LIST, "k", ""],
        r#"{x: {k: "x", o: {p: "q"}, v: 1}, y: {k: "y", o: {p: "r"}, v: 2}}"#,
    ),
    ("SliceToMap", &[LIST, "k", "v"], "{x: 1, y: 2}"),
    ("SliceToMap", &[LIST, "o.p", "o"], r#"{q: {p: "q"}, r: {p: "r"}}"#),
    ("SliceToMap", &[LIST, "v", ""], "!"),
    ("SliceToMap", &[LIST, "k", "z"], "!"),
    ("SliceToMap", &[LIST, "k.z", ""], "!"),
    ("SliceToMap", &[r#"[1,"a"]"#, "", ""], r#"{0: 1, 1: "a"}"#),
    ("SliceToMap", &["[1]", "k", ""], "!"),
    (
        "SliceToMap",
        &[r#"[{"k":"x","v":1},{"k":"x","v":2}]"#, "k", "v"],
        "{x: 2}",
    ),
];

/// Guarantees: a word stands for the first level that lists it, and a number for the first in whose range it is, both ends
/// included; a mapping of another form is refused.
#[test]
fn severities_are_those_of_the_mapping() {
    let mapping = r#"{"warn": [{"range": "4xx"}], "error": [{"equals": ["err", "e"]}, {"range": "5xx"}, {"range": "4xx"}]}"#;
    let severities = severities(mapping).unwrap();
    assert_eq!(severities.of_word("e"), Some("error"));
    assert_eq!(severities.of_word("E"), None);
    assert_eq!(severities.of_number(499), Some("warn"));
    assert_eq!(severities.of_number(500), Some("error"));
    assert_eq!(severities.of_number(600), None);
    for wrong in [
        r#"{"a": 1}"#,
        r#"{"a": ["b"]}"#,
        r#"{"a": [{"equals": "b"}]}"#,
        r#"{"a": [{"equals": [1]}]}"#,
        r#"{"a": [{"range": "6xx"}]}"#,
        r#"{"a": [{"range": {"min": 1}}]}"#,
        r#"{"a": [{"range": {"min": 1, "max": "2"}}]}"#,
        r#"{"a": [{"range": 2}]}"#,
    ] {
        assert!(self::severities(wrong).is_err(), "{wrong}");
    }
}

fn severities(mapping: &str) -> Result<Severities, String> {
    let Value::KeyValueList(pairs) = json(mapping) else {
        panic!("{mapping}")
    };
    Severities::new(&pairs)
}

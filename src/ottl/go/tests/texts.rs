//! Cases, globs, replacements and the order of lists.

use proptest::prelude::*;

use crate::config::pattern::Pattern;
use crate::ottl::go::case::{camel, lower, snake, upper};
use crate::ottl::go::expand::{Template, replace_all};
use crate::ottl::go::glob::Glob;
use crate::ottl::go::sort::sort;
use crate::wire::Value;

/// Guarantees: names change as the Collector's library changes them.
#[test]
fn names() {
    let known = [
        ("some_name", "SomeName", "some_name"),
        ("HTTPServer", "Httpserver", "http_server"),
        ("JSONData", "Jsondata", "json_data"),
        ("http2xx", "Http2Xx", "http_2_xx"),
        (" a-b.c d ", "ABCD", "a_b_c_d"),
        ("userID2", "UserId2", "user_id_2"),
        ("été_x", "tX", "été_x"),
        ("a$b", "Ab", "a$b"),
        ("", "", ""),
    ];
    for (text, in_camel, in_snake) in known {
        assert_eq!(camel(text), in_camel, "{text}");
        assert_eq!(snake(text), in_snake, "{text}");
    }
}

/// Guarantees: each letter becomes one letter, whatever stands around it.
#[test]
fn letters() {
    assert_eq!(upper("straße ﬁ ŉ ᾳ ᾀ ΐ é"), "STRAßE ﬁ ŉ ᾼ ᾈ ΐ É");
    assert_eq!(lower("ΟΔΟΣ İI É ᾼ"), "οδοσ ii é ᾳ");
}

/// Guarantees: globs match whole texts by the rules of the Collector's library.
#[test]
fn globs() {
    let known = [
        ("*", "", true),
        ("*", "a/b\nc", true),
        ("a*c", "abbc", true),
        ("a*c", "abbcd", false),
        ("?", "é", true),
        ("?", "éa", false),
        ("[a-c]x", "bx", true),
        ("[!a-c]x", "bx", false),
        ("[!a-c]x", "dx", true),
        ("[abc-]", "-", true),
        (r"[\]]", "]", true),
        ("{ab,c*}d", "abd", true),
        ("{ab,c*}d", "cxyd", true),
        ("{ab,c{d,e}}", "ce", true),
        ("{a,b", "b", true),
        ("a}b,c", "a}b,c", true),
        (r"\*", "*", true),
        (r"\*", "a", false),
        ("a.c", "abc", false),
        (r"a\", "a", true),
        ("", "", true),
        ("", "a", false),
    ];
    for (pattern, text, want) in known {
        assert_eq!(
            Glob::new(pattern).unwrap().is_match(text),
            want,
            "{pattern} on {text}"
        );
    }
    for pattern in ["[", "[]", "[!]", "[a", "[b-a]", "[a-z0-9]", "\u{fffd}"] {
        assert!(Glob::new(pattern).is_err(), "{pattern}");
    }
}

/// Guarantees: a glob that is large once compiled is refused, and one that repeats runs of anything takes no time.
#[test]
fn globs_are_bounded() {
    let nested = "{a,".repeat(5_000);
    assert!(Glob::new(&nested).is_err());
    let glob = Glob::new(&"*a".repeat(100)).unwrap();
    assert!(!glob.is_match(&"a".repeat(99)));
    assert!(!glob.is_match(&"b".repeat(100_000)));
    assert!(glob.is_match(&"ba".repeat(100)));
}

/// Guarantees: references name the longest run of letters, digits and underlines; what is none stays.
#[test]
fn replacements() {
    let known = [
        (r"(a)(b)?", "xab", "[$1-$2]", "x[a-b]"),
        (r"(a)(b)?", "xa", "[$1-$2]", "x[a-]"),
        (r"(a)", "a", "$1x|${1}x", "|ax"),
        (r"(?P<n>a)", "a", "${n}$n.$nn", "aa."),
        (r"a", "a", "$0$0$$1", "aa$1"),
        (r"a", "a", "$ ${ ${} ${0", "$ ${ ${} ${0"),
        (r"(a)", "a", "$01|$9", "|"),
        (r"", "éa", "-", "-é-a-"),
        (r"a*", "baac", "x", "xbxcx"),
        (r"\b", "ab c", "|", "|ab| |c|"),
    ];
    for (pattern, text, replacement, want) in known {
        let pattern = Pattern::new(pattern).unwrap();
        let template = Template::new(replacement);
        let got = replace_all(&pattern, text, 1 << 20, |captures, out| {
            template.expand(captures, pattern.groups(), out);
            Ok(())
        });
        assert_eq!(got.unwrap().unwrap(), want, "{pattern:?} by {replacement}");
    }
}

/// Guarantees: without a match nothing is replaced, what is too long is an error, and errors of the caller come through.
#[test]
fn replacing_ends() {
    let pattern = Pattern::new("a").unwrap();
    let double = |_: &regex::Captures<'_>, out: &mut String| {
        out.push_str("aaaaaaaaaa");
        Ok(())
    };
    assert_eq!(replace_all(&pattern, "bcd", 5, double), Ok(None));
    let long = replace_all(&pattern, "abaca", 25, double);
    assert_eq!(long.unwrap_err(), "the replaced text is longer than 25 bytes");
    let failed = replace_all(&pattern, "a", 25, |_, _| Err("no".to_owned()));
    assert_eq!(failed.unwrap_err(), "no");
}

/// Guarantees: lists are ordered as numbers where all are, else by their texts; those of other kinds stay.
#[test]
fn lists() {
    let text = |text: &str| Value::String(text.to_owned());
    let (int, float) = (Value::Int, Value::Double);
    assert_eq!(
        sort(vec![int(3), int(-1), int(2)], false),
        vec![int(-1), int(2), int(3)]
    );
    assert_eq!(
        sort(vec![int(3), float(2.5), float(f64::INFINITY)], true),
        vec![float(f64::INFINITY), int(3), float(2.5)]
    );
    let first = sort(vec![float(1.0), float(f64::NAN)], false).remove(0);
    assert!(matches!(first, Value::Double(number) if number.is_nan()));
    assert_eq!(
        sort(
            vec![text("b"), int(10), int(9), Value::Bool(true), Value::Empty],
            false
        ),
        vec![Value::Empty, int(10), int(9), text("b"), Value::Bool(true)]
    );
    let mixed = vec![int(2), Value::Array(vec![]), int(1)];
    assert_eq!(sort(mixed.clone(), false), mixed);
}

proptest! {
    /// Guarantees: no pattern and no text makes globs, templates or cases panic, and a text of plain letters matches itself.
    #[test]
    fn nothing_panics(pattern in r"[a-c*?\[\]{},!\\é-]{0,12}|.*", text in ".*", plain in "[a-zé/ ]*") {
        if let Ok(glob) = Glob::new(&pattern) {
            glob.is_match(&text);
        }
        Template::new(&pattern);
        let _ = (camel(&text), snake(&text), upper(&text), lower(&text));
        prop_assert!(Glob::new(&plain).unwrap().is_match(&plain));
    }

    /// Guarantees: letters keep their number in upper and lower case.
    #[test]
    fn letters_keep_their_number(text in ".*") {
        prop_assert_eq!(upper(&text).chars().count(), text.chars().count());
        prop_assert_eq!(lower(&text).chars().count(), text.chars().count());
    }
}

//! JSON.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::ottl::go::json::{json_text, parse_json};
use crate::ottl::value::{Time, Value};
use crate::wire::Value as Stored;

/// Guarantees: values of every kind have the JSON text that the Collector's library gives them.
#[test]
fn texts() {
    let time = |seconds, zone| Value::Time(Time::from_unix(seconds, 5, zone));
    let pair = |key: &str, value| (key.to_owned(), value);
    let known = [
        (Value::Int(-5), "-5"),
        (Value::Bool(true), "true"),
        (Value::Float(1.0), "1"),
        (Value::Float(-0.0), "-0"),
        (Value::Float(1e-7), "1e-07"),
        (Value::Float(1.5e21), "1.5e+21"),
        (Value::Float(123456789.125), "123456789.125"),
        // Two texts are as short and as near; the even one is taken.
        (
            Value::Float(f64::from_bits(0xc31173e6e4be44ad)),
            "-1228127530357035.2",
        ),
        (
            Value::text("a<b>&\u{2028}\u{8}\n\"\\é\u{7f}"),
            "\"a\\u003cb\\u003e\\u0026\\u2028\\u0008\\n\\\"\\\\é\u{7f}\"",
        ),
        (Value::Duration(1_500), "1500"),
        (Value::Bytes(vec![1, 2].into()), "\"AQI=\""),
        (time(0, TimeZone::UTC), "\"1970-01-01T00:00:00.000000005Z\""),
        (Value::SpanId([1, 0, 0, 0, 0, 0, 0, 255]), "[1,0,0,0,0,0,0,255]"),
        (
            Value::List(vec![
                Stored::Empty,
                Stored::Bytes(vec![]),
                Stored::Bytes(vec![255]),
            ]),
            "[null,null,\"/w==\"]",
        ),
        (
            Value::Map(vec![
                pair("b", Stored::Int(1)),
                pair("a", Stored::Array(vec![])),
                pair("b", Stored::Int(2)),
            ]),
            "{\"a\":[],\"b\":2}",
        ),
    ];
    for (value, want) in known {
        assert_eq!(json_text(&value).unwrap(), want);
    }
}

/// Guarantees: what JSON cannot say is an error.
#[test]
fn texts_refused() {
    assert!(json_text(&Value::Float(f64::NAN)).is_err());
    assert!(json_text(&Value::List(vec![Stored::Double(f64::INFINITY)])).is_err());
    let late = Time::from_unix(253_402_300_800, 0, TimeZone::UTC);
    assert!(json_text(&Value::Time(late)).is_err());
    let nested = |depth| (1..depth).fold(Stored::Array(vec![]), |inner, _| Stored::Array(vec![inner]));
    let Stored::Array(list) = nested(30) else {
        unreachable!()
    };
    assert!(json_text(&Value::List(list)).is_ok());
    let Stored::Array(list) = nested(31) else {
        unreachable!()
    };
    assert!(json_text(&Value::List(list)).is_err());
}

/// Guarantees: JSON is read as leniently as the Collector's library reads it, and no more so.
#[test]
fn reading() {
    let float = |number| Stored::Array(vec![Stored::Double(number)]);
    let text = |text: &str| Stored::Array(vec![Stored::String(text.to_owned())]);
    let known = [
        ("[1]", float(1.0)),
        ("[01]", float(1.0)),
        ("[1.]", float(1.0)),
        ("[-1e5 ] ", float(-1e5)),
        ("[12345678901234567890]", float(12345678901234567000.0)),
        ("[1]\0 anything", float(1.0)),
        ("[\"a\u{1}\"]", text("a\u{1}")),
        (r#"["\u00e9\ud83d\ude00\/\n"]"#, text("é😀/\n")),
        (r#"["\ud800\udc0x"]"#, Stored::Empty),
        (
            r#"["\ud800x\udc00\ud83d\u0041"]"#,
            text("\u{fffd}x\u{fffd}\u{fffd}A"),
        ),
        (
            "[true,false,null]",
            Stored::Array(vec![Stored::Bool(true), Stored::Bool(false), Stored::Empty]),
        ),
        (
            r#" {"b":[],"a":{},"b":1}"#,
            Stored::KeyValueList(vec![
                ("b".to_owned(), Stored::Double(1.0)),
                ("a".to_owned(), Stored::KeyValueList(vec![])),
            ]),
        ),
    ];
    for (json, want) in known {
        match want {
            Stored::Empty => assert!(parse_json(json).is_err(), "{json}"),
            want => assert_eq!(parse_json(json).unwrap(), want, "{json}"),
        }
    }
}

/// Guarantees: what is no object and no list, or has something behind it, is refused.
#[test]
fn reading_refused() {
    let wrong = [
        "",
        " ",
        "1",
        "\"x\"",
        "null",
        "[1",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\":1,}",
        "{\"a\"}",
        "{a:1}",
        "{} x",
        "[1e999]",
        "[+1]",
        "[.5]",
        "[-]",
        "[nul]",
        "[NaN]",
        "[\"\\x\"]",
        "[\"\\u12\"]",
        "[\"a",
        "[1]]",
        "[1\u{b}]",
        "\u{feff}[]",
    ];
    for json in wrong {
        assert!(parse_json(json).is_err(), "{json}");
    }
    let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse_json(&nested(30)).is_ok());
    assert_eq!(
        parse_json(&nested(31)).unwrap_err(),
        "json is nested deeper than 30"
    );
    assert!(parse_json(&"{\"a\":".repeat(100_000)).is_err());
}

/// Values whose JSON tells them whole.
fn value() -> impl Strategy<Value = Stored> {
    let leaf = prop_oneof![
        Just(Stored::Empty),
        any::<bool>().prop_map(Stored::Bool),
        (proptest::num::f64::NORMAL | proptest::num::f64::ZERO).prop_map(Stored::Double),
        ".*".prop_map(Stored::String),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Stored::Array),
            proptest::collection::btree_map("[a-é<]{0,3}", inner, 0..5)
                .prop_map(|pairs| Stored::KeyValueList(pairs.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Guarantees: what is written is read again, but for zero bytes, which JSON escapes.
    #[test]
    fn round_trip(items in proptest::collection::vec(value(), 0..5)) {
        let text = json_text(&Value::List(items.clone())).unwrap();
        prop_assert_eq!(parse_json(&text), Ok(Stored::Array(items)));
    }

    /// Guarantees: whatever another reader of JSON takes, this one takes.
    #[test]
    fn takes_what_is_json(text in r#"[\[\]{}:,"a10.e\- ]{0,16}"#) {
        if let Ok(serde_json::Value::Array(_) | serde_json::Value::Object(_)) = serde_json::from_str(&text) {
            prop_assert!(parse_json(&text).is_ok(), "{}", text);
        }
    }

    /// Guarantees: no text makes it panic.
    #[test]
    fn nothing_panics(text in r#"[\[\]{}:,"a\\u10.eé\- ]{0,24}|.*"#) {
        let _ = parse_json(&text);
    }
}

//! Formats.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use crate::ottl::go::format::sprintf;
use crate::ottl::value::{Time, Value};
use crate::wire::Value as Stored;

fn text(text: &str) -> Value<'_> {
    Value::text(text)
}

/// Guarantees: whole numbers are written by every verb, flag, width and precision as Go writes them.
#[test]
fn ints() {
    let known = [
        ("%d", 42, "42"),
        ("%+d", 42, "+42"),
        ("% d", 42, " 42"),
        ("%5d|", 42, "   42|"),
        ("%-5d|", 42, "42   |"),
        ("%05d", -42, "-0042"),
        ("%.5d", 42, "00042"),
        ("%8.5d", 42, "   00042"),
        ("%.0d|", 0, "|"),
        ("%x %[1]X %#[1]x", 255, "ff FF 0xff"),
        ("%o %#[1]o %O", 8, "10 010 %!O(MISSING)"),
        ("%b", -5, "-101"),
        ("%c%[1]U%#[1]U", 0x1F600, "😀U+1F600U+1F600 '😀'"),
        ("%q %+[1]q", 0xe9, "'é' '\\u00e9'"),
        ("%v %#[1]v %T", 7, "7 7 %!T(MISSING)"),
        ("%T", 7, "int64"),
        ("%s", 7, "%!s(int64=7)"),
        ("%c", -1, "\u{fffd}"),
    ];
    for (format, number, want) in known {
        assert_eq!(sprintf(format, &[Value::Int(number)]).unwrap(), want, "{format}");
    }
}

/// Guarantees: floating point numbers are written by every verb as Go writes them.
#[test]
fn floats() {
    let known = [
        ("%v", 1.0, "1"),
        ("%v", 1e6, "1e+06"),
        ("%v", 123456.0, "123456"),
        ("%v", 1e20, "1e+20"),
        ("%v", 0.0001, "0.0001"),
        ("%v", 0.00001, "1e-05"),
        ("%f", 2.5, "2.500000"),
        ("%.0f", 2.5, "2"),
        ("%8.2f|", -1.005, "   -1.00|"),
        ("%08.2f", -1.005, "-0001.00"),
        ("%+.1e", 12345.0, "+1.2e+04"),
        ("%E", 0.0, "0.000000E+00"),
        ("%.3g", 100000.0, "1e+05"),
        ("%#.3g", 1.0, "1.00"),
        ("%g", f64::INFINITY, "+Inf"),
        ("%06v", f64::NEG_INFINITY, "  -Inf"),
        ("%5v", f64::NAN, "  NaN"),
        ("%x", 1.5, "0x1.8p+00"),
        ("%.0X", 1.96875, "0X1P+01"),
        ("%b", 1.0, "4503599627370496p-52"),
        ("%d", 1.5, "%!d(float64=1.5)"),
    ];
    for (format, number, want) in known {
        assert_eq!(
            sprintf(format, &[Value::Float(number)]).unwrap(),
            want,
            "{format}"
        );
    }
}

/// Guarantees: texts, bytes and values that have texts are written as Go writes them.
#[test]
fn texts() {
    let id = || Value::SpanId([1, 0, 0, 0, 0, 0, 0, 255]);
    let bytes = || Value::Bytes(vec![97, 255].into());
    let known = [
        (
            "%s|%5s|%-5s|",
            vec![text("é"), text("é"), text("é")],
            "é|    é|é    |",
        ),
        ("%.1s", vec![text("éa")], "é"),
        ("%05s", vec![text("a")], "0000a"),
        ("%q", vec![text("a\"\u{7f}\n\u{a0}é")], r#""a\"\x7f\n\u00a0é""#),
        ("%+q %#q", vec![text("é"), text("a\"b")], "\"\\u00e9\" `a\"b`"),
        (
            "%x|% X|%#x",
            vec![text("hé"), text("hé"), text("hé")],
            "68c3a9|68 C3 A9|0x68c3a9",
        ),
        ("%#v", vec![text("a")], "\"a\""),
        ("%t", vec![text("x")], "%!t(string=x)"),
        (
            "%v %s %x %q",
            vec![bytes(), bytes(), bytes(), bytes()],
            "[97 255] a\u{fffd} 61ff \"a\\xff\"",
        ),
        (
            "%#v %t",
            vec![bytes(), bytes()],
            "[]byte{0x61, 0xff} [%!t(uint8=97) %!t(uint8=255)]",
        ),
        ("%v %s", vec![id(), Value::TraceId([0; 16])], "01000000000000ff "),
        ("%d", vec![id()], "[1 0 0 0 0 0 0 255]"),
        ("%x", vec![id()], "30313030303030303030303030306666"),
        (
            "%v %d %t",
            vec![Value::Duration(90_000_000_000); 3],
            "1m30s 90000000000 %!t(time.Duration=90000000000)",
        ),
        ("%t %v", vec![Value::Bool(true), Value::Bool(false)], "true false"),
        (
            "%v %d %5v|",
            vec![Value::Nil, Value::Nil, Value::Nil],
            "<nil> %!d(<nil>) <nil>|",
        ),
        (
            "%v",
            vec![Value::List(vec![Stored::Int(1), Stored::Empty])],
            "[1,null]",
        ),
        (
            "%s",
            vec![Value::Map(vec![("a".to_owned(), Stored::Bool(true))])],
            "{\"a\":true}",
        ),
        (
            "%v",
            vec![Value::Time(Time::from_unix(0, 500_000_000, TimeZone::UTC))],
            "1970-01-01 00:00:00.5 +0000 UTC",
        ),
    ];
    for (format, values, want) in known {
        assert_eq!(sprintf(format, &values).unwrap(), want, "{format}");
    }
}

/// Guarantees: what is wrong with a format stands in the text.
#[test]
fn faults() {
    let int = Value::Int;
    let known = [
        ("%", vec![], "%!(NOVERB)"),
        ("100%%", vec![], "100%"),
        ("%d", vec![], "%!d(MISSING)"),
        (
            "%d",
            vec![int(1), text("x"), Value::Nil],
            "1%!(EXTRA string=x, <nil>)",
        ),
        ("%z", vec![int(1)], "%!z(int64=1)"),
        ("%é", vec![int(1)], "%!é(int64=1)"),
        ("%[2]d %[1]d", vec![int(1), int(2)], "2 1"),
        ("%[3]d", vec![int(1)], "%!d(BADINDEX)"),
        ("%[x]d", vec![int(1)], "%!d(BADINDEX)"),
        ("%[1]5d", vec![int(1)], "%!d(BADINDEX)"),
        ("%*d", vec![int(4), int(7)], "   7"),
        ("%*d", vec![int(-4), int(7)], "7   "),
        ("%[2]*[1]d", vec![int(7), int(4)], "   7"),
        ("%*d", vec![text("x"), int(7)], "%!(BADWIDTH)7"),
        ("%*d", vec![int(1_000_001), int(7)], "%!(BADWIDTH)7"),
        ("%.*d", vec![int(-1), int(7)], "%!(BADPREC)7"),
        ("%99999999d", vec![int(7)], "%!(NOVERB)%!(EXTRA int64=7)"),
    ];
    for (format, values, want) in known {
        assert_eq!(sprintf(format, &values).unwrap(), want, "{format}");
    }
}

/// Guarantees: nothing is written beyond the limit, whatever the widths.
#[test]
fn limit() {
    let long = sprintf(&"%1000000d".repeat(2), &[Value::Int(1), Value::Int(2)]);
    assert_eq!(
        long.unwrap_err(),
        "the formatted text is longer than 1048576 bytes"
    );
    let bytes = Value::Bytes(vec![1; 100_000].into());
    assert!(sprintf("%1000000d", &[bytes]).is_err());
    assert_eq!(
        sprintf("%.1000000f", &[Value::Float(0.1)]).unwrap().len(),
        1_000_002
    );
    assert_eq!(
        sprintf("%1000000e", &[Value::Float(0.1)]).unwrap().len(),
        1_000_000
    );
}

proptest! {
    /// Guarantees: no format makes it panic, and what holds no `%` stays.
    #[test]
    fn nothing_panics(
        format in r"(%[-+# 0]{0,2}([0-9*]{0,3}|\[[0-9x]?\]?)(\.[0-9*]{0,2})?[a-zA-Z%é]?){0,4}|.*",
        number: i64,
        float: f64,
        text in ".*",
    ) {
        let values = [
            Value::Int(number),
            Value::Float(float),
            Value::Text(text.clone().into()),
            Value::Bytes(text.into_bytes().into()),
            Value::Duration(number),
        ];
        let written = sprintf(&format, &values);
        if !format.contains('%') {
            prop_assert!(written.unwrap().starts_with(&format));
        }
    }
}

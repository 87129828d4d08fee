//! Numbers and durations.

use proptest::prelude::*;

use crate::ottl::go::duration::{duration_text, parse_duration};
use crate::ottl::go::number::{parse_bool, parse_float, parse_int, whole};

/// Guarantees: a floating point number is cut to a whole one towards zero; what none holds is the least.
#[test]
fn cut_numbers() {
    for (number, want) in [
        (1.9, 1),
        (-1.9, -1),
        (-(2f64.powi(63)), i64::MIN),
        (9_223_372_036_854_774_784.0, 9_223_372_036_854_774_784),
        (2f64.powi(63), i64::MIN),
        (-1e300, i64::MIN),
        (f64::INFINITY, i64::MIN),
        (f64::NAN, i64::MIN),
    ] {
        assert_eq!(whole(number), want, "{number}");
    }
}

/// Guarantees: whole numbers are read in every base as Go reads them, with prefixes and underscores only in base 0.
#[test]
fn ints() {
    let known = [
        ("12", 10, Some(12)),
        ("-12", 10, Some(-12)),
        ("+7", 10, Some(7)),
        ("", 10, None),
        ("+", 10, None),
        ("1_0", 10, None),
        ("1.5", 10, None),
        ("zz", 36, Some(1295)),
        ("0x10", 16, None),
        ("0x10", 0, Some(16)),
        ("-0x_8", 0, Some(-8)),
        ("0b101", 0, Some(5)),
        ("0o17", 0, Some(15)),
        ("017", 0, Some(15)),
        ("0_17", 0, Some(15)),
        ("08", 0, None),
        ("0", 0, Some(0)),
        ("0x", 0, None),
        ("1__0", 0, None),
        ("_1", 0, None),
        ("1_", 0, None),
        ("9223372036854775807", 10, Some(i64::MAX)),
        ("-9223372036854775808", 10, Some(i64::MIN)),
    ];
    for (text, base, want) in known {
        assert_eq!(parse_int(text, base).ok(), want, "{text} in base {base}");
    }
    assert_eq!(
        parse_int("9223372036854775808", 10).unwrap_err(),
        r#"parsing "9223372036854775808": value out of range"#
    );
    assert_eq!(parse_int("1", 37).unwrap_err(), r#"parsing "1": invalid base 37"#);
    assert_eq!(parse_int("1", 1).unwrap_err(), r#"parsing "1": invalid base 1"#);
}

/// Guarantees: floating point numbers are read to the last bit as Go reads them, and too large ones are refused.
#[test]
fn floats() {
    let known = [
        ("1.5", Some(1.5)),
        (".5", Some(0.5)),
        ("5.", Some(5.0)),
        ("1e3", Some(1000.0)),
        ("1_000.5", Some(1000.5)),
        ("0x1p-1074", Some(5e-324)),
        ("0x1p-1075", Some(0.0)),
        ("0x1.8p-1075", Some(5e-324)),
        ("0x1.fffffffffffff7p1023", Some(f64::MAX)),
        ("0x1.fffffffffffff8p1023", None),
        ("0x_1p0", Some(1.0)),
        ("1e309", None),
        ("1e-400", Some(0.0)),
        ("inf", Some(f64::INFINITY)),
        ("-Infinity", Some(f64::NEG_INFINITY)),
        ("0x1", None),
        ("1__0", None),
        ("+nan", None),
        ("", None),
        (".", None),
        ("e5", None),
        (" 1", None),
    ];
    for (text, want) in known {
        assert_eq!(parse_float(text).ok(), want, "{text}");
    }
    assert!(parse_float("NaN").unwrap().is_nan());
    assert!(parse_float("-0").unwrap().is_sign_negative());
}

/// Guarantees: only the words that Go knows are truth values.
#[test]
fn bools() {
    for word in ["1", "t", "T", "TRUE", "true", "True"] {
        assert_eq!(parse_bool(word), Some(true));
    }
    for word in ["0", "f", "F", "FALSE", "false", "False"] {
        assert_eq!(parse_bool(word), Some(false));
    }
    for word in ["", "yes", "tRUE", " true"] {
        assert_eq!(parse_bool(word), None);
    }
}

/// Guarantees: durations are read with all units and fractions, up to the ends of their range.
#[test]
fn durations() {
    let known = [
        ("0", Some(0)),
        ("-0", Some(0)),
        ("1h15m30.918s", Some(4_530_918_000_000)),
        ("-1.5h", Some(-5_400_000_000_000)),
        ("1µs1μs1us", Some(3_000)),
        (".5s", Some(500_000_000)),
        ("1.s", Some(1_000_000_000)),
        ("0.9223372036854775807h", Some(3_320_413_933_267)),
        ("-9223372036854775808ns", Some(i64::MIN)),
        ("9223372036854775808ns", None),
        ("2562047h47m16.854775808s", None),
        ("", None),
        ("-", None),
        ("1", None),
        (".s", None),
        ("1d", None),
        ("1s ", None),
    ];
    for (text, want) in known {
        assert_eq!(parse_duration(text).ok(), want, "{text}");
    }
    assert_eq!(
        parse_duration("3x").unwrap_err(),
        r#"unknown unit "x" in duration "3x""#
    );
}

/// Guarantees: durations are shown in the unit that fits.
#[test]
fn duration_texts() {
    let known = [
        (0, "0s"),
        (1, "1ns"),
        (-1_100, "-1.1µs"),
        (2_200_000, "2.2ms"),
        (3_300_000_000, "3.3s"),
        (60_000_000_000, "1m0s"),
        (-5_400_000_000_000, "-1h30m0s"),
        (i64::MIN, "-2562047h47m16.854775808s"),
    ];
    for (nanoseconds, want) in known {
        assert_eq!(duration_text(nanoseconds), want);
    }
}

proptest! {
    /// Guarantees: every duration is read back from its text.
    #[test]
    fn durations_round_trip(nanoseconds: i64) {
        prop_assert_eq!(parse_duration(&duration_text(nanoseconds)), Ok(nanoseconds));
    }

    /// Guarantees: every number is read back from its text in every base that Rust writes.
    #[test]
    fn ints_round_trip(number: i64) {
        prop_assert_eq!(parse_int(&number.to_string(), 10), Ok(number));
        prop_assert_eq!(parse_int(&format!("{:#x}", number >> 1 & i64::MAX), 0), Ok(number >> 1 & i64::MAX));
    }

    /// Guarantees: a floating point number is read back from its text, to the last bit.
    #[test]
    fn floats_round_trip(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
        prop_assert_eq!(parse_float(&format!("{number:e}")), Ok(number));
    }

    /// Guarantees: no text makes any of them panic.
    #[test]
    fn nothing_panics(text in "[-+0-9._xpeénsmhµ]{0,24}|.*", base in 0u32..40) {
        let _ = (parse_int(&text, base), parse_float(&text), parse_duration(&text));
    }
}

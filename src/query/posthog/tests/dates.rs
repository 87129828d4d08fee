use serde_json::{Value, json};

use super::super::dates::{DateRange, Window, iso};

/// A Friday.
const NOW: &str = "2026-11-20T16:53:04.123456789Z";

fn window(range: &Value) -> Option<Window> {
    let range: DateRange = serde_json::from_value(range.clone()).unwrap();
    range.window("-1h", iso(NOW).unwrap()).ok()
}

/// Guarantees: each form of a date means this moment; a lower-case `m` is minutes, and months with a boundary.
#[test]
fn dates() {
    for (text, expected) in [
        ("-1h", "2026-11-20T15:53:04.123456789"),
        ("1h", "2026-11-20T15:53:04.123456789"),
        (" -30m ", "2026-11-20T16:23:04.123456789"),
        ("-30M", "2026-11-20T16:23:04.123456789"),
        ("-90s", "2026-11-20T16:51:34.123456789"),
        ("-2W", "2026-11-06T16:53:04.123456789"),
        ("-0d", "2026-11-20T16:53:04.123456789"),
        ("-1q", "2026-08-20T16:53:04.123456789"),
        ("-2y", "2024-11-20T16:53:04.123456789"),
        ("dStart", "2026-11-20"),
        ("-1dStart", "2026-11-19"),
        ("-1dEnd", "2026-11-19T23:59:59.999999"),
        ("hStart", "2026-11-20T16:00"),
        ("-1hEnd", "2026-11-20T15:59:59.999999"),
        ("wStart", "2026-11-15"),
        ("-1wEnd", "2026-11-14T23:59:59.999999"),
        ("mStart", "2026-11-01"),
        ("-9mStart", "2026-02-01"),
        ("-9mEnd", "2026-02-28T23:59:59.999999"),
        ("-1MStart", "2026-11-20T16:52:00"),
        ("qStart", "2026-10-01"),
        ("-1qEnd", "2026-09-30T23:59:59.999999"),
        ("yStart", "2026-01-01"),
        ("-1yEnd", "2025-12-31T23:59:59.999999"),
        ("-4000000000d", "1970-01-01"),
        ("-99999999999999999999y", "1970-01-01"),
        ("2026-11-20", "2026-11-20T00:00:00Z"),
        ("2026-11-20 10:30", "2026-11-20T10:30:00"),
        ("2026-11-20T10:30:15.25", "2026-11-20T10:30:15.250"),
        ("2026-11-20T10:30:15z", "2026-11-20T10:30:15"),
        ("2026-11-20T10:30:15+09:00", "2026-11-20T01:30:15"),
        ("2026-11-20T05:00-0830", "2026-11-20T13:30:00"),
        ("1900-01-01", "1970-01-01"),
    ] {
        let found = window(&json!({ "date_from": text })).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(found.from, iso(expected), "{text}");
    }
}

/// Guarantees: nothing else is a date.
#[test]
fn what_is_no_date() {
    for text in [
        "now",
        "h",
        "-",
        "--1h",
        "-1x",
        "-1hour",
        "1.5h",
        "-1dstart",
        "Start",
        "-1dStartEnd",
        "2026",
        "2026-02-30",
        "2026-11-20T",
        "2026-11-20T24:30",
        "11/20/2026",
        "1763657584",
        "-1d-1h",
        "é",
        "-1é",
        "+1h",
    ] {
        assert_eq!(window(&json!({ "date_from": text })), None, "{text}");
        assert_eq!(window(&json!({ "date_to": text })), None, "{text}");
    }
    assert_eq!(window(&json!({ "date_to": "all" })), None);
}

/// Guarantees: a window without an end ends now, one without a beginning begins with the default, and one with an end
/// before its beginning is refused.
#[test]
fn windows() {
    let now = iso(NOW);
    let hour = iso("2026-11-20T15:53:04.123456789");
    for (range, from, to) in [
        (json!(null), hour, now),
        (json!("-7d"), hour, now),
        (json!({ "date_from": null, "date_to": "" }), hour, now),
        (json!({ "date_from": "all" }), None, now),
        (json!({ "date_from": "all", "date_to": "-1h" }), None, hour),
        (
            json!({ "date_to": "2026-11-20T16:00" }),
            hour,
            iso("2026-11-20T16:00"),
        ),
        (json!({ "date_from": "-1h", "date_to": "-1h" }), hour, hour),
        (json!({ "date_from": "2030-01-01" }), now, now),
        (
            json!({ "date_from": "2030-01-01", "date_to": "9999-12-31" }),
            iso("2030-01-01"),
            Some(u64::MAX),
        ),
    ] {
        assert_eq!(window(&range), Some(Window { from, to }), "{range}");
    }
    for range in [
        json!({ "date_to": "2026-11-20" }),
        json!({ "date_from": "-1h", "date_to": "-2h" }),
        json!({ "date_from": "2026-11-20T10:00:00Z", "date_to": "2026-11-20T09:00:00Z" }),
    ] {
        assert_eq!(window(&range), None, "{range}");
    }
}

//! Facts recorded from Go and the Collector, and what holds for all times.

use jiff::tz::{Offset, TimeZone};
use proptest::prelude::*;

use super::{Civil, Layout, TimeFormat, TimeParser};
use crate::ottl::value::Time;

const BILLION: i64 = 1_000_000_000;

fn utc(seconds: i64, nanoseconds: i64) -> Time {
    Time::from_unix(seconds, nanoseconds, TimeZone::UTC)
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// The text of what is read, on the first of March 2026 in UTC.
fn read(format: &str, text: &str, location: &str, locale: Option<&str>) -> Result<String, String> {
    let now = utc(1_772_366_400, 0);
    let parser = TimeParser::new(format, Some(location), locale, &TimeZone::UTC)?;
    parser.parse(text, &now).map(|time| time.text())
}

/// Guarantees: calendar, clock and offset are those of Go, also far from now.
#[test]
fn texts() {
    let known = [
        (0, 5, "UTC", "1970-01-01 00:00:00.000000005 +0000 UTC"),
        (
            1_700_000_000,
            120_000_000,
            "Europe/Berlin",
            "2023-11-14 23:13:20.12 +0100 CET",
        ),
        (
            1_690_000_000,
            0,
            "America/New_York",
            "2023-07-22 00:26:40 -0400 EDT",
        ),
        (
            1_690_000_000,
            0,
            "America/Sao_Paulo",
            "2023-07-22 01:26:40 -0300 -03",
        ),
        (-62_135_596_800, 0, "UTC", "0001-01-01 00:00:00 +0000 UTC"),
        (-62_167_219_201, 0, "UTC", "-0001-12-31 23:59:59 +0000 UTC"),
        (
            253_419_580_799,
            0,
            "Europe/Berlin",
            "10000-07-19 01:59:59 +0200 CEST",
        ),
        (
            -1_099_511_627_776,
            0,
            "Europe/Berlin",
            "-32873-11-13 00:17:12 +0053 LMT",
        ),
        (
            1_125_899_906_842_624,
            0,
            "Europe/Berlin",
            "35680317-09-25 20:57:04 +0200 CEST",
        ),
    ];
    for (seconds, nanos, name, want) in known {
        assert_eq!(Time::from_unix(seconds, nanos, zone(name)).text(), want);
    }
    let fixed = TimeZone::fixed(Offset::from_seconds(-12_600).unwrap());
    assert_eq!(
        Time::from_unix(0, 0, fixed).text(),
        "1969-12-31 20:30:00 -0330 -0330"
    );
}

/// Guarantees: sums, differences and rounding are those of Go.
#[test]
fn arithmetic() {
    let time = utc(1_700_000_000, 999_999_999);
    let later = time.plus(2);
    assert_eq!((later.seconds, later.nanos), (1_700_000_001, 1));
    assert_eq!(later.minus_time(&time), 2);
    assert_eq!(time.minus_time(&later), -2);
    assert_eq!(utc(i64::MAX / 2, 0).minus_time(&utc(0, 0)), i64::MAX);
    assert_eq!(utc(i64::MIN / 2, 0).minus_time(&utc(0, 0)), i64::MIN);
    assert_eq!(utc(1, -1).unix_nanos(), 999_999_999);
    assert_eq!(utc(-1, 5).unix_nanos(), -999_999_995);
    // A week is counted from the first day of the year 1, a Monday.
    let week = time.truncate(7 * 24 * 3600 * BILLION);
    assert_eq!(week.text(), "2023-11-13 00:00:00 +0000 UTC");
    assert_eq!(
        utc(-1, 0).truncate(60 * BILLION).text(),
        "1969-12-31 23:59:00 +0000 UTC"
    );
    for nothing in [0, -5, i64::MIN] {
        assert_eq!(time.truncate(nothing).nanos, 999_999_999);
    }
    let (first, last) = (utc(i64::MIN, 0).plus(-1), utc(i64::MAX, 0).plus(i64::MAX));
    assert!(first.seconds < 0 && last.seconds > 0);
}

/// Guarantees: clocks that are put forward or back show what Go takes them to show.
#[test]
fn clocks_that_change() {
    let at = |hour, month, day| {
        let civil = Civil {
            year: 2024,
            month,
            day,
            hour,
            minute: 30,
            second: 0,
        };
        Time::from_civil(&civil, 0, zone("Europe/Berlin")).text()
    };
    assert_eq!(at(1, 3, 31), "2024-03-31 01:30:00 +0100 CET");
    assert_eq!(at(2, 3, 31), "2024-03-31 03:30:00 +0200 CEST");
    assert_eq!(at(2, 10, 27), "2024-10-27 02:30:00 +0100 CET");
    assert_eq!(at(0, 2, 30), "2024-03-01 00:30:00 +0100 CET");
}

/// Guarantees: each directive is written as the Collector writes it.
#[test]
fn formats() {
    let time = Time::from_unix(1_704_164_645, 123_400_000, zone("Europe/Berlin"));
    let known = [
        ("%Y-%m-%d %H:%M:%S.%L", "2024-01-02 04:04:05.123"),
        ("%y %q %o %g|%e|", "24 1 _1 2| 2|"),
        ("%a %A %b %h %B", "Tue Tuesday Jan Jan January"),
        ("%I:%M %p %l %P %r %R", "04:04 AM 4 am 04:04:05 am 04:04"),
        ("%S,%f %S.%s", "05,1234 05.1234"),
        ("%z %Z %i %j %k %w", "+0100 CET +01 +01:00 +01:00:00 +010000"),
        (
            "%F %T|%D %x %X|%c",
            "2024-01-02 04:04:05|01/02/2024 01/02/2024 04:04:05|Tue Jan 02 04:04:05 2024",
        ),
        ("%n%t%%", "\n\t%"),
        // Words of Go's layouts act as such.
        (
            "Mon Monday MST Z PM, Mond Janu",
            "Tue Tuesday CET Z AM, Mond Janu",
        ),
    ];
    for (format, want) in known {
        assert_eq!(TimeFormat::new(format).unwrap().format(&time), want, "{format}");
    }
    assert_eq!(
        TimeFormat::new("%H:%M:%S.%L%z").unwrap().format(&utc(0, 0)),
        "00:00:00Z"
    );
}

/// Guarantees: formats that the Collector refuses are refused, and the error names what is wrong.
#[test]
fn formats_refused() {
    let known = [
        ("", "time format cannot be empty"),
        (
            "%C %Y %E",
            r#"invalid time format "%C %Y %E": unknown directive %C, %E"#,
        ),
        ("2006-%m", r#"invalid time format "2006-%m": it holds digits"#),
        (
            "%S:%L",
            r#"invalid time format "%S:%L": a fraction of a second must stand behind '.' or ','"#,
        ),
    ];
    for (format, want) in known {
        assert_eq!(TimeFormat::new(format).unwrap_err(), want);
    }
    assert!(TimeFormat::new("%L 100%").is_err());
    assert!(TimeFormat::new("%L all %").is_ok());
    assert!(TimeFormat::new(&"%Y".repeat(101)).is_err());
    let parser = |location, locale| TimeParser::new("%Y", location, locale, &TimeZone::UTC);
    for location in ["Mars/Base", "europe/berlin", "../etc/passwd"] {
        assert!(parser(Some(location), None).is_err(), "{location}");
    }
    let locale = parser(None, Some("xx")).unwrap_err();
    assert_eq!(
        locale,
        "unsupported locale 'xx', value must be a supported BCP 47 language tag"
    );
}

/// Guarantees: texts are read as leniently as the Collector reads them.
#[test]
fn readings() {
    let known = [
        (
            "%Y-%m-%dT%H:%M:%S%z",
            "2007-04-05T06:07:08-10:00",
            "2007-04-05 06:07:08 -1000 -1000",
        ),
        (
            "%Y-%m-%dT%H:%M:%S%z",
            "2007-4-5T6:7:8  -10",
            "2007-04-05 06:07:08 -1000 -1000",
        ),
        (
            "%Y-%m-%dT%H:%M:%S%z",
            "2007-04-05T12:30:46+0000",
            "2007-04-05 12:30:46 +0000 UTC",
        ),
        (
            "%Y%m%d%H%M%S",
            "2023 02 03 05 06 07",
            "2023-02-03 05:06:07 +0000 UTC",
        ),
        ("%DT%T", "4/5/07T12:30:46", "2007-04-05 12:30:46 +0000 UTC"),
        ("%DT%T", "04/05/2007T12:30:46", "2007-04-05 12:30:46 +0000 UTC"),
        ("%c", "Thu Apr 5 13:30:46 2007", "2007-04-05 13:30:46 +0000 UTC"),
        (
            "%Y-%m-%d %I:%M:%S %p",
            "2023-02-03 12:6:7 AM",
            "2023-02-03 00:06:07 +0000 UTC",
        ),
        ("%y %B %d", "69 FEBRUARY 1", "1969-02-01 00:00:00 +0000 UTC"),
        ("%y %B %d", "68 february 1", "2068-02-01 00:00:00 +0000 UTC"),
        (
            "%F %T",
            "2024-01-02 03:04:05.678",
            "2024-01-02 03:04:05.678 +0000 UTC",
        ),
        ("%F %T.%L", "2024-01-02 03:04:05", "2024-01-02 03:04:05 +0000 UTC"),
        (
            "%F %T.%L",
            "2024-01-02 03:04:05.123456789123",
            "2024-01-02 03:04:05.123456789 +0000 UTC",
        ),
        (
            "%F %T %Z",
            "2024-01-02 03:04:05 EST",
            "2024-01-02 03:04:05 -0500 EST",
        ),
        (
            "%F %T %Z",
            "2024-07-02 03:04:05 CET",
            "2024-07-02 04:04:05 +0200 CEST",
        ),
        (
            "%F %T %Z",
            "2024-01-02 03:04:05 GMT+3",
            "2024-01-02 06:04:05 +0300 GMT+3",
        ),
        // The year is this one, or the last where it would be more than a week ahead.
        ("%b %d %H:%M", "Mar 8 00:00", "2026-03-08 00:00:00 +0000 UTC"),
        ("%b %d %H:%M", "Mar 9 00:00", "2025-03-09 00:00:00 +0000 UTC"),
    ];
    for (format, text, want) in known {
        assert_eq!(
            read(format, text, "UTC", None).as_deref(),
            Ok(want),
            "{text} by {format}"
        );
    }
}

/// Guarantees: texts of no zone are of the given one, those of its own offset or name too; GMT counts its hours as shown.
#[test]
fn zones() {
    let known = [
        ("%F %R", "2024-07-02 03:04", "2024-07-02 03:04:00 +0200 CEST"),
        (
            "%F %R %z",
            "2024-07-02 03:04 +02:00",
            "2024-07-02 03:04:00 +0200 CEST",
        ),
        (
            "%F %R %z",
            "2024-07-02 03:04 +01:00",
            "2024-07-02 03:04:00 +0100 +0100",
        ),
        (
            "%F %R %Z",
            "2024-07-02 03:04 CEST",
            "2024-07-02 03:04:00 +0200 CEST",
        ),
        (
            "%F %R %Z",
            "2024-07-02 03:04 UTC",
            "2024-07-02 03:04:00 +0000 UTC",
        ),
    ];
    for (format, text, want) in known {
        assert_eq!(
            read(format, text, "Europe/Berlin", None).as_deref(),
            Ok(want),
            "{text} by {format}"
        );
    }
    let unknown = read("%F %Z", "2024-01-02 PST", "UTC", None).unwrap_err();
    assert_eq!(unknown, "failed to load location PST: unknown time zone PST");
    // A format that ends in the letter Z makes it UTC, else it is the zone of the machine.
    let (berlin, now) = (zone("Europe/Berlin"), utc(0, 0));
    let shown = |format, text| {
        let parser = TimeParser::new(format, None, None, &berlin).unwrap();
        parser.parse(text, &now).unwrap().text()
    };
    assert_eq!(shown("%FZ", "2024-01-02Z"), "2024-01-02 00:00:00 +0000 UTC");
    assert_eq!(shown("%F", "2024-01-02"), "2024-01-02 00:00:00 +0100 CET");
}

/// Guarantees: texts that are no times are refused, and the error names the directive or the field.
#[test]
fn readings_refused() {
    let known = [
        (
            "%F",
            "2024-02-30",
            r#"parsing time "2024-02-30" as "%F": day out of range"#,
        ),
        (
            "%Y-%m",
            "2024-13",
            r#"parsing time "2024-13" as "%Y-%m": month out of range"#,
        ),
        (
            "%R",
            "24:00",
            r#"parsing time "24:00" as "%R": hour out of range"#,
        ),
        (
            "%R",
            "12:60",
            r#"parsing time "12:60" as "%R": minute out of range"#,
        ),
        ("%Y", "2024 ", r#"parsing time "2024 " as "%Y": extra text"#),
        (
            "%Y %b",
            "2024 Foo",
            r#"parsing time "2024 Foo" as "%Y %b": cannot parse "Foo" as "%b""#,
        ),
        (
            "%Y/%m",
            "2024-01",
            r#"parsing time "2024-01" as "%Y/%m": cannot parse "-01" as "/""#,
        ),
        ("%Y", "", "time cannot be empty"),
    ];
    for (format, text, want) in known {
        assert_eq!(read(format, text, "UTC", None).unwrap_err(), want);
    }
    assert!(read("%Y", &" ".repeat(5000), "UTC", None).is_err());
}

/// Guarantees: a text with many ways to be read takes bounded work, where the Collector does not come back.
#[test]
fn readings_are_bounded() {
    let why = read("%S:%M:%S", "5:5: x", "UTC", None).unwrap_err();
    assert!(why.contains("%S") || why.contains("ways"), "{why}");
    let why = read("%H-%q%g %S.%L/%k", "11- 52 00/+01:00:00", "UTC", None).unwrap_err();
    assert!(why.contains("more than 64 ways"), "{why}");
}

/// Guarantees: names of other languages are understood, in any case, the longest first.
#[test]
fn locales() {
    let known = [
        (
            "es-ES",
            "%B %d %A, %Y, %r",
            "Febrero 25 jueves, 1993, 02:03:04 p.m.",
            "1993-02-25 14:03:04 +0000 UTC",
        ),
        (
            "it-IT",
            "%A %h %e %Y",
            "mercoledì set 4 2024",
            "2024-09-04 00:00:00 +0000 UTC",
        ),
        (
            "de",
            "%d. %B %Y",
            "12. März 2024",
            "2024-03-12 00:00:00 +0000 UTC",
        ),
        (
            "fr",
            "%d %B %Y %R",
            "3 AOÛT 2024 07:08",
            "2024-08-03 07:08:00 +0000 UTC",
        ),
        ("ru", "%d %B %Y", "9 мая 2024", "2024-05-09 00:00:00 +0000 UTC"),
        (
            "en-US",
            "%h %d %a, %y",
            "Jun 10 Thu, 04",
            "2004-06-10 00:00:00 +0000 UTC",
        ),
    ];
    for (locale, format, text, want) in known {
        assert_eq!(
            read(format, text, "UTC", Some(locale)).as_deref(),
            Ok(want),
            "{text}"
        );
    }
    assert!(read("%B", "March", "UTC", Some("de")).is_err());
}

proptest! {
    /// Guarantees: what is written is read again, to the nanosecond.
    #[test]
    fn round_trip(seconds in -62_135_596_800i64..253_402_300_799, nanos in 0..BILLION, offset in -1439i32..1440) {
        let zone = TimeZone::fixed(Offset::from_seconds(offset * 60).unwrap());
        let time = Time::from_unix(seconds, nanos, zone);
        prop_assume!((1..=9999).contains(&time.civil().year));
        for format in ["%Y-%m-%dT%H:%M:%S.%s%z", "%j %c,%s", "%A %d %B %Y %I:%M:%S.%s %p %w"] {
            let text = TimeFormat::new(format).unwrap().format(&time);
            let parser = TimeParser::new(format, None, None, &TimeZone::UTC).unwrap();
            let again = parser.parse(&text, &time).unwrap();
            prop_assert_eq!((again.seconds, again.nanos), (time.seconds, time.nanos), "{}", text);
        }
    }

    /// Guarantees: calendar and clock tell the second again, and agree with another calendar.
    #[test]
    fn calendar(seconds in -(1i64 << 50)..1 << 50) {
        let civil = Civil::of(seconds);
        prop_assert_eq!(civil.seconds(), seconds);
        if let Ok(known) = jiff::Timestamp::from_second(seconds) {
            let known = TimeZone::UTC.to_datetime(known);
            prop_assert_eq!((i64::from(known.year()), i64::from(known.day()), i64::from(known.day_of_year())),
                (civil.year, civil.day, civil.day_of_year()));
            prop_assert_eq!(i64::from(known.weekday().to_sunday_zero_offset()), civil.weekday());
        }
    }

    /// Guarantees: adding a difference gives the other time.
    #[test]
    fn sums(seconds in -4_000_000_000i64..4_000_000_000, nanos in 0..BILLION, more: i32, part: i64) {
        let (one, other) = (utc(seconds, nanos), utc(seconds + i64::from(more), nanos + 1));
        let sum = one.plus(other.minus_time(&one));
        prop_assert_eq!((sum.seconds, sum.nanos), (other.seconds, other.nanos));
        let cut = one.truncate(part);
        prop_assert!(part <= 0 || (0..part).contains(&one.minus_time(&cut)));
    }

    /// Guarantees: no number, format or text makes any of it panic.
    #[test]
    fn nothing_panics(
        seconds: i64,
        nanos: i64,
        more: i64,
        format in "(%[YymobBdeaAHIpMSzZcDFT]|[ :.-]){0,8}|.*",
        text in "[0-9: .+A-Z-]{0,24}|.*",
        locale in prop_oneof![Just(None), Just(Some("de")), Just(Some("ja"))],
    ) {
        let berlin = zone("Europe/Berlin");
        let time = Time::from_unix(seconds, nanos, berlin.clone());
        let _ = (time.plus(more).text(), time.truncate(more).json_text(), time.unix_nanos());
        let _ = time.minus_time(&utc(more, seconds));
        let _ = Layout::new(&text).format(&time);
        if let Ok(parser) = TimeParser::new(&format, None, locale, &berlin) {
            let _ = parser.parse(&text, &time);
            let _ = TimeFormat::new(&format).unwrap().format(&time);
        }
    }
}

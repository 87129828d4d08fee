//! Converters of times and durations.

use std::time::{SystemTime, UNIX_EPOCH};

use super::super::call::Given;
use super::super::call::Prepared;
use super::super::coerce::Accepts;
use super::super::fault::Outcome;
use super::super::go::duration::parse_duration;
use super::super::go::time::{Civil, TimeFormat, TimeParser, local};
use super::super::value::{Time, Value};
use super::{Function, Literals, Parameter, Takes, converter, optional, required};

const TIME: &[Parameter] = &[required("time", Takes::Value(Accepts::Time))];
const DURATION: &[Parameter] = &[required("duration", Takes::Value(Accepts::Duration))];

const NANOS_A_SECOND: i64 = 1_000_000_000;

pub(super) const FUNCTIONS: &[Function] = &[
    converter(
        "Time",
        &[
            required("time", Takes::Value(Accepts::Text)),
            required("format", Takes::LiteralText),
            optional("location", Takes::LiteralText),
            optional("locale", Takes::LiteralText),
        ],
        |given, _| {
            let parser: &TimeParser = given.prepared()?;
            Ok(Value::Time(parser.parse(given.text(0), &now())?))
        },
    )
    .prepared(prepare_time)
    // A text without a year is of this one, or the last.
    .varying(),
    converter(
        "FormatTime",
        &[
            required("time", Takes::Value(Accepts::Time)),
            required("format", Takes::LiteralText),
        ],
        |given, _| {
            let format: &TimeFormat = given.prepared()?;
            Ok(Value::text(format.format(given.time(0)?)))
        },
    )
    .prepared(|literals| match literals.text(1) {
        None | Some("") => Err("the format is empty".into()),
        Some(format) => Ok(Some(Box::new(TimeFormat::new(format)?))),
    }),
    converter("Now", &[], |_, _| Ok(Value::Time(now()))).varying(),
    converter(
        "Unix",
        &[
            required("seconds", Takes::Value(Accepts::Int)),
            optional("nanoseconds", Takes::Value(Accepts::Int)),
        ],
        |given, _| Ok(Value::Time(Time::from_unix(given.int(0), given.int(1), local()))),
    ),
    converter("UnixNano", TIME, |given, _| {
        Ok(Value::Int(given.time(0)?.unix_nanos()))
    }),
    converter("UnixMicro", TIME, |given, _| since_1970(given, 1_000_000)),
    converter("UnixMilli", TIME, |given, _| since_1970(given, 1_000)),
    converter("UnixSeconds", TIME, |given, _| since_1970(given, 1)),
    converter("Year", TIME, |given, _| civil(given, |civil| civil.year)),
    converter("Month", TIME, |given, _| civil(given, |civil| civil.month)),
    converter("Day", TIME, |given, _| civil(given, |civil| civil.day)),
    converter("Hour", TIME, |given, _| civil(given, |civil| civil.hour)),
    converter("Minute", TIME, |given, _| civil(given, |civil| civil.minute)),
    converter("Second", TIME, |given, _| civil(given, |civil| civil.second)),
    converter("Weekday", TIME, |given, _| civil(given, Civil::weekday)),
    converter("Nanosecond", TIME, |given, _| {
        Ok(Value::Int(i64::from(given.time(0)?.nanos)))
    }),
    converter(
        "TruncateTime",
        &[
            required("time", Takes::Value(Accepts::Time)),
            required("duration", Takes::Value(Accepts::Duration)),
        ],
        |given, _| Ok(Value::Time(given.time(0)?.truncate(given.duration(1)))),
    ),
    converter(
        "Duration",
        &[required("duration", Takes::Value(Accepts::Text))],
        |given, _| match given.known::<i64>() {
            Some(nanos) => Ok(Value::Duration(*nanos)),
            None => Ok(Value::Duration(parse_duration(given.text(0))?)),
        },
    )
    .prepared(|literals| match literals.text(0).map(parse_duration) {
        // What is wrong with a literal is told on every span, as in the Collector.
        Some(Ok(nanos)) => Ok(Some(Box::new(nanos))),
        _ => Ok(None),
    }),
    converter("Hours", DURATION, |given, _| parts(given, 3600 * NANOS_A_SECOND)),
    converter("Minutes", DURATION, |given, _| parts(given, 60 * NANOS_A_SECOND)),
    converter("Seconds", DURATION, |given, _| parts(given, NANOS_A_SECOND)),
    converter("Milliseconds", DURATION, |given, _| {
        Ok(Value::Int(given.duration(0) / 1_000_000))
    }),
    converter("Microseconds", DURATION, |given, _| {
        Ok(Value::Int(given.duration(0) / 1_000))
    }),
    converter("Nanoseconds", DURATION, |given, _| {
        Ok(Value::Int(given.duration(0)))
    }),
];

fn prepare_time(literals: &Literals<'_>) -> Result<Prepared, String> {
    match literals.text(1) {
        None | Some("") => Err("the format is empty".into()),
        Some(format) => {
            let parser = TimeParser::new(format, literals.text(2), literals.text(3), &local())?;
            Ok(Some(Box::new(parser)))
        }
    }
}

fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Time::from_unix(seconds, i64::from(since.subsec_nanos()), local())
}

/// Parts of a second since 1970, of which there are so many.
fn since_1970<'v>(given: &Given<'v>, parts: i64) -> Outcome<Value<'v>> {
    let time = given.time(0)?;
    let rest = i64::from(time.nanos) / (NANOS_A_SECOND / parts);
    Ok(Value::Int(time.seconds.wrapping_mul(parts).wrapping_add(rest)))
}

fn civil<'v>(given: &Given<'v>, part: impl Fn(&Civil) -> i64) -> Outcome<Value<'v>> {
    Ok(Value::Int(part(&given.time(0)?.civil())))
}

/// A duration in units of so many nanoseconds, as Go divides: whole units and the rest apart.
fn parts<'v>(given: &Given<'v>, unit: i64) -> Outcome<Value<'v>> {
    let nanos = given.duration(0);
    let (whole, rest) = (nanos / unit, nanos % unit);
    Ok(Value::Float(whole as f64 + rest as f64 / unit as f64))
}

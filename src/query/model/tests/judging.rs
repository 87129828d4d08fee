//! The judge of one span.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::Span;

use super::{found, span_with};
use crate::query::model::{
    Comparison, Datum, Field, Filter, FoundSpan, How, Scalar, Test, TextOp, TextTest, TraceFacts,
};

/// One value of each type, by a short name.
fn values() -> Vec<(&'static str, Option<Any>)> {
    let text = |text: &str| Some(Any::StringValue(text.into()));
    let item = |value| AnyValue { value };
    vec![
        ("empty", None),
        ("GET", text("GET")),
        ("'2'", text("2")),
        ("'10'", text("10")),
        ("''", text("")),
        ("true", Some(Any::BoolValue(true))),
        ("2", Some(Any::IntValue(2))),
        ("10", Some(Any::IntValue(10))),
        ("2.0", Some(Any::DoubleValue(2.0))),
        ("10.5", Some(Any::DoubleValue(10.5))),
        ("NaN", Some(Any::DoubleValue(f64::NAN))),
        ("bytes", Some(Any::BytesValue(b"hi?".to_vec()))),
        (
            "list",
            Some(Any::ArrayValue(ArrayValue {
                values: vec![item(text("a")), item(Some(Any::IntValue(2))), item(None)],
            })),
        ),
        (
            "map",
            Some(Any::KvlistValue(KeyValueList {
                values: vec![super::KeyValue {
                    key: "k\"".into(),
                    value: Some(item(Some(Any::DoubleValue(0.5)))),
                    ..Default::default()
                }],
            })),
        ),
    ]
}

fn on_a(test: Test, missing: bool) -> Filter {
    let field = Field::Attribute("a".into());
    Filter::Field { field, test, missing }
}

fn judge(filter: &Filter, found: &FoundSpan) -> bool {
    filter.compile().unwrap().judge(found, &TraceFacts::default())
}

/// The names of the values that pass.
fn passing(test: &Test) -> Vec<&'static str> {
    let filter = on_a(test.clone(), false);
    let passes = |(_, value): &(&str, Option<Any>)| judge(&filter, &span_with(&[("a", value.clone())]));
    values()
        .into_iter()
        .filter(passes)
        .map(|(name, _)| name)
        .collect()
}

fn text(op: TextOp, values: &[&str], ignore_case: bool) -> Test {
    Test::Text(TextTest {
        op,
        values: values.iter().map(|text| (*text).into()).collect(),
        ignore_case,
    })
}

fn compare(op: Comparison, with: Scalar, how: How) -> Test {
    Test::Compare { op, with, how }
}

/// Each operator lets exactly these values pass, type by type.
#[test]
fn operators_and_types() {
    use Comparison::{Greater, GreaterOrEqual, Less, LessOrEqual};
    use Scalar::{Bool, Double, Int};
    let string = |text: &str| Scalar::String(text.into());
    let between = |low, high, how| Test::Between { low, high, how };
    let all: Vec<_> = values().into_iter().map(|(name, _)| name).collect();
    let table: Vec<(Test, &[&str])> = vec![
        (Test::Equals(vec![Int(2)]), &["2"]),
        (Test::Equals(vec![Double(2.0)]), &["2.0"]),
        (Test::Equals(vec![string("2")]), &["'2'"]),
        (Test::Equals(vec![Bool(true), string("")]), &["''", "true"]),
        (Test::Equals(vec![Double(f64::NAN)]), &[]),
        (Test::Equals(vec![]), &[]),
        (text(TextOp::Equals, &["2"], false), &["'2'", "2", "2.0"]),
        (text(TextOp::Equals, &["true"], false), &["true"]),
        (text(TextOp::Equals, &["get", "10.5"], false), &["10.5"]),
        (text(TextOp::Equals, &["get"], true), &["GET"]),
        (text(TextOp::Equals, &[""], false), &["empty", "''"]),
        (text(TextOp::Equals, &["aGk/"], false), &["bytes"]),
        (text(TextOp::Equals, &[r#"["a",2,null]"#], false), &["list"]),
        (text(TextOp::Equals, &[r#"{"k\"":0.5}"#], false), &["map"]),
        (text(TextOp::Equals, &[], false), &[]),
        (
            text(TextOp::Contains, &["0"], false),
            &["'10'", "10", "10.5", "map"],
        ),
        (text(TextOp::Contains, &["E"], false), &["GET"]),
        (text(TextOp::Contains, &["E"], true), &["GET", "true"]),
        (text(TextOp::Contains, &[""], false), &all),
        (
            text(TextOp::StartsWith, &["1", "N"], false),
            &["'10'", "10", "10.5", "NaN"],
        ),
        (text(TextOp::EndsWith, &["t"], true), &["GET"]),
        (
            text(TextOp::Regex, &["^[0-9]+$"], false),
            &["'2'", "'10'", "2", "10", "2.0"],
        ),
        (text(TextOp::Regex, &["^g.t"], true), &["GET"]),
        (compare(Greater, Int(2), How::Typed), &["10"]),
        (compare(GreaterOrEqual, Double(2.0), How::Typed), &["2.0", "10.5"]),
        (compare(Less, string("2"), How::Typed), &["'10'", "''"]),
        (compare(LessOrEqual, Int(2), How::Parsed), &["'2'", "2", "2.0"]),
        (
            compare(Greater, string("9.5"), How::Parsed),
            &["'10'", "10", "10.5"],
        ),
        (
            compare(Greater, string("B"), How::ParsedOrText),
            &["GET", "true", "NaN", "bytes", "list", "map"],
        ),
        // Numbers among numbers; what is none, by its text.
        (
            compare(Greater, Int(2), How::ParsedOrText),
            &["GET", "'10'", "true", "10", "10.5", "bytes", "list", "map"],
        ),
        (between(Int(2), Int(10), How::Typed), &["2", "10"]),
        (
            between(Int(2), Double(10.0), How::Parsed),
            &["'2'", "'10'", "2", "10", "2.0"],
        ),
        (Test::Exists, &all),
    ];
    for (test, expected) in table {
        assert_eq!(passing(&test), expected, "{test:?}");
    }
}

/// A span without the field gets the verdict that `missing` says, and negation turns that too.
#[test]
fn missing_keys() {
    let (bare, other) = (span_with(&[]), span_with(&[("b", Some(Any::IntValue(1)))]));
    let tests = [
        Test::Exists,
        Test::Equals(vec![Scalar::Int(1)]),
        text(TextOp::Regex, &[""], false),
        compare(Comparison::Less, Scalar::Int(1), How::Parsed),
    ];
    for test in tests {
        for missing in [false, true] {
            let filter = on_a(test.clone(), missing);
            let negated = Filter::Not(Box::new(filter.clone()));
            for span in [&bare, &other] {
                assert_eq!(judge(&filter, span), missing, "{test:?}");
                assert_eq!(judge(&negated, span), !missing, "not {test:?}");
            }
        }
    }
}

/// Of several attributes with one key the first counts; of several spellings, the first that is there.
#[test]
fn the_first_counts() {
    let text = |text: &str| Some(Any::StringValue(text.into()));
    let span = span_with(&[("a", text("one")), ("a", text("two")), ("b", text("three"))]);
    let attribute = |key: &str| Field::Attribute(key.into());
    let is = |field, value: &str| judge(&Filter::text(field, value), &span);
    assert!(is(attribute("a"), "one") && !is(attribute("a"), "two"));
    let spellings = |keys: &[&str]| Field::First(keys.iter().map(|key| attribute(key)).collect());
    assert!(is(spellings(&["x", "b", "a"]), "three"));
    assert!(!is(spellings(&["x", "y"]), "three"));
    assert!(!is(spellings(&[]), ""));
}

/// Groups hold as their names say, empty ones included.
#[test]
fn groups() {
    let span = span_with(&[]);
    let (yes, no) = (Filter::All(vec![]), Filter::Any(vec![]));
    assert!(judge(&yes, &span) && !judge(&no, &span));
    assert!(!judge(&Filter::All(vec![yes.clone(), no.clone()]), &span));
    assert!(judge(&Filter::Any(vec![no.clone(), yes]), &span));
    assert!(judge(&Filter::Not(Box::new(no)), &span));
}

/// What a span says about its trace counts as the facts say.
#[test]
fn facts_of_the_trace() {
    let filter = Filter::All(vec![
        Filter::AnySpan(Box::new(Filter::Root)),
        Filter::TraceLatency {
            min: Some(5),
            max: Some(7),
        },
    ]);
    let compiled = filter.compile().unwrap();
    assert!(compiled.asks_trace());
    let judge = |latency, any| {
        compiled.judge(
            &span_with(&[]),
            &TraceFacts {
                latency,
                any: vec![any],
            },
        )
    };
    assert!(judge(5, true) && judge(7, true));
    assert!(!judge(4, true) && !judge(8, true) && !judge(5, false));
}

/// Fields that every span has read as OTLP defines them; those that may lack do.
#[test]
fn fields() {
    let shown =
        |field: Field, span: &FoundSpan| field.of(span).map(|datum: Datum<'_>| datum.text().into_owned());
    let bare = found(Span {
        trace_id: vec![0xab; 16],
        parent_span_id: vec![0; 8],
        start_time_unix_nano: 10,
        end_time_unix_nano: 4,
        ..Span::default()
    });
    assert_eq!(shown(Field::TraceId, &bare).unwrap(), "ab".repeat(16));
    assert_eq!(shown(Field::Duration, &bare).unwrap(), "-6");
    assert_eq!(shown(Field::Number, &bare).unwrap(), "7");
    assert_eq!(shown(Field::Name, &bare).unwrap(), "");
    for lacking in [
        Field::ParentSpanId,
        Field::TraceState,
        Field::StatusMessage,
        Field::Service,
        Field::ScopeName,
        Field::ScopeVersion,
    ] {
        assert_eq!(shown(lacking.clone(), &bare), None, "{lacking:?}");
    }
    assert!(bare.is_root());
}

/// Doubles as text read back as the same number, in few characters.
#[test]
fn doubles_as_text() {
    for (number, text) in [
        (2.0, "2"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (1e20, "100000000000000000000"),
        (1e300, "1e300"),
        (-1.5e-9, "-1.5e-9"),
        (f64::NEG_INFINITY, "-Infinity"),
    ] {
        let shown = Scalar::Double(number).text().into_owned();
        assert_eq!(shown, text);
        if number.is_finite() {
            assert_eq!(shown.parse(), Ok(number));
        }
    }
}

/// Whole numbers compare exactly beyond what a double holds, also when one of them is text.
#[test]
fn large_whole_numbers() {
    let large = span_with(&[("a", Some(Any::StringValue("9007199254740993".into())))]);
    let than = |with| {
        on_a(
            compare(Comparison::Greater, Scalar::Int(with), How::Parsed),
            false,
        )
    };
    assert!(judge(&than(9_007_199_254_740_992), &large));
    assert!(!judge(&than(9_007_199_254_740_993), &large));
}

//! OTLP/JSON both ways.

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::prelude::*;
use prost::Message;

use super::generate::{request_with_misfits, salted};
use crate::wire::{Traces, json, oracle};

proptest! {
    /// Bytes to JSON and back are the same content, repeated and merged parts included.
    #[test]
    fn json_keeps_the_content(request in request_with_misfits(), seed: u64) {
        oracle::json(&salted(&request, seed));
    }

    /// Every double comes back to the bit.
    #[test]
    fn doubles_come_back_to_the_bit(bits: u64) {
        let value = f64::from_bits(bits);
        let back = double(&in_attribute(&format!(r#"{{"doubleValue":{}}}"#, written(value))));
        prop_assert!(back.to_bits() == bits || (back.is_nan() && value.is_nan()));
    }
}

fn written(value: f64) -> String {
    match value.is_finite() {
        true => serde_json::to_string(&value).unwrap(),
        false => format!("\"{value}\""),
    }
}

fn in_span(members: &str) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{members}}}]}}]}}]}}"#)
}

fn in_attribute(value: &str) -> String {
    in_span(&format!(r#""attributes":[{{"key":"k","value":{value}}}]"#))
}

fn read(text: &str) -> Span {
    let bytes = json::to_protobuf(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
    let mut request = ExportTraceServiceRequest::decode(&bytes[..]).unwrap();
    request
        .resource_spans
        .remove(0)
        .scope_spans
        .remove(0)
        .spans
        .remove(0)
}

fn value(text: &str) -> Option<Any> {
    read(text)
        .attributes
        .remove(0)
        .value
        .and_then(|value| value.value)
}

fn double(text: &str) -> f64 {
    match value(text) {
        Some(Any::DoubleValue(value)) => value,
        other => panic!("{other:?}"),
    }
}

fn error(text: &str) -> String {
    json::to_protobuf(text.as_bytes()).unwrap_err().0
}

/// Both spellings of a name, enums by number and name, 64-bit integers as text and number, ids in any case.
#[test]
fn what_the_collector_accepts_is_accepted() {
    let camel = read(&in_span(
        r#""traceId":"0102030405060708090A0b0c0d0e0f10","spanId":"ffFFffFFffFFffFF","parentSpanId":"",
           "startTimeUnixNano":"18446744073709551615","endTimeUnixNano":7,"kind":"SPAN_KIND_SERVER","flags":257,
           "droppedAttributesCount":3,"status":{"code":"STATUS_CODE_ERROR"},"new":{"a":[1,{"b":null}]}"#,
    ));
    let snake = read(&in_span(
        r#""trace_id":"0102030405060708090a0b0c0d0e0f10","span_id":"ffffffffffffffff",
           "start_time_unix_nano":18446744073709551615,"end_time_unix_nano":"7","kind":2,"flags":"257",
           "dropped_attributes_count":"3","status":{"code":2},"name":null,"events":null,"links":[]"#,
    ));
    assert_eq!(camel, snake);
    assert_eq!(camel.start_time_unix_nano, u64::MAX);
    assert_eq!(
        (camel.trace_id.len(), camel.span_id, camel.kind),
        (16, vec![255; 8], 2)
    );
}

/// Every kind of value is read, in each of its spellings.
#[test]
fn values_of_all_kinds_are_read() {
    let read = |text: &str| value(&in_attribute(text));
    assert_eq!(
        read(r#"{"stringValue":"\u00e9\n"}"#),
        Some(Any::StringValue("é\n".into()))
    );
    assert_eq!(read(r#"{"boolValue":false}"#), Some(Any::BoolValue(false)));
    assert_eq!(
        read(r#"{"intValue":"-9223372036854775808"}"#),
        Some(Any::IntValue(i64::MIN))
    );
    assert_eq!(read(r#"{"int_value":5e3}"#), Some(Any::IntValue(5000)));
    assert_eq!(read(r#"{"doubleValue":1}"#), Some(Any::DoubleValue(1.0)));
    assert_eq!(
        read(r#"{"doubleValue":"-Infinity"}"#),
        Some(Any::DoubleValue(f64::NEG_INFINITY))
    );
    for text in ["+/8=", "+/8", "-_8=", "-_8"] {
        assert_eq!(
            read(&format!(r#"{{"bytesValue":"{text}"}}"#)),
            Some(Any::BytesValue(vec![0xfb, 0xff]))
        );
    }
    assert_eq!(read("{}"), None);
    assert_eq!(read("null"), None);
}

/// An error names the way to the value, the value, and what would have been right.
#[test]
fn errors_name_the_path_and_the_value() {
    let long = error(&in_span(&format!(r#""kind":"{}""#, "x".repeat(200))));
    assert!(
        long.len() < 260 && long.contains("spans[0].kind: \"xxx"),
        "{long}"
    );
    let id = error(&in_span(r#""traceId":"abc""#));
    let place =
        "malformed OTLP/JSON: resourceSpans[0].scopeSpans[0].spans[0].traceId: \"abc\" is not a string";
    assert!(id.starts_with(place), "{id}");
    let cases = [
        (r#""spanId":"zz""#, "hexadecimal"),
        (r#""startTimeUnixNano":-1"#, "-1 is not a whole number of 64 bits"),
        (r#""startTimeUnixNano":1.5"#, "1.5 is not"),
        (r#""flags":4294967296"#, "4294967296 is not"),
        (r#""name":5"#, "name: 5 is not a string"),
        (r#""status":[]"#, "an object"),
        (r#""events":{}"#, "an array"),
        (r#""events":[null]"#, "spans[0].events[0]"),
        (
            r#""attributes":[{"value":{"bytesValue":"?"}}]"#,
            "attributes[0].value.bytesValue",
        ),
    ];
    for (members, words) in cases {
        let error = error(&in_span(members));
        assert!(error.contains(words), "{members}: {error}");
    }
    for text in [
        "",
        "[]",
        "null",
        "{",
        "{}x",
        "\u{feff}{}",
        r#"{"resourceSpans":[{]}"#,
    ] {
        assert!(error(text).contains("line 1"), "{text}");
    }
}

/// An id of a wrong length is not an error of the request: it goes on to the check, which rejects the span.
#[test]
fn wrong_lengths_are_left_to_the_check() {
    let text = in_span(r#""traceId":"0102","spanId":"0102030405060708""#);
    let bytes = json::to_protobuf(text.as_bytes()).unwrap();
    assert_eq!(Traces::check(bytes.into()).unwrap().rejected, 1);
}

/// A bomb of nested arrays is refused with an error; in an unknown field it is harmless.
#[test]
fn nesting_is_bounded() {
    let bomb = |open: &str, close: &str, depth: usize| open.repeat(depth) + "{}" + &close.repeat(depth);
    let (open, close) = (r#"{"arrayValue":{"values":["#, "]}}");
    assert!(json::to_protobuf(in_attribute(&bomb(open, close, 35)).as_bytes()).is_ok());
    for depth in [45, 100_000] {
        let error = error(&in_attribute(&bomb(open, close, depth)));
        assert!(
            error.contains("recursion limit"),
            "{}",
            &error[error.len() - 60..]
        );
        assert!(error.len() < 10_000);
    }
    let skipped = in_span(&format!(r#""x":{}"#, bomb("[", "]", 100_000)));
    assert!(
        json::to_protobuf(skipped.as_bytes()).is_ok(),
        "read over without going in"
    );
}

/// The strict form: camelCase, enums as numbers, 64-bit integers as text, ids in lower case, no defaults.
#[test]
fn json_is_written_strictly() {
    let text = in_span(
        r#""traceId":"0102030405060708090A0B0C0D0E0F10","spanId":"FF02030405060708","kind":"SPAN_KIND_CLIENT",
           "start_time_unix_nano":5,"flags":1,"name":"a\"b","attributes":[{"key":"k","value":{"int_value":0}},
           {"key":"d","value":{"doubleValue":"NaN"}},{"key":"e","value":{"stringValue":""}}],"status":{"code":1}"#,
    );
    let bytes = json::to_protobuf(text.as_bytes()).unwrap();
    let written = String::from_utf8(json::from_protobuf(&bytes).unwrap()).unwrap();
    let expected = in_span(
        r#""traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"ff02030405060708","flags":1,"name":"a\"b","kind":3,"startTimeUnixNano":"5","attributes":[{"key":"k","value":{"intValue":"0"}},{"key":"d","value":{"doubleValue":"NaN"}},{"key":"e","value":{"stringValue":""}}],"status":{"code":1}"#,
    );
    assert_eq!(written, expected);
}

/// The response, with and without a partial success, both ways.
#[test]
fn responses_go_both_ways() {
    assert_eq!(json::response_from_protobuf(&[]).unwrap(), b"{}");
    let partial_success = ExportTracePartialSuccess {
        rejected_spans: 3,
        error_message: "no".into(),
    };
    let response = ExportTraceServiceResponse {
        partial_success: Some(partial_success),
    };
    let text = json::response_from_protobuf(&response.encode_to_vec()).unwrap();
    assert_eq!(
        String::from_utf8(text.clone()).unwrap(),
        r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"no"}}"#
    );
    let back = json::response_to_protobuf(&text).unwrap();
    assert_eq!(ExportTraceServiceResponse::decode(&back[..]).unwrap(), response);
    assert!(json::response_from_protobuf(&[0x0a]).is_err());
}

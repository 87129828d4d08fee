//! Questions that make no sense, and questions as JSON.

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::seeds;
use crate::query::model::{Answer, QueryError, SpanQuery, reference, worlds};

fn read(json: &str) -> SpanQuery {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// The fault of a question with this filter.
fn fault_of_filter(filter: &str) -> String {
    fault(&format!(
        r#"{{"select":{{"filter":{filter}}},"find":{{"keys":{{"of":"span","limit":1}}}}}}"#
    ))
}

fn fault(json: &str) -> String {
    match read(json).validate() {
        Err(QueryError::Invalid(text)) => text,
        verdict => panic!("{json}: {verdict:?}"),
    }
}

/// A question that makes no sense is refused with words that name the part and the value.
#[test]
fn faults_are_named() {
    let field = |test: &str| fault_of_filter(&format!(r#"{{"field":{{"field":"name","test":{test}}}}}"#));
    for (fault, words) in [
        (
            field(r#"{"text":{"op":"regex","values":["a("]}}"#),
            "regular expression `a(`",
        ),
        (
            field(r#"{"text":{"op":"regex","values":["(\\pL{900}){900}"]}}"#),
            "exceeds size limit",
        ),
        (
            field(r#"{"between":{"low":5,"high":"4","how":"parsed"}}"#),
            "`low` 5 is greater than `high` 4",
        ),
        (
            field(r#"{"compare":{"op":"less","with":"x","how":"parsed"}}"#),
            "`x` is not a number",
        ),
        (
            field(r#"{"compare":{"op":"less","with":true,"how":"typed"}}"#),
            "`true` has no order",
        ),
        (
            fault_of_filter(r#"{"trace_latency":{"min":2,"max":1}}"#),
            "`min` 2 is greater than `max` 1",
        ),
        (
            fault_of_filter(r#"{"any_span":{"any_span":"root"}}"#),
            "cannot stand within `any_span`",
        ),
        (
            fault_of_filter(&format!("{}\"root\"{}", r#"{"not":"#.repeat(32), "}".repeat(32))),
            "more than 32 deep",
        ),
        (
            fault(r#"{"select":{"from":2,"to":1},"find":{"keys":{"of":"span","limit":1}}}"#),
            "`from` 2 is later than `to` 1",
        ),
        (
            fault(r#"{"find":{"groups":{"by":[{"time":0}],"limit":1}}}"#),
            "width of a time bucket is 0",
        ),
        (
            fault(r#"{"find":{"groups":{"by":["duration"],"search":"x","limit":1}}}"#),
            "`search` needs a text",
        ),
        (
            fault(r#"{"find":{"groups":{"measures":[{"duration_quantile":1.5}],"limit":1}}}"#),
            "quantile 1.5",
        ),
        (
            fault(r#"{"find":{"groups":{"order":{"by":{"measure":0},"direction":"ascending"},"limit":1}}}"#),
            "names measure 0 of 0",
        ),
        (
            fault(r#"{"find":{"keys":{"of":"span","limit":1}},"limits":{"deadline_ms":0}}"#),
            "`deadline_ms`",
        ),
        (
            fault(
                r#"{"find":{"spans":{"order":{"by":"start","direction":"ascending"},"page":{"limit":100001}}}}"#,
            ),
            "limit is 100001, more than 100000",
        ),
    ] {
        assert!(fault.contains(words), "`{fault}` does not say `{words}`");
    }
}

/// A misspelt member is an error, not ignored.
#[test]
fn unknown_members_are_errors() {
    for json in [
        r#"{"find":{"keys":{"of":"span","limit":1}},"limit":1}"#,
        r#"{"select":{"form":1},"find":{"keys":{"of":"span","limit":1}}}"#,
        r#"{"select":{"filter":{"field":{"field":"name","test":"exists","mising":true}}},"find":{"keys":{"of":"span","limit":1}}}"#,
    ] {
        assert!(serde_json::from_str::<SpanQuery>(json).is_err(), "{json}");
    }
}

/// A question reads as it is meant when written by hand.
#[test]
fn json_by_hand() {
    let query = read(
        r#"{"select": {"from": 5, "filter": {"all": ["root", {"field": {"field": {"attribute": "n"},
            "test": {"equals": ["2", 2, 2.0, true]}}}]}},
            "find": {"spans": {"order": {"by": {"text": {"first": ["service", {"resource": "host"}]}},
            "direction": "descending"}, "page": {"limit": 20,
            "begin": {"after": {"key": {"whole": -3}, "tie": 9}}}}}}"#,
    );
    assert_eq!(query.validate(), Ok(()));
    let shown = serde_json::to_string(&query).unwrap();
    assert!(shown.contains(r#"{"equals":["2",2,2.0,true]}"#), "{shown}");
}

/// Random questions and their answers go through JSON unharmed.
#[test]
fn json_both_ways() {
    for seed in seeds(500) {
        let mut rng = StdRng::seed_from_u64(seed);
        let spans = worlds::spans(seed, 20);
        let query = worlds::question(&mut rng, &spans);
        let text = serde_json::to_string(&query).unwrap();
        assert_eq!(read(&text), query, "seed {seed}");
        let answer = reference::answer(&spans, 50, &query).unwrap();
        let text = serde_json::to_string(&answer).unwrap();
        let back: Answer = serde_json::from_str(&text).unwrap();
        assert_eq!(back, answer, "seed {seed}");
    }
}

//! What is told about processors made up for the purpose, and what counts as a difference.

mod statements;

use std::io::Write;
use std::path::Path;

use clap::Parser as _;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::changes::changes;
use super::expect::compare;
use super::report::{Difference, Kind};
use super::{Outcome, Tested, requests, shown, text};
use crate::cli::{Cli, Command};
use crate::pipeline::client::Client;
use crate::pipeline::log::Batching;
use crate::pipeline::processor::{Above, Context, Fate, Processor};
use crate::pipeline::stage::Stage;
use crate::telemetry::processor::{Column, Rule};
use crate::wire::tests::generate::{request, salted};
use crate::wire::{Decision, ResourceEdit, SpanEdit, Traces};

/// Tells its resource who called, hides what is secret, and drops what is dull.
struct Censor;

/// Drops spans with an odd id.
struct Halve;

impl Processor for Censor {
    fn rules(&self) -> Vec<Rule> {
        vec![
            rule("dull", Column::Filtered),
            rule("important", Column::Filtered),
        ]
    }

    fn resource(&self, context: Context<'_>, resource: &mut ResourceEdit<'_>) -> Fate {
        if let [tenant, ..] = context.client.metadata("Tenant") {
            resource.upsert("tenant", tenant.as_str());
        }
        Fate::Keep
    }

    fn span(&self, _: Context<'_>, _: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        match span.name() {
            "health" => return Fate::DropBy(0),
            "pay" => return Fate::KeepBy(1),
            _ => {}
        }
        if span.remove("secret") {
            span.upsert("user", "****");
            span.set_status(2, "");
            span.edit_events(|_, _, event| match event.before().name() {
                "noise" => Decision::Drop,
                _ => Decision::Keep,
            });
        }
        Fate::Keep
    }
}

impl Processor for Halve {
    fn rules(&self) -> Vec<Rule> {
        vec![rule("odd id", Column::SampledOut)]
    }

    fn span(&self, _: Context<'_>, _: Above<'_>, span: &mut SpanEdit<'_>) -> Fate {
        match span.span_id().last() {
            Some(byte) if byte % 2 == 1 => Fate::DropBy(0),
            _ => Fate::Keep,
        }
    }
}

fn rule(name: &str, column: Column) -> Rule {
    Rule {
        name: name.into(),
        column,
    }
}

fn tested() -> Tested {
    let stages = [
        ("censor", Stage::sees(Censor)),
        ("batch", Stage::Batch(Batching::default())),
        ("halve/2", Stage::sees(Halve)),
    ];
    Tested {
        id: "traces/main".parse().unwrap(),
        stages: stages.map(|(id, stage)| (id.parse().unwrap(), stage)).into(),
    }
}

fn span(number: u8, name: &str, more: Value) -> Value {
    let mut span = json!({
        "traceId": format!("{:032x}", 1),
        "spanId": format!("{number:016x}"),
        "name": name,
    });
    span.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    span
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn of_spans(spans: &[Value]) -> Value {
    let resource = json!({ "attributes": [attribute("service.name", "shop")] });
    json!({ "resourceSpans": [{ "resource": resource, "scopeSpans": [{ "spans": spans }] }] })
}

/// A file of these documents.
fn file(documents: &[Value]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for document in documents {
        writeln!(file, "{document}").unwrap();
    }
    file
}

fn read(documents: &[Value]) -> Vec<Traces> {
    requests::read(file(documents).path()).unwrap()
}

fn input() -> Vec<Traces> {
    let secret = json!({
        "attributes": [attribute("secret", "1234"), attribute("user", "alice"), attribute("path", "/")],
        "events": [{ "name": "noise" }, { "name": "paid", "timeUnixNano": "5" }],
    });
    read(&[
        of_spans(&[span(1, "health", json!({})), span(2, "buy", secret)]),
        of_spans(&[
            span(3, "pay", json!({})),
            span(4, "pay", json!({})),
            span(6, "look", json!({})),
        ]),
    ])
}

fn run() -> Outcome {
    let client = Client {
        metadata: vec![("tenant".into(), vec!["blue".into()])],
        ..Client::default()
    };
    tested().run(&input(), &client).unwrap()
}

/// Guarantees: of each span it is told which rule dropped it or what was changed, of the others their number, and the
/// table holds what went in and came out, for each processor and in total.
#[test]
fn the_fate_of_each_span_is_told() {
    let expected = r#"pipeline traces/main: 5 spans in 2 requests

1. censor
   changed    resource 1 (service "shop") of request 1
      + resource.attributes["tenant"] = "blue"
   changed    resource 1 (service "shop") of request 2
      + resource.attributes["tenant"] = "blue"
   dropped    "health" 0000000000000001 of request 1: filtered by "dull"
   changed    "buy" 0000000000000002 of request 1
      - attributes["secret"] = "1234"
      ~ attributes["user"]: "alice" -> "****"
      - events[0] = {name: "noise"}
      + status.code = 2
   unchanged  3 spans

2. batch
   does not look into spans

3. halve/2
   dropped    "pay" 0000000000000003 of request 2: sampled out by "odd id"
   unchanged  3 spans

         spans in  out  changed  dropped
censor          5    4        1        1  (1 filtered by "dull")
halve/2         4    3        0        1  (1 sampled out by "odd id")
total           5    3        1        2
"#;
    assert_eq!(text::report(&run().report, false), expected);
    let all = text::report(&run().report, true);
    for line in [
        "   unchanged  \"pay\" 0000000000000003 of request 2: kept by \"important\"\n",
        "   unchanged  \"look\" 0000000000000006 of request 2\n",
        "      ~ attributes in another order: [\"secret\", \"user\", \"path\"] -> [\"path\", \"user\"]\n",
    ] {
        assert!(all.contains(line), "{all}");
    }
}

/// Guarantees: what the client sent reaches processors with keys in lower case and all values of a key, and an address
/// needs no port.
#[test]
fn the_client_is_as_told() {
    let told = "spanway test-pipeline --input x --metadata Tenant=a --metadata b= --metadata tenant=c=d --client-address ::1";
    let cli = Cli::try_parse_from(told.split(' ')).unwrap();
    let Some(Command::TestPipeline(test)) = cli.command else {
        panic!("another command")
    };
    let client = super::client(&test.metadata, test.client_address);
    assert_eq!(client.metadata("Tenant"), ["a", "c=d"]);
    assert_eq!(client.metadata("b"), [""]);
    assert_eq!(client.metadata[0].0, "tenant");
    assert_eq!(
        client.address.map(|address| address.ip().to_string()),
        Some("::1".into())
    );
}

/// Guarantees: the JSON has the keys that the documentation promises.
#[test]
fn json_has_its_keys() {
    let report: Value = serde_json::from_str(&run().report.json().unwrap()).unwrap();
    let censor = &report["processors"][0];
    assert_eq!(report["pipeline"], "traces/main");
    assert_eq!(report["requests"], 2);
    assert_eq!(censor["id"], "censor");
    assert_eq!(censor["sees_spans"], true);
    assert_eq!(report["processors"][1]["sees_spans"], false);
    assert_eq!(
        json!([censor["spans_in"], censor["spans_out"], censor["changed"]]),
        json!([5, 4, 1])
    );
    let dull = json!({ "processor": "censor", "rule": "dull", "state": "filtered", "spans": 1 });
    let odd = json!({ "processor": "halve/2", "rule": "odd id", "state": "sampled_out", "spans": 1 });
    assert_eq!(censor["dropped"], json!([dull]));
    assert_eq!(report["total"]["dropped"], json!([dull, odd]));
    let (trace_id, service) = (format!("{:032x}", 1), "shop");
    assert_eq!(
        censor["spans"][0],
        json!({
            "request": 1, "name": "health", "trace_id": trace_id, "span_id": "0000000000000001",
            "fate": "dropped", "rule": "dull", "state": "filtered",
        })
    );
    assert_eq!(
        censor["resources"][1],
        json!({
            "request": 2, "resource": 1, "service_name": service, "fate": "changed",
            "changes": [{
                "field": "resource.attributes[\"tenant\"]", "change": "added", "to": { "stringValue": "blue" },
            }],
        })
    );
    assert_eq!(censor["spans"][2]["fate"], "unchanged");
    assert_eq!(censor["spans"][2]["rule"], "important");
}

fn differences(expected: &[Value], actual: &[Value], is_exact: bool) -> Vec<Difference> {
    let expected = requests::read_expected(file(expected).path()).unwrap();
    compare(expected, &read(actual), is_exact, &run().report).unwrap()
}

/// Guarantees: what OTLP/JSON may write in several ways is no difference, not even when order counts.
#[test]
fn forms_of_json_are_no_difference() {
    let left = json!({ "resourceSpans": [{
        "resource": {},
        "scopeSpans": [{ "scope": null, "spans": [{
            "traceId": "0000000000000000000000000000000A", "spanId": "000000000000000b", "name": "x", "kind": 2,
            "startTimeUnixNano": 7, "parentSpanId": "", "status": { "code": 0 },
            "attributes": [{ "key": "n", "value": { "intValue": 3 } }, { "key": "none" }],
        }] }],
    }] });
    let right = json!({ "resource_spans": [{
        "scope_spans": [{ "spans": [{
            "attributes": [{ "value": { "intValue": "3" }, "key": "n" }, { "key": "none", "value": {} }],
            "kind": "SPAN_KIND_SERVER", "name": "x", "start_time_unix_nano": "7", "span_id": "000000000000000B",
            "trace_id": "0000000000000000000000000000000a", "parent_span_id": "0000000000000000",
        }] }],
    }] });
    assert!(differences(&[left], &[right], true).is_empty());
    // The Collector writes an id of zeros as none.
    let ids = |trace_id: &str, span_id: &str| of_spans(&[json!({ "traceId": trace_id, "spanId": span_id })]);
    let zeros = ids(&"0".repeat(32), &"0".repeat(16));
    assert!(differences(&[ids("", "")], &[zeros], true).is_empty());
}

/// Guarantees: order and grouping are a difference only when asked for, and then it is told which.
#[test]
fn order_counts_when_exact() {
    let pairs = [attribute("a", "1"), attribute("b", "2")];
    let map = |pairs: &[Value]| json!({ "key": "m", "value": { "kvlistValue": { "values": pairs } } });
    let turned = [attribute("b", "2"), attribute("a", "1")];
    let (first, second) = (
        span(1, "x", json!({ "attributes": pairs })),
        span(2, "y", json!({ "attributes": [map(&pairs)] })),
    );
    let moved = [
        of_spans(&[
            span(2, "y", json!({ "attributes": [map(&turned)] })),
            first.clone(),
        ]),
        of_spans(&[span(1, "x", json!({ "attributes": turned })), second.clone()]),
        of_spans(&[second.clone(), first.clone()]),
    ];
    let expected = [of_spans(&[first.clone(), second.clone()])];
    for moved in moved.map(|moved| [moved]) {
        assert!(differences(&expected, &moved, false).is_empty(), "{moved:?}");
        assert!(!differences(&expected, &moved, true).is_empty(), "{moved:?}");
    }
    let apart = [&first, &second].map(|span| of_spans(std::slice::from_ref(span)));
    assert!(differences(&expected, &apart, false).is_empty());
    let told = differences(&expected, &[of_spans(&[second, first])], true);
    assert_eq!(told[0].difference, Kind::Order);
    assert_eq!(
        shown::unmet(&told[0].changes[0], false),
        "~ request[0].resourceSpans[0].scopeSpans[0].spans: expected \
         [\"0000000000000001\", \"0000000000000002\"], it is [\"0000000000000002\", \"0000000000000001\"]"
    );
}

/// Guarantees: a missing span is told with who dropped it, one that nobody expected is told, and of one that differs each
/// field of itself, its scope and its resource.
#[test]
fn differences_are_told_span_by_span() {
    let mut other = of_spans(&[
        span(
            2,
            "buy",
            json!({ "kind": 3, "attributes": [attribute("a", "1"), attribute("b", "2")] }),
        ),
        span(6, "look", json!({})),
    ]);
    other["resourceSpans"][0]["resource"]["attributes"][0] = attribute("service.name", "other");
    let expected = of_spans(&[
        span(1, "health", json!({})),
        span(
            2,
            "buy",
            json!({ "attributes": [attribute("b", "3"), attribute("c", "4")] }),
        ),
    ]);
    let differences = differences(&[expected], &[other], false);
    let expectation = super::report::Expectation {
        file: "expected.json".into(),
        is_met: false,
        is_exact: false,
        differences,
    };
    assert_eq!(
        text::unmet(&expectation, false),
        r#"what comes out is not what expected.json expects: 1 missing, 1 not expected, 1 different
   missing       "health" 0000000000000001: filtered by "dull" of censor
   different     "buy" 0000000000000002
      ~ attributes["b"]: expected "3", it is "2"
      - attributes["c"]: expected "4", it is not there
      + attributes["a"]: "1" was not expected
      ~ resource.attributes["service.name"]: expected "shop", it is "other"
      + kind: 3 was not expected
   not expected  "look" 0000000000000006
"#
    );
}

/// Guarantees: spans with the same ids are paired with those they are like, in any order.
#[test]
fn ids_may_be_used_twice() {
    let (one, two) = (span(1, "x", json!({})), span(1, "y", json!({})));
    let three = span(1, "z", json!({}));
    let expected = [of_spans(&[one.clone(), two.clone()])];
    assert!(differences(&expected, &[of_spans(&[two.clone(), one.clone()])], false).is_empty());
    let found = differences(&expected, &[of_spans(&[three, one])], false);
    assert_eq!(found.len(), 1);
    assert_eq!(
        shown::unmet(&found[0].changes[0], false),
        "~ name: expected \"y\", it is \"z\""
    );
}

/// Guarantees: events that stay are found again beside those that go or come; attributes of one key are told apart.
#[test]
fn lists_are_compared_by_what_they_hold() {
    let events = |names: &[&str]| {
        let events: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
        json!({ "events": events })
    };
    let told = |before: &Value, after: &Value| {
        let found = changes(before, after);
        let lines: Vec<String> = found.iter().map(|change| shown::change(change, false)).collect();
        lines
    };
    assert_eq!(
        told(&events(&["a", "b", "c"]), &events(&["b", "new"])),
        [
            "- events[0] = {name: \"a\"}",
            "- events[2] = {name: \"c\"}",
            "+ events[1] = {name: \"new\"}"
        ]
    );
    assert_eq!(
        told(&events(&["a", "b"]), &events(&["a", "c"])),
        ["~ events[1].name: \"b\" -> \"c\""]
    );
    let twice =
        |first: &str, second: &str| json!({ "attributes": [attribute("k", first), attribute("k", second)] });
    assert_eq!(
        told(&twice("1", "2"), &twice("1", "3")),
        ["~ attributes[\"k\"] (number 2): \"2\" -> \"3\""]
    );
    let kinds = json!({ "attributes": [
        { "key": "l", "value": { "arrayValue": { "values": [{ "intValue": "1" }, { "boolValue": true }, {}] } } },
        { "key": "m", "value": { "kvlistValue": { "values": [{ "key": "d", "value": { "doubleValue": 1.0 } }] } } },
        { "key": "b", "value": { "bytesValue": "AQ==" } },
    ] });
    assert_eq!(
        told(&json!({}), &kinds),
        [
            "+ attributes[\"l\"] = [1, true, no value]",
            "+ attributes[\"m\"] = {\"d\": 1.0}",
            "+ attributes[\"b\"] = bytes \"AQ==\"",
        ]
    );
}

/// Guarantees: an error names the file, the line and the value.
#[test]
fn wrong_input_is_named() {
    let said = |content: &str, name: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        let said = requests::read(&file).unwrap_err();
        let path = file.display().to_string();
        said.strip_prefix(&format!("{path}: ")).unwrap().to_owned()
    };
    assert_eq!(
        said("{}\n{\"resourceSpans\": [\n", "a.json"),
        "not JSON: EOF while parsing a list at line 3 column 0"
    );
    assert_eq!(
        said("{}\n\n{\"resourceSpans\":\n[{\"scopeSpans\": 5}]}", "a.json"),
        "malformed OTLP/JSON: resourceSpans[0].scopeSpans: invalid type: integer `5`, expected an array at line 4 column 17"
    );
    let misfit = of_spans(&[json!({ "traceId": "01", "spanId": "02", "name": "x" })]).to_string();
    assert_eq!(
        said(&misfit, "a.json"),
        "resource_spans[0].scope_spans[0].spans[0] \"x\": the trace id has 1 bytes, not 16"
    );
    assert_eq!(
        said("{\"resourceSpan\": []}", "a.json"),
        "there is nothing in it: `resourceSpans` is where spans are"
    );
    assert!(said("\u{1}", "a.pb").contains("at byte"));
    let missing = requests::read(Path::new("/nowhere/a.json")).unwrap_err();
    assert!(
        missing.starts_with("/nowhere/a.json: cannot be read: "),
        "{missing}"
    );
}

proptest! {
    /// Guarantees: what is written is read as exactly the same, for any request.
    #[test]
    fn what_is_written_is_expected(request in request(), salt: u64) {
        let traces = Traces::check(salted(&request, salt).into()).unwrap().traces;
        let file = tempfile::NamedTempFile::new().unwrap();
        requests::write(file.path(), std::slice::from_ref(&traces)).unwrap();
        let read = requests::read_expected(file.path()).unwrap();
        let report = run().report;
        let found = compare(read, std::slice::from_ref(&traces), true, &report).unwrap();
        prop_assert!(found.is_empty(), "{:?}", found);
    }
}

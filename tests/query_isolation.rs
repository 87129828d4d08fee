//! A key of one project never sees, and never changes, what is another's, whatever endpoint is asked.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use support::query::{Asked, Reply, now, plan, send};

/// A word in every text of the one project's spans.
const HERS: &str = "albatross";

/// The same of the other's.
const HIS: &str = "buzzard";

const HER_TRACE: &str = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
const HIS_TRACE: &str = "b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2";
const HER_SPAN: &str = "a1a1a1a1a1a1a1a1";
const HIS_SPAN: &str = "b2b2b2b2b2b2b2b2";

/// Two projects, a key for each that may do everything there, and some spans of both.
fn two_projects() -> Asked {
    let directory = tempfile::tempdir().unwrap();
    let key = |word: &str| {
        format!("{{name: {word}, secret: {word}-secret, permissions: [admin], project: {word}}}")
    };
    let keys = format!("{{keys: [{}, {}]}}", key(HERS), key(HIS));
    let plan = plan(directory.path(), "auth: {authenticator: keys}").extension("keys", &keys);
    let asked = Asked::on(&plan, directory);
    for (word, trace, span) in [(HERS, HER_TRACE, HER_SPAN), (HIS, HIS_TRACE, HIS_SPAN)] {
        let body = json!({ "resourceSpans": [spans(word, trace, span)] }).to_string();
        let headers = [("content-type", "application/json"), ("x-project-name", word)];
        support::child::wait_until("the spans are taken", || {
            let reply = send(
                asked.gateway.http,
                "POST",
                "/v1/traces",
                &headers,
                body.as_bytes(),
            );
            assert!(matches!(reply.status, 200 | 503), "{reply:?}");
            reply.status == 200
        });
    }
    asked
}

fn spans(word: &str, trace: &str, span: &str) -> Value {
    let text = |key: &str| json!({"key": key, "value": {"stringValue": format!("{word} {key}")}});
    let now = now();
    let root = json!({
        "traceId": trace, "spanId": span, "name": format!("{word} root"), "kind": 2,
        "startTimeUnixNano": now.to_string(), "endTimeUnixNano": (now + 5_000_000).to_string(),
        "attributes": [
            text("session.id"), text("traceloop.workflow.name"), text("http.route"), text("http.request.method"),
            text("common"), {"key": format!("{word}.key"), "value": {"intValue": "7"}},
            {"key": "openinference.span.kind", "value": {"stringValue": "RETRIEVER"}},
            {"key": "retrieval.documents.0.document.content", "value": {"stringValue": word}},
        ],
        "events": [{"timeUnixNano": now.to_string(), "name": format!("{word} event")}],
        "status": {"code": 2, "message": format!("{word} failed")},
    });
    let mut child = root.clone();
    child["spanId"] = json!(format!("{}3", &span[..15]));
    child["parentSpanId"] = json!(span);
    child["kind"] = json!(3);
    child["attributes"] = json!([text("db.query.text"), text("common")]);
    let service =
        json!({"attributes": [{"key": "service.name", "value": {"stringValue": format!("{word}-service")}}]});
    json!({"resource": service, "scopeSpans": [{"spans": [root, child]}]})
}

/// A request: the method, the path and the body.
type Ask = (&'static str, String, Value);

/// Requests to every endpoint that reads, about the spans of `word`, as they would be found by who may.
fn reads(word: &str, trace: &str, span: &str) -> Vec<Ask> {
    let get = |path: String| ("GET", path, Value::Null);
    let post = |path: String, body: Value| ("POST", path, body);
    let (from, to) = (now() / 1_000_000_000 - 600, now() / 1_000_000_000 + 600);
    let mut asks = Vec::new();
    for base in ["environments", "projects"] {
        for project in [word, "@current"] {
            let at = |name: &str| format!("/api/{base}/{project}/tracing/spans/{name}");
            let query = json!({"query": {"rootSpans": false, "prefetchSpans": 10}});
            asks.push(get(at("service-names")));
            for kind in ["span_attribute", "span_resource_attribute"] {
                asks.push(get(at(&format!("attributes?attribute_type={kind}"))));
                asks.push(get(at(&format!("values?attribute_type={kind}&key=service.name"))));
                asks.push(get(at(&format!("values?attribute_type={kind}&key=common"))));
            }
            asks.push(get(at("attributes?search=albatross&search_values=true")));
            asks.push(get(at("values?attribute_type=span&key=name")));
            asks.push(get(at("has_spans")));
            asks.push(post(at(&format!("trace/{trace}")), json!({})));
            asks.push(post(
                at("query"),
                json!({"query": {"flatSpans": true, "traceId": trace}}),
            ));
            for name in [
                "query",
                "sparkline",
                "count",
                "aggregate",
                "duration-histogram",
                "latency-heatmap",
            ] {
                asks.push(post(at(name), query.clone()));
            }
            let breakdown = json!({"query": {"breakdownKey": "common", "breakdownType": "span_attribute", "rootSpans": false}});
            asks.push(post(at("attribute-breakdown"), breakdown));
        }
    }
    let list = json!({"serviceName": format!("{word}-service"), "from": from, "to": to});
    asks.push(post("/api/v0/traces".into(), list));
    asks.push(get(format!("/api/v0/traces/{trace}")));
    for stats in ["http-server-stats", "db-query-stats"] {
        asks.push(get(format!(
            "/api/v0/apm/{stats}?serviceName={word}-service&from={from}&to={to}"
        )));
    }
    asks.push(get(format!(
        "/v2/warehouse/spans?from_timestamp_sec={from}&to_timestamp_sec={to}"
    )));
    asks.push(get(format!(
        "/api/v2/warehouse/spans?fromTimestampSec={from}&toTimestampSec={to}"
    )));
    for project in [word, "default"] {
        let body = json!({"from_timestamp_sec": from, "to_timestamp_sec": to, "limit": 10});
        asks.push(post(format!("/v2/projects/{project}/spans"), body.clone()));
        asks.push(post(format!("/v2/projects/{project}/traces/root-spans"), body));
        asks.push(get(format!("/v2/projects/{project}/traces/{trace}/spans")));
        asks.push(get(format!(
            "/v2/projects/{project}/spans/workflow-names?start_time={}&end_time={}",
            from * 1000,
            to * 1000
        )));
    }
    asks.push(get("/v1/projects".into()));
    asks.push(get(format!("/v1/projects/{word}")));
    for name in ["spans", "spans/otlpv1", "traces?include_spans=true", "sessions"] {
        asks.push(get(format!("/v1/projects/{word}/{name}")));
    }
    asks.push(get(format!(
        "/v1/projects/{word}/spans?trace_id={trace}&span_id={span}"
    )));
    asks.push(get(format!(
        "/v1/projects/{word}/span_annotations?span_ids={span}"
    )));
    asks.push(get(format!(
        "/v1/projects/{word}/trace_annotations?trace_ids={trace}"
    )));
    asks.push(get(format!(
        "/v1/projects/{word}/session_annotations?session_ids={word}%20session.id"
    )));
    asks.push(get(format!("/v1/sessions/{word}%20session.id")));
    asks.push(post(
        format!("/v1/spans?project_name={word}"),
        json!({"queries": [{}]}),
    ));
    asks
}

/// Requests that note or delete something of `word`.
fn writes(word: &str, trace: &str, span: &str) -> Vec<Ask> {
    let said = |target: &str, id: &str| json!({"data": [{target: id, "name": "said", "annotator_kind": "CODE", "result": {"label": "mine"}}]});
    let note = |target: &str, id: &str| json!({"data": {target: id, "note": "mine"}});
    let post = |path: &str, body: Value| ("POST", path.to_owned(), body);
    let delete = |path: String| ("DELETE", path, Value::Null);
    let mut document = said("span_id", span);
    document["data"][0]["document_position"] = json!(0);
    let logged = json!({
        "name": "mine", "context": {"trace_id": trace, "span_id": "c3c3c3c3c3c3c3c3"}, "span_kind": "CHAIN",
        "start_time": "2026-01-01T00:00:00Z", "end_time": "2026-01-01T00:00:01Z", "status_code": "OK", "attributes": {},
    });
    vec![
        post("/v1/span_annotations?sync=true", said("span_id", span)),
        post("/v1/span_annotations", said("span_id", span)),
        post("/v1/trace_annotations?sync=true", said("trace_id", trace)),
        post("/v1/document_annotations?sync=true", document),
        post(
            "/v1/session_annotations?sync=true",
            said("session_id", &format!("{word} session.id")),
        ),
        post("/v1/span_notes", note("span_id", span)),
        post("/v1/trace_notes", note("trace_id", trace)),
        post(
            "/v1/session_notes",
            note("session_id", &format!("{word} session.id")),
        ),
        delete(format!("/v1/projects/{word}/trace_annotations?delete_all=true")),
        delete(format!("/v1/projects/{word}/session_annotations?delete_all=true")),
        delete(format!("/v1/spans/{span}")),
        delete(format!("/v1/projects/{word}/span_annotations?delete_all=true")),
        post("/v1/projects", json!({"name": word, "description": "mine"})),
        post(&format!("/v1/projects/{word}/spans"), json!({"data": [logged]})),
        post(
            "/v1/sessions/delete",
            json!({"session_identifiers": [format!("{word} session.id")]}),
        ),
        delete(format!(
            "/v1/projects/{word}/traces?start_time=2026-01-01T00:00:00Z&end_time=2026-01-02T00:00:00Z"
        )),
        delete(format!("/v1/traces/{trace}")),
        delete(format!("/v1/sessions/{word}%20session.id")),
        (
            "PUT",
            format!("/v1/projects/{word}"),
            json!({"description": "mine"}),
        ),
        delete(format!("/v1/projects/{word}")),
    ]
}

fn ask(asked: &Asked, key: &str, (method, path, body): &Ask) -> Reply {
    let bearer = format!("Bearer {key}-secret");
    let secret = format!("{key}-secret");
    let mut headers = vec![("authorization", bearer.as_str()), ("x-api-key", &secret)];
    if body.is_null() {
        return asked.call(method, path, &headers, b"");
    }
    headers.push(("content-type", "application/json"));
    asked.call(method, path, &headers, body.to_string().as_bytes())
}

/// Whether an answer shows anything of the one with this word and these ids, which does not stand in the question.
fn shows(reply: &Reply, asked: &Ask, word: &str, ids: [&str; 2]) -> bool {
    let question = format!("{} {}", asked.1, asked.2).to_lowercase();
    let answer = reply.body.to_lowercase();
    // An error may repeat what it was asked for.
    let says = |what: &str| answer.contains(what) && !(reply.status >= 400 && question.contains(what));
    says(word) || ids.iter().any(|id| says(id))
}

/// Guarantees: of all that can be read, a key shows its own project alone; with the other's words nothing is found.
#[test]
fn nothing_foreign_is_read() {
    let asked = two_projects();
    let mut found = BTreeSet::new();
    for (word, trace, span) in [(HERS, HER_TRACE, HER_SPAN), (HIS, HIS_TRACE, HIS_SPAN)] {
        for question in reads(word, trace, span) {
            let hers = ask(&asked, HERS, &question);
            let his = ask(&asked, HIS, &question);
            assert!(
                hers.status < 500 && his.status < 500,
                "{question:?}: {hers:?} {his:?}"
            );
            assert!(
                !shows(&hers, &question, HIS, [HIS_TRACE, HIS_SPAN]),
                "{question:?}: {hers:?}"
            );
            assert!(
                !shows(&his, &question, HERS, [HER_TRACE, HER_SPAN]),
                "{question:?}: {his:?}"
            );
            if shows(&hers, &question, HERS, [HER_TRACE, HER_SPAN]) {
                found.insert(question.1.split('?').next().unwrap().to_owned());
            }
            let nobody = asked.call(question.0, &question.1, &[], b"");
            assert!(matches!(nobody.status, 401 | 403), "{question:?}: {nobody:?}");
        }
    }
    // The same questions do find what is one's own.
    assert!(found.len() >= 30, "{found:?}");
}

/// Guarantees: a key changes nothing of another project, and what it tries is not seen there.
#[test]
fn nothing_foreign_is_changed() {
    let asked = two_projects();
    let about = |word, trace, span| -> Vec<String> {
        let questions = reads(word, trace, span);
        // The parts of a table are marked by something random.
        let is_told = |path: &str| path.starts_with("/v1/") && !path.starts_with("/v1/spans");
        let questions = questions.iter().filter(|ask| is_told(&ask.1));
        questions
            .map(|question| ask(&asked, word, question).body)
            .collect()
    };
    let before = about(HERS, HER_TRACE, HER_SPAN);
    for change in writes(HERS, HER_TRACE, HER_SPAN) {
        let reply = ask(&asked, HIS, &change);
        assert!(reply.status < 500, "{change:?}: {reply:?}");
    }
    for (now, then) in about(HERS, HER_TRACE, HER_SPAN).iter().zip(&before) {
        assert_eq!(now, then);
    }
    // The same changes do change what is one's own.
    for change in writes(HERS, HER_TRACE, HER_SPAN) {
        let reply = ask(&asked, HERS, &change);
        // What was deleted with something else is gone, and what is there cannot be made.
        let gone = matches!(reply.status, 404 | 409);
        assert!(reply.status < 300 || gone, "{change:?}: {reply:?}");
    }
    assert_ne!(about(HERS, HER_TRACE, HER_SPAN), before);
    let his = ask(&asked, HIS, &reads(HIS, HIS_TRACE, HIS_SPAN)[0]);
    assert!(shows(
        &his,
        &reads(HIS, HIS_TRACE, HIS_SPAN)[0],
        HIS,
        [HIS_TRACE, HIS_SPAN]
    ));
}

/// Guarantees: no endpoint of the OpenAPI document is left out here, but those that show no span.
#[test]
fn every_endpoint_is_asked() {
    let asked = Asked::start("");
    let document = asked.get("/openapi.json").ok();
    let asks: Vec<(String, String)> = [reads("w", "t", "s"), writes("w", "t", "s")]
        .into_iter()
        .flatten()
        .map(|(method, path, _)| (method.to_lowercase(), path.split('?').next().unwrap().to_owned()))
        .collect();
    let open = ["/arize_phoenix_version", "/healthz", "/readyz"];
    let mut left_out = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "post", "put", "patch", "delete"] {
            let asked_for = |(known, with): &(String, String)| known == method && fits(path, with);
            if item.get(method).is_some() && !asks.iter().any(asked_for) && !open.contains(&path.as_str()) {
                left_out.push(format!("{method} {path}"));
            }
        }
    }
    assert!(left_out.is_empty(), "{left_out:#?}");
}

/// Whether a path fits a template such as `/a/{id}`.
fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (
        template.trim_end_matches('/').split('/').collect(),
        path.trim_end_matches('/').split('/').collect(),
    );
    let fits = |(template, path): (&&str, &&str)| template.starts_with('{') || template == path;
    template.len() == path.len() && template.iter().zip(&path).all(fits)
}

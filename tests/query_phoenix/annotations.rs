//! Annotations and notes.

use serde_json::{Value, json};

use crate::{asked, keep, of_rows, span, span_id, trace_id};

fn annotation(target: &str, id: &str, name: &str) -> Value {
    json!({ target: id, "name": name, "annotator_kind": "LLM", "result": { "label": "l", "score": 0.5 } })
}

fn annotate(subject: &str, sync: bool, annotations: &[Value]) -> crate::support::query::Reply {
    asked().post(
        &format!("/v1/{subject}_annotations?sync={sync}"),
        &json!({ "data": annotations }),
    )
}

/// Guarantees: with `sync` ids are answered in order, one key keeps its id and is overwritten whole, rows have all members,
/// and lists come the newest first, filtered by name and identifier, page by page.
#[test]
fn of_spans() {
    keep(
        "of_spans",
        &[span(60, 70, "one", 0, &[]), span(60, 71, "two", 1, &[])],
    );
    let mut other = annotation("span_id", &span_id(71), "q");
    other["identifier"] = json!("mine");
    let both = annotate("span", true, &[annotation("span_id", &span_id(70), "q"), other]).ok();
    let [first, second] = of_rows(&both, "id").try_into().unwrap();
    assert_ne!(first, second);
    let bare = json!({ "span_id": span_id(70), "name": "q", "annotator_kind": "HUMAN" });
    assert_eq!(
        of_rows(&annotate("span", true, &[bare]).ok(), "id"),
        std::slice::from_ref(&first)
    );
    let path = format!(
        "/v1/projects/of_spans/span_annotations?span_ids={}&span_ids={}",
        span_id(70),
        span_id(71)
    );
    let listed = asked().get(&path).ok();
    assert_eq!(of_rows(&listed, "id"), [second.clone(), first.clone()]);
    let mut row = listed["data"][1].clone();
    for time in ["created_at", "updated_at"] {
        let time = row.as_object_mut().unwrap().remove(time).unwrap();
        assert!(time.as_str().unwrap().ends_with("+00:00"), "{time}");
    }
    assert_eq!(
        row,
        json!({
            "id": first, "source": "API", "user_id": null, "name": "q", "annotator_kind": "HUMAN",
            "result": { "label": null, "score": null, "explanation": null },
            "metadata": {}, "identifier": "", "span_id": span_id(70),
        })
    );
    let page = asked().get(&format!("{path}&limit=1")).ok();
    assert_eq!(page["next_cursor"], first);
    let mine = asked()
        .get("/v1/projects/of_spans/span_annotations?identifier=mine")
        .ok();
    assert_eq!(of_rows(&mine, "id"), [second]);
    assert_eq!(
        of_rows(
            &asked().get(&format!("{path}&exclude_annotation_names=q")).ok(),
            "id"
        )
        .len(),
        0
    );
    let missing = annotate("span", true, &[annotation("span_id", "nobody", "q")]);
    assert_eq!(
        (missing.status, missing.body.as_str()),
        (404, "Spans with IDs nobody do not exist.")
    );
    let elsewhere = asked().get(&format!(
        "/v1/projects/default/span_annotations?span_ids={}",
        span_id(70)
    ));
    assert_eq!(
        (elsewhere.status, elsewhere.body.as_str()),
        (404, "None of the supplied span_ids exist in this project")
    );
}

/// Guarantees: without `sync` nothing is told, and an annotation of a span that is not there yet is found once it is.
#[test]
fn before_the_span() {
    let early = annotate("span", false, &[annotation("span_id", &span_id(80), "early")]).ok();
    assert_eq!(early, json!({ "data": [] }));
    keep("before", &[span(61, 80, "late", 0, &[])]);
    let path = format!("/v1/projects/before/span_annotations?span_ids={}", span_id(80));
    assert_eq!(of_rows(&asked().get(&path).ok(), "name"), ["early"]);
    let id = of_rows(&asked().get(&path).ok(), "id");
    let again = annotate("span", true, &[annotation("span_id", &span_id(80), "early")]).ok();
    assert_eq!(of_rows(&again, "id"), id);
}

/// Guarantees: notes are annotations of that name, each its own unless it has an identifier, and the name is theirs alone.
#[test]
fn notes() {
    keep("notes", &[span(62, 81, "one", 0, &[])]);
    let note = |note: &str, identifier: Option<&str>| {
        let data = json!({ "span_id": span_id(81), "note": note, "identifier": identifier });
        asked().post("/v1/span_notes", &json!({ "data": data })).ok()["data"]["id"].clone()
    };
    assert_ne!(note("a", None), note("b", None));
    assert_eq!(note("c", Some("x")), note("d", Some("x")));
    let path = format!(
        "/v1/projects/notes/span_annotations?span_ids={}&include_annotation_names=note",
        span_id(81)
    );
    let listed = asked().get(&path).ok();
    let texts: Vec<Value> = of_rows(&listed, "result")
        .iter()
        .map(|result| result["explanation"].clone())
        .collect();
    assert_eq!(texts, ["d", "b", "a"]);
    assert!(
        listed["data"][1]["identifier"]
            .as_str()
            .unwrap()
            .starts_with("px-span-note:")
    );
    let reserved = annotate("span", false, &[annotation("span_id", &span_id(81), "note")]);
    assert_eq!(reserved.status, 400);
    assert!(reserved.body.contains("/v1/span_notes"), "{}", reserved.body);
    let nobody = asked().post(
        "/v1/span_notes",
        &json!({ "data": { "span_id": "nobody", "note": "x" } }),
    );
    assert_eq!(
        (nobody.status, nobody.body.as_str()),
        (404, "Span with ID nobody not found")
    );
}

/// Guarantees: traces, sessions and documents are annotated as spans are, a document only where there is one.
#[test]
fn of_the_others() {
    let text = |text: &str| json!({ "stringValue": text });
    keep(
        "others",
        &[span(
            63,
            82,
            "one",
            0,
            &[
                ("session.id", text("others session")),
                ("retrieval.documents.0.document.content", text("a")),
                ("retrieval.documents.1.document.content", text("b")),
            ],
        )],
    );
    for (subject, target, id) in [
        ("trace", "trace_id", trace_id(63)),
        ("session", "session_id", "others session".into()),
    ] {
        assert_eq!(
            annotate(subject, true, &[annotation(target, &id, "q")]).ok()["data"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
        assert_eq!(
            annotate(subject, true, &[annotation(target, "nobody", "q")]).status,
            404
        );
        let given = id.replace(' ', "%20");
        let listed = asked()
            .get(&format!(
                "/v1/projects/others/{subject}_annotations?{target}s={given}"
            ))
            .ok();
        assert_eq!(of_rows(&listed, target), [id.as_str()]);
        let note = json!({ "data": { target: id, "note": "x" } });
        assert_eq!(asked().post(&format!("/v1/{subject}_notes"), &note).status, 200);
    }
    let document = |position: i64| {
        let mut annotation = annotation("span_id", &span_id(82), "relevant");
        annotation["document_position"] = json!(position);
        annotate("document", true, &[annotation])
    };
    assert_eq!(document(1).status, 200);
    let beyond = document(2);
    let wanted = format!(
        "Document position 2 is out of bounds for span {} (max: 1)",
        span_id(82)
    );
    assert_eq!((beyond.status, beyond.body), (422, wanted));
}

/// Guarantees: annotations are deleted by name, kind and time of their making, never without a bound.
#[test]
fn deleting_them() {
    keep("deleting_them", &[span(64, 83, "one", 0, &[])]);
    let all = ["a", "b", "c"].map(|name| annotation("span_id", &span_id(83), name));
    annotate("span", true, &all).ok();
    let path = "/v1/projects/deleting_them/span_annotations";
    let delete = |parameters: &str| {
        asked()
            .call("DELETE", &format!("{path}?{parameters}"), &[], b"")
            .status
    };
    let left = || {
        of_rows(
            &asked().get(&format!("{path}?span_ids={}", span_id(83))).ok(),
            "name",
        )
    };
    assert_eq!(delete("name=a"), 422);
    assert_eq!(delete("start_time=2020-01-01&end_time=2019-01-01"), 422);
    assert_eq!(delete("start_time=2019-01-01&end_time=2020-01-01"), 204);
    assert_eq!(left(), ["c", "b", "a"]);
    assert_eq!(delete("name=a&delete_all=true"), 204);
    assert_eq!(left(), ["c", "b"]);
    assert_eq!(delete("delete_all=true&annotator_kind=HUMAN"), 204);
    assert_eq!(left(), ["c", "b"]);
    assert_eq!(delete("start_time=2019-01-01&end_time=2100-01-01"), 204);
    assert!(left().is_empty());
}

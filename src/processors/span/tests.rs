use proptest::prelude::*;

use super::*;
use crate::config::pattern::Pattern;
use crate::config::settings::Settings as _;
use crate::pipeline::client::Client;
use crate::wire::{Amendment, ResourceView, ScopeView, SpanEdit, SpanView, Value};

/// A span after the processor has seen it.
fn seen<'a>(settings: &SpanSettings, mut span: SpanEdit<'a>) -> SpanEdit<'a> {
    let mut problems = Problems::default();
    let processor = Span::new(settings, &mut problems);
    assert!(problems.is_empty(), "{problems:?}");
    let client = Client::default();
    let above = Above {
        resource: &Amendment::new(ResourceView::over(&[])),
        scope: &Amendment::new(ScopeView::over(&[])),
    };
    assert_eq!(processor.span(Context::of(&client), above, &mut span), Fate::Keep);
    span
}

fn named(name: &str) -> SpanEdit<'static> {
    let mut span = SpanView::over(&[]).amend();
    span.set_name(name);
    span
}

fn from(keys: &[&str]) -> SpanSettings {
    SpanSettings {
        name: NameSettings {
            from_attributes: keys.iter().map(|&key| key.into()).collect(),
            separator: "-".into(),
            to_attributes: None,
        },
        ..SpanSettings::default()
    }
}

fn to(rules: &[&str]) -> ToAttributesSettings {
    ToAttributesSettings {
        rules: rules.iter().map(|rule| Pattern::new(rule).unwrap()).collect(),
        ..ToAttributesSettings::default()
    }
}

/// The name and the attributes that these rules make of a name.
fn made(to: ToAttributesSettings, name: &str) -> (String, Vec<(String, String)>) {
    let mut settings = SpanSettings::default();
    settings.name.to_attributes = Some(to);
    let span = seen(&settings, named(name));
    let pairs = span.attributes();
    let pairs = pairs.map(|pair| (pair.key().to_owned(), pair.value().text().into_owned()));
    (span.name().to_owned(), pairs.collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    owned.collect()
}

/// Guarantees: a name is made of values in plain notation when all are there, and else stays.
#[test]
fn names_come_from_attributes() {
    let mut span = named("old");
    for (key, value) in [
        ("s", Value::String("a b".into())),
        ("i", Value::Int(-1)),
        ("d", Value::Double(1e21)),
        ("b", Value::Bool(true)),
        ("x", Value::Bytes(vec![1])),
    ] {
        span.upsert(key, &value);
    }
    assert_eq!(
        seen(&from(&["s", "i", "d", "b", "x"]), span.clone()).name(),
        "a b--1-1000000000000000000000-true-<unknown-attribute-type>"
    );
    assert_eq!(seen(&from(&["s", "missing"]), span.clone()).name(), "old");
    assert_eq!(seen(&from(&["s"]), span).name(), "a b");
}

/// Guarantees: groups become attributes and leave their names; each rule sees what the one before has left.
#[test]
fn attributes_come_from_names() {
    let rules = [r"^/doc/(?P<id>\d+)/(?P<verb>\w+)$", r"/(?P<verb>\{verb\})$"];
    assert_eq!(
        made(to(&rules), "/doc/7/edit"),
        (
            "/doc/{id}/{verb}".into(),
            pairs(&[("id", "7"), ("verb", "{verb}")])
        )
    );
    let first = ToAttributesSettings {
        break_after_match: true,
        ..to(&rules)
    };
    let expected = pairs(&[("id", "7"), ("verb", "edit")]);
    assert_eq!(
        made(first, "/doc/7/edit"),
        ("/doc/{id}/{verb}".into(), expected.clone())
    );
    let kept = ToAttributesSettings {
        keep_original_name: true,
        ..to(&rules)
    };
    assert_eq!(made(kept, "/doc/7/edit"), ("/doc/7/edit".into(), expected));
    assert_eq!(made(to(&["(.)"]), "ab"), ("{}b".into(), pairs(&[("", "a")])));
    assert_eq!(made(to(&["(?P<all>.*)"]), ""), (String::new(), Vec::new()));
}

/// Guarantees: where a group took no part, or stands in another, attributes are written and the name stays.
#[test]
fn names_that_cannot_be_made_stay() {
    assert_eq!(
        made(to(&["(?P<a>a)|(?P<b>b)"]), "b"),
        ("b".into(), pairs(&[("a", ""), ("b", "b")]))
    );
    assert_eq!(
        made(to(&["(?P<o>a(?P<i>b))"]), "ab"),
        ("ab".into(), pairs(&[("o", "ab"), ("i", "b")]))
    );
}

/// Guarantees: the status is set, a message goes with `Error` only, and setting what is there is no edit.
#[test]
fn the_status_is_set() {
    let set = |code: &str, description: &str| SpanSettings {
        status: Some(StatusSettings {
            code: code.into(),
            description: description.into(),
        }),
        ..SpanSettings::default()
    };
    let mut span = named("name");
    for (settings, code, message) in [
        (set("Error", "broken"), 2, "broken"),
        (set("Ok", ""), 1, ""),
        (set("Unset", ""), 0, ""),
    ] {
        span = seen(&settings, span);
        assert_eq!((span.status().code, span.status().message), (code, message));
        let edits = span.edits();
        span = seen(&settings, span);
        assert_eq!(span.edits(), edits);
    }
}

/// Guarantees: what is wrong with the settings is told with its key.
#[test]
fn what_is_wrong_is_named() {
    let wrong = |settings: SpanSettings| {
        let mut problems = Problems::default();
        settings.validate(&mut problems);
        let shown: Vec<String> = problems
            .iter()
            .map(|problem| format!("{} {}", problem.path, problem.note))
            .collect();
        shown.join("; ")
    };
    let status = |code: &str, description: &str| SpanSettings {
        status: Some(StatusSettings {
            code: code.into(),
            description: description.into(),
        }),
        ..SpanSettings::default()
    };
    assert_eq!(
        wrong(SpanSettings::default()),
        "name must have from_attributes or to_attributes.rules, or status must be set"
    );
    assert_eq!(
        wrong(status("ok", "")),
        "status.code is `ok`, but must be Ok, Error or Unset"
    );
    assert_eq!(
        wrong(status("Ok", "why")),
        "status.description is only for the code Error, not Ok"
    );
}

proptest! {
    /// Guarantees: no rule and no name make it panic, whichever groups take part.
    #[test]
    fn any_name_is_taken(name in "[abé/]{0,8}", rule in r"(\((\?P<[xy]>)?[abé.]{0,2}\)[?*|]?|[ab/]){1,5}") {
        if let Ok(pattern) = Pattern::new(&rule) {
            let is_match = pattern.is_match(&name);
            let (left, pairs) = made(to(&[&rule]), &name);
            prop_assert!(is_match && !name.is_empty() || left == name && pairs.is_empty());
        }
    }
}

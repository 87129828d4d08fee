use super::Attributes;
use crate::config::diagnostic::Diagnostics;
use crate::config::literal::Literal;
use crate::config::load::{Inputs, load};
use crate::config::settings::Problems;
use crate::pipeline::client::Client;
use crate::pipeline::processor::{Above, Context, Fate, Processor as _};
use crate::processors::attributes::AttributesSettings;
use crate::wire::{Amendment, ResourceView, ScopeView, SpanView, ValueView};

/// What these settings are, and what is said about them.
fn read(yaml: &str) -> (Option<AttributesSettings>, String) {
    let mut diagnostics = Diagnostics::default();
    let configs = [format!("yaml:{yaml}")];
    let environment = |name: &str| (name == "PORT").then(|| "4317".to_owned());
    let inputs = Inputs {
        configs: &configs,
        sets: &[],
        environment: &environment,
    };
    let node = load(&inputs, &mut diagnostics).unwrap();
    let settings = node.read::<AttributesSettings>(&mut diagnostics);
    (settings, diagnostics.render())
}

/// Guarantees: values have the types that YAML gives them, also those from the environment.
#[test]
fn values_are_typed_as_yaml_types_them() {
    let items = [
        "1",
        "1.5",
        "'1'",
        "true",
        "18446744073709551615",
        "[a, null]",
        "{k: 2}",
        "${env:PORT}",
    ];
    let list = items.map(|item| format!("\n      - {item}")).concat();
    let (settings, said) = read(&format!(
        "actions:\n  - action: insert\n    key: k\n    value:{list}"
    ));
    let text = |text: &str| Literal::String(text.into());
    let expected = Literal::List(vec![
        Literal::Int(1),
        Literal::Double(1.5),
        text("1"),
        Literal::Bool(true),
        Literal::Int(-1),
        Literal::List(vec![text("a"), Literal::Null]),
        Literal::Map(vec![("k".into(), Literal::Int(2))]),
        Literal::Int(4317),
    ]);
    let value = settings.map(|settings| settings.actions[0].value.clone());
    assert_eq!(value, Some(Some(expected)), "{said}");
}

/// Guarantees: keys that steer the Collector's cache are noted, keys of other signals are refused, and what is wrong with
/// an action is told at its place in the file.
#[test]
fn keys_are_in_their_classes() {
    let (settings, said) = read(
        "include: {match_type: regexp, regexp: {cacheenabled: true}, services: [a]}\nactions: [{action: delete, key: k}]",
    );
    assert!(settings.is_some(), "{said}");
    assert!(said.contains("`include.regexp` has no effect here"), "{said}");
    let (settings, said) = read(
        "exclude: {match_type: strict, log_bodies: [a], services: [a]}\nactions:\n  - {action: delete, key: k}\n  - {action: drop, key: k}",
    );
    assert!(settings.is_none(), "{said}");
    assert!(said.contains("`exclude.log_bodies` is not supported"), "{said}");
    assert!(said.contains("`actions.1.action` is `drop`"), "{said}");
    let (settings, said) = read("actions: [{action: delete, pattern: '(?=a)'}]");
    assert!(settings.is_none(), "{said}");
    assert!(
        said.contains("`actions.0.pattern`: `(?=a)` is not a regular expression"),
        "{said}"
    );
}

/// Guarantees: a span is chosen by what it is before the first action, and one that is not chosen is not edited.
#[test]
fn spans_are_chosen_before_the_first_action() {
    let (settings, said) = read(
        "include: {match_type: strict, span_names: [name]}\nexclude: {attributes: [{key: k}]}\nactions: [{action: insert, key: k, value: v}, {action: upsert, key: l, from_attribute: k}]",
    );
    let mut problems = Problems::default();
    let attributes = Attributes::new(&settings.expect(&said), &mut problems);
    let client = Client::default();
    let context = Context::of(&client);
    let above = Above {
        resource: &Amendment::new(ResourceView::over(&[])),
        scope: &Amendment::new(ScopeView::over(&[])),
    };
    let mut named = SpanView::over(b"\x2a\x04name").amend();
    assert_eq!(attributes.span(context, above, &mut named), Fate::Keep);
    assert!(matches!(named.attribute("l"), Some(ValueView::String("v"))));
    // It has the attribute now.
    let edits = named.edits();
    attributes.span(context, above, &mut named);
    assert_eq!(named.edits(), edits);
    let mut other = SpanView::over(b"\x2a\x05other").amend();
    attributes.span(context, above, &mut other);
    assert!(!other.is_changed());
}

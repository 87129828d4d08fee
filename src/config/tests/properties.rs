//! Laws that hold for any text.

use proptest::prelude::*;
use serde_json::Value;

use super::super::diagnostic::Diagnostics;
use super::super::document::Config;
use super::super::load::merge;
use super::super::node::Node;
use super::super::read::read;
use super::super::wiring;
use super::{Fake, Inputs, around, catalog, environment, load};

fn loaded(text: &str) -> (Option<Node>, Diagnostics) {
    let mut diagnostics = Diagnostics::default();
    let configs = [format!("yaml:{text}")];
    let inputs = Inputs {
        configs: &configs,
        sets: &[],
        environment: &environment,
    };
    (load(&inputs, &mut diagnostics), diagnostics)
}

/// Runs everything that a text can reach.
fn exercise(text: &str) {
    let (node, mut diagnostics) = loaded(text);
    if let Some(node) = node {
        node.read::<Fake>(&mut diagnostics);
        let _ = read::<Value>(&node);
        let config = Config::read(node, false, &mut diagnostics);
        wiring::check(&config, &catalog(), &mut diagnostics);
    }
    diagnostics.render();
}

/// Pieces that YAML, references and our keys are made of.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("receivers:"),
        Just("service:"),
        Just("fake"),
        Just("queue:"),
        Just("size"),
        Just(": "),
        Just("\n"),
        Just("\n  "),
        Just("\n    "),
        Just("- "),
        Just("["),
        Just("]"),
        Just("{"),
        Just("}"),
        Just(","),
        Just("&a "),
        Just("*a"),
        Just("<<: "),
        Just("${env:OTHER}"),
        Just("${"),
        Just("}"),
        Just("$$"),
        Just(":-"),
        Just("'"),
        Just("\""),
        Just("|\n"),
        Just("---\n"),
        Just("!!str "),
        Just("%"),
        Just("\t"),
        Just("é"),
        Just("0x1"),
        Just("-1e9"),
        Just("::"),
        Just("token: "),
        Just("#"),
        Just("timeout: 5"),
        Just("null"),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// Documents on whose meaning all readers of YAML agree.
fn plain() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e6..1e6f64).prop_map(Value::from),
        "[ -#%-~é]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC*", soup in soup()) {
        // Neither any text at all nor text that looks like configuration.
        exercise(&text);
        exercise(&soup);
        exercise(&around(&soup));
    }

    #[test]
    fn plain_documents_mean_the_same_to_serde_saphyr(value in plain()) {
        // What its writer wrote, our reader reads as its reader does.
        let text = serde_saphyr::to_string(&serde_json::json!({ "top": value })).unwrap();
        let theirs: Value = serde_saphyr::from_str(&text).unwrap();
        let (node, diagnostics) = loaded(&text);
        let node = node.ok_or_else(|| TestCaseError::fail(format!("{text}\n{}", diagnostics.render())))?;
        let ours: Value = read(&node).unwrap();
        prop_assert_eq!(ours, theirs, "{}", text);
    }
}

proptest! {
    #[test]
    fn laying_a_tree_over_itself_or_over_nothing_changes_nothing(value in plain()) {
        // Merging is idempotent, and an empty document leaves no trace.
        let text = serde_saphyr::to_string(&serde_json::json!({ "top": value })).unwrap();
        let node = loaded(&text).0.unwrap();
        let empty = loaded("").0.unwrap();
        prop_assert_eq!(merge(node.clone(), node.clone()), node.clone());
        prop_assert_eq!(merge(node.clone(), empty.clone()), node.clone());
        prop_assert_eq!(merge(empty, node.clone()).value, node.value);
    }
}

//! Pieces of texts and where they are written.

use std::ops::Range;

use proptest::prelude::*;

use super::super::diagnostic::Diagnostics;
use super::super::node::Node;
use super::super::within::{Place, column};
use super::{Fake, load_all};

fn loaded(yaml: &str, sets: &[&str]) -> Node {
    let mut diagnostics = Diagnostics::default();
    load_all(&[yaml], sets, &mut diagnostics).unwrap_or_else(|| panic!("{}", diagnostics.render()))
}

/// The piece of the source below which carets stand, and where it begins.
fn marked(place: &Place<'_>) -> (usize, usize, String) {
    let origin = &place.origin;
    let line = origin.source.line(origin.line);
    let piece = line.chars().skip(origin.column - 1).take(origin.width);
    (origin.line, origin.column, piece.collect())
}

fn range_of(text: &str, word: &str) -> Range<usize> {
    let start = text
        .find(word)
        .unwrap_or_else(|| panic!("no `{word}` in {text:?}"));
    start..start + word.len()
}

/// Finds `word` in the value at `path`.
fn found(yaml: &str, path: &str, word: &str) -> (usize, usize, String) {
    let root = loaded(yaml, &[]);
    let (node, exact) = root.find(path);
    assert!(exact, "{path} in {yaml}");
    let bytes = range_of(node.text().unwrap(), word);
    let place = node.place_within(&bytes);
    let place = place.unwrap_or_else(|| panic!("no place in {yaml}"));
    assert!(place.exact, "{yaml}");
    marked(&place)
}

/// Guarantees: a word is found in its line and column in every style of YAML.
#[test]
fn words_are_found_in_every_style() {
    let cases = [
        ("a: set it bad now", "bad", (1, 11)),
        ("a: é \u{1F600} bad", "bad", (1, 8)),
        ("a: set\n  it\n\n  bad now", "bad", (4, 3)),
        ("a:\n\n    set\n     bad", "bad", (4, 6)),
        ("a: 'it''s ''bad'", "bad", (1, 13)),
        ("a: 'it\n\n    ''s bad'", "bad", (3, 9)),
        ("a: \"it \\\"is\\\" bad\"", "bad", (1, 15)),
        (
            "a: \"\\x41\\u00e9\\U0001F600\\uD83D\\uDE00\\n \\t bad\"",
            "bad",
            (1, 43),
        ),
        ("a: \"it is\\\n    bad\"", "bad", (2, 5)),
        ("a: \"it is\n\n    bad\"", "bad", (3, 5)),
        ("a: |\n  set\n  bad", "bad", (3, 3)),
        ("a: |-\n\n    set\n      bad\n", "bad", (4, 7)),
        ("a: |+2 # why\n    set\n   bad\n\n\n", "bad", (3, 4)),
        ("a: >\n  set\n  it\n\n    bad\n  now", "bad", (5, 5)),
        ("a: >-\n  \"bad\" 'it' \\n\n", "bad", (2, 4)),
        ("a: |\r\n  set\r\n  it bad\r\n", "bad", (3, 6)),
        ("a: !!str &x bad", "bad", (1, 13)),
        ("a: pay $$5 bad $x", "bad", (1, 12)),
        ("a: pay $$$$ \n   $$bad", "bad", (2, 6)),
        ("a: x ${env:PORT} y ${env:EMPTY} bad", "bad", (1, 33)),
        ("a: |\n  ${env:PORT} x\n  ${env:PORT:-a b} bad", "bad", (3, 20)),
        ("a: '${env:OTHER}''bad'", "bad", (1, 19)),
    ];
    for (yaml, word, (line, at)) in cases {
        assert_eq!(found(yaml, "a", word), (line, at, word.to_owned()), "{yaml}");
    }
}

/// Guarantees: items of lists, of maps in lists, and of aliases are found like other values.
#[test]
fn words_are_found_in_lists() {
    let yaml =
        "a: [x, 'y bad', {b: \"it\\tbad\"}]\nc:\n- d:\n  - it is\n  - |\n    is bad\n  e: &e so bad\nf: *e";
    for (path, line, at) in [
        ("a.1", 1, 11),
        ("a.2.b", 1, 26),
        ("c.0.d.1", 6, 8),
        ("c.0.e", 7, 12),
        ("f", 7, 12),
    ] {
        assert_eq!(found(yaml, path, "bad"), (line, at, "bad".into()), "{path}");
    }
}

/// Guarantees: what spans lines is marked to the end of its first, and what is missing at the end is behind it.
#[test]
fn ranges_are_cut_to_a_line() {
    let root = loaded("a: |\n  set  \n  it\n\n\nb: 'x '\nc: ''\nd: >\n\n", &[]);
    let mark = |path: &str, bytes| marked(&root.find(path).0.place_within(&bytes).unwrap());
    assert_eq!(mark("a", 0..8), (2, 3, "set".into()));
    assert_eq!(mark("a", 5..8), (3, 3, "it".into()));
    assert_eq!(mark("a", 8..9), (3, 5, String::new()));
    assert_eq!(mark("a", 900..901), (3, 5, String::new()));
    assert_eq!(mark("a", 7..7), (3, 4, "t".into()));
    assert_eq!(mark("b", 2..2), (6, 6, " ".into()));
    assert_eq!(mark("c", 0..1), (7, 5, "'".into()));
    assert_eq!(
        root.find("d").0.place_within(&(0..1)).map(|place| place.exact),
        Some(true)
    );
}

/// Guarantees: what a reference has yielded is at the reference, and the text around it may be shown.
#[test]
fn references_stand_for_what_they_yield() {
    let root = loaded("a: x ${env:SECRET} y\nb: ${env:SECRET}\nc: ${yaml:[x, y]}", &[]);
    let (node, _) = root.find("a");
    let place = |bytes| node.place_within(&bytes).unwrap();
    for bytes in [2..3, 4..6, 2..14, 5..5] {
        let place = place(bytes);
        assert_eq!(marked(&place), (1, 6, "${env:SECRET}".into()));
        assert!(!place.exact && place.shown.is_empty());
    }
    assert_eq!(marked(&place(0..5)), (1, 4, "x ${env:SECRET}".into()));
    assert_eq!(marked(&place(5..16)), (1, 6, "${env:SECRET} y".into()));
    let around = place(15..16);
    assert!(around.exact);
    assert_eq!(around.shown, ["x ", " y"]);
    for path in ["b", "c.0"] {
        assert!(root.find(path).0.place_within(&(0..1)).is_none());
    }
}

/// Guarantees: an argument of the command line is a source like others, its items included.
#[test]
fn words_are_found_in_arguments() {
    let root = loaded("", &["a.b=it is bad", "c= ['x', \"y\\n bad\"]"]);
    let place = |path: &str, word| {
        let (node, _) = root.find(path);
        marked(&node.place_within(&range_of(node.text().unwrap(), word)).unwrap())
    };
    assert_eq!(place("a.b", "bad"), (1, 11, "bad".into()));
    assert_eq!(place("c.1", "bad"), (1, 15, "bad".into()));
}

/// Guarantees: a text that is not the one that is written has no place, instead of a wrong one.
#[test]
fn what_does_not_fit_has_no_place() {
    let mut root = loaded("a: it is bad", &[]);
    let super::super::node::Value::Map(map) = &mut root.value else {
        panic!("no map");
    };
    let node = map.get_mut("a").unwrap();
    let super::super::node::Value::Scalar(scalar) = &mut node.value else {
        panic!("no scalar");
    };
    scalar.text = "it was bad".into();
    assert!(node.place_within(&(7..10)).is_none());
}

/// Guarantees: where there is no caret, words say where it would be, in characters.
#[test]
fn columns_are_words() {
    assert_eq!(column("é bad", 3), " (column 3 of the text)");
    assert_eq!(column("é\n\n bad", 5), " (line 3, column 2 of the text)");
    assert_eq!(column("bad \n", 900), " (column 4 of the text)");
}

/// Guarantees: a message says what is at fault when the caret is beside a secret, and nothing of the secret itself.
#[test]
fn messages_repeat_what_is_written_and_nothing_hidden() {
    let mut diagnostics = Diagnostics::default();
    let yaml = "keys:\n- 'wrong ${env:SECRET}'\n- x${env:WRONG}\n- ${env:WRONG}";
    let environment = |name: &str| (name == "WRONG").then(|| "is wrong".to_owned());
    let configs = [format!("yaml:{yaml}")];
    let inputs = super::Inputs {
        configs: &configs,
        sets: &[],
        environment: &|name| environment(name).or_else(|| super::environment(name)),
    };
    let root = super::load(&inputs, &mut diagnostics).unwrap();
    assert_eq!(root.read::<Fake>(&mut diagnostics), None);
    let found: Vec<(&str, usize)> = diagnostics
        .iter()
        .map(|found| (found.message.as_str(), found.origin.as_ref().unwrap().column))
        .collect();
    assert_eq!(
        found,
        [
            ("`keys.0`: `wrong` is no word of ours", 4),
            (
                "`keys.1`: `(value not shown)` is no word of ours (column 5 of the text)",
                4
            ),
            (
                "`keys.2`: `(value not shown)` is no word of ours (column 4 of the text)",
                3
            ),
        ]
    );
}

proptest! {
    /// Guarantees: each letter of any text is found where it is, or its escape is.
    #[test]
    fn every_letter_is_found(text in "[a-c'\"\\\\:#é\u{1F600} \n$]{0,40}") {
        let single = format!("'{}'", text.replace('\'', "''").replace('\n', " "));
        let double = serde_json::to_string(&text).unwrap();
        let block: String = text.lines().map(|line| format!("\n    {line}")).collect();
        for value in [single, double, format!("|3-{block}"), format!(">3+{block}")] {
            let root = loaded(&format!("a:\n - {value}\n"), &[]);
            let (node, _) = root.find("a.0");
            let text = node.text().unwrap().to_owned();
            for (at, letter) in text.char_indices().filter(|(_, letter)| !letter.is_whitespace()) {
                let place = node.place_within(&(at..at + letter.len_utf8()));
                let Some(place) = place else {
                    return Err(TestCaseError::fail(format!("no {letter:?} at {at} of {value}")));
                };
                let (_, _, piece) = marked(&place);
                let escaped = ["''", "\\\"", "\\\\", "$$"];
                prop_assert!(
                    piece == letter.to_string() || escaped.contains(&piece.as_str()),
                    "{piece:?} for {letter:?} in {value}"
                );
            }
        }
    }

    /// Guarantees: no range of bytes makes it panic.
    #[test]
    fn no_range_makes_it_panic(text in "[ab\"' é$\n\\\\]{0,20}", start in 0..40usize, end in 0..40usize) {
        let root = loaded(&format!("a: {}", serde_json::to_string(&text).unwrap()), &[]);
        let (node, _) = root.find("a");
        if let Some(place) = node.place_within(&(start..end)) {
            marked(&place);
        }
        column(&text, start);
    }
}

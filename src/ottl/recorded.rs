//! Texts that the Collector takes and refuses.

use super::{About, Context, Dialect, conditions, group};

/// What is taken here and not there: names of parameters as people write them, functions whose names are all capitals where
/// the context is told from the paths, and maps within lists.
const MORE: [&str; 7] = [
    r#"set(attributes["a"], SliceToMap([{"k": "a"}], ["k"]))"#,
    r#"set(attributes["a"], SliceToMap([{"k": "a"}], []))"#,
    r#"set(attributes["a"], URL(uri="x"))"#,
    r#"set(attributes["a"], GetXML("<a/>", xpath="/a"))"#,
    r#"replace_pattern(span.name, "x", "y", SHA256)"#,
    r#"replace_pattern(span.name, "x", "y", function=SHA256)"#,
    r#"replace_pattern(span.name, "x", "y", FNV)"#,
];

/// What is taken there and not here: ids of profiles.
const LESS: [&str; 1] = ["set(attributes[\"a\"], ProfileID(0x0102030405060708090a0b0c0d0e0f10))"];

/// Guarantees: each recorded text is taken or refused as the Collector does, except where more is taken for good reason.
#[test]
fn texts_are_taken_as_the_collector_does() {
    let recorded = include_str!("../../tests/processors/vectors/statements.txt");
    let mut differing = Vec::new();
    for line in recorded.lines().filter(|line| !line.starts_with('#')) {
        let [kind, context, text, answer] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line:?} has other columns");
        };
        let text: String = serde_json::from_str(text).unwrap();
        let about = Context::named(context).map_or(About::Inferred, About::Given);
        let ours = match kind {
            "statement" => group(&[text.as_str()], &[] as &[&str], about, Dialect::Transform).map(drop),
            _ => conditions(&[text.as_str()], about, Dialect::Filter).map(drop),
        };
        let is_meant =
            MORE.contains(&text.as_str()) && ours.is_ok() || LESS.contains(&text.as_str()) && ours.is_err();
        if !is_meant && ours.is_ok() != (answer == "accepted") {
            differing.push(format!(
                "{kind} {context}: {text}\n   theirs: {answer}, ours: {ours:?}"
            ));
        }
    }
    assert!(
        differing.is_empty(),
        "{} differ:\n{}",
        differing.len(),
        differing.join("\n")
    );
}

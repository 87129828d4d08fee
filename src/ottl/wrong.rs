//! What is wrong with statements is told as the list `tests/wrong.txt` has it, with its place and what to do.

use super::syntax::Fault;
use super::{About, Context, Dialect, conditions, group};

/// Guarantees: each faulty text of the list is told with the message, place and help that stand behind it. `UPDATE_GOLDEN=1`
/// writes what is told now.
#[test]
fn faults_are_told_as_listed() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ottl/tests/wrong.txt");
    let listed = std::fs::read_to_string(path).unwrap();
    let told: Vec<String> = listed.trim_end().split("\n\n").map(block).collect();
    let told = told.join("\n\n") + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(path, &told).unwrap();
        return;
    }
    assert_eq!(told, listed);
}

/// A block of the list as it should be: what kind of text, the text, and what is told of it. Headings stay.
fn block(listed: &str) -> String {
    let mut lines = listed.lines();
    let (kind, text) = match (lines.next(), lines.next()) {
        (Some(kind), Some(text)) if !kind.starts_with('#') => (kind, text),
        _ => return listed.to_owned(),
    };
    let mut told = format!("{kind}\n{text}");
    for line in faults(kind, text)
        .iter()
        .flat_map(|(fault, label)| shown(text, fault, label))
    {
        told.push('\n');
        told.push_str(&line);
    }
    told
}

/// What is wrong with a text; of one that is taken, what is doubted.
fn faults(kind: &str, text: &str) -> Vec<(Fault, &'static str)> {
    let words: Vec<&str> = kind.split(' ').collect();
    let [what, about, of @ ..] = words.as_slice() else {
        panic!("{kind:?} does not say what it is about");
    };
    let about = Context::named(about).map_or(About::Inferred, About::Given);
    let dialect = match of {
        ["filter"] => Dialect::Filter,
        ["routing"] => Dialect::Routing,
        _ => Dialect::Transform,
    };
    let none: &[&str] = &[];
    let made = match *what {
        "statement" => group(&[text], none, about, dialect).map(|group| group.doubts),
        "condition" if dialect == Dialect::Filter => conditions(&[text], about, dialect).map(|_| Vec::new()),
        _ => group(none, &[text], about, dialect).map(|group| group.doubts),
    };
    match made {
        Ok(doubts) => doubts
            .into_iter()
            .map(|misfit| (misfit.fault, "doubt: "))
            .collect(),
        Err(misfits) => misfits.into_iter().map(|misfit| (misfit.fault, "")).collect(),
    }
}

/// Carets under the place, the message, and what to do.
fn shown(text: &str, fault: &Fault, label: &str) -> Vec<String> {
    let indent = text[..fault.range.start].chars().count();
    let carets = text[fault.range.clone()].chars().count().max(1);
    let mut lines = vec![
        format!("{}{}", " ".repeat(indent), "^".repeat(carets)),
        format!("{label}{}", fault.message),
    ];
    lines.extend(fault.help.iter().map(|help| format!("help: {help}")));
    lines
}

use super::user_agent;
use crate::wire::Value;

/// Guarantees: for the programs that most requests come from, name, version and system are those that the Collector tells.
#[test]
fn common_programs_are_told_as_the_collector_tells_them() {
    let mut differing = Vec::new();
    for line in include_str!("agents.txt").lines() {
        let (text, answer) = line.split_once('\t').unwrap();
        let ours = answered(text);
        if ours != answer {
            differing.push(format!("{text}\n   theirs: {answer:?}\n   ours:   {ours:?}"));
        }
    }
    assert!(
        differing.is_empty(),
        "{} differ:\n{}",
        differing.len(),
        differing.join("\n")
    );
}

/// Guarantees: a text that is no user agent, whatever it holds, is another program on another system, and is given back whole.
#[test]
fn other_texts_are_other_programs() {
    for text in [
        "",
        " ",
        "/",
        "(((",
        "\u{1f980}/1.0",
        "http://a.bot/bot",
        "Chrome\u{e9}/1",
        "Android",
        "CrOS",
        "bot\u{130}",
    ] {
        let fields = user_agent(text);
        assert_eq!(fields[0].1, Value::String("Other".into()), "{text:?}");
        assert_eq!(fields[1].1, Value::String(text.into()), "{text:?}");
    }
}

/// Guarantees: a version ends with what is no number of it, and has no more numbers than its program has.
#[test]
fn versions_are_numbers_alone() {
    let cases = [
        ("curl/8.5.0-DEV", "8.5.0"),
        ("curl/8", "8"),
        ("curl/8.", "8"),
        ("curl/x", ""),
        ("curl/1.2.3.4", "1.2.3"),
        ("python-requests/2.31.0", "2.31"),
        ("Java/1.8.0_392", "8.0.392"),
    ];
    for (text, version) in cases {
        assert_eq!(user_agent(text)[2].1, Value::String(version.into()), "{text:?}");
    }
}

/// Program and system with their versions, with tabs in between.
fn answered(text: &str) -> String {
    let fields = user_agent(text);
    let field = |key: &str| match fields.iter().find(|(known, _)| known == key) {
        Some((_, Value::String(value))) => value.clone(),
        _ => String::new(),
    };
    let keys = ["user_agent.name", "user_agent.version", "os.name", "os.version"];
    keys.map(field).join("\t")
}

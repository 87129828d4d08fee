//! What must hold for any pattern and any text, for property tests and fuzzing.

use super::{Pattern, TooManyMatches, translate};

/// Reads a pattern, and behind a NUL a text: it compiles or says in one line why not, and what is translated is refused
/// only for what the translation leaves to the crate; it finds, matches and replaces alike.
///
/// # Panics
/// When something of this does not hold.
pub fn pattern(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else {
        return;
    };
    let (pattern, text) = input.split_once('\0').unwrap_or((input, ""));
    match Pattern::new(pattern) {
        Ok(compiled) => judge(&compiled, text),
        Err(error) => {
            assert!(pattern.contains('\n') || !error.contains('\n'), "{error}");
            let left_to_the_crate = ["Unicode property", "compiled it takes"];
            assert!(
                translate::translate(pattern).is_err()
                    || left_to_the_crate.iter().any(|known| error.contains(known)),
                "{error}"
            );
        }
    }
}

fn judge(pattern: &Pattern, text: &str) {
    let is_match = pattern.is_match(text);
    assert!(pattern.regex().captures_len() <= pattern.groups().len() + 1);
    let same = replaced(pattern, text, str::to_owned);
    assert_ne!(same.map(|same| same.is_some()), Ok(true));
    if let Ok(replaced) = replaced(pattern, text, |matched| format!("<{matched}>")) {
        assert_eq!(replaced.is_some(), is_match);
    }
    let Some(captures) = pattern.regex().captures(text) else {
        return assert!(!is_match);
    };
    let [Some(all), found] = [captures.get(0), pattern.regex().find(text)] else {
        panic!("a match without a text")
    };
    assert_eq!(found, Some(all));
    let groups = captures.iter().flatten();
    for group in groups {
        assert!(all.start() <= group.start() && group.end() <= all.end());
    }
}

/// `text` with what `replacement` makes of each match in its place; nothing where that is the same text.
///
/// # Errors
/// As [`Pattern::matches`].
pub fn replaced(
    pattern: &Pattern,
    text: &str,
    replacement: impl Fn(&str) -> String,
) -> Result<Option<String>, TooManyMatches> {
    let (mut out, mut copied) = (String::new(), 0);
    for found in pattern.matches(text) {
        let found = found?;
        out.push_str(text.get(copied..found.start()).unwrap_or_default());
        out.push_str(&replacement(found.as_str()));
        copied = found.end();
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok((out != text).then_some(out))
}

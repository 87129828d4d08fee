//! What must hold for any pattern and any text, for property tests and fuzzing.

use super::{Pattern, translate};

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
    let same = pattern.replace_all(text, str::to_owned);
    assert_ne!(same.map(|same| same.is_some()), Ok(true));
    if let Ok(replaced) = pattern.replace_all(text, |matched| format!("<{matched}>")) {
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

use proptest::prelude::*;

use super::answers::ANSWERS;
use super::*;

/// Guarantees: patterns are refused, match and capture as in Go.
#[test]
fn patterns_mean_what_they_mean_in_go() {
    let answer = |pattern: &str, text: &str| {
        let Ok(pattern) = Pattern::new(pattern) else {
            return "!".to_owned();
        };
        let Some(found) = pattern.regex().captures(text) else {
            return "-".to_owned();
        };
        let groups =
            (0..=pattern.groups().len()).map(|group| found.get(group).map_or("_", |group| group.as_str()));
        format!("={}", groups.collect::<Vec<_>>().join("|"))
    };
    let wrong: Vec<String> = ANSWERS
        .iter()
        .map(|(pattern, text, go)| (pattern, text, go, answer(pattern, text)))
        .filter(|(_, _, go, here)| *go != here)
        .map(|(pattern, text, go, here)| format!("`{pattern}` on {text:?}: Go {go:?}, here {here:?}"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Guarantees: groups keep the names that Go gives them, also those that repeat or begin with a digit.
#[test]
fn groups_have_their_names() {
    let pattern = Pattern::new(r"(?P<n>a)(b)((?<1>c)|(?P<n>d))").unwrap();
    assert_eq!(pattern.groups(), ["n", "", "", "1", "n"]);
    assert_eq!(pattern.regex().captures_len(), 6);
}

/// Guarantees: an error is one short line that names the pattern and what is wrong with it.
#[test]
fn errors_are_short() {
    let error = |pattern: &str| Pattern::new(pattern).unwrap_err();
    assert_eq!(
        error("a(?=b)"),
        "`a(?=b)` is not a regular expression: `(?=`, look-ahead, which cannot be matched in linear time, is not supported"
    );
    assert_eq!(
        error("(?P<http.method>x)"),
        "`(?P<http.method>x)` is not a regular expression: the name `http.method` of a group may only have letters, digits and `_`"
    );
    assert_eq!(
        error(r"\p{Foo}"),
        r"`\p{Foo}` is not a regular expression: Unicode property not found"
    );
    assert_eq!(
        error(r"((\pL{100}){10}\PL{1000}){1}"),
        r"`((\pL{100}){10}\PL{1000}){1}` is not a regular expression: compiled it takes more than 10485760 bytes"
    );
    // As deep as it may be.
    assert!(Pattern::new(&("(?:a*".repeat(190) + &")?".repeat(190))).is_ok());
    for long in ["(".repeat(300), "a".repeat(70_000)] {
        let shown = Pattern::new(&long).map_err(|error| error.replace(&long, ""));
        assert!(shown.is_err_and(|error| error.len() < 100 && !error.contains('\n')));
    }
}

proptest! {
    /// Guarantees: no text makes the translation panic, and what is translated is always a pattern of the crate, but
    /// for unknown classes and what is too large.
    #[test]
    fn what_is_translated_compiles(text in proptest::string::string_regex(r"([()\[\]{}|*+?^$.\\,:<>P=!&~-]|[imsUabdDwWsSzABQEpxk0-9 \u{e9}\u{212a}]|\[\^?|\(\?|\[:alpha:\]|\\x\{|\\p\{){0,30}").unwrap()) {
        if let Err(error) = Pattern::new(&text) {
            let crates = translate::translate(&text).is_ok();
            prop_assert!(!crates || error.contains("Unicode property") || error.contains("compiled it takes"), "{error}");
        }
    }
}

/// Guarantees: what is put in the place of all matches is where Go's `ReplaceAllStringFunc` has it, empty ones included.
#[test]
fn replacing_is_that_of_go() {
    let replaced = |pattern: &str, text: &str| {
        let pattern = Pattern::new(pattern).unwrap();
        oracle::replaced(&pattern, text, |matched| format!("<{matched}>")).unwrap()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(replaced("a*", "baac"), some("<>b<aa>c<>"));
    assert_eq!(replaced("a*", "aa"), some("<aa>"));
    assert_eq!(replaced("", "\u{e9}x"), some("<>\u{e9}<>x<>"));
    assert_eq!(replaced(r"\b", "one two"), some("<>one<> <>two<>"));
    assert_eq!(replaced("o|$", "foo"), some("f<o><o>"));
    assert_eq!(replaced("x", "foo"), None);
}

/// Guarantees: the matches that are looked for, times the bytes behind each that may be looked at, are bounded by a
/// multiple of the text's length, whatever the pattern; matches of bounded length are all found.
#[test]
fn finding_all_matches_is_linear() {
    let found = |pattern: &str, text: &str| {
        let pattern = Pattern::new(pattern).unwrap();
        let found: Vec<_> = pattern.matches(text).collect();
        (found.len(), found.last().is_some_and(Result::is_err))
    };
    let hostile = "x".repeat(1 << 20);
    let (looked_for, is_cut) = found(r"\w+@x|x", &hostile);
    assert!(
        is_cut && (MAX_LOOKS..=2 * MAX_LOOKS).contains(&looked_for),
        "{looked_for}"
    );
    assert_eq!(found(r"\w{1,9}@x|x", &hostile), (1 << 20, false));
    // Short texts, and a match that is all of a text, are never cut.
    assert_eq!(found(r"\w+@x|x", &hostile[..MAX_LOOKS]), (MAX_LOOKS, false));
    assert_eq!(found(r"\w+", &hostile), (1, false));
    assert_eq!(found("x*", ""), (1, false));
}

/// Guarantees: several patterns together match where one of them does, also where they are too large for one.
#[test]
fn patterns_match_where_any_does() {
    let patterns =
        |texts: &[&str]| Patterns::new(texts.iter().map(|text| Pattern::new(text).unwrap()).collect());
    for (texts, text, expected) in [
        (&[][..], "", false),
        (&["b"], "abc", true),
        (&["(?i)B", "^c"], "abc", true),
        (&["(?i)x", "B", "^c|d$"], "abc", false),
        (&["a$", "(?P<n>c)", "(?P<n>z)"], "abc", true),
        (&[r"\pL{200}", r"\pL{201}", r"\pL{202}", "b"], "abc", true),
    ] {
        assert_eq!(patterns(texts).is_match(text), expected, "{texts:?}");
    }
}

/// Guarantees: each input of the fuzz target `patterns` is refused in one line or matches as it must.
#[test]
fn fuzzed_patterns_are_survived() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/patterns");
    let mut replayed = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        oracle::pattern(&std::fs::read(entry.unwrap().path()).unwrap());
        replayed += 1;
    }
    assert!(replayed > 0, "nothing in {}", folder.display());
}
